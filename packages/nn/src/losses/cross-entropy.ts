import {
  add,
  div,
  equal,
  expandDims,
  logSoftmax,
  mean,
  mul,
  neg,
  ShapeError,
  squeeze,
  sum,
  type Tensor,
  take,
  takeAlongAxis,
  where,
} from "@scope/autodiff/functions";
import { checkedIndices } from "../index-checks.js";
import { checkNumber, checkOptions, checkTensor, sameShape, showShape } from "../option-checks.js";
import { type LossOptions, type Reduction, reduced } from "./reduction.js";

/** Options of {@link nll}. */
export interface ClassOptions extends LossOptions {
  /** A target that does not count, neither in the sum nor in the mean. */
  readonly ignoreIndex?: number;
  /** A factor for each class, `[classes]`; the mean then divides by the factors of the targets. */
  readonly weights?: Tensor;
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends ClassOptions {
  /** How much of the target is spread evenly over all classes (0). */
  readonly labelSmoothing?: number;
}

/** Negative log-likelihood of whole-number targets under log-probabilities: −log p[y].
 * @param logProbabilities - `[..., classes]`, such as `logSoftmax` gives
 * @param targets - `[...]` int32, 0 to classes − 1
 * @param options - `ignoreIndex`, `weights`, `reduction` ("mean")
 * @returns a scalar; the shape of `targets` with reduction "none"
 * @throws {@link ShapeError} or {@link DTypeError} if targets do not fit; {@link IndexError} if one is no class
 * @source torch.nn.functional.nll_loss, with classes last
 * @example
 * nll(log(tensor([[0.5, 0.5]])), tensor([1], { dtype: "int32" })).item() // => 0.693147
 */
export function nll(logProbabilities: Tensor, targets: Tensor, options?: ClassOptions): Tensor {
  const checked = checkTargets("nll", logProbabilities, targets, options);
  return ofClasses("nll", logProbabilities, checked, options, 0);
}

/** Cross entropy of whole-number targets under logits: log Σ exp(x) − x[y], stable for logits of any size.
 * @param logits - `[..., classes]`
 * @param targets - `[...]` int32, 0 to classes − 1
 * @param options - `ignoreIndex`, `labelSmoothing` (0), `weights`, `reduction` ("mean")
 * @returns a scalar; the shape of `targets` with reduction "none"
 * @throws {@link ShapeError} or {@link DTypeError} if targets do not fit; {@link IndexError} if one is no class; {@link ValueError} for a bad option
 * @source torch.nn.functional.cross_entropy, with classes last
 * @example
 * crossEntropy(tensor([[0, 0]]), tensor([1], { dtype: "int32" })).item() // => 0.693147
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options?: CrossEntropyOptions): Tensor {
  const smoothing = options?.labelSmoothing ?? 0;
  checkNumber("crossEntropy", "labelSmoothing", smoothing, 0, 1);
  const checked = checkTargets("crossEntropy", logits, targets, options, ["labelSmoothing"]);
  return ofClasses("crossEntropy", logSoftmax(logits, { axis: -1 }), checked, options, smoothing);
}

/** Targets as they came, and as they are looked up. */
interface Targets {
  readonly targets: Tensor;
  readonly looked: Tensor;
}

function ofClasses(
  op: string,
  logs: Tensor,
  { targets, looked }: Targets,
  options: ClassOptions | undefined,
  smoothing: number,
): Tensor {
  const { ignoreIndex, weights, reduction } = options ?? {};
  const ignored = ignoreIndex === undefined ? null : equal(targets, ignoreIndex);
  const classes = ignored === null ? looked : where(ignored, 0, looked);
  // The factor of each target: its class's weight, 0 where it does not count; null where all are 1.
  let factor = weights === undefined ? null : take(weights, classes, { axis: 0 });
  if (ignored !== null) factor = where(ignored, 0, factor ?? 1);
  let losses = neg(squeeze(takeAlongAxis(logs, expandDims(classes, -1), { axis: -1 }), { axis: -1 }));
  if (factor !== null) losses = mul(losses, factor);
  if (smoothing > 0) {
    let spread = neg(mean(weights === undefined ? logs : mul(logs, weights), { axis: -1 }));
    if (ignored !== null) spread = where(ignored, 0, spread);
    losses = add(mul(losses, 1 - smoothing), mul(spread, smoothing));
  }
  return factor === null || !isMean(reduction)
    ? reduced(op, losses, reduction)
    : div(sum(losses), sum(factor));
}

const isMean = (reduction: Reduction | undefined): boolean => reduction === undefined || reduction === "mean";

function checkTargets(
  op: string,
  scores: Tensor,
  targets: Tensor,
  options: ClassOptions | undefined,
  ownOptions: readonly string[] = [],
): Targets {
  checkOptions(op, options, [...ownOptions, "ignoreIndex", "weights", "reduction"]);
  const { weights, ignoreIndex } = options ?? {};
  checkTensor(op, "scores", scores, "a tensor [..., classes]");
  checkTensor(op, "targets", targets, "an int32 tensor [...]");
  const classes = scores.shape[scores.rank - 1];
  if (scores.rank === 0 || !sameShape(scores.shape.slice(0, -1), targets.shape)) {
    throw new ShapeError({
      code: "loss/targets",
      op,
      problem: "there is not one target for each row of scores.",
      got: `scores ${showShape(scores.shape)}, targets ${showShape(targets.shape)}`,
      expected: "scores [..., classes] and targets [...]",
      mend: "put the classes on the last axis; targets are whole numbers, not one-hot rows",
    });
  }
  if (weights !== undefined && !sameShape(weights.shape, [classes])) {
    throw new ShapeError({
      code: "loss/weights",
      op,
      problem: "there is not one weight for each class.",
      got: showShape(weights.shape),
      expected: showShape([classes]),
      mend: "pass a weight for every class",
    });
  }
  return { targets, looked: checkedIndices(op, "targets", targets, classes, ignoreIndex) };
}
