import { checkNumber, outOfRange } from "@scope/autodiff/checks";
import { abs, clip, mul, square, sub, type Tensor, type TensorLike } from "@scope/autodiff/functions";
import { checkPair, type LossOptions, reduced } from "./reduction.js";

/** Mean of the squared differences: (ŷ − y)².
 * @param prediction - any shape, float
 * @param target - the same shape
 * @param options - `reduction` ("mean")
 * @returns a scalar; the shape of the operands with reduction "none"
 * @throws {@link ShapeError} if the shapes differ
 * @example
 * meanSquaredError(tensor([1, 2]), tensor([1, 4])).item() // => 2
 */
export function meanSquaredError(prediction: TensorLike, target: TensorLike, options?: LossOptions): Tensor {
  checkPair("meanSquaredError", prediction, target, options);
  return reduced("meanSquaredError", square(sub(prediction, target)), options?.reduction);
}

/** Mean of the absolute differences: |ŷ − y|; the derivative at 0 is 0.
 * @param prediction - any shape, float
 * @param target - the same shape
 * @param options - `reduction` ("mean")
 * @returns a scalar; the shape of the operands with reduction "none"
 * @throws {@link ShapeError} if the shapes differ
 * @example
 * meanAbsoluteError(tensor([1, 2]), tensor([1, 4])).item() // => 1
 */
export function meanAbsoluteError(prediction: TensorLike, target: TensorLike, options?: LossOptions): Tensor {
  checkPair("meanAbsoluteError", prediction, target, options);
  return reduced("meanAbsoluteError", abs(sub(prediction, target)), options?.reduction);
}

/** Options of {@link huber}. */
export interface HuberOptions extends LossOptions {
  /** Where the parabola becomes a line (1). */
  readonly delta?: number;
}

/** Squared error near 0, absolute error far away: d²/2 for |d| ≤ δ, δ(|d| − δ/2) beyond.
 * @param prediction - any shape, float
 * @param target - the same shape
 * @param options - `delta` (1), `reduction` ("mean")
 * @returns a scalar; the shape of the operands with reduction "none"
 * @throws {@link ShapeError} if the shapes differ; {@link ValueError} unless delta > 0
 * @source doi:10.1214/aoms/1177703732; torch.nn.HuberLoss
 * @example
 * huber(tensor([0.5, 3]), tensor([0, 0]), { reduction: "none" }).toArray() // => [0.125, 2.5]
 */
export function huber(prediction: TensorLike, target: TensorLike, options?: HuberOptions): Tensor {
  checkPair("huber", prediction, target, options, ["delta"]);
  const delta = options?.delta ?? 1;
  checkNumber("huber", "delta", delta, 0);
  if (delta === 0) throw outOfRange("huber", "delta", delta, "a finite number > 0");
  const difference = sub(prediction, target);
  // With c = d cut to ±δ, c(d − c/2) is both pieces at once, and its derivative is c everywhere.
  const cut = clip(difference, -delta, delta);
  return reduced("huber", mul(cut, sub(difference, mul(cut, 0.5))), options?.reduction);
}
