import { DTypeError } from "../base/errors.js";
import { showSpec } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { add, div, sub } from "./arithmetic.js";
import { squeeze } from "./axes.js";
import { equal, isFinite, where } from "./comparison.js";
import { stopGradient } from "./conversion.js";
import { exp, log } from "./exponential.js";
import { asFloat, asTensor, type TensorLike } from "./operands.js";
import { any, floatReduction, max, type ReduceOptions, reduceOptionNames, sum } from "./reduction.js";
import { broadcastTo } from "./shape.js";
import { type AxisOptions, withAxis } from "./slicing.js";

/** An option of softmax and its kin. */
export interface MaskOptions {
  /** Bool, a shape that broadcasts to that of the operand: true where an element counts. All count if left out. */
  readonly mask?: TensorLike;
}

/** The mask as a bool tensor of the operand's shape. */
function maskOf(op: string, { mask }: MaskOptions, t: Tensor): Tensor | null {
  if (mask === undefined) return null;
  const m = asTensor(op, mask);
  if (m.dtype !== "bool") {
    throw new DTypeError({
      code: "dtype/mask",
      op,
      problem: "the mask is not bool.",
      got: showSpec(m),
      expected: "bool: true where an element counts",
      mend: "compare to get one: greater(mask, 0), or cast it to bool",
    });
  }
  return broadcastTo(m, t.sizes);
}

/** Logarithm of the sum of exponentials over axes, without overflow: m + log Σ exp(x − m), m the greatest element.
 * @param x - any shape; integers become float32
 * @param options - `axis` (all), `keepDims` (false), `mask` (all elements count)
 * @returns the shape without the reduced axes, float; −∞, with gradient 0, of no elements, of none that count, or of nothing but −∞
 * @throws {@link IndexError} if an axis is out of range; {@link DTypeError} if the mask is not bool; {@link ShapeError} if it does not broadcast
 * @example
 * logSumExp(tensor([1000, 1000])).item() // => 1000.693115234375
 * logSumExp(tensor([1, 2]), { mask: tensor([false, true]) }).item() // => 2
 */
export function logSumExp(x: TensorLike, options: ReduceOptions & MaskOptions = {}): Tensor {
  const { t: all, axes, count } = floatReduction("logSumExp", x, options, [...reduceOptionNames, "mask"]);
  const mask = maskOf("logSumExp", options, all);
  const t = mask === null ? all : where(mask, all, -Infinity);
  const over = { axis: axes, keepDims: true };
  // An infinite shift would make ∞ − ∞; the shift cancels, so it is a constant of derivatives.
  const most = count === 0 ? null : stopGradient(max(t, over));
  const shift = most === null ? 0 : where(isFinite(most), most, 0);
  const total = sum(exp(sub(t, shift)), over);
  const none = equal(total, 0);
  const out = add(log(where(none, 1, total)), where(none, -Infinity, shift));
  return options.keepDims === true ? out : squeeze(out, { axis: axes });
}

/** The tensor less its greatest element along an axis, which cancels in what follows; 0 where it is masked.
 * `some`: whether any element of a row counts. */
function shifted(
  op: string,
  x: TensorLike,
  options: AxisOptions & MaskOptions,
): { z: Tensor; axis: number; mask: Tensor | null; some: Tensor | null } {
  const [t, axis] = withAxis(op, asFloat(op, x), options, -1, ["axis", "mask"]);
  const mask = maskOf(op, options, t);
  const over = { axis, keepDims: true };
  if (t.sizes[axis] === 0) return { z: t, axis, mask: null, some: null };
  if (mask === null) return { z: sub(t, stopGradient(max(t, over))), axis, mask, some: null };
  const some = any(mask, over);
  const most = where(some, stopGradient(max(where(mask, t, -Infinity), over)), 0);
  return { z: where(mask, sub(where(mask, t, most), most), 0), axis, mask, some };
}

/** Positive numbers that sum to 1 along an axis: exp(x) / Σ exp(x), without overflow. Elements that a mask leaves out get 0, with gradient 0, also
 * where it leaves out a whole row; without a mask a row of nothing but −∞ is NaN.
 * @param x - any shape but `[]`; integers become float32
 * @param options - `axis` (−1), `mask` (all elements count)
 * @returns the shape of `x`, float
 * @throws {@link IndexError} if the axis is out of range; {@link DTypeError} if the mask is not bool; {@link ShapeError} if it does not broadcast
 * @example
 * softmax(tensor([1000, 1000])).toArray() // => [0.5, 0.5]
 * softmax(tensor([1, 2, 2]), { mask: tensor([false, true, true]) }).toArray() // => [0, 0.5, 0.5]
 */
export function softmax(x: TensorLike, options: AxisOptions & MaskOptions = {}): Tensor {
  const { z, axis, mask, some } = shifted("softmax", x, options);
  const e = mask === null ? exp(z) : where(mask, exp(z), 0);
  const total = sum(e, { axis, keepDims: true });
  return div(e, some === null ? total : where(some, total, 1));
}

/** Logarithm of {@link softmax}, right where softmax itself is 0. Elements that a mask leaves out get −∞, with gradient 0.
 * @param x - any shape but `[]`; integers become float32
 * @param options - `axis` (−1), `mask` (all elements count)
 * @returns the shape of `x`, float
 * @throws {@link IndexError} if the axis is out of range; {@link DTypeError} if the mask is not bool; {@link ShapeError} if it does not broadcast
 * @example
 * logSoftmax(tensor([1000, 0])).toArray() // => [0, -1000]
 * logSoftmax(tensor([1000, 0]), { mask: tensor([false, true]) }).toArray() // => [-Infinity, 0]
 */
export function logSoftmax(x: TensorLike, options: AxisOptions & MaskOptions = {}): Tensor {
  const { z, axis, mask, some } = shifted("logSoftmax", x, options);
  const e = mask === null ? exp(z) : where(mask, exp(z), 0);
  const total = sum(e, { axis, keepDims: true });
  const out = sub(z, log(some === null ? total : where(some, total, 1)));
  return mask === null ? out : where(mask, out, -Infinity);
}
