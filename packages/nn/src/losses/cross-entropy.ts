import { checkNumber } from "@scope/autodiff/checks";
import {
  add,
  div,
  equal,
  expandDims,
  logSoftmax,
  mean,
  mul,
  neg,
  onesLike,
  squeeze,
  sum,
  type Tensor,
  take,
  takeAlongAxis,
  where,
} from "@scope/autodiff/functions";
import { improving } from "../metrics/direction.js";
import { checkTargets, type Targets } from "./class-targets.js";
import { type LossOptions, type Reduction, reduced } from "./reduction.js";

/** Options of {@link nll}. */
export interface ClassOptions extends LossOptions {
  /** A target that does not count, neither in the sum nor in the mean. Where no target counts, loss and gradient are 0. */
  readonly ignoreIndex?: number;
  /** A factor for each class, `[classes]`; the mean then divides by the sum of the factors of the targets. */
  readonly weights?: Tensor;
}

const optionNames: readonly (keyof ClassOptions)[] = ["ignoreIndex", "weights", "reduction"];

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends ClassOptions {
  /** How much of the target is spread evenly over all classes (0). */
  readonly labelSmoothing?: number;
}

/** Negative log-likelihood of whole-number targets under log-probabilities: −log p[y].
 * @param logProbabilities - `[..., classes]`, such as `logSoftmax` gives
 * @param targets - `[...]` int32, 0 to classes − 1
 * @param options - `ignoreIndex`, `weights`, `reduction` ("mean")
 * @returns a scalar (0 where no target counts); the shape of `targets` with reduction "none"
 * @throws {@link ShapeError} or {@link DTypeError} if targets do not fit; {@link IndexError} if one is no class
 * @source torch.nn.functional.nll_loss, with classes last
 * @example
 * nll(log(tensor([[0.5, 0.5]])), tensor([1], { dtype: "int32" })).item() // => 0.693147
 */
export function nll(logProbabilities: Tensor, targets: Tensor, options?: ClassOptions): Tensor {
  const checked = checkTargets("nll", logProbabilities, targets, options, optionNames);
  return ofClasses("nll", logProbabilities, checked, options, 0);
}

/** Cross entropy of whole-number targets under logits: log Σ exp(x) − x[y], stable for logits of any size.
 * @param logits - `[..., classes]`
 * @param targets - `[...]` int32, 0 to classes − 1
 * @param options - `ignoreIndex`, `labelSmoothing` (0), `weights`, `reduction` ("mean")
 * @returns a scalar (0 where no target counts); the shape of `targets` with reduction "none"
 * @throws {@link ShapeError} or {@link DTypeError} if targets do not fit; {@link IndexError} if one is no class; {@link ValueError} for a bad option
 * @source torch.nn.functional.cross_entropy, with classes last
 * @example
 * crossEntropy(tensor([[0, 0]]), tensor([1], { dtype: "int32" })).item() // => 0.693147
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options?: CrossEntropyOptions): Tensor {
  const smoothing = options?.labelSmoothing ?? 0;
  checkNumber("crossEntropy", "labelSmoothing", smoothing, 0, 1);
  const checked = checkTargets("crossEntropy", logits, targets, options, ["labelSmoothing", ...optionNames]);
  return ofClasses("crossEntropy", logSoftmax(logits, { axis: -1 }), checked, options, smoothing);
}

function ofClasses(
  op: string,
  logs: Tensor,
  { targets, classes }: Targets,
  options: ClassOptions | undefined,
  smoothing: number,
): Tensor {
  const { ignoreIndex, weights, reduction } = options ?? {};
  const ignored = ignoreIndex === undefined ? null : equal(targets, ignoreIndex);
  const counted = (each: Tensor): Tensor => (ignored === null ? each : where(ignored, 0, each));
  // The weight of each target that counts; null where all are 1.
  const weight = weights === undefined ? null : counted(take(weights, classes, { axis: 0 }));
  let losses = neg(squeeze(takeAlongAxis(logs, expandDims(classes, -1), { axis: -1 }), { axis: -1 }));
  if (weight !== null) losses = mul(losses, weight);
  if (smoothing > 0) {
    const spread = neg(mean(weights === undefined ? logs : mul(logs, weights), { axis: -1 }));
    losses = add(mul(losses, 1 - smoothing), mul(spread, smoothing));
  }
  losses = counted(losses);
  if ((weight === null && ignored === null) || !isMean(reduction)) return reduced(op, losses, reduction);
  const total = sum(weight ?? counted(onesLike(losses)));
  // Where nothing counts, the losses add up to 0 already, and so does their gradient: 0 / 1, not 0 / 0.
  return improving("min", div(sum(losses), where(equal(total, 0), 1, total)));
}

const isMean = (reduction: Reduction | undefined): boolean => reduction === undefined || reduction === "mean";
