import * as loops from "../backends/javascript/instruction-loops.js";
import { checkNumber } from "../base/checks.js";
import { ValueError } from "../base/errors.js";
import { sizeOf } from "../base/shape.js";
import { show } from "../base/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { abs, div, mul, sqrt, square, sub } from "./arithmetic.js";
import { squeeze } from "./axes.js";
import { equal, greater, less, where } from "./comparison.js";
import { stopGradient } from "./conversion.js";
import { elementwiseOp } from "./elementwise.js";
import { scalar, type TensorLike } from "./operands.js";
import { floatReduction, max, mean, type ReduceOptions, reduceOptionNames, sum } from "./reduction.js";
import { type SliceRange, slice } from "./slicing.js";

/** Options of variance and std. */
export interface VarianceOptions extends ReduceOptions {
  /** What is taken off the number of elements in the divisor: 0 (default, as in NumPy), or 1 for the unbiased estimate (torch's default). */
  readonly correction?: number;
}

/** Mean squared distance from the mean over axes.
 * @param x - any shape; integers become float32
 * @param options - `axis` (all), `keepDims` (false), `correction` (0)
 * @returns the shape without the reduced axes, float; NaN or infinite where there are not more elements than `correction`
 * @throws {@link IndexError} if an axis is out of range; {@link ValueError} if `correction` is not a finite number
 * @example
 * variance(tensor([1, 2, 3, 4])).item() // => 1.25
 * variance(tensor([1, 3]), { correction: 1 }).item() // => 2
 */
export function variance(x: TensorLike, options?: VarianceOptions): Tensor {
  const { t, axes, divisor } = varianceOperand("variance", x, options);
  const distances = fromMean(t, axes);
  return div(sum(square(distances), { axis: axes, keepDims: options?.keepDims ?? false }), divisor);
}

/** The operand, its axes, and what the sum of squared distances is divided by. */
function varianceOperand(
  op: string,
  x: TensorLike,
  options: VarianceOptions | undefined,
): { readonly t: Tensor; readonly axes: readonly number[]; readonly divisor: number } {
  const { t, axes, count } = floatReduction(op, x, options, [...reduceOptionNames, "correction"]);
  const correction = options?.correction ?? 0;
  checkNumber(op, "correction", correction);
  return { t, axes, divisor: Math.max(0, count - correction) };
}

const fromMean = (t: Tensor, axes: readonly number[]): Tensor =>
  sub(t, mean(t, { axis: axes, keepDims: true }));
const firstOf = (t: Tensor, axes: readonly number[]): Tensor =>
  slice(
    t,
    t.sizes.map((_, k): SliceRange => (axes.includes(k) ? [0, 1] : null)),
  );

/** Square root of a sum of squares. Its slope at 0 counts as 0, so that a norm's gradient is 0 there (the mean of both sides of |x|);
 * that slope has none itself: it is written as √0, and higher derivatives are NaN. */
export const rootOfSquaresOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "rootOfSquares",
  loops: { sqrt: loops.sqrt },
  lower: (kernel, x) => kernel.sqrt(x),
  partials: [
    ([x], y) => {
      const zero = equal(x, 0);
      return where(zero, sqrt(where(zero, x, 1)), div(0.5, where(zero, 1, y)));
    },
  ],
});

/** Which sums of squares are too large or too small, and the powers of 2 that bring the elements back: any norm that the dtype holds, and its gradient. */
const ranges = {
  float32: { large: 2 ** 126, down: 2 ** -65, small: 2 ** -100, up: 2 ** 80 },
  float64: { large: 2 ** 1022, down: 2 ** -513, small: 2 ** -960, up: 2 ** 600 },
};

/** √(Σ t² / divisor) over axes, right also where the squares leave the range of the dtype. It is the same at any scale: so the scale, a power of 2
 * that changes no digit, is a constant of derivatives. */
function rootOfSum(t: Tensor, axes: readonly number[], keepDims: boolean, divisor: number): Tensor {
  const over = { axis: axes, keepDims: true };
  const { large, down, small, up } = ranges[t.dtype === "float64" ? "float64" : "float32"];
  const number = (value: number): Tensor => scalar(value, t.dtype);
  const plain = stopGradient(sum(square(t), over));
  const scale = where(greater(plain, large), number(down), where(less(plain, small), number(up), number(1)));
  const squares = sum(square(mul(t, scale)), over);
  const root = applyOne(rootOfSquaresOp, [divisor === 1 ? squares : div(squares, divisor)], null);
  const out = div(root, scale);
  return keepDims ? out : squeeze(out, { axis: axes });
}

/** Standard deviation over axes: the root of {@link variance}. Where all elements are equal its gradient is 0, and higher derivatives are NaN.
 * @param x - any shape; integers become float32
 * @param options - `axis` (all), `keepDims` (false), `correction` (0)
 * @returns the shape without the reduced axes, float; NaN or infinite where there are not more elements than `correction`
 * @throws {@link IndexError} if an axis is out of range; {@link ValueError} if `correction` is not a finite number
 * @example
 * std(tensor([1, 3])).item() // => 1
 */
export function std(x: TensorLike, options?: VarianceOptions): Tensor {
  const { t, axes, divisor } = varianceOperand("std", x, options);
  // Less their first, equal elements are exactly 0 from their mean, which the root's slope depends on; the first cancels.
  const first = sizeOf(t.sizes) === 0 ? 0 : stopGradient(firstOf(t, axes));
  return rootOfSum(fromMean(sub(t, first), axes), axes, options?.keepDims ?? false, divisor);
}

/** Length of a vector over axes: (Σ |x|ᵖ)^(1/p) for p = 1 or 2, the greatest |x| for p = ∞. At 0 the gradient of the
 * 2-norm is 0, and its higher derivatives are NaN.
 * @param x - any shape; integers become float32; all axes together count as one vector (for a matrix, order 2 is the Frobenius norm)
 * @param options - `axis` (all), `keepDims` (false), `order`: 1, 2 (default) or Infinity
 * @returns the shape without the reduced axes, float
 * @throws {@link IndexError} if an axis is out of range; {@link ValueError} for another order, or a greatest element of none
 * @example
 * norm(tensor([3, -4])).item() // => 5
 * norm(tensor([3, -4]), { order: 1 }).item() // => 7
 */
export function norm(x: TensorLike, options?: ReduceOptions & { readonly order?: number }): Tensor {
  const { t, axes } = floatReduction("norm", x, options, [...reduceOptionNames, "order"]);
  const { order = 2, ...over } = options ?? {};
  switch (order) {
    case 1:
      return sum(abs(t), over);
    case 2:
      return rootOfSum(t, axes, over.keepDims ?? false, 1);
    case Infinity:
      return max(abs(t), over);
    default:
      throw new ValueError({
        code: "value/norm-order",
        op: "norm",
        problem: "no such norm.",
        got: `order: ${show(order)}`,
        expected: "1, 2 or Infinity",
        mend: "pow(sum(pow(abs(x), p)), 1 / p) is the norm of another order",
      });
  }
}
