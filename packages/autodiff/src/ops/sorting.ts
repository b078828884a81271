import { eagerArgSort } from "../backends/javascript/eager-routines.js";
import { checkCount } from "../base/checks.js";
import { ValueError } from "../base/errors.js";
import { showShape } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { zeroDerivative } from "./fill.js";
import { elementsAt } from "./gather.js";
import type { TensorLike } from "./operands.js";
import { axisLast } from "./reduction.js";
import { type AxisOptions, withAxis } from "./slicing.js";

/** The first `limit` positions that put the last axis in order, equal elements as they came. */
export const argSortOp: Op<{ readonly descending: boolean; readonly limit: number }> = {
  name: "argSort",
  infer: ([x], { limit }) => [{ shape: [...x.sizes.slice(0, -1), limit], dtype: "int32" }],
  eager: eagerArgSort,
  lower: (_inputs, { descending, limit }) => ({ kind: "argSort", descending, limit }),
  .../* @__PURE__ */ zeroDerivative<"positions are whole numbers">(),
  batch: ([x], batched, attributes) => [apply(argSortOp, [x], attributes), batched],
  show: ({ descending, limit }) => `${descending ? "descending" : "ascending"}, ${limit}`,
};

/** Options of sorting. */
export interface SortOptions extends AxisOptions {
  /** Whether the greatest comes first (false). */
  readonly descending?: boolean;
}

/** The positions that put an axis in order; equal elements stay as they came, NaN counts as greatest.
 * @param x - any shape but `[]`, any dtype
 * @param options - `axis` (−1), `descending` (false)
 * @returns the shape of `x`, int32; it has no derivative
 * @throws {@link IndexError} if the axis is out of range
 * @example
 * argSort(tensor([3, 1, 2])).toArray() // => [1, 2, 0]
 */
export function argSort(x: TensorLike, options?: SortOptions): Tensor {
  return sortedOrder(
    ...withAxis("argSort", x, options, -1, ["axis", "descending"]),
    options?.descending ?? false,
  );
}

function sortedOrder(t: Tensor, axis: number, descending: boolean, limit = t.sizes[axis]): Tensor {
  const { last, restore } = axisLast(t, axis);
  return restore(applyOne(argSortOp, [last], { descending, limit }));
}

/** An axis in order, the least first; equal elements stay as they came, NaN counts as greatest. The gradient goes back to where each element came from.
 * @param x - any shape but `[]`, any dtype
 * @param options - `axis` (−1), `descending` (false)
 * @returns the shape and dtype of `x`
 * @throws {@link IndexError} if the axis is out of range
 * @example
 * sort(tensor([3, 1, 2])).toArray() // => [1, 2, 3]
 * sort(tensor([3, 1, 2]), { descending: true }).toArray() // => [3, 2, 1]
 */
export function sort(x: TensorLike, options?: SortOptions): Tensor {
  const [t, axis] = withAxis("sort", x, options, -1, ["axis", "descending"]);
  return elementsAt("sort", t, axis, sortedOrder(t, axis, options?.descending ?? false));
}

/** The `k` greatest elements along an axis, in order, and where they stand; of equal ones the first, NaN counts as greatest.
 * @param x - any shape but `[]`, any dtype
 * @param k - how many, from 0 to the size of the axis
 * @param options - `axis` (−1), `largest` (true; false for the least ones)
 * @returns `values` and `indices` (int32): the shape of `x` with `k` along the axis
 * @throws {@link ValueError} if there are not `k` elements; {@link IndexError} if the axis is out of range
 * @example
 * const { values, indices } = topK(tensor([3, 1, 2]), 2)
 * values.toArray() // => [3, 2]
 * indices.toArray() // => [0, 2]
 */
export function topK(
  x: TensorLike,
  k: number,
  options?: AxisOptions & { readonly largest?: boolean },
): { readonly values: Tensor; readonly indices: Tensor } {
  const [t, axis] = withAxis("topK", x, options, -1, ["axis", "largest"]);
  checkCount("topK", "k", k, 0);
  if (k > t.sizes[axis]) {
    throw new ValueError({
      code: "value/top-k",
      op: "topK",
      problem: "there are not that many elements.",
      got: `k = ${k} along axis ${axis} of shape ${showShape(t.sizes)}`,
      expected: `a whole number from 0 to ${t.sizes[axis]}`,
      mend: "topK(x, Math.min(k, x.shape[axis]))",
    });
  }
  const indices = sortedOrder(t, axis, options?.largest ?? true, k);
  return { values: elementsAt("topK", t, axis, indices), indices };
}
