import type { Tensor } from "../tensor/tensor.js";
import { add, div, sub } from "./arithmetic.js";
import { squeeze } from "./axes.js";
import { isFinite, where } from "./comparison.js";
import { stopGradient } from "./conversion.js";

import { exp, log } from "./exponential.js";
import { asFloat, type TensorLike } from "./operands.js";
import { floatReduction, max, type ReduceOptions, sum } from "./reduction.js";

import { type AxisOptions, withAxis } from "./slicing.js";

/** Logarithm of the sum of exponentials over axes, without overflow: m + log Σ exp(x − m), m the greatest element.
 * @param x - any shape; integers become float32
 * @param options - `axis` (all), `keepDims` (false)
 * @returns the shape without the reduced axes, float; −∞ of no elements
 * @throws {@link IndexError} if an axis is out of range
 * @example
 * logSumExp(tensor([1000, 1000])).item() // => 1000.693115234375
 */
export function logSumExp(x: TensorLike, options?: ReduceOptions): Tensor {
  const { t, axes, count } = floatReduction("logSumExp", x, options);
  if (count === 0) return log(sum(exp(t), options));
  // An infinite shift would make ∞ − ∞; the shift cancels, so it is a constant of derivatives.
  const most = stopGradient(max(t, { axis: axes, keepDims: true }));
  const shift = where(isFinite(most), most, 0);
  const out = add(log(sum(exp(sub(t, shift)), { axis: axes, keepDims: true })), shift);
  return options?.keepDims === true ? out : squeeze(out, { axis: axes });
}

/** The tensor less its greatest element along an axis, which cancels in what follows. */
function shifted(
  op: string,
  x: TensorLike,
  options: AxisOptions | undefined,
): readonly [shifted: Tensor, axis: number] {
  const [t, axis] = withAxis(op, asFloat(op, x), options, -1);
  return [t.shape[axis] === 0 ? t : sub(t, stopGradient(max(t, { axis, keepDims: true }))), axis];
}

/** Positive numbers that sum to 1 along an axis: exp(x) / Σ exp(x), without overflow.
 * @param x - any shape but `[]`; integers become float32
 * @param options - `axis` (−1)
 * @returns the shape of `x`, float
 * @throws {@link IndexError} if the axis is out of range
 * @example
 * softmax(tensor([1000, 1000])).toArray() // => [0.5, 0.5]
 */
export function softmax(x: TensorLike, options?: AxisOptions): Tensor {
  const [z, axis] = shifted("softmax", x, options);
  const e = exp(z);
  return div(e, sum(e, { axis, keepDims: true }));
}

/** Logarithm of {@link softmax}, right where softmax itself is 0.
 * @param x - any shape but `[]`; integers become float32
 * @param options - `axis` (−1)
 * @returns the shape of `x`, float
 * @throws {@link IndexError} if the axis is out of range
 * @example
 * logSoftmax(tensor([1000, 0])).toArray() // => [0, -1000]
 */
export function logSoftmax(x: TensorLike, options?: AxisOptions): Tensor {
  const [z, axis] = shifted("logSoftmax", x, options);
  return sub(z, log(sum(exp(z), { axis, keepDims: true })));
}
