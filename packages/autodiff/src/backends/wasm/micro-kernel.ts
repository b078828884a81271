import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import { i32, v128 } from "./instructions.js";
import type { Lanes } from "./lanes.js";
import { chainLength } from "./wide-sums.js";

/** Rows of the largest tile: 6 rows of two vectors keep 12 sums in registers. */
export const tileRows = 6;
/** Columns of a full panel of packed B. */
export const panelColumns = (lanes: Lanes): number => 2 * lanes.count;

/** Which tile heights an evenly split block of `m` rows uses (32 = 6 + 6 + 5 + 5 + 5 + 5). */
export function rowsOfTiles(m: number): number[] {
  if (m === 0) return [];
  const tiles = Math.ceil(m / tileRows);
  const low = Math.floor(m / tiles);
  return m % tiles === 0 ? [low] : [low + 1, low];
}

/** How a micro-kernel walks A: `row` has one pointer per row and unit steps along k; `column` reads the rows of a tile side by side, `lda` bytes
 * apart along k (a transposed A, or packed panels), and takes the bytes between rows of B too. */
export type OperandOrder = "row" | "column";

/** Runs `step(u)` for each of `k` rounds, four to an iteration. */
function unrolled(f: FunctionBuilder, k: Local<"i32">, step: (unroll: number) => void): void {
  const rest = f.local("i32");
  for (const [count, unroll] of [
    [i32.shrU(k, i32.const(2)), 4],
    [i32.and(k, i32.const(3)), 1],
  ] as const) {
    f.set(rest, count);
    f.if(rest, () =>
      f.loop((again) => {
        step(unroll);
        f.branchIf(f.tee(rest, i32.sub(rest, i32.const(1))), again);
      }),
    );
  }
}

/** Sums `k` products with `step(length)`, which continues the sums over so many. Sums of float32 start anew after each chain; those so far wait at `partials`. */
function inChains(
  f: FunctionBuilder,
  { dtype, zero, add }: Lanes,
  k: Local<"i32">,
  partials: number,
  sums: readonly Local<"v128">[],
  step: (length: Local<"i32">) => void,
): void {
  for (const sum of sums) f.set(sum, f.vector(zero));
  if (dtype !== "float32") return step(k);
  const at = f.let(i32.const(partials));
  const several = f.let(i32.gtU(k, i32.const(chainLength)));
  const length = f.let(k);
  f.if(several, () => {
    f.set(length, i32.const(chainLength));
    for (const i of sums.keys()) f.emit(v128.store(at, f.vector(zero), i * 16));
  });
  f.loop((again) => {
    f.set(k, i32.sub(k, length));
    step(length);
    f.if(several, () => {
      for (const [i, sum] of sums.entries()) f.set(sum, add(v128.load(at, i * 16), sum));
      f.if(k, () => {
        for (const [i, sum] of sums.entries()) {
          f.emit(v128.store(at, sum, i * 16));
          f.set(sum, f.vector(zero));
        }
        f.if(i32.ltU(k, length), () => f.set(length, k));
        f.branch(again);
      });
    });
  });
}

/** One tile of `rows` × `vectors`: c = init + a·b, with `init` and `c` rows `ldinit` and `ldc` bytes apart.
 * Parameters: k, a, lda, b, c, ldc, init, ldinit (`row`), and ldb last (`column`). */
export function microKernel(
  ctx: CodeContext,
  lanes: Lanes,
  walk: OperandOrder,
  rows: number,
  vectors: number,
): FunctionBuilder {
  const byRow = walk === "row";
  return ctx.routine(`tile ${lanes.dtype} ${walk} ${rows}x${vectors}`, byRow ? 8 : 9, (f) => {
    const [k, a, lda, b, c, ldc, init, ldinit] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => f.parameter(i));
    const ldb = byRow ? undefined : f.parameter(8);
    const pointers = [a];
    if (byRow) for (let r = 1; r < rows; r++) pointers.push(f.let(i32.add(pointers[r - 1], lda)));
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local("v128")));
    const right = Array.from({ length: vectors }, () => f.local("v128"));
    const left = f.local("v128");
    const stepB = vectors * 16;
    inChains(f, lanes, k, ctx.partials, sums.flat(), (length) => {
      unrolled(f, length, (unroll) => {
        for (let u = 0; u < unroll; u++) {
          const offsetB = byRow ? u * stepB : 0;
          for (let v = 0; v < vectors; v++) f.set(right[v], v128.load(b, offsetB + v * 16));
          for (let r = 0; r < rows; r++) {
            f.set(
              left,
              byRow ? lanes.loadSplat(pointers[r], u * lanes.bytes) : lanes.loadSplat(a, r * lanes.bytes),
            );
            for (let v = 0; v < vectors; v++)
              f.set(sums[r][v], lanes.multiplyAdd(left, right[v], sums[r][v]));
          }
          if (ldb !== undefined) {
            f.advance(a, lda);
            f.advance(b, ldb);
          }
        }
        if (!byRow) return;
        f.advance(b, stepB * unroll);
        for (const pointer of pointers) f.advance(pointer, lanes.bytes * unroll);
      });
    });
    for (let r = 0; r < rows; r++) {
      for (let v = 0; v < vectors; v++)
        f.emit(v128.store(c, lanes.add(v128.load(init, v * 16), sums[r][v]), v * 16));
      if (r < rows - 1) {
        f.advance(init, ldinit);
        f.advance(c, ldc);
      }
    }
  });
}

/** One row by four panels: enough sums at once to hide the latency of a multiply-add.
 * Parameters: k, a, b, bytes from a panel to the next, bytes from a row of b to the next, c, init, bytes of init from a panel to the next. */
export function wideKernel(ctx: CodeContext, lanes: Lanes): FunctionBuilder {
  return ctx.routine(`wide ${lanes.dtype}`, 8, (f) => {
    const [k, a, b, panel, ldb, c, init, initStep] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => f.parameter(i));
    const pointers = [b];
    for (let p = 1; p < 4; p++) pointers.push(f.let(i32.add(pointers[p - 1], panel)));
    const sums: Local<"v128">[] = [];
    for (let p = 0; p < 4; p++) {
      sums.push(f.let(v128.load(init)), f.let(v128.load(init, 16)));
      if (p < 3) f.advance(init, initStep);
    }
    const left = f.local("v128");
    unrolled(f, k, (unroll) => {
      for (let u = 0; u < unroll; u++) {
        f.set(left, lanes.loadSplat(a, u * lanes.bytes));
        for (const [p, pointer] of pointers.entries()) {
          for (const v of [0, 1]) {
            const sum = sums[p * 2 + v];
            f.set(sum, lanes.multiplyAdd(left, v128.load(pointer, v * 16), sum));
          }
          f.advance(pointer, ldb);
        }
      }
      f.advance(a, lanes.bytes * unroll);
    });
    for (const [i, sum] of sums.entries()) f.emit(v128.store(c, sum, i * 16));
  });
}

/** Dot products of one vector with rows of B: c[j] = init[j] + Σ a[k]·b[j, k] for four rows at a time, then one at a time.
 * Parameters: n, k, a, b, bytes from a row of b to the next, c, init, bytes from an element of init to the next. */
export function dotKernel(ctx: CodeContext, lanes: Lanes): FunctionBuilder {
  return ctx.routine(`dot ${lanes.dtype}`, 8, (f) => {
    const [n, k, a, b, ldb, c, init, initStep] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => f.parameter(i));
    const [pa, rest] = [f.local("i32"), f.local("i32")];
    const lane = f.local("v128");
    const chains = 2;
    const group = (rows: number): void => {
      const pointers: Local<"i32">[] = [];
      for (let r = 0; r < rows; r++) pointers.push(f.let(r === 0 ? b : i32.add(pointers[r - 1], ldb)));
      const sums = pointers.map(() => Array.from({ length: chains }, () => f.let(f.vector(lanes.zero))));
      f.set(pa, a);
      const along = (chainsNow: number, single: boolean): void => {
        for (let chain = 0; chain < chainsNow; chain++) {
          const offset = chain * 16;
          f.set(lane, single ? lanes.loadFirst(pa, offset) : v128.load(pa, offset));
          for (const [r, pointer] of pointers.entries()) {
            const right = single ? lanes.loadFirst(pointer, offset) : v128.load(pointer, offset);
            f.set(sums[r][chain], lanes.multiplyAdd(lane, right, sums[r][chain]));
          }
        }
        for (const pointer of [pa, ...pointers]) f.advance(pointer, single ? lanes.bytes : 16 * chainsNow);
      };
      const perRound = chains * lanes.count;
      f.set(rest, i32.divU(k, i32.const(perRound)));
      f.repeat(rest, () => along(chains, false));
      f.set(rest, i32.remU(k, i32.const(perRound)));
      f.repeat(rest, () => along(1, true));
      for (const [first, second] of sums) {
        f.set(first, lanes.add(first, second));
        for (let half = lanes.count / 2; half >= 1; half /= 2) {
          const bytes = Array.from({ length: 16 }, (_, i) => (i + half * lanes.bytes) % 16);
          f.set(first, lanes.add(first, v128.shuffle(first, first, bytes)));
        }
        f.emit(lanes.storeFirst(c, lanes.add(first, lanes.loadFirst(init))));
        f.advance(c, lanes.bytes);
        f.advance(init, initStep);
      }
      f.advance(b, i32.mul(ldb, i32.const(rows)));
    };
    f.repeat(i32.shrU(n, i32.const(2)), () => group(4));
    f.repeat(i32.and(n, i32.const(3)), () => group(1));
  });
}
