import type { DType } from "../../src/base/dtype.js";
import { cond, whileLoop } from "../../src/compile.js";
import type { Tensor } from "../../src/index.js";
import * as ops from "../../src/index.js";
import type { SampleRandom } from "../../src/ops/samples.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { blockSizes } from "./block-sizes.js";

// Programs of matrices drawn at random, made of what the compiler's own rewrites look for: sums of products, products onto values that others
// read, shared operands, slices and transposes as weights, look-ups beside products, running sums that are results, at sizes beside each block's.

export interface ProductProgram {
  readonly f: (inputs: readonly Tensor[]) => Tensor[];
  readonly inputs: readonly Tensor[];
  /** Of the values on the way, the largest: rounding errors may be as large as that allows. */
  readonly largest: () => number;
}

interface Scope {
  readonly random: SampleRandom;
  readonly dtype: DType;
  readonly sizes: readonly number[];
  /** Matrices made so far. */
  readonly pool: Tensor[];
  readonly differentiable: boolean;
}

const largestProduct = 2 ** 21;
const largestMatrix = 2 ** 16;
const chance = (s: Scope, of: number): boolean => s.random.integer(1, of) === 1;
const rowsOf = (x: Tensor): number => x.shape[0];
const columnsOf = (x: Tensor): number => x.shape[1];
const turned = (x: Tensor): Tensor => ops.swapAxes(x, -1, -2);
const pick = (s: Scope): Tensor => s.random.pick(s.pool);
const size = (s: Scope): number => s.random.pick(s.sizes);

/** Whole numbers stay small, floats small enough that a product with them is about as large as the other operand. */
function constant(s: Scope, shape: readonly number[]): Tensor {
  const fanIn = Math.max(1, shape[shape.length - 2] ?? 1);
  const limit = s.dtype === "int32" ? 3 : 1.7 / Math.sqrt(fanIn);
  return s.random.tensor(shape, [-limit, limit], s.dtype);
}
function push(s: Scope, ...made: readonly Tensor[]): void {
  for (const t of made) if (t.rank === 2 && t.size <= largestMatrix) s.pool.push(t);
}
const fits = (m: number, k: number, n: number): boolean =>
  m * k * n <= largestProduct && m * n <= largestMatrix;

/** A matrix of this shape: one of the pool, its transpose, a slice of a larger one, or a constant. */
function matrix(s: Scope, m: number, n: number): Tensor {
  const found: Tensor[] = [];
  for (const x of s.pool.flatMap((t) => [t, turned(t)])) {
    const [rows, columns] = x.shape;
    if (rows === m && columns === n) found.push(x);
    else if (rows >= m && columns >= n && m > 0 && n > 0) {
      const [from, at] = [s.random.integer(0, rows - m), s.random.integer(0, columns - n)];
      found.push(
        ops.slice(x, [
          [from, from + m],
          [at, at + n],
        ]),
      );
    }
  }
  if (found.length > 0 && !chance(s, 3)) return s.random.pick(found);
  // Sometimes it lies in a larger one, or the other way round.
  const [above, beside] = [s.random.integer(0, 2), s.random.integer(0, 2)];
  const whole = constant(s, chance(s, 2) ? [m + above, n + beside] : [n + beside, m + above]);
  const upright = rowsOf(whole) === m + above && columnsOf(whole) === n + beside ? whole : turned(whole);
  return ops.slice(upright, [
    [above, above + m],
    [beside, beside + n],
  ]);
}

/** A product of a value, as it is or turned, and a matrix; null where it would be too large. */
function product(s: Scope, x = chance(s, 3) ? turned(pick(s)) : pick(s), n = size(s)): Tensor | null {
  const [m, k] = x.shape;
  if (!fits(m, k, n)) return null;
  return ops.matmul(x, m === k && k === n && chance(s, 3) ? x : matrix(s, k, n));
}

/** What may be added to a matrix of this shape: another, a row, a column, one number; of strides of every kind. */
function addend(s: Scope, m: number, n: number): Tensor {
  switch (s.random.integer(0, 6)) {
    case 0:
      return constant(s, [n]);
    case 1:
      return ops.sum(matrix(s, 3, n), { axis: 0 });
    case 2:
      // A column as a row: its elements lie apart.
      return ops.at(matrix(s, n, 3), s.random.integer(0, 2), { axis: 1 });
    case 3:
      return ops.slice(matrix(s, 3, n), [[1, 2]]);
    case 4:
      return matrix(s, m, 1);
    default:
      return matrix(s, m, n);
  }
}

type Step = (s: Scope) => void;

/** xs for a loop: a few matrices of one shape. */
function sequence(s: Scope, m: number, n: number): Tensor {
  const length = s.random.integer(1, 5);
  const found = s.pool.filter((x) => rowsOf(x) === m && columnsOf(x) === n);
  if (found.length > 0 && chance(s, 2)) return ops.stack(Array.from({ length }, () => s.random.pick(found)));
  const x = constant(s, chance(s, 2) ? [length, m, n] : [m, length, n]);
  return rowsOf(x) === length && x.shape[1] === m ? x : ops.swapAxes(x, 0, 1);
}

const bounded = (s: Scope, x: Tensor): Tensor => (s.dtype === "int32" ? ops.mod(x, 7) : ops.tanh(x));

const steps: readonly Step[] = [
  (s) => {
    const p = product(s);
    if (p !== null) push(s, p);
  },
  // Onto a value, which may have been read before, and may be read again.
  (s) => {
    const p = product(s);
    if (p === null) return;
    const y = addend(s, rowsOf(p), columnsOf(p));
    push(s, s.random.pick([() => ops.add(p, y), () => ops.add(y, p), () => ops.sub(y, p)])());
    if (chance(s, 3)) push(s, p);
  },
  (s) => {
    const p = product(s);
    if (p === null) return;
    const n = columnsOf(p);
    const y = chance(s, 2) ? ops.add(p, addend(s, rowsOf(p), n)) : p;
    push(s, ops.add(y, addend(s, rowsOf(p), n)));
  },
  // Sums of products, with an operand in common.
  (s) => {
    const [x, n] = [pick(s), size(s)];
    const [p, q] = [product(s, x, n), product(s, chance(s, 2) ? x : matrix(s, rowsOf(x), size(s)), n)];
    if (p !== null && q !== null) push(s, ops.add(p, q));
  },
  (s) => {
    const x = pick(s);
    const y = chance(s, 2) ? x : matrix(s, rowsOf(x), size(s));
    if (!fits(columnsOf(x), rowsOf(x), columnsOf(y))) return;
    const p = ops.matmul(turned(x), y);
    push(s, chance(s, 2) ? turned(p) : p);
  },
  // A sum over a batch of products.
  (s) => {
    const [m, k, n] = [size(s), size(s), size(s)];
    if (!fits(5 * m, k, n)) return;
    const xs = sequence(s, m, k);
    const ws = chance(s, 2)
      ? matrix(s, k, n)
      : ops.stack(Array.from({ length: rowsOf(xs) }, () => matrix(s, k, n)));
    const ps = ops.matmul(xs, ws);
    push(s, ops.sum(ps, { axis: 0 }));
    if (chance(s, 3)) push(s, ops.at(ps, -1));
    if (chance(s, 3)) push(s, ops.sum(ps, { axis: s.random.integer(1, 2) }));
  },
  // Halves of a product, as the gates of a cell are.
  (s) => {
    const [x, n] = [pick(s), size(s)];
    if (!fits(rowsOf(x), columnsOf(x), 2 * n)) return;
    const gates = ops.add(ops.matmul(x, matrix(s, columnsOf(x), 2 * n)), addend(s, rowsOf(x), 2 * n));
    const [p, q] = [ops.slice(gates, [null, [0, n]]), ops.slice(gates, [null, [n, 2 * n]])];
    push(s, ops.mul(bounded(s, p), bounded(s, q)));
    if (chance(s, 3)) push(s, gates);
  },
  // Rows that are looked up, more of them than there are.
  (s) => {
    const [rows, width, count] = [s.random.integer(1, 6), size(s), s.random.pick([3, 12, 13])];
    const table = matrix(s, rows, width);
    const index = s.random.tensor([count], [0, rows - 1], "int32");
    const looked = ops.take(table, index, { axis: 0 });
    push(s, looked);
    const p = product(s, looked);
    if (p !== null) push(s, p);
    const other = matrix(s, count, size(s));
    if (fits(width, count, columnsOf(other))) push(s, ops.matmul(turned(looked), other));
  },
  (s) => {
    const p = product(s);
    if (p === null) return;
    const [m, n] = p.shape;
    const rows = s.random.integer(1, 4);
    const index = ops.broadcastTo(ops.reshape(s.random.tensor([m], [0, rows - 1], "int32"), [m, 1]), [m, n]);
    push(s, ops.scatterAdd(matrix(s, rows, n), index, p, { axis: 0 }));
  },
  // Sums along either axis, running ones too, and what they came from.
  (s) => {
    const x = pick(s);
    const axis = s.random.integer(0, 1);
    push(s, ops.cumsum(x, { axis }), ops.sum(x, { axis, keepDims: true }));
  },
  (s) => {
    const x = pick(s);
    push(s, ops.sub(x, ops.sum(x, { axis: s.random.integer(0, 1), keepDims: true })));
  },
  (s) => {
    const x = pick(s);
    const y = matrix(s, rowsOf(x), columnsOf(x));
    push(
      s,
      s.random.pick([
        () => ops.mul(x, bounded(s, y)),
        () => ops.where(ops.greater(x, y), x, bounded(s, y)),
      ])(),
    );
  },
  (s) => {
    const x = pick(s);
    push(s, ops.concat([x, bounded(s, x)], { axis: s.random.integer(0, 1) }));
  },
  (s) => push(s, turned(pick(s))),
  // A recurrence whose weights are slices of one matrix; each step's state is stacked before it, after it, or not at all.
  (s) => {
    const [m, k, h] = [s.random.integer(0, 7), size(s), size(s)];
    if (!fits(5 * m, k + h, h)) return;
    const weights = matrix(s, k + h, h);
    const [u, w] = [ops.slice(weights, [[0, k]]), ops.slice(weights, [[k, k + h]])];
    const bias = addend(s, m, h);
    // Chosen here: eagerly the body runs once for each step, in a trace once.
    const [way, bound] = [s.random.integer(0, 3), chance(s, 2)];
    const cell = (c: Tensor, x: Tensor): [Tensor, Tensor] => {
      const into = ops.matmul(bound ? bounded(s, c) : c, w);
      const next = bounded(s, ops.add(ops.add(into, ops.matmul(x, u)), bias));
      return [next, way === 0 ? c : way === 1 ? into : next];
    };
    const [last, all] = ops.scan(
      way === 3 ? ops.checkpoint(cell) : cell,
      matrix(s, m, h),
      sequence(s, m, k),
      {
        reverse: chance(s, 3),
      },
    );
    push(s, last, ops.sum(all, { axis: 0 }), ops.reshape(all, [rowsOf(all) * m, h]));
  },
  // A sum that grows in a loop, and is a result at every step: as the gradient of a weight, or its moments.
  (s) => {
    const [m, k, n] = [size(s), size(s), s.random.integer(1, 5)];
    if (!fits(5 * m, k, n)) return;
    const way = s.random.integer(0, 3);
    const w = matrix(s, k, n);
    const [total, all] = ops.scan(
      (c: Tensor, x: Tensor) => {
        const next = ops.add(c, ops.matmul(x, w));
        return [
          next,
          way === 0 ? next : way === 1 ? c : way === 2 ? ops.sum(next, { axis: 0 }) : ops.matmul(x, w),
        ];
      },
      matrix(s, m, n),
      sequence(s, m, k),
    );
    push(s, total, ops.at(all, -1), ops.sum(all, { axis: 0 }));
  },
  (s) => {
    const x = pick(s);
    const n = size(s);
    if (!fits(rowsOf(x), columnsOf(x), n)) return;
    const [w, b] = [matrix(s, columnsOf(x), n), addend(s, rowsOf(x), n)];
    const affine = (t: Tensor): Tensor => ops.add(ops.matmul(t, w), b);
    if (chance(s, 2)) push(s, ops.checkpoint(affine)(x));
    else
      push(
        s,
        cond(
          ops.greater(ops.sum(ops.slice(x, [[0, 1]])), 0.117),
          affine,
          (t: Tensor) => ops.sub(b, ops.matmul(t, w)),
          x,
        ),
      );
  },
  (s) => {
    const x = pick(s);
    const n = columnsOf(x);
    if (s.differentiable || !fits(3 * rowsOf(x), n, n)) return;
    const w = matrix(s, n, n);
    const times = s.random.integer(0, 3);
    const made = whileLoop(
      ({ i }: { i: Tensor; c: Tensor }) => ops.less(i, times),
      ({ i, c }) => ({ i: ops.add(i, 1), c: ops.add(ops.matmul(bounded(s, c), w), c) }),
      { i: ops.zeros([], { dtype: "int32" }), c: x },
    );
    push(s, made.c);
  },
];

/** One size at or beside a block's, the others small; sometimes none at all. */
function drawSizes(random: SampleRandom): number[] {
  const beside = Math.max(0, random.pick(blockSizes) * random.pick([1, 1, 1, 2]) + random.integer(-1, 1));
  const small = Array.from({ length: 3 }, () => random.integer(1, 9));
  if (random.integer(1, 8) === 1) small[0] = 0;
  return [beside, ...small];
}

/** A program and its inputs. In whole numbers, everything is exact. */
export function randomProducts(
  seed: number,
  options: {
    readonly steps: number;
    readonly dtype: "float32" | "float64" | "int32";
    readonly differentiable: boolean;
  },
): ProductProgram {
  const { dtype, differentiable } = options;
  const first = seededRandom(seed + 1);
  const sizes = drawSizes(first);
  const inputs = Array.from({ length: first.integer(1, 3) }, () => {
    const shape = [first.pick(sizes), first.pick(sizes.slice(1))];
    return first.tensor(
      first.integer(0, 1) === 0 ? shape : shape.reverse(),
      dtype === "int32" ? [-3, 3] : [-1, 1],
      dtype,
    );
  });
  let largest = 1;
  const f = (given: readonly Tensor[]): Tensor[] => {
    const s: Scope = { random: seededRandom(seed), dtype, sizes, pool: [...given], differentiable };
    for (let i = 0; i < options.steps; i++) s.random.pick(steps)(s);
    if (given[0].storage !== null)
      for (const { data } of s.pool) for (const v of data) largest = Math.max(largest, Math.abs(v));
    const results = s.pool.slice(-3);
    // What others read may be a result as well.
    results.push(pick(s));
    return results;
  };
  return { f, inputs, largest: () => largest };
}
