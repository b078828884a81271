import { checkNumber } from "../base/checks.js";
import { type DType, isFloatDType, newArray } from "../base/dtype.js";
import { type Shape, sizeOf } from "../base/shape.js";
import { type TensorData, tensor } from "../ops/literal.js";
import type { Interval, SampleRandom } from "../ops/samples.js";
import { fromArray, type NestedArray, type Tensor } from "../tensor/tensor.js";

/** Numbers, shapes and tensors that a seed decides: what tests draw their values from, so that a failure can be run again.
 * @param seed - any whole number
 * @example
 * seededRandom(1).integer(0, 9) === seededRandom(1).integer(0, 9) // => true
 */
export function seededRandom(seed: number): SampleRandom {
  checkNumber("seededRandom", "seed", seed);
  const next = uniform(seed);
  const number = ([from, to]: Interval): number => from + (to - from) * next();
  const integer = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  const permutation = (n: number): number[] => {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = integer(0, i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  };
  const random: SampleRandom = {
    number,
    integer,
    permutation,
    pick: (items) => items[integer(0, items.length - 1)],
    shape: (rank = integer(0, 3)) => Array.from({ length: rank }, () => integer(1, 3)),
    tensor(shape: Shape, domain: Interval | readonly Interval[] = [-2, 2], dtype: DType = "float64"): Tensor {
      // A pair of numbers is one interval.
      const intervals = (typeof domain[0] === "number" ? [domain] : domain) as readonly Interval[];
      const n = sizeOf(shape);
      const array = newArray(dtype, n);
      const order = permutation(n);
      const between = spread(intervals);
      for (let i = 0; i < n; i++) {
        // Each element has a stretch of its own, so that no two tie.
        array[i] = isFloatDType(dtype)
          ? between((order[i] + 0.2 + 0.6 * next()) / n)
          : integer(...wholeInterval(intervals[0]));
      }
      return fromArray(array, shape, dtype);
    },
    of: (values: NestedArray, dtype: DType = "float64") => tensor(values as TensorData, { dtype }),
  };
  return random;
}

const wholeInterval = ([from, to]: Interval): [number, number] => [Math.ceil(from), Math.floor(to)];

/** A map from 0 … 1 onto the intervals, one after the other. */
function spread(intervals: readonly Interval[]): (u: number) => number {
  const total = intervals.reduce((sum, [from, to]) => sum + to - from, 0);
  return (u) => {
    let rest = u * total;
    for (const [from, to] of intervals) {
      if (rest <= to - from) return from + rest;
      rest -= to - from;
    }
    return intervals[intervals.length - 1][1];
  };
}

/** Uniform numbers in 0 … 1 (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
