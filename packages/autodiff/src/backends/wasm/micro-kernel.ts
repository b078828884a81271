import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import type { I32 } from "./instructions.js";
import { i32, v128 } from "./instructions.js";
import type { Lanes } from "./lanes.js";
import type { Parameters, Routine } from "./routine.js";
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

/** Products of a chain where there are several: shorter, as adding the chains up one after the other has an error, too. */
const repeatedChain = 56;

/** Sums `k` products with `step(length)`, which continues the sums over so many. Sums of float32 start anew after each chain; those so far wait at
 * `partials`. */
function inChains(
  f: FunctionBuilder,
  { dtype, zero, add }: Lanes,
  k: Local<"i32">,
  partials: I32,
  sums: readonly Local<"v128">[],
  step: (length: Local<"i32">) => void,
): void {
  for (const sum of sums) f.set(sum, f.vector(zero));
  if (dtype !== "float32") return step(k);
  const several = f.let(i32.gtU(k, i32.const(chainLength)));
  const length = f.let(k);
  f.if(several, () => {
    f.set(length, i32.const(repeatedChain));
    for (const i of sums.keys()) f.emit(v128.store(partials, f.vector(zero), i * 16));
  });
  f.loop((again) => {
    f.set(k, i32.sub(k, length));
    step(length);
    f.if(several, () => {
      for (const [i, sum] of sums.entries()) f.set(sum, add(v128.load(partials, i * 16), sum));
      f.if(k, () => {
        for (const [i, sum] of sums.entries()) {
          f.emit(v128.store(partials, sum, i * 16));
          f.set(sum, f.vector(zero));
        }
        f.if(i32.ltU(k, length), () => f.set(length, k));
        f.branch(again);
      });
    });
  });
}

const tileParameters = ["k", "a", "lda", "b", "c", "ldc", "init", "ldinit"] as const;
/** One tile of `rows` × `vectors`: c = init + a·b, with `init` and `c` rows `ldinit` and `ldc` bytes apart, and those of B `ldb` in order `column`. */
export function microKernel(
  ctx: CodeContext,
  lanes: Lanes,
  order: OperandOrder,
  rows: number,
  vectors: number,
): Routine<(typeof tileParameters)[number] | "ldb"> {
  const name = `tile ${lanes.dtype} ${order} ${rows}x${vectors}`;
  return order === "row"
    ? ctx.named(name, tileParameters, (f, p) => tileCode(f, ctx, lanes, p, null, rows, vectors))
    : ctx.named(name, [...tileParameters, "ldb"], (f, p) => tileCode(f, ctx, lanes, p, p.ldb, rows, vectors));
}

/** @param ldb - null where B is packed and each row of A has a pointer of its own */
function tileCode(
  f: FunctionBuilder,
  ctx: CodeContext,
  lanes: Lanes,
  { k, a, lda, b, c, ldc, init, ldinit }: Parameters<(typeof tileParameters)[number]>,
  ldb: Local<"i32"> | null,
  rows: number,
  vectors: number,
): void {
  const pointers = [a];
  if (ldb === null) for (let r = 1; r < rows; r++) pointers.push(f.let(i32.add(pointers[r - 1], lda)));
  const sums = Array.from({ length: rows }, () => f.locals("v128", vectors));
  const right = f.locals("v128", vectors);
  const left = f.local("v128");
  const stepB = vectors * 16;
  inChains(f, lanes, k, ctx.own(f, ctx.partials), sums.flat(), (length) =>
    unrolled(f, length, (unroll) => {
      for (let u = 0; u < unroll; u++) {
        const offsetB = ldb === null ? u * stepB : 0;
        for (let v = 0; v < vectors; v++) f.set(right[v], v128.load(b, offsetB + v * 16));
        for (let r = 0; r < rows; r++) {
          const element =
            ldb === null
              ? lanes.loadSplat(pointers[r], u * lanes.bytes)
              : lanes.loadSplat(a, r * lanes.bytes);
          f.set(left, element);
          for (let v = 0; v < vectors; v++) f.set(sums[r][v], lanes.multiplyAdd(left, right[v], sums[r][v]));
        }
        if (ldb !== null) {
          f.advance(a, lda);
          f.advance(b, ldb);
        }
      }
      if (ldb !== null) return;
      f.advance(b, stepB * unroll);
      for (const pointer of pointers) f.advance(pointer, lanes.bytes * unroll);
    }),
  );
  for (const [r, row] of sums.entries()) {
    for (const [v, sum] of row.entries())
      f.emit(v128.store(c, lanes.add(v128.load(init, v * 16), sum), v * 16));
    if (r === rows - 1) break;
    f.advance(init, ldinit);
    f.advance(c, ldc);
  }
}

const wideParameters = ["k", "a", "b", "panelBytes", "ldb", "c", "init", "initStep"] as const;
/** One row by four panels, `panelBytes` apart: enough sums at once to hide the latency of a multiply-add. `init` moves by `initStep` from panel to panel. */
export function wideKernel(ctx: CodeContext, lanes: Lanes): Routine<(typeof wideParameters)[number]> {
  return ctx.named(`wide ${lanes.dtype}`, wideParameters, (f, p) => {
    const { k, a, b, panelBytes, ldb, c, init, initStep } = p;
    const pointers = [b];
    for (let panel = 1; panel < 4; panel++) pointers.push(f.let(i32.add(pointers[panel - 1], panelBytes)));
    const sums = f.locals("v128", 8);
    const left = f.local("v128");
    inChains(f, lanes, k, ctx.own(f, ctx.partials), sums, (length) =>
      unrolled(f, length, (unroll) => {
        for (let u = 0; u < unroll; u++) {
          f.set(left, lanes.loadSplat(a, u * lanes.bytes));
          for (const [panel, pointer] of pointers.entries()) {
            for (const v of [0, 1]) {
              const sum = sums[panel * 2 + v];
              f.set(sum, lanes.multiplyAdd(left, v128.load(pointer, v * 16), sum));
            }
            f.advance(pointer, ldb);
          }
        }
        f.advance(a, lanes.bytes * unroll);
      }),
    );
    for (const [i, sum] of sums.entries()) {
      f.emit(v128.store(c, lanes.add(v128.load(init, (i % 2) * 16), sum), i * 16));
      if (i % 2 === 1 && i < 7) f.advance(init, initStep);
    }
  });
}

const dotParameters = ["n", "k", "a", "b", "ldb", "c", "init", "initStep"] as const;
/** Dot products of one vector with rows of B: c[j] = init[j] + Σ a[k]·b[j, k] for four rows at a time, then one at a time. */
export function dotKernel(ctx: CodeContext, lanes: Lanes): Routine<(typeof dotParameters)[number]> {
  return ctx.named(`dot ${lanes.dtype}`, dotParameters, (f, p) => {
    f.repeat(i32.shrU(p.n, i32.const(2)), () => dotRows(f, ctx, lanes, p, 4));
    f.repeat(i32.and(p.n, i32.const(3)), () => dotRows(f, ctx, lanes, p, 1));
  });
}

/** The dot products with the next `rows` rows of B. */
function dotRows(
  f: FunctionBuilder,
  ctx: CodeContext,
  lanes: Lanes,
  { k, a, b, ldb, c, init, initStep }: Parameters<(typeof dotParameters)[number]>,
  rows: number,
): void {
  const pointers: Local<"i32">[] = [];
  for (let r = 0; r < rows; r++) pointers.push(f.let(r === 0 ? b : i32.add(pointers[r - 1], ldb)));
  const chains = 2;
  const sums = pointers.map(() => f.locals("v128", chains));
  const left = f.let(a);
  const element = f.local("v128");
  const along = (chainsNow: number, single: boolean): void => {
    for (let chain = 0; chain < chainsNow; chain++) {
      const offset = chain * 16;
      f.set(element, single ? lanes.loadFirst(left, offset) : v128.load(left, offset));
      for (const [r, pointer] of pointers.entries()) {
        const right = single ? lanes.loadFirst(pointer, offset) : v128.load(pointer, offset);
        f.set(sums[r][chain], lanes.multiplyAdd(element, right, sums[r][chain]));
      }
    }
    for (const pointer of [left, ...pointers]) f.advance(pointer, single ? lanes.bytes : 16 * chainsNow);
  };
  const perRound = i32.const(chains * lanes.count);
  inChains(f, lanes, f.let(i32.divU(k, perRound)), ctx.own(f, ctx.partials), sums.flat(), (rounds) =>
    f.repeat(rounds, () => along(chains, false)),
  );
  f.repeat(i32.remU(k, perRound), () => along(1, true));
  for (const [first, second] of sums) {
    f.set(first, lanes.add(first, second));
    for (let half = lanes.count / 2; half >= 1; half /= 2) {
      const bytes = Array.from({ length: 16 }, (_, i) => (i + half * lanes.bytes) % 16);
      f.set(first, lanes.add(first, v128.shuffle(first, first, bytes)));
    }
    f.emit(lanes.storeFirst(c, lanes.add(lanes.loadFirst(init), first)));
    f.advance(c, lanes.bytes);
    f.advance(init, initStep);
  }
  f.advance(b, i32.mul(ldb, i32.const(rows)));
}
