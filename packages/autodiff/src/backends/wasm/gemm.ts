import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import type { I32 } from "./instructions.js";
import { f64, i32 } from "./instructions.js";
import type { Lanes, NumericDType } from "./lanes.js";
import { lanesOf } from "./lanes.js";
import type { Walk } from "./micro-kernel.js";
import { dotKernel, microKernel, panelColumns, rowsOfTiles, tileRows, wideKernel } from "./micro-kernel.js";
import { copyMatrix, packBlockRoutine, packedBlock, packedColumns, packTilesRoutine } from "./pack.js";

/** Sizes and strides (in elements) of one matrix product. */
export interface Product {
  readonly dtype: NumericDType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Strides over (m, k). */
  readonly a: readonly [number, number];
  /** Strides over (k, n), or `packed`. */
  readonly b: readonly [number, number] | "packed";
  /** Strides over (m, n). */
  readonly c: readonly [number, number];
  readonly mode: "set" | "accumulate" | "bias";
  /** Stride of the bias along n. */
  readonly bias?: number;
}

/** Rows of a block of a packed, transposed A, and of a packed B beside it. */
const columnBlock = 256;
/** Rows of C whose part of A is packed at once. */
const columnRows = 192;
/** Panels a multiple of the cache's stride apart would evict each other. */
const panelPadding = 64;
/** Rows up to so many elements are read in place: a block of them fits the first-level cache as it lies. */
const stridedWidth = 256;

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

  /** All tiles of one panel of B. Parameters: m, k, a, lda, bytes from tile to tile of packed A (0: A as it lies), b, ldb, c, ldc, init, ldinit,
   * bytes of columns to store (only if `tail`). */
  #panel(walk: Walk, vectors: number, tail: boolean): FunctionBuilder {
    const { dtype, bytes } = this.#lanes;
    const name = `panel ${dtype} ${walk} ${vectors} ${tail ? "tail" : "full"}`;
    return this.#ctx.routine(name, 12, (f) => {
      const [m, k, a, lda, tileStep, b, ldb, c, ldc, init, ldinit, width] = params(f, 12);
      const [tiles, low, higher, rows, ldaNow] = [0, 0, 0, 0, 0].map(() => f.local("i32"));
      f.set(tiles, i32.divU(i32.add(m, i32.const(tileRows - 1)), i32.const(tileRows)));
      f.set(low, i32.divU(m, tiles));
      f.set(higher, i32.sub(m, i32.mul(low, tiles)));
      f.set(ldaNow, lda);
      const target = tail ? i32.const(this.#ctx.tile) : c;
      const ldTarget = tail ? i32.const(32) : ldc;
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
        if (tail) f.run(this.#storeTail(), rows, width, c, ldc);
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
    });
  }

  /** All panels of a block of B. Parameters: m, n, k, a, lda, tileStep, b, bytes from panel to panel (0: packed without gaps), ldb, c, ldc, init,
   * ldinit, moves. */
  #panels(walk: Walk, wide: boolean): FunctionBuilder {
    const { dtype, bytes, count } = this.#lanes;
    const width = panelColumns(this.#lanes);
    const full = this.#panel(walk, 2, false);
    const tailFull = this.#panel(walk, 2, true);
    const tailHalf = this.#panel(walk, 1, true);
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
      f.repeat(i32.divU(n, i32.const(width)), () => {
        f.run(full, m, k, a, lda, tileStep, b, ldb, c, ldc, init, ldinit, i32.const(32));
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
      const [m, n, k, a, lda, b, c, ldc, init, ldinit, moves, rowBytes, scratch, stepK, stepN] = params(f, 15);
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
      const [m, n, k, a, lda, b, c, ldc, init, ldinit, moves, rowBytes, scratchA, scratchB, stepK, stepN, block] = params(f, 17);
      const [now, packed, mNow, mLeft, aNow, cNow, initNow, tiles, low, tileStep] = params(f, 10).map(() => f.local("i32"));
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
          f.run(packTiles, now, aNow, lda, i32.sub(mNow, i32.mul(low, tiles)), tiles, low, scratchA, tileStep);
          const ldb = i32.const(32);
          f.run(panels, mNow, n, now, scratchA, lda, tileStep, packed, zero, ldb, cNow, ldc, initNow, ldinit, moves);
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

  /** Writes the call that computes one product at the given addresses. */
  emit(f: FunctionBuilder, product: Product, at: { readonly a: I32; readonly b: I32; readonly c: I32; readonly bias: I32 | null }): void {
    const { m, n, k, mode } = product;
    if (m === 0 || n === 0) return;
    const { bytes } = this.#lanes;
    const ctx = this.#ctx;
    const path = pathOf(product);
    const [zero, scratch] = [i32.const(0), i32.const(ctx.scratch)];
    const num = i32.const;
    const size = (elements: number): I32 => num(elements * bytes);
    if (path.kind === "swap") {
      const { a, b } = product;
      // Only unpacked operands are swapped.
      const swapped = { ...product, m: n, n: m, a: flip(b as readonly [number, number]), b: flip(a), c: flip(product.c) };
      return this.emit(f, swapped, { ...at, a: at.b, b: at.a });
    }
    const [bk, bn] = product.b === "packed" ? [0, 0] : product.b;
    const ldc = size(product.c[0]);
    const zeros = num(ctx.zeros);
    const [init, ldinit, moves] =
      mode === "set" ? [zeros, zero, zero] : mode === "accumulate" ? [at.c, ldc, num(1)] : [at.bias ?? zeros, zero, num(1)];
    const rowBytes = size(packedColumns(n, this.#lanes));
    switch (path.kind) {
      case "naive": {
        const strides = [num(m), num(n), num(k), at.a, size(product.a[0]), size(product.a[1]), at.b, size(bk), size(bn)];
        const keep = num(mode === "accumulate" ? 1 : 0);
        const bias = mode === "bias" ? (at.bias ?? zero) : zero;
        f.run(this.naive(), ...strides, at.c, ldc, size(product.c[1]), keep, bias, size(product.bias ?? 1));
        return;
      }
      case "dot": {
        const kernel = dotKernel(ctx, this.#lanes);
        const [a, c, start] = [f.let(at.a), f.let(at.c), f.let(init)];
        f.repeat(m, () => {
          f.run(kernel, num(n), num(k), a, at.b, size(bn), c, start, num(mode === "set" ? 0 : bytes));
          f.advance(a, size(product.a[0]));
          f.advance(c, ldc);
          f.advance(start, ldinit);
        });
        return;
      }
      case "strided": {
        const { lda, wide } = path;
        const routine = this.strided(wide);
        const block = num(path.block);
        f.run(routine, num(m), num(n), num(k), at.a, size(lda), at.b, size(bk), at.c, ldc, init, ldinit, moves, block);
        return;
      }
      case "row": {
        const packedBytes = product.b === "packed" ? 0 : Math.min(k, packedBlock) * packedColumns(n, this.#lanes) * bytes;
        let [a, lda] = [at.a, size(product.a[0])];
        if (path.copyA) {
          const copy = num(ctx.scratch + Math.ceil(packedBytes / 64) * 64);
          f.run(copyMatrix(ctx, this.#lanes), num(m), num(k), a, lda, size(product.a[1]), copy);
          [a, lda] = [copy, size(k)];
        }
        ctx.needScratch(packedBytes + 128 + (path.copyA ? m * k * bytes : 0));
        const pack = product.b === "packed" ? zero : scratch;
        const steps = [rowBytes, pack, size(bk), size(bn)];
        f.run(this.row(m === 1), num(m), num(n), num(k), a, lda, at.b, at.c, ldc, init, ldinit, moves, ...steps);
        return;
      }
      case "column": {
        const block = Math.min(k, product.b === "packed" ? packedBlock : columnBlock);
        const tiles = Math.ceil(Math.min(m, columnRows) / tileRows);
        const bytesA = Math.ceil((tiles * (block * tileRows * bytes + panelPadding) + 64) / 64) * 64;
        const scratchB = product.b === "packed" ? zero : num(ctx.scratch + bytesA);
        ctx.needScratch(bytesA + (product.b === "packed" ? 0 : block * packedColumns(n, this.#lanes) * bytes) + 64);
        const lda = size(product.a[1]);
        const steps = [rowBytes, scratch, scratchB, size(bk), size(bn), num(block)];
        f.run(this.column(), num(m), num(n), num(k), at.a, lda, at.b, at.c, ldc, init, ldinit, moves, ...steps);
        return;
      }
    }
  }
}

const flip = ([p, q]: readonly [number, number]): readonly [number, number] => [q, p];

/** How a product is computed; chosen by sizes and strides alone. */
type Path =
  | { readonly kind: "swap" | "naive" | "dot" | "column" }
  | { readonly kind: "strided"; readonly lda: number; readonly wide: boolean; readonly block: number }
  | { readonly kind: "row"; readonly copyA: boolean };

function pathOf({ m, n, k, a, b, c, mode, bias }: Product): Path {
  const rowsOfC = c[1] === 1 || n === 1;
  const biasFits = mode !== "bias" || bias === 1 || n === 1;
  if (!rowsOfC || !biasFits) return c[0] === 1 && b !== "packed" && mode !== "bias" ? { kind: "swap" } : { kind: "naive" };
  const unitA = a[1] === 1 || k === 1;
  if (b !== "packed") {
    // A matrix times a vector: as dot products with the rows of the matrix.
    if (n === 1 && m > 1 && c[0] === 1 && unitA && mode !== "bias") return { kind: "swap" };
    if (m <= 2 && b[0] === 1 && k > 1 && unitA) return { kind: "dot" };
    if (m === 1 && b[1] === 1 && unitA) return { kind: "strided", lda: 1, wide: true, block: k };
  }
  if (unitA) return { kind: "row", copyA: false };
  if (a[0] !== 1 && m !== 1) return { kind: "row", copyA: true };
  if (m === 1 && b === "packed") return { kind: "row", copyA: true };
  if (b !== "packed" && (b[1] === 1 || n === 1) && a[1] <= stridedWidth && b[0] <= stridedWidth) {
    const block = Math.max(32, Math.min(columnBlock, 4 * Math.floor(8192 / (Math.max(m, a[1]) + Math.max(n, b[0])) / 4)));
    return { kind: "strided", lda: a[1], wide: false, block };
  }
  return { kind: "column" };
}

/** The tile heights that a product uses. */
export function heightsOf(product: Product): number[] {
  const path = pathOf(product);
  switch (path.kind) {
    case "swap":
      // Only unpacked operands are swapped.
      return heightsOf({
        ...product,
        m: product.n,
        n: product.m,
        a: flip(product.b as readonly [number, number]),
        b: flip(product.a),
        c: flip(product.c),
      });
    case "naive":
    case "dot":
      return [];
    case "column":
      return [...(product.m >= columnRows ? rowsOfTiles(columnRows) : []), ...rowsOfTiles(product.m % columnRows)];
    default:
      return rowsOfTiles(product.m);
  }
}
