import { checkCount, checkList, checkNumber, isList } from "../base/checks.js";
import { checkDType, type DType, isFloatDType, newArray } from "../base/dtype.js";
import { ValueError } from "../base/errors.js";
import { type Shape, shapeFrom, sizeOf } from "../base/shape.js";
import { show } from "../base/show.js";
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
    number: (interval) => number(intervalsFrom("number", interval)[0]),
    integer(from, to) {
      const [least, most] = wholeInterval(intervalsFrom("integer", [from, to], "int32")[0]);
      return integer(least, most);
    },
    permutation(n) {
      checkCount("permutation", "n", n, 0);
      return permutation(n);
    },
    pick(items) {
      checkList("pick", "items", items, "an array of at least one item");
      checkCount("pick", "items.length", items.length);
      return items[integer(0, items.length - 1)];
    },
    shape(rank = integer(0, 3)) {
      checkCount("shape", "rank", rank, 0);
      return Array.from({ length: rank }, () => integer(1, 3));
    },
    tensor(shape: Shape, domain?: Interval | readonly Interval[], dtype: DType = "float64"): Tensor {
      const sizes = shapeFrom("tensor", shape);
      const intervals = intervalsFrom("tensor", domain, dtype);
      const n = sizeOf(sizes);
      const array = newArray(dtype, n);
      const order = permutation(n);
      const between = spread(intervals);
      for (let i = 0; i < n; i++) {
        // Each element has a stretch of its own, so that no two tie.
        if (isFloatDType(dtype)) array[i] = between((order[i] + 0.2 + 0.6 * next()) / n);
        else {
          const whole = integer(
            ...wholeInterval(intervals[intervals.length > 1 ? integer(0, intervals.length - 1) : 0]),
          );
          array[i] = dtype === "bool" ? Number(whole !== 0) : whole;
        }
      }
      return fromArray(array, sizes, dtype);
    },
    of: (values: NestedArray, dtype: DType = "float64") => tensor(values as TensorData, { dtype }),
  };
  return random;
}

const isInterval = (value: unknown): value is Interval =>
  isList(value) && value.length === 2 && value.every(Number.isFinite) && Number(value[0]) <= Number(value[1]);

/** The intervals of a domain (−2 … 2 where it is left out), or an error that names what is wrong with it. */
export function intervalsFrom(
  op: string,
  domain: unknown = [-2, 2],
  dtype: unknown = "float64",
): readonly Interval[] {
  checkDType(op, dtype);
  // A pair of numbers is one interval.
  const intervals = isInterval(domain) ? [domain] : domain;
  const whole = !isFloatDType(dtype);
  if (isList(intervals) && intervals.length > 0 && intervals.every(isInterval)) {
    const wanting = intervals.find(
      (interval) => whole && wholeInterval(interval)[0] > wholeInterval(interval)[1],
    );
    if (wanting === undefined) return intervals;
  }
  throw new ValueError({
    code: "value/domain",
    op,
    problem: "the domain is not an interval.",
    got: `domain: ${show(domain)}`,
    expected: whole
      ? `two numbers with a whole number from the first to the second, for ${dtype}`
      : "two finite numbers, the smaller first; or a list of such pairs",
    mend: "domain: [-1, 1], or domain: [[-2, -1], [1, 2]]",
  });
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
