import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import type { GemmOperand, GemmRoutine, Product } from "./gemm-plan.js";
import { columnRows, panelPadding, planProduct } from "./gemm-plan.js";
import type { I32 } from "./instructions.js";
import { f64, i32 } from "./instructions.js";
import type { Lanes, NumericDType } from "./lanes.js";
import { lanesOf } from "./lanes.js";
import type { OperandOrder } from "./micro-kernel.js";
import { dotKernel, microKernel, panelColumns, tileRows, wideKernel } from "./micro-kernel.js";
import { copyMatrix, packBlockRoutine, packedBlock, packTilesRoutine } from "./pack.js";

const params = (f: FunctionBuilder, count: number): Local<"i32">[] =>
  Array.from({ length: count }, (_, i) => f.parameter(i));
const minimum = (f: FunctionBuilder, target: Local<"i32">, a: I32, limit: number): void => {
  f.set(target, a);
  f.if(i32.gtS(target, i32.const(limit)), () => f.set(target, i32.const(limit)));
};

/** The routines of one element type; `heights` are the tile heights that the module uses. */
export class GemmRoutines {
  readonly #ctx: CodeContext;
  readonly #lanes: Lanes;
  readonly #heights: readonly number[];

  constructor(ctx: CodeContext, dtype: NumericDType, heights: Iterable<number>) {
    this.#ctx = ctx;
    this.#lanes = lanesOf(dtype, ctx);
    this.#heights = [...new Set(heights)].sort((a, b) => b - a);
  }
  get lanes(): Lanes {
    return this.#lanes;
  }

  /** Stores the first columns of a tile that was computed aside. Parameters: rows, bytes of columns, c, ldc. */
  #storeTail(): FunctionBuilder {
    const { bytes, dtype } = this.#lanes;
    return this.#ctx.routine(`store tail ${dtype}`, 4, (f) => {
      const [rows, width, c, ldc] = params(f, 4);
      const [from, column] = [f.let(i32.const(this.#ctx.tile)), f.local("i32")];
      f.repeat(rows, () => {
        f.set(column, i32.const(0));
        f.loop((again) => {
          const [source, target] = [i32.add(from, column), i32.add(c, column)];
          f.emit(bytes === 4 ? i32.store(target, i32.load(source)) : f64.store(target, f64.load(source)));
          f.set(column, i32.add(column, i32.const(bytes)));
          f.branchIf(i32.ltU(column, width), again);
        });
        f.advance(from, 32);
        f.advance(c, ldc);
      });
    });
  }

  /** How `m` rows are split into tiles: their number, the height of most, and how many are one row higher. */
  #split(f: FunctionBuilder, m: I32): { tiles: Local<"i32">; low: Local<"i32">; higher: Local<"i32"> } {
    const tiles = f.let(i32.divU(i32.add(m, i32.const(tileRows - 1)), i32.const(tileRows)));
    const low = f.let(i32.divU(m, tiles));
    return { tiles, low, higher: f.let(i32.sub(m, i32.mul(low, tiles))) };
  }

  /** All tiles of one panel of B: `a`, `c`, `init` and `higher` move along. With `tail`, each tile is computed aside and its first columns stored. */
  #tiles(
    f: FunctionBuilder,
    walk: OperandOrder,
    vectors: number,
    at: {
      readonly [name in
        | "tiles"
        | "low"
        | "higher"
        | "k"
        | "a"
        | "lda"
        | "tileStep"
        | "b"
        | "ldb"
        | "c"
        | "ldc"
        | "init"
        | "ldinit"]: Local<"i32">;
    },
    tail: Local<"i32"> | null,
  ): void {
    const { bytes } = this.#lanes;
    const { tiles, low, higher, k, a, lda, tileStep, b, ldb, c, ldc, init, ldinit } = at;
    const rows = f.local("i32");
    const ldaNow = f.let(lda);
    const target = tail === null ? c : i32.const(this.#ctx.tile);
    const ldTarget = tail === null ? ldc : i32.const(32);
    const dispatch = (heights: readonly number[]): void => {
      const [height, ...others] = heights;
      const kernel = microKernel(this.#ctx, this.#lanes, walk, height, vectors);
      const run = (): void => {
        if (walk === "row") f.run(kernel, k, a, ldaNow, b, target, ldTarget, init, ldinit);
        else f.run(kernel, k, a, ldaNow, b, target, ldTarget, init, ldinit, ldb);
      };
      if (others.length === 0) run();
      else f.if(i32.eq(rows, i32.const(height)), run, () => dispatch(others));
    };
    f.repeat(tiles, () => {
      f.set(rows, i32.add(low, i32.gtS(higher, i32.const(0))));
      f.set(higher, i32.sub(higher, i32.const(1)));
      if (walk === "column") f.if(tileStep, () => f.set(ldaNow, i32.mul(rows, i32.const(bytes))));
      dispatch(this.#heights);
      if (tail !== null) f.run(this.#storeTail(), rows, tail, c, ldc);
      if (walk === "row") f.advance(a, i32.mul(rows, lda));
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

  /** The last panel of B, of which only some columns are stored. Parameters: m, k, a, lda, bytes from tile to tile of packed A (0: A as it lies), b, ldb,
   * c, ldc, init, ldinit, bytes of columns to store. */
  #tailPanel(walk: OperandOrder, vectors: number): FunctionBuilder {
    return this.#ctx.routine(`tail panel ${this.#lanes.dtype} ${walk} ${vectors}`, 12, (f) => {
      const [m, k, a, lda, tileStep, b, ldb, c, ldc, init, ldinit, width] = params(f, 12);
      this.#tiles(
        f,
        walk,
        vectors,
        { ...this.#split(f, m), k, a, lda, tileStep, b, ldb, c, ldc, init, ldinit },
        width,
      );
    });
  }

  /** All panels of a block of B. Parameters: m, n, k, a, lda, tileStep, b, bytes from panel to panel (0: packed without gaps), ldb, c, ldc, init,
   * ldinit, moves. */
  #panels(walk: OperandOrder, wide: boolean): FunctionBuilder {
    const { dtype, bytes, count } = this.#lanes;
    const width = panelColumns(this.#lanes);
    const tailFull = this.#tailPanel(walk, 2);
    const tailHalf = this.#tailPanel(walk, 1);
    return this.#ctx.routine(`panels ${dtype} ${walk} ${wide}`, 14, (f) => {
      const [m, n, k, a, lda, tileStep, b, gap, ldb, c, ldc, init, ldinit, moves] = params(f, 14);
      const step = f.let(i32.const(0));
      const panelBytes = f.let(gap);
      f.if(i32.eqz(gap), () => f.set(panelBytes, i32.mul(k, i32.const(32))));
      f.if(moves, () => f.set(step, i32.const(32)));
      if (wide) {
        const kernel = wideKernel(this.#ctx, this.#lanes);
        const unitStep = walk === "row" ? i32.const(1) : i32.eq(lda, i32.const(bytes));
        f.if(i32.and(i32.eq(m, i32.const(1)), unitStep), () =>
          f.repeat(i32.divU(n, i32.const(width * 4)), () => {
            f.run(kernel, k, a, b, panelBytes, ldb, c, init, step);
            f.advance(b, i32.shl(panelBytes, i32.const(2)));
            f.advance(c, 128);
            f.advance(init, i32.shl(step, i32.const(2)));
            f.set(n, i32.sub(n, i32.const(width * 4)));
          }),
        );
      }
      const { tiles, low, higher } = this.#split(f, m);
      const [higherNow, aNow, cNow, initNow] = [0, 0, 0, 0].map(() => f.local("i32"));
      f.repeat(i32.divU(n, i32.const(width)), () => {
        f.set(higherNow, higher);
        f.set(aNow, a);
        f.set(cNow, c);
        f.set(initNow, init);
        const moving = { higher: higherNow, a: aNow, c: cNow, init: initNow };
        this.#tiles(f, walk, 2, { tiles, low, k, lda, tileStep, b, ldb, ldc, ldinit, ...moving }, null);
        f.advance(b, panelBytes);
        f.advance(c, 32);
        f.advance(init, step);
      });
      f.set(n, i32.remU(n, i32.const(width)));
      f.if(n, () => {
        const last = (panel: FunctionBuilder): void =>
          f.run(panel, m, k, a, lda, tileStep, b, ldb, c, ldc, init, ldinit, i32.mul(n, i32.const(bytes)));
        f.if(
          i32.leU(n, i32.const(count)),
          () => {
            f.if(i32.eqz(gap), () => f.set(ldb, i32.const(16)));
            last(tailHalf);
          },
          () => last(tailFull),
        );
      });
    });
  }

  /** C from rows of A (unit step along k) and packed B, or B packed block by block into scratch. Parameters: m, n, k, a, lda, b, c, ldc, init,
   * ldinit, moves, packed columns in bytes, scratch (0: b is packed), bytes of b along k, along n. */
  row(wide: boolean): FunctionBuilder {
    const { dtype, bytes } = this.#lanes;
    const panels = this.#panels("row", wide);
    return this.#ctx.routine(`gemm ${dtype} row ${wide}`, 15, (f) => {
      const [m, n, k, a, lda, b, c, ldc, init, ldinit, moves, rowBytes, scratch, stepK, stepN] = params(
        f,
        15,
      );
      const [now, packed] = [f.local("i32"), f.local("i32")];
      const zero = i32.const(0);
      f.loop((again) => {
        minimum(f, now, k, packedBlock);
        f.set(packed, b);
        f.if(
          scratch,
          () => {
            f.run(packBlockRoutine(this.#ctx, this.#lanes), now, n, b, stepK, stepN, scratch);
            f.set(packed, scratch);
            f.advance(b, i32.mul(now, stepK));
          },
          () => f.advance(b, i32.mul(now, rowBytes)),
        );
        f.run(panels, m, n, now, a, lda, zero, packed, zero, i32.const(32), c, ldc, init, ldinit, moves);
        f.advance(a, i32.mul(now, i32.const(bytes)));
        f.set(init, c);
        f.set(ldinit, ldc);
        f.set(moves, i32.const(1));
        f.set(k, i32.sub(k, now));
        f.branchIf(i32.gtS(k, zero), again);
      });
    });
  }

  /** C from columns of A (unit step along m) and rows of B (unit step along n), both read where they lie. Parameters: m, n, k, a, bytes of a along k,
   * b, bytes of b along k, c, ldc, init, ldinit, moves, rows of a block. */
  strided(wide: boolean): FunctionBuilder {
    const panels = this.#panels("column", wide);
    return this.#ctx.routine(`gemm ${this.#lanes.dtype} strided ${wide}`, 13, (f) => {
      const [m, n, k, a, lda, b, ldb, c, ldc, init, ldinit, moves, block] = params(f, 13);
      const now = f.local("i32");
      f.loop((again) => {
        f.set(now, block);
        f.if(i32.gtS(now, k), () => f.set(now, k));
        f.run(panels, m, n, now, a, lda, i32.const(0), b, i32.const(32), ldb, c, ldc, init, ldinit, moves);
        f.advance(a, i32.mul(now, lda));
        f.advance(b, i32.mul(now, ldb));
        f.set(init, c);
        f.set(ldinit, ldc);
        f.set(moves, i32.const(1));
        f.set(k, i32.sub(k, now));
        f.branchIf(i32.gtS(k, i32.const(0)), again);
      });
    });
  }

  /** C from columns of A, packed tile by tile, and B packed, or packed block by block. Parameters: m, n, k, a, bytes of a along k, b, c, ldc, init, ldinit,
   * moves, packed columns in bytes, scratch for A, scratch for B (0: b is packed), bytes of b along k, along n, rows of a block. */
  column(): FunctionBuilder {
    const { dtype, bytes } = this.#lanes;
    const panels = this.#panels("column", false);
    const packTiles = packTilesRoutine(this.#ctx, this.#lanes);
    return this.#ctx.routine(`gemm ${dtype} column`, 17, (f) => {
      const [
        m,
        n,
        k,
        a,
        lda,
        b,
        c,
        ldc,
        init,
        ldinit,
        moves,
        rowBytes,
        scratchA,
        scratchB,
        stepK,
        stepN,
        block,
      ] = params(f, 17);
      const [now, packed, mNow, mLeft, aNow, cNow, initNow, tiles, low, tileStep] = params(f, 10).map(() =>
        f.local("i32"),
      );
      const zero = i32.const(0);
      f.set(tileStep, i32.add(i32.mul(block, i32.const(tileRows * bytes)), i32.const(panelPadding)));
      f.loop((again) => {
        f.set(now, block);
        f.if(i32.gtS(now, k), () => f.set(now, k));
        f.set(packed, b);
        f.if(
          scratchB,
          () => {
            f.run(packBlockRoutine(this.#ctx, this.#lanes), now, n, b, stepK, stepN, scratchB);
            f.set(packed, scratchB);
            f.advance(b, i32.mul(now, stepK));
          },
          () => f.advance(b, i32.mul(now, rowBytes)),
        );
        f.set(mLeft, m);
        f.set(aNow, a);
        f.set(cNow, c);
        f.set(initNow, init);
        f.loop((more) => {
          minimum(f, mNow, mLeft, columnRows);
          f.set(tiles, i32.divU(i32.add(mNow, i32.const(tileRows - 1)), i32.const(tileRows)));
          f.set(low, i32.divU(mNow, tiles));
          f.run(
            packTiles,
            now,
            aNow,
            lda,
            i32.sub(mNow, i32.mul(low, tiles)),
            tiles,
            low,
            scratchA,
            tileStep,
          );
          const ldb = i32.const(32);
          f.run(
            panels,
            mNow,
            n,
            now,
            scratchA,
            lda,
            tileStep,
            packed,
            zero,
            ldb,
            cNow,
            ldc,
            initNow,
            ldinit,
            moves,
          );
          f.advance(aNow, i32.mul(mNow, i32.const(bytes)));
          f.advance(cNow, i32.mul(mNow, ldc));
          f.advance(initNow, i32.mul(mNow, ldinit));
          f.set(mLeft, i32.sub(mLeft, mNow));
          f.branchIf(i32.gtS(mLeft, zero), more);
        });
        f.advance(a, i32.mul(now, lda));
        f.set(init, c);
        f.set(ldinit, ldc);
        f.set(moves, i32.const(1));
        f.set(k, i32.sub(k, now));
        f.branchIf(i32.gtS(k, zero), again);
      });
    });
  }

  /** Any strides at all, one element at a time. Parameters: m, n, k, a, bytes along m, along k, b, along k, along n, c, along m, along n,
   * start (0: nothing, 1: c itself), bias (0: none), bytes of bias along n. */
  naive(): FunctionBuilder {
    const { dtype, bytes } = this.#lanes;
    return this.#ctx.routine(`gemm ${dtype} naive`, 15, (f) => {
      const [m, n, k, a, am, ak, b, bk, bn, c, cm, cn, keep, bias, biasStep] = params(f, 15);
      const [ap, bp, cp, bRow, biasNow] = params(f, 5).map(() => f.local("i32"));
      const { loadFirst, storeFirst, multiplyAdd, zero } = this.#lanes;
      const sum = f.local("v128");
      f.repeat(m, () => {
        f.set(bRow, b);
        f.set(cp, c);
        f.set(biasNow, bias);
        f.repeat(n, () => {
          f.set(ap, a);
          f.set(bp, bRow);
          f.set(sum, f.vector(zero));
          f.if(keep, () => f.set(sum, loadFirst(cp)));
          f.if(bias, () => f.set(sum, loadFirst(biasNow)));
          f.repeat(k, () => {
            f.set(sum, multiplyAdd(loadFirst(ap), loadFirst(bp), sum));
            f.advance(ap, ak);
            f.advance(bp, bk);
          });
          f.emit(storeFirst(cp, sum));
          f.advance(cp, cn);
          f.advance(bRow, bn);
          f.advance(biasNow, biasStep);
        });
        f.advance(a, am);
        f.advance(c, cm);
      });
      void bytes;
    });
  }

  /** All rows by dot products. Parameters: m, n, k, a, lda, b, bytes from a row of b to the next, c, ldc, init, ldinit, bytes between elements of init. */
  dots(): FunctionBuilder {
    const kernel = dotKernel(this.#ctx, this.#lanes);
    return this.#ctx.routine(`gemm ${this.#lanes.dtype} dots`, 12, (f) => {
      const [m, n, k, a, lda, b, ldb, c, ldc, init, ldinit, step] = params(f, 12);
      f.repeat(m, () => {
        f.run(kernel, n, k, a, b, ldb, c, init, step);
        f.advance(a, lda);
        f.advance(c, ldc);
        f.advance(init, ldinit);
      });
    });
  }

  /** The routine of that name. */
  routine(name: GemmRoutine): FunctionBuilder {
    switch (name) {
      case "copy":
        return copyMatrix(this.#ctx, this.#lanes);
      case "row":
        return this.row(false);
      case "row wide":
        return this.row(true);
      case "strided":
        return this.strided(false);
      case "strided wide":
        return this.strided(true);
      case "column":
        return this.column();
      case "dots":
        return this.dots();
      case "naive":
        return this.naive();
    }
  }
  /** Writes the calls that compute one product at the given addresses. */
  emit(f: FunctionBuilder, product: Product, at: { readonly [P in GemmOperand]: I32 }): void {
    const { zeros, scratch } = this.#ctx;
    const { calls, scratchBytes } = planProduct(product, this.#lanes, zeros, scratch);
    this.#ctx.needScratch(scratchBytes);
    for (const { routine, operands } of calls) {
      const values = operands.map((operand) =>
        typeof operand === "number" ? i32.const(operand) : at[operand],
      );
      f.run(this.routine(routine), ...values);
    }
  }
}
