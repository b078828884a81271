import {
  argMax,
  cast,
  div,
  equal,
  greaterEqual,
  logicalAnd,
  maximum,
  notEqual,
  sum,
  type Tensor,
} from "@scope/autodiff/functions";
import { checkTargets } from "../losses/class-targets.js";
import { checkPair, meanOrZero } from "../losses/reduction.js";
import { checkNumber } from "../option-checks.js";
import { improving } from "./direction.js";

/** Options of {@link accuracy}. */
export interface AccuracyOptions {
  /** A target that does not count. */
  readonly ignoreIndex?: number;
}

/** The fraction of rows whose highest score is that of their target; larger is better, and {@link fit} knows it.
 * @param scores - `[..., classes]`: logits or probabilities
 * @param targets - `[...]` int32, 0 to classes − 1
 * @param options - `ignoreIndex`; where nothing counts, the result is 0
 * @returns a scalar from 0 to 1, which has no derivative
 * @throws {@link ShapeError} or {@link DTypeError} if targets do not fit; {@link IndexError} if one is no class
 * @example
 * accuracy(tensor([[2, 1], [0, 3], [5, 4]]), tensor([0, 1, 1], { dtype: "int32" })).item() // => 0.666667
 */
export function accuracy(scores: Tensor, targets: Tensor, options?: AccuracyOptions): Tensor {
  const checked = checkTargets("accuracy", scores, targets, options, ["ignoreIndex"]);
  const ignored = options?.ignoreIndex;
  const right = equal(argMax(scores, { axis: -1 }), checked.classes);
  if (ignored === undefined) return improving("max", meanOrZero(cast(right, "float32")));
  const counted = notEqual(targets, ignored);
  const total = maximum(sum(cast(counted, "float32")), 1);
  return improving("max", div(sum(cast(logicalAnd(right, counted), "float32")), total));
}

/** Options of {@link binaryAccuracy}. */
export interface BinaryAccuracyOptions {
  /** The logit from which on a prediction is positive (0, a probability of one half). */
  readonly threshold?: number;
}

/** The fraction of logits on the side of their target; larger is better, and {@link fit} knows it.
 * @param logits - any shape
 * @param targets - the same shape, bool, or numbers of which 0.5 and more are positive
 * @param options - `threshold` (0)
 * @returns a scalar from 0 to 1, which has no derivative
 * @throws {@link ShapeError} if the shapes differ
 * @example
 * binaryAccuracy(tensor([2, -1, 3]), tensor([1, 0, 0])).item() // => 0.666667
 */
export function binaryAccuracy(logits: Tensor, targets: Tensor, options?: BinaryAccuracyOptions): Tensor {
  checkPair("binaryAccuracy", logits, targets, options, ["threshold"]);
  const threshold = options?.threshold ?? 0;
  checkNumber("binaryAccuracy", "threshold", threshold, -Number.MAX_VALUE);
  const right = equal(greaterEqual(logits, threshold), greaterEqual(cast(targets, "float32"), 0.5));
  return improving("max", meanOrZero(cast(right, "float32")));
}
