import { checkOptions } from "../base/checks.js";
import { normalizeAxis } from "../base/shape.js";
import { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import { Variable } from "../trace/variable.js";
import { add, sub } from "./arithmetic.js";
import { notEqual, where } from "./comparison.js";
import { cast } from "./conversion.js";
import { maximum } from "./extrema.js";
import { onesOf } from "./fill.js";
import { rowsAt, scatterAddOp } from "./gather.js";
import { axisIndices } from "./indices.js";
import { concat } from "./joining.js";
import { promoted, type TensorLike } from "./operands.js";
import { indexRegion, type Region, regionShape } from "./region.js";
import { broadcastFor, reshape } from "./shape.js";
import {
  type AxisOptions,
  axisName,
  normalizeIndex,
  placeOp,
  resolveRanges,
  type SliceRange,
  slice,
} from "./slicing.js";
import { argSort } from "./sorting.js";

/** The tensor with other values in a region; the gradient of what was there is 0. */
function replaced(op: string, t: Tensor, region: Region, values: Tensor): Tensor {
  const part = regionShape(region);
  const inside = broadcastFor(op, values, part);
  const placement = { shape: t.sizes, regions: [region], fill: 0 };
  const mask = applyOne(placeOp, [onesOf({ shape: part, dtype: "bool" })], placement);
  return where(mask, applyOne(placeOp, [inside], placement), t);
}

/** A copy with other values at an index along an axis: `x[index] = values`, as a new tensor.
 * @param x - any shape but `[]`
 * @param index - a whole number, or int32 indices of any shape (negative ones count from the end); where one is repeated, the last one wins
 * @param values - a shape that broadcasts to that of `at(x, index)` or `take(x, index)`; dtypes are promoted
 * @param options - `axis` (0)
 * @returns the shape of `x`; the gradient goes to `values` where they were written, and to `x` elsewhere
 * @throws {@link IndexError} if an index or the axis is out of range; {@link ShapeError} if `values` do not fit;
 * {@link DTypeError} if the indices are not int32
 * @example
 * setAt(tensor([1, 2, 3]), 1, 9).toArray() // => [1, 9, 3]
 * setAt(tensor([1, 2, 3]), tensor([0, 0], { dtype: "int32" }), tensor([8, 9])).toArray() // => [9, 2, 3]
 */
export function setAt(x: TensorLike, index: TensorLike, values: TensorLike, options?: AxisOptions): Tensor {
  const [t, update] = promoted("setAt", [x, values]);
  checkOptions("setAt", options, axisName);
  const axis = normalizeAxis("setAt", options?.axis ?? 0, t.sizes.length);
  const size = t.sizes[axis];
  if (!(index instanceof Tensor || index instanceof Variable)) {
    const region = indexRegion(t.sizes, axis, normalizeIndex("setAt", index, size));
    return replaced("setAt", t, region, update);
  }
  const indices = axisIndices("setAt", index, size);
  const before = t.sizes.slice(0, axis);
  const after = t.sizes.slice(axis + 1);
  const every = broadcastFor("setAt", update, [...before, ...indices.sizes, ...after]);
  const count = indices.size;
  if (count === 0) return t;
  // In a stable order, the last of equal indices is the one that differs from its right neighbour.
  const flat = reshape(indices, [count]);
  const order = argSort(flat);
  const sorted = rowsAt(flat, order, 0);
  const changes = notEqual(slice(sorted, [[1, null]]), slice(sorted, [[0, -1]]));
  const wins = concat([changes, onesOf({ shape: [1], dtype: "bool" })]);
  // For each place the value that it gets, counted from 1, or 0.
  const numbers = reshape(where(wins, add(order, 1), 0), [1, count, 1]);
  const chosen = reshape(applyOne(scatterAddOp, [numbers, reshape(sorted, [1, count])], size), [size]);
  const last = maximum(sub(chosen, 1), 0);
  const written = rowsAt(reshape(every, [...before, count, ...after]), last, axis);
  return where(reshape(cast(chosen, "bool"), [size, ...after.map(() => 1)]), written, t);
}

/** A copy with other values in a part of it: `x[ranges] = values`, as a new tensor.
 * @param x - any shape
 * @param ranges - as for {@link slice}
 * @param values - a shape that broadcasts to that of `slice(x, ranges)`; dtypes are promoted
 * @returns the shape of `x`; the gradient goes to `values` in the part, and to `x` elsewhere
 * @throws {@link ShapeError} if there are more ranges than axes, or `values` do not fit; {@link ValueError} for a bad range
 * @example
 * setSlice(tensor([1, 2, 3]), [[1, null]], 0).toArray() // => [1, 0, 0]
 */
export function setSlice(x: TensorLike, ranges: readonly SliceRange[], values: TensorLike): Tensor {
  const [t, update] = promoted("setSlice", [x, values]);
  return replaced("setSlice", t, resolveRanges("setSlice", t.sizes, ranges), update);
}
