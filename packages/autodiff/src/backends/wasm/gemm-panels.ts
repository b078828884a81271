import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import type { I32 } from "./instructions.js";
import { f64, i32 } from "./instructions.js";
import type { Lanes } from "./lanes.js";
import { microKernel, type OperandOrder, panelColumns, tileRows, wideKernel } from "./micro-kernel.js";
import { callRoutine, type Parameters, type Routine } from "./routine.js";

/** What all tiles of a panel share: `tileStep` is the bytes from tile to tile of packed A (0: A as it lies). */
const tileOperands = ["k", "a", "lda", "tileStep", "b", "ldb", "c", "ldc", "init", "ldinit"] as const;
type TileOperand = (typeof tileOperands)[number];
const tailParameters = ["m", ...tileOperands, "width"] as const;
/** `gap` is the bytes from panel to panel of B (0: packed without gaps); `init` moves from panel to panel if `moves`. */
const panelsParameters = ["m", "n", ...tileOperands, "gap", "moves"] as const;
type PanelsParameter = TileOperand | "m" | "n" | "gap" | "moves";
export type Panels = Routine<PanelsParameter>;

/** How `m` rows are split into tiles. */
export interface Split {
  readonly tiles: Local<"i32">;
  /** The height of most. */
  readonly low: Local<"i32">;
  /** How many are one row higher. */
  readonly higher: Local<"i32">;
}
/** Splits rows evenly: 32 = 6 + 6 + 5 + 5 + 5 + 5. */
export function splitRows(f: FunctionBuilder, m: I32): Split {
  const tiles = f.let(i32.divU(i32.add(m, i32.const(tileRows - 1)), i32.const(tileRows)));
  const low = f.let(i32.divU(m, tiles));
  return { tiles, low, higher: f.let(i32.sub(m, i32.mul(low, tiles))) };
}

/** Routines for the panels of B, tile by tile. */
export class GemmPanels {
  readonly #ctx: CodeContext;
  readonly #lanes: Lanes;
  readonly #heights: readonly number[];

  /** @param heights - The tile heights that the module uses, greatest first. */
  constructor(ctx: CodeContext, lanes: Lanes, heights: readonly number[]) {
    this.#ctx = ctx;
    this.#lanes = lanes;
    this.#heights = heights;
  }

  /** Stores the first `width` bytes of the rows of a tile that was computed aside. */
  #storeTail(): Routine<"rows" | "width" | "c" | "ldc"> {
    const { bytes, dtype } = this.#lanes;
    return this.#ctx.named(
      `store tail ${dtype}`,
      ["rows", "width", "c", "ldc"],
      (f, { rows, width, c, ldc }) => {
        const [from, column] = [f.let(this.#ctx.own(f, this.#ctx.tile)), f.local("i32")];
        f.repeat(rows, () => {
          f.set(column, i32.const(0));
          f.loop((again) => {
            const [source, target] = [i32.add(from, column), i32.add(c, column)];
            f.emit(bytes === 4 ? i32.store(target, i32.load(source)) : f64.store(target, f64.load(source)));
            f.advance(column, bytes);
            f.branchIf(i32.ltU(column, width), again);
          });
          f.advance(from, 32);
          f.advance(c, ldc);
        });
      },
    );
  }

  /** All tiles of one panel of B: `a`, `c`, `init` and `higher` move along. With `width`, each tile is computed aside and its first columns stored. */
  #tiles(
    f: FunctionBuilder,
    order: OperandOrder,
    vectors: number,
    at: { readonly [name in TileOperand]: Local<"i32"> } & Split,
    width: Local<"i32"> | null,
  ): void {
    const { bytes } = this.#lanes;
    const { tiles, low, higher, k, a, lda, tileStep, b, ldb, c, ldc, init, ldinit } = at;
    const rows = f.local("i32");
    const ldaNow = f.let(lda);
    const target = width === null ? { c, ldc } : { c: this.#ctx.own(f, this.#ctx.tile), ldc: i32.const(32) };
    const dispatch = (heights: readonly number[]): void => {
      const [height, ...others] = heights;
      const kernel = microKernel(this.#ctx, this.#lanes, order, height, vectors);
      const run = (): void => callRoutine(f, kernel, { k, a, lda: ldaNow, b, ldb, ...target, init, ldinit });
      if (others.length === 0) run();
      else f.if(i32.eq(rows, i32.const(height)), run, () => dispatch(others));
    };
    f.repeat(tiles, () => {
      f.set(rows, i32.add(low, i32.gtS(higher, i32.const(0))));
      f.set(higher, i32.sub(higher, i32.const(1)));
      if (order === "column") f.if(tileStep, () => f.set(ldaNow, i32.mul(rows, i32.const(bytes))));
      dispatch(this.#heights);
      if (width !== null) callRoutine(f, this.#storeTail(), { rows, width, c, ldc });
      if (order === "row") f.advance(a, i32.mul(rows, lda));
      else {
        f.if(
          tileStep,
          () => f.advance(a, tileStep),
          () => f.advance(a, i32.mul(rows, i32.const(bytes))),
        );
      }
      f.advance(c, i32.mul(rows, ldc));
      f.advance(init, i32.mul(rows, ldinit));
    });
  }

  /** The last panel of B, of which only `width` bytes of columns are stored. */
  #tailPanel(order: OperandOrder, vectors: number): Routine<(typeof tailParameters)[number]> {
    const name = `tail panel ${this.#lanes.dtype} ${order} ${vectors}`;
    return this.#ctx.named(name, tailParameters, (f, p) =>
      this.#tiles(f, order, vectors, { ...p, ...splitRows(f, p.m) }, p.width),
    );
  }

  /** A single row by four panels at a time, as long as there are as many. */
  #wideRow(
    f: FunctionBuilder,
    order: OperandOrder,
    p: Parameters<PanelsParameter>,
    panelBytes: I32,
    initStep: I32,
  ): void {
    const { m, n, k, a, lda, b, ldb, c, init } = p;
    const kernel = wideKernel(this.#ctx, this.#lanes);
    const columns = panelColumns(this.#lanes) * 4;
    const unitStep = order === "row" ? i32.const(1) : i32.eq(lda, i32.const(this.#lanes.bytes));
    f.if(i32.and(i32.eq(m, i32.const(1)), unitStep), () =>
      f.repeat(i32.divU(n, i32.const(columns)), () => {
        callRoutine(f, kernel, { k, a, b, panelBytes, ldb, c, init, initStep });
        f.advance(b, i32.shl(panelBytes, i32.const(2)));
        f.advance(c, 128);
        f.advance(init, i32.shl(initStep, i32.const(2)));
        f.set(n, i32.sub(n, i32.const(columns)));
      }),
    );
  }

  /** All panels of a block of B. */
  panels(order: OperandOrder, wide: boolean): Panels {
    const { dtype, bytes, count } = this.#lanes;
    const width = panelColumns(this.#lanes);
    const tailFull = this.#tailPanel(order, 2);
    const tailHalf = this.#tailPanel(order, 1);
    return this.#ctx.named(`panels ${dtype} ${order} ${wide}`, panelsParameters, (f, p) => {
      const { m, n, k, a, b, gap, ldb, c, init, moves } = p;
      const initStep = f.let(i32.const(0));
      const panelBytes = f.let(gap);
      f.if(i32.eqz(gap), () => f.set(panelBytes, i32.mul(k, i32.const(32))));
      f.if(moves, () => f.set(initStep, i32.const(32)));
      if (wide) this.#wideRow(f, order, p, panelBytes, initStep);
      const split = splitRows(f, m);
      const moving = { higher: f.local("i32"), a: f.local("i32"), c: f.local("i32"), init: f.local("i32") };
      f.repeat(i32.divU(n, i32.const(width)), () => {
        f.set(moving.higher, split.higher);
        f.set(moving.a, a);
        f.set(moving.c, c);
        f.set(moving.init, init);
        this.#tiles(f, order, 2, { ...p, ...split, ...moving }, null);
        f.advance(b, panelBytes);
        f.advance(c, 32);
        f.advance(init, initStep);
      });
      f.set(n, i32.remU(n, i32.const(width)));
      f.if(n, () => {
        const rest = { ...p, width: i32.mul(n, i32.const(bytes)) };
        f.if(
          i32.leU(n, i32.const(count)),
          () => {
            f.if(i32.eqz(gap), () => f.set(ldb, i32.const(16)));
            callRoutine(f, tailHalf, rest);
          },
          () => callRoutine(f, tailFull, rest),
        );
      });
    });
  }
}
