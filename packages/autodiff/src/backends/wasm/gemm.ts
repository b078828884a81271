import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import { GemmPanels, splitRows } from "./gemm-panels.js";
import { columnRows, type Product } from "./gemm-path.js";
import {
  type GemmCall,
  type GemmOperand,
  type GemmParameter,
  type GemmRoutine,
  type GemmValue,
  gemmParameters,
  type Parts,
  panelPadding,
  planProduct,
  type ScratchAddress,
} from "./gemm-plan.js";
import type { I32 } from "./instructions.js";
import { f32, f64, i32, v128 } from "./instructions.js";
import type { Lanes, NumericDType } from "./lanes.js";
import { lanesOf } from "./lanes.js";
import { dotKernel, tileRows } from "./micro-kernel.js";
import { copyMatrix, packBlockRoutine, packedBlock, packTilesRoutine } from "./pack.js";
import { callRoutine, type Parameters, type Routine } from "./routine.js";

/** Sets a variable to the lesser of two unsigned numbers. */
function setLesser(f: FunctionBuilder, target: Local<"i32">, a: I32, limit: I32): void {
  f.set(target, a);
  f.if(i32.gtU(target, limit), () => f.set(target, limit));
}

/** The routines of one element type; `heights` are the tile heights that the module uses. */
export class GemmRoutines {
  readonly lanes: Lanes;
  readonly #ctx: CodeContext;
  readonly #panels: GemmPanels;

  constructor(ctx: CodeContext, dtype: NumericDType, heights: Iterable<number>) {
    this.#ctx = ctx;
    this.lanes = lanesOf(dtype, ctx);
    this.#panels = new GemmPanels(
      ctx,
      this.lanes,
      [...new Set(heights)].sort((a, b) => b - a),
    );
  }

  /** A routine of the table, for this element type. */
  #named<R extends GemmRoutine>(
    name: R,
    body: (f: FunctionBuilder, parameters: Parameters<GemmParameter<R>>) => void,
  ): Routine<GemmParameter<R>> {
    const names: readonly GemmParameter<R>[] = gemmParameters[name];
    return this.#ctx.named(`gemm ${this.lanes.dtype} ${name}`, names, body);
  }

  /** Runs `body` for one block of k after the other; C goes on from itself after the first. */
  #overBlocks(
    f: FunctionBuilder,
    p: Parameters<"k" | "c" | "ldc" | "init" | "ldinit" | "moves">,
    block: I32,
    body: (length: Local<"i32">) => void,
  ): void {
    const length = f.local("i32");
    f.loop((again) => {
      setLesser(f, length, p.k, block);
      body(length);
      f.set(p.init, p.c);
      f.set(p.ldinit, p.ldc);
      f.set(p.moves, i32.const(1));
      f.set(p.k, i32.sub(p.k, length));
      f.branchIf(p.k, again);
    });
  }
  /** The next block of packed B, where it lies or packed into scratch now; `b` moves on. */
  #packedBlock(
    f: FunctionBuilder,
    {
      n,
      b,
      rowBytes,
      scratch,
      stepK,
      stepN,
    }: Parameters<"n" | "b" | "rowBytes" | "scratch" | "stepK" | "stepN">,
    length: I32,
  ): Local<"i32"> {
    const packed = f.let(b);
    f.if(
      scratch,
      () => {
        const source = { k: length, n, source: b, stepK, stepN, target: scratch };
        callRoutine(f, packBlockRoutine(this.#ctx, this.lanes), source);
        f.set(packed, scratch);
        f.advance(b, i32.mul(length, stepK));
      },
      () => f.advance(b, i32.mul(length, rowBytes)),
    );
    return packed;
  }

  #row(name: "row" | "row wide"): Routine<GemmParameter<"row">> {
    const panels = this.#panels.panels("row", name === "row wide");
    return this.#named(name, (f, p) =>
      this.#overBlocks(f, p, i32.const(packedBlock), (k) => {
        const b = this.#packedBlock(f, p, k);
        callRoutine(f, panels, { ...p, k, b, ldb: 32, gap: 0, tileStep: 0 });
        f.advance(p.a, i32.mul(k, i32.const(this.lanes.bytes)));
      }),
    );
  }

  #strided(name: "strided" | "strided wide"): Routine<GemmParameter<"strided">> {
    const panels = this.#panels.panels("column", name === "strided wide");
    return this.#named(name, (f, p) =>
      this.#overBlocks(f, p, p.block, (k) => {
        callRoutine(f, panels, { ...p, k, gap: 32, tileStep: 0 });
        f.advance(p.a, i32.mul(k, p.lda));
        f.advance(p.b, i32.mul(k, p.ldb));
      }),
    );
  }

  #column(): Routine<GemmParameter<"column">> {
    const { bytes } = this.lanes;
    return this.#named("column", (f, p) => {
      const tileStep = f.let(i32.add(i32.mul(p.block, i32.const(tileRows * bytes)), i32.const(panelPadding)));
      this.#overBlocks(f, p, p.block, (k) => {
        const b = this.#packedBlock(f, p, k);
        this.#columnRows(f, { ...p, k, b, tileStep });
        f.advance(p.a, i32.mul(k, p.lda));
      });
    });
  }
  /** One block of k, for so many rows of C after the other as packed A has room for. */
  #columnRows(f: FunctionBuilder, p: Parameters<GemmParameter<"column"> | "tileStep">): void {
    const { m, k, lda, scratchA, tileStep, ldc, ldinit } = p;
    const [rows, left] = [f.local("i32"), f.let(m)];
    const [a, c, init] = [f.let(p.a), f.let(p.c), f.let(p.init)];
    f.loop((more) => {
      setLesser(f, rows, left, i32.const(columnRows));
      const split = splitRows(f, rows);
      callRoutine(f, packTilesRoutine(this.#ctx, this.lanes), {
        ...{ k, source: a, stepK: lda, ...split },
        ...{ target: scratchA, panel: tileStep },
      });
      const panels = this.#panels.panels("column", false);
      callRoutine(f, panels, { ...p, m: rows, a: scratchA, c, init, ldb: 32, gap: 0 });
      f.advance(a, i32.mul(rows, i32.const(this.lanes.bytes)));
      f.advance(c, i32.mul(rows, ldc));
      f.advance(init, i32.mul(rows, ldinit));
      f.set(left, i32.sub(left, rows));
      f.branchIf(left, more);
    });
  }

  #dots(): Routine<GemmParameter<"dots">> {
    const kernel = dotKernel(this.#ctx, this.lanes);
    return this.#named("dots", (f, p) => {
      f.repeat(p.m, () => {
        callRoutine(f, kernel, p);
        f.advance(p.a, p.lda);
        f.advance(p.c, p.ldc);
        f.advance(p.init, p.ldinit);
      });
    });
  }

  #naive(): Routine<GemmParameter<"naive">> {
    return this.#named("naive", (f, p) => {
      f.repeat(p.m, () => {
        const [b, c, init] = [f.let(p.b), f.let(p.c), f.let(p.init)];
        f.repeat(p.n, () => {
          const [a, along] = [f.let(p.a), f.let(b)];
          this.#sumOfProducts(f, { k: p.k, a, stepAK: p.stepAK, b: along, stepBK: p.stepBK }, c, init);
          f.advance(b, p.stepBN);
          f.advance(c, p.stepC);
          f.advance(init, p.initStep);
        });
        f.advance(p.a, p.stepAM);
        f.advance(p.c, p.ldc);
        f.advance(p.init, p.ldinit);
      });
    });
  }
  /** One element of C; in double precision where it is float32. */
  #sumOfProducts(
    f: FunctionBuilder,
    { k, a, stepAK, b, stepBK }: Parameters<"k" | "a" | "stepAK" | "b" | "stepBK">,
    c: I32,
    init: I32,
  ): void {
    const advance = (): void => {
      f.advance(a, stepAK);
      f.advance(b, stepBK);
    };
    if (this.lanes.dtype === "float32") {
      const wide = (at: I32) => f64.promote(f32.load(at));
      const sum = f.let(f64.const(0));
      f.repeat(k, () => {
        f.set(sum, f64.add(sum, f64.mul(wide(a), wide(b))));
        advance();
      });
      f.emit(f32.store(c, f32.add(f32.load(init), f32.demote(sum))));
      return;
    }
    const { loadFirst, storeFirst, multiplyAdd, add, zero } = this.lanes;
    const sum = f.let(f.vector(zero));
    f.repeat(k, () => {
      f.set(sum, multiplyAdd(loadFirst(a), loadFirst(b), sum));
      advance();
    });
    f.emit(storeFirst(c, add(loadFirst(init), sum)));
  }

  #fold(): Routine<GemmParameter<"fold">> {
    const { count: lanes, bytes, add, loadFirst, storeFirst } = this.lanes;
    return this.#named("fold", (f, { count, from, to }) => {
      f.repeat(i32.divU(count, i32.const(lanes)), () => {
        f.emit(v128.store(to, add(v128.load(to), v128.load(from))));
        f.advance(to, 16);
        f.advance(from, 16);
      });
      f.repeat(i32.remU(count, i32.const(lanes)), () => {
        f.emit(storeFirst(to, add(loadFirst(to), loadFirst(from))));
        f.advance(to, bytes);
        f.advance(from, bytes);
      });
    });
  }
  #finish(): Routine<GemmParameter<"finish">> {
    const { bytes, add, loadFirst, storeFirst } = this.lanes;
    return this.#named("finish", (f, p) => {
      f.repeat(p.m, () => {
        const [c, init] = [f.let(p.c), f.let(p.init)];
        f.repeat(p.n, () => {
          f.emit(storeFirst(c, add(loadFirst(init), loadFirst(p.from))));
          f.advance(p.from, bytes);
          f.advance(c, p.stepC);
          f.advance(init, p.initStep);
        });
        f.advance(p.c, p.ldc);
        f.advance(p.init, p.ldinit);
      });
    });
  }

  /** The routine of that name. */
  routine(name: GemmRoutine): Routine<string> {
    switch (name) {
      case "copy":
        return copyMatrix(this.#ctx, this.lanes);
      case "row":
      case "row wide":
        return this.#row(name);
      case "strided":
      case "strided wide":
        return this.#strided(name);
      case "column":
        return this.#column();
      case "dots":
        return this.#dots();
      case "naive":
        return this.#naive();
      case "fold":
        return this.#fold();
      case "finish":
        return this.#finish();
    }
  }

  /** Writes the calls that compute one product at the given addresses. */
  emit(f: FunctionBuilder, product: Product, at: { readonly [P in ProductOperand]: I32 }): void {
    const { parts, calls, scratchBytes } = planProduct(product, this.lanes, this.#ctx);
    this.#ctx.needScratch(scratchBytes);
    const first = parts === null ? i32.const(0) : this.#scratchAt(f, parts.slots);
    const slot = f.let(first);
    if (parts !== null) this.#emitParts(f, parts, { ...at, slot }, first);
    this.#emitCalls(f, calls, { ...at, slot });
  }
  #scratchAt(f: FunctionBuilder, { scratch }: ScratchAddress): I32 {
    return this.#ctx.own(f, this.#ctx.scratch + scratch);
  }
  #emitCalls(f: FunctionBuilder, calls: readonly GemmCall[], at: { readonly [P in GemmOperand]: I32 }): void {
    for (const { routine, values } of calls) {
      const operand = (value: GemmValue): I32 | number => {
        if (typeof value === "string") return at[value];
        return typeof value === "number" ? value : this.#scratchAt(f, value);
      };
      const operands = Object.entries(values).map(([name, value]) => [name, operand(value)] as const);
      callRoutine(f, this.routine(routine), Object.fromEntries(operands));
    }
  }
  /** The parts of a long product, each into the next slot; two slots that stand for as many parts become one, as a binary counter carries. */
  #emitParts(
    f: FunctionBuilder,
    { count, calls, rest, stepA, stepB, slotLength, slotBytes }: Parts,
    at: { readonly [P in ProductOperand]: I32 } & { readonly slot: Local<"i32"> },
    slots: I32,
  ): void {
    const { slot } = at;
    const [a, b] = [f.let(at.a), f.let(at.b)];
    const [done, digits] = [f.let(i32.const(0)), f.local("i32")];
    /** The last slot goes into the one before. */
    const carry = (): void => {
      f.advance(slot, -slotBytes);
      const to = i32.sub(slot, i32.const(slotBytes));
      callRoutine(f, this.#fold(), { count: slotLength, from: slot, to });
    };
    f.repeat(count, () => {
      this.#emitCalls(f, calls, { ...at, a, b });
      f.advance(a, stepA);
      f.advance(b, stepB);
      f.advance(slot, slotBytes);
      f.advance(done, 1);
      f.set(digits, done);
      f.while(
        () => i32.eqz(i32.and(digits, i32.const(1))),
        () => {
          carry();
          f.set(digits, i32.shrU(digits, i32.const(1)));
        },
      );
    });
    if (rest.length > 0) {
      this.#emitCalls(f, rest, { ...at, a, b });
      f.advance(slot, slotBytes);
    }
    f.while(() => i32.gtU(slot, i32.add(slots, i32.const(slotBytes))), carry);
  }
}

/** The operands that a caller of a product has. */
export type ProductOperand = Exclude<GemmOperand, "slot">;
