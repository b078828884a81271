import { checkOptions } from "../base/checks.js";
import { ShapeError } from "../base/errors.js";
import { normalizeAxes, normalizeAxis, showShape } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { asTensor, type TensorLike } from "./operands.js";
import { permute, permuteFor, reshape } from "./shape.js";

/** Axes turned around, or in another order; a view.
 * @param x - any shape, any dtype
 * @param axes - each axis once, in the new order (the last first)
 * @returns shape `axes.map((k) => x.shape[k])`
 * @throws {@link IndexError} or {@link ShapeError} if `axes` is not an order of the axes of `x`
 * @example
 * transpose(tensor([[1, 2], [3, 4]])).toArray() // => [[1, 3], [2, 4]]
 * transpose(zeros([2, 3, 4]), [1, 0, 2]).shape // => [3, 2, 4]
 */
export function transpose(x: TensorLike, axes?: readonly number[]): Tensor {
  const t = asTensor("transpose", x);
  return permuteFor("transpose", t, axes ?? t.sizes.map((_, k) => t.sizes.length - 1 - k));
}

/** Two axes exchanged; a view.
 * @param x - any shape, any dtype
 * @param first - an axis; negative ones count from the end
 * @param second - another axis
 * @returns the shape of `x` with the two sizes exchanged
 * @throws {@link IndexError} if an axis is out of range
 * @example
 * swapAxes(zeros([2, 3, 4]), -1, -2).shape // => [2, 4, 3]
 */
export function swapAxes(x: TensorLike, first: number, second: number): Tensor {
  const t = asTensor("swapAxes", x);
  const a = normalizeAxis("swapAxes", first, t.sizes.length);
  const b = normalizeAxis("swapAxes", second, t.sizes.length);
  return permute(
    t,
    t.sizes.map((_, k) => (k === a ? b : k === b ? a : k)),
  );
}

/** Without axes of size 1; a view.
 * @param x - any shape, any dtype
 * @param options - `axis`: one or several, each of size 1 (all of size 1)
 * @returns the shape of `x` without these axes
 * @throws {@link ShapeError} if a named axis has another size; {@link IndexError} if it is out of range
 * @example
 * squeeze(zeros([1, 3, 1])).shape // => [3]
 * squeeze(zeros([1, 3, 1]), { axis: 0 }).shape // => [3, 1]
 */
export function squeeze(x: TensorLike, options?: { readonly axis?: number | readonly number[] }): Tensor {
  checkOptions("squeeze", options, ["axis"]);
  const t = asTensor("squeeze", x);
  const named = options?.axis !== undefined;
  const axes = normalizeAxes("squeeze", options?.axis, t.sizes.length).filter(
    (k) => named || t.sizes[k] === 1,
  );
  for (const k of axes) {
    if (t.sizes[k] === 1) continue;
    throw new ShapeError({
      code: "shape/squeeze",
      op: "squeeze",
      problem: "the axis holds more than one index.",
      got: `axis ${k} of shape ${showShape(t.sizes)}`,
      expected: "an axis of size 1",
      mend: "reduce it (sum, mean, max), or pick one index: at(x, i, { axis })",
    });
  }
  return reshape(
    t,
    t.sizes.filter((_, k) => !axes.includes(k)),
  );
}

/** With a new axis of size 1; a view.
 * @param x - any shape, any dtype
 * @param axis - where the new axis stands in the result; negative ones count from its end
 * @returns one axis more than `x`
 * @throws {@link IndexError} if the axis is out of range
 * @example
 * expandDims(zeros([3]), 0).shape // => [1, 3]
 * expandDims(zeros([3]), -1).shape // => [3, 1]
 */
export function expandDims(x: TensorLike, axis: number): Tensor {
  const t = asTensor("expandDims", x);
  const k = normalizeAxis("expandDims", axis, t.sizes.length + 1);
  return reshape(t, [...t.sizes.slice(0, k), 1, ...t.sizes.slice(k)]);
}
