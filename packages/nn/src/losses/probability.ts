import { checkOperand } from "@scope/autodiff/checks";
import {
  add,
  div,
  exp,
  greater,
  log,
  mul,
  neg,
  type Shape,
  softplus,
  sub,
  sum,
  type Tensor,
  where,
} from "@scope/autodiff/functions";
import { improving } from "../metrics/direction.js";
import { checkPair, type LossOptions, reduced } from "./reduction.js";

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryOptions extends LossOptions {
  /** Factor of the losses of positive targets, such that it broadcasts to the logits. */
  readonly positiveWeight?: Tensor | number;
}

/** Cross entropy of targets between 0 and 1 under σ(logits), without leaving the logits: y·softplus(−x) + (1 − y)·softplus(x).
 * @param logits - any shape
 * @param targets - the same shape, float or bool, 0 to 1
 * @param options - `positiveWeight`, `reduction` ("mean")
 * @returns a scalar; the shape of the operands with reduction "none"
 * @throws {@link ShapeError} if the shapes differ
 * @source torch.nn.functional.binary_cross_entropy_with_logits
 * @example
 * binaryCrossEntropyWithLogits(tensor([0]), tensor([1])).item() // => 0.693147
 */
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  targets: Tensor | number,
  options?: BinaryOptions,
): Tensor {
  checkPair("binaryCrossEntropyWithLogits", logits, targets, options, ["positiveWeight"]);
  const positive = mul(targets, softplus(neg(logits)));
  const weight = options?.positiveWeight;
  if (weight !== undefined) checkOperand("binaryCrossEntropyWithLogits", weight);
  const weighted = weight === undefined ? positive : mul(positive, weight);
  const losses = add(weighted, mul(sub(1, targets), softplus(logits)));
  return reduced("binaryCrossEntropyWithLogits", losses, options?.reduction);
}

/** Options of {@link klDivergence}. */
export interface DivergenceOptions {
  /** `"mean"` of all elements (default), `"batchMean"` (the divergence itself: the sum over all but the first axis), `"sum"` or `"none"`. */
  readonly reduction?: "mean" | "batchMean" | "sum" | "none";
  /** Whether the target is given as log-probabilities too (false). */
  readonly logTarget?: boolean;
}

/** Kullback–Leibler divergence of a predicted law from a target: p·(log p − log q), 0 where p is 0.
 * @param logPrediction - log q, any shape
 * @param target - p in the same shape, or log p with `logTarget`
 * @param options - `reduction` ("mean"), `logTarget` (false)
 * @returns a scalar; the shape of the operands with reduction "none"
 * @throws {@link ShapeError} if the shapes differ
 * @source torch.nn.functional.kl_div
 * @example
 * klDivergence(log(tensor([[0.5, 0.5]])), tensor([[1, 0]]), { reduction: "batchMean" }).item() // => 0.693147
 */
export function klDivergence(logPrediction: Tensor, target: Tensor, options?: DivergenceOptions): Tensor {
  checkPair("klDivergence", logPrediction, target, options, ["logTarget"]);
  const losses =
    options?.logTarget === true
      ? mul(exp(target), sub(target, logPrediction))
      : divergences(logPrediction, target);
  if (options?.reduction !== "batchMean") return reduced("klDivergence", losses, options?.reduction);
  return improving("min", div(sum(losses), batchSize(losses.shape)));
}

function divergences(logPrediction: Tensor, target: Tensor): Tensor {
  const positive = greater(target, 0);
  // The inner choice keeps log 0, and its derivative, out of what is then not chosen.
  return where(positive, mul(target, sub(log(where(positive, target, 1)), logPrediction)), 0);
}

const batchSize = (shape: Shape): number => Math.max(shape[0] ?? 1, 1);
