import { checkCount, checkOptions } from "../../base/checks.js";
import { ValueError } from "../../base/errors.js";
import { type Shape, shapeFrom } from "../../base/shape.js";
import { contiguousArray, type Tensor } from "../../tensor/tensor.js";
import { add, mul, neg, sub } from "../arithmetic.js";
import { less } from "../comparison.js";
import { cast, stopGradient } from "../conversion.js";
import { log } from "../exponential.js";
import { maximum } from "../extrema.js";
import { asFloat, type TensorLike } from "../operands.js";
import { argMax, checkNotEmpty, max } from "../reduction.js";
import { broadcastTo } from "../shape.js";
import { withAxis } from "../slicing.js";
import { argSort } from "../sorting.js";
import {
  checkBounds,
  drawFloats,
  drawUniform,
  Generator,
  stateOf,
  type UniformDrawOptions,
  unitOps,
} from "./generator.js";
import { drawNormal, type NormalDrawOptions } from "./normal.js";

/** Random numbers from a seed: the same seed gives the same numbers on every machine, eagerly and compiled, to the last bit
 * (of `categorical`, as far as the machine's `log` agrees; a draw of it can differ where two scores tie to rounding).
 *
 * The state is a {@link Variable} of a key, from the seed, and a counter, which every draw moves on; so functions that draw compile, and replay.
 * Under `vmap` the counter is shared: all examples get the same numbers, unless each draws from a key of its own ({@link Random.split}) outside.
 * @example
 * const random = new Random(7)
 * random.uniform([2, 3]).shape // => [2, 3]
 * new Random(7).normal([4]).toArray().join() === new Random(7).normal([4]).toArray().join() // => true
 */
export class Random extends Generator {
  /** Numbers evenly spread from `low` up to, without, `high` (rounding can reach `high` where the range is not 0 to 1).
   * @param shape - sizes of the axes
   * @param options - `low` (0), `high` (1), `dtype` (float32)
   * @returns a tensor of this shape; 24 random bits in a float32, 53 in a float64
   * @throws {@link ShapeError} for a bad shape; {@link ValueError} if a bound is not finite or `low > high`
   * @example
   * new Random(1).uniform([3], { low: -1, high: 1 }).shape // => [3]
   */
  uniform(shape: Shape, options?: UniformDrawOptions): Tensor {
    return drawUniform(this, shape, options);
  }

  /** Normally distributed numbers.
   * @param shape - sizes of the axes
   * @param options - `mean` (0), `std` (1; ≥ 0), `dtype` (float32)
   * @returns a tensor of this shape; at most 6.34 standard deviations from the mean in float32
   * @throws {@link ShapeError} for a bad shape; {@link ValueError} if `mean` or `std` is not finite or `std < 0`
   * @example
   * new Random(1).normal([8, 50, 3]).shape // => [8, 50, 3]
   */
  normal(shape: Shape, options?: NormalDrawOptions): Tensor {
    return drawNormal(this, shape, options);
  }

  /** Whole numbers, all of `low` … `high − 1` equally likely.
   * @param shape - sizes of the axes
   * @param options - `low` (0), `high`: not included, at most 2³¹ − 1 above `low`
   * @returns a tensor of this shape, int32
   * @throws {@link ShapeError} for a bad shape; {@link ValueError} if the bounds are not whole numbers with `low < high`
   * @example
   * new Random(1).randint([2], { low: 5, high: 6 }).toArray() // => [5, 5]
   */
  randint(shape: Shape, options: { readonly low?: number; readonly high: number }): Tensor {
    const own = shapeFrom("randint", shape);
    checkOptions("randint", options, ["low", "high"]);
    const { low = 0, high } = options ?? {};
    const whole =
      typeof low === "number" &&
      low === (low | 0) &&
      Number.isInteger(high) &&
      high <= 2 ** 31 &&
      high - low < 2 ** 31;
    checkBounds(
      "randint",
      low,
      high,
      () => whole && low < high,
      "whole numbers low < high, less than 2³¹ apart",
    );
    // 32 bits as a fraction of the range: less than high, as the product is less than a whole number by more than rounding.
    const unsigned = add(cast(this.bits(own), "float64"), 2 ** 31);
    return add(cast(mul(unsigned, (high - low) * 2 ** -32), "int32"), low);
  }

  /** True with probability `p`.
   * @param shape - sizes of the axes
   * @param options - `p` (0.5): a number, or a tensor that broadcasts to `shape`; below 0 counts as 0, above 1 as 1
   * @returns a tensor of this shape, bool
   * @throws {@link ShapeError} for a bad shape, or if `p` does not broadcast to it; {@link ValueError} if a number `p` is not in 0 … 1
   * @example
   * new Random(1).bernoulli([2], { p: 1 }).toArray() // => [true, true]
   */
  bernoulli(shape: Shape, options?: { readonly p?: TensorLike }): Tensor {
    const own = shapeFrom("bernoulli", shape);
    checkOptions("bernoulli", options, ["p"]);
    const p = options?.p ?? 0.5;
    if (typeof p === "number")
      checkBounds("bernoulli", 0, p, () => p >= 0 && p <= 1, "a probability from 0 to 1");
    const probability = broadcastTo(asFloat("bernoulli", p), own);
    return less(drawFloats(this, "bernoulli", own, probability.dtype, unitOps), probability);
  }

  /** The numbers 0 … n − 1 in random order. To shuffle a tensor: `take(x, random.permutation(x.shape[0]))`.
   * @param n - how many, a whole number ≥ 0
   * @returns `[n]`, int32
   * @throws {@link ValueError} if `n` is not a whole number ≥ 0
   * @example
   * sort(new Random(1).permutation(4)).toArray() // => [0, 1, 2, 3]
   */
  permutation(n: number): Tensor {
    checkCount("permutation", "n", n, 0);
    return argSort(this.bits([n]));
  }

  /** Positions along an axis, each with the probability that `softmax` gives it.
   * @param logits - `[..., n]`, logarithms of probabilities up to a constant; −∞ for never
   * @param options - `axis` (−1)
   * @returns the shape of `logits` without the axis, int32
   * @throws {@link IndexError} if the axis is out of range; {@link ValueError} if it is empty
   * @example
   * new Random(1).categorical(tensor([[0, -Infinity], [-Infinity, 0]])).toArray() // => [0, 1]
   */
  categorical(logits: TensorLike, options?: { readonly axis?: number }): Tensor {
    const scores = stopGradient(asFloat("categorical", logits));
    const [t, axis] = withAxis("categorical", scores, options, -1);
    checkNotEmpty("categorical", t.sizes, [axis]);
    checkScores(t, axis);
    // The greatest of logit − log(−log u) falls on i with probability softmax(logits)ᵢ (Gumbel); u = 0 is moved off −∞.
    const u = maximum(drawFloats(this, "categorical", t.sizes, t.dtype, unitOps), 2 ** -26);
    return argMax(sub(t, log(neg(log(u)))), { axis });
  }

  /** A generator of its own, with a key drawn from this one.
   * @returns a new generator; this one moves on by one draw
   * @throws {@link VariableError} inside a traced function, where no new Variable can be made
   * @example
   * const random = new Random(3)
   * const other = random.fork()
   * other.uniform([1]).item() === random.uniform([1]).item() // => false
   */
  fork(): Random {
    return forkOf(this);
  }

  /** Several generators of their own: {@link Random.fork} as often as asked for.
   * @param count - how many, a whole number from 0 to 2²⁰
   * @returns `count` generators
   * @throws {@link ValueError} if `count` is not such a number, or inside a traced function
   * @example
   * new Random(3).split(2).length // => 2
   */
  split(count: number): Random[] {
    checkCount("Random.split", "count", count, 0, 2 ** 20);
    return Array.from({ length: count }, () => this.fork());
  }
}

/** A generator of its own, with a key drawn from another: `Random.fork`.
 * @example
 * forkOf(new Generator(3)).uniform([2]).shape // => [2]
 * @internal */
export function forkOf(generator: Generator): Random {
  // First, as it is refused while a function is traced.
  const child = new Random();
  const { data } = generator.bits([2]);
  child.state.value = stateOf(data[0], data[1]);
  return child;
}

/** Throws where no probabilities follow from scores, if their values are known. */
function checkScores(scores: Tensor, axis: number): void {
  if (scores.isSymbolic) return;
  const greatest = contiguousArray(max(scores, { axis }));
  const wrong = greatest.findIndex((score) => !Number.isFinite(score));
  if (wrong < 0) return;
  throw new ValueError({
    code: "value/scores",
    op: "categorical",
    problem: "these scores give no probabilities.",
    got: `${Number.isNaN(greatest[wrong]) ? "NaN among them" : `${greatest[wrong]} as the greatest of them`} (row ${wrong})`,
    expected: "numbers or −∞, and at least one finite number along the axis",
    mend: "look for where it comes from: detectAnomalies(() => …)",
  });
}
