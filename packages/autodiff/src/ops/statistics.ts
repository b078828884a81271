import { checkNumber } from "../base/checks.js";
import { ValueError } from "../base/errors.js";
import { show } from "../base/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { abs, div, sqrt, square, sub } from "./arithmetic.js";
import { equal, where } from "./comparison.js";
import { asFloat, type TensorLike } from "./operands.js";
import {
  checkReduceOptions,
  floatReduction,
  max,
  mean,
  type ReduceOptions,
  reduceOptionNames,
  sum,
} from "./reduction.js";

/** Options of variance and std. */
export interface VarianceOptions extends ReduceOptions {
  /** What is taken off the number of elements in the divisor: 0 (default, as in NumPy), or 1 for the unbiased estimate (torch's default). */
  readonly correction?: number;
}

/** Mean squared distance from the mean over axes.
 * @param x - any shape; integers become float32
 * @param options - `axis` (all), `keepDims` (false), `correction` (0)
 * @returns the shape without the reduced axes, float; NaN where there are not more elements than `correction`
 * @throws {@link IndexError} if an axis is out of range; {@link ValueError} if `correction` is not a finite number
 * @example
 * variance(tensor([1, 2, 3, 4])).item() // => 1.25
 * variance(tensor([1, 3]), { correction: 1 }).item() // => 2
 */
export function variance(x: TensorLike, options?: VarianceOptions): Tensor {
  const names = [...reduceOptionNames, "correction"];
  const { t, axes, count } = floatReduction("variance", x, options, names);
  const correction = options?.correction ?? 0;
  checkNumber("variance", "correction", correction);
  const squares = square(sub(t, mean(t, { axis: axes, keepDims: true })));
  return div(
    sum(squares, { axis: axes, keepDims: options?.keepDims ?? false }),
    Math.max(0, count - correction),
  );
}

/** Square root whose derivative at 0 is 0: the mean of its two sides, where the argument is a sum of squares. */
function rootOfSquares(x: Tensor): Tensor {
  const zero = equal(x, 0);
  return where(zero, 0, sqrt(where(zero, 1, x)));
}

/** Standard deviation over axes: the root of {@link variance}; where all elements are equal its gradient is 0.
 * @param x - any shape; integers become float32
 * @param options - `axis` (all), `keepDims` (false), `correction` (0)
 * @returns the shape without the reduced axes, float; NaN where there are not more elements than `correction`
 * @throws {@link IndexError} if an axis is out of range; {@link ValueError} if `correction` is not a finite number
 * @example
 * std(tensor([1, 3])).item() // => 1
 */
export const std = (x: TensorLike, options?: VarianceOptions): Tensor => rootOfSquares(variance(x, options));

/** Length of a vector over axes: (Σ |x|ᵖ)^(1/p) for p = 1 or 2, the greatest |x| for p = ∞. At 0 the gradient of the 2-norm is 0.
 * @param x - any shape; integers become float32; all axes together count as one vector (for a matrix, order 2 is the Frobenius norm)
 * @param options - `axis` (all), `keepDims` (false), `order`: 1, 2 (default) or Infinity
 * @returns the shape without the reduced axes, float
 * @throws {@link IndexError} if an axis is out of range; {@link ValueError} for another order, or a greatest element of none
 * @example
 * norm(tensor([3, -4])).item() // => 5
 * norm(tensor([3, -4]), { order: 1 }).item() // => 7
 */
export function norm(x: TensorLike, options?: ReduceOptions & { readonly order?: number }): Tensor {
  checkReduceOptions("norm", options, [...reduceOptionNames, "order"]);
  const t = asFloat("norm", x);
  const { order = 2, ...over } = options ?? {};
  switch (order) {
    case 1:
      return sum(abs(t), over);
    case 2:
      return rootOfSquares(sum(square(t), over));
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
