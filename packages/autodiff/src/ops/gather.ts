import { eagerGather, eagerScatterAdd } from "../backends/javascript/eager-routines.js";
import { ShapeError } from "../base/errors.js";
import { broadcastShapes, normalizeAxis, type Shape, sameShape, showShape, sizeOf } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { add } from "./arithmetic.js";
import { batchedUp } from "./batching.js";
import { axisIndices } from "./indices.js";
import { linearOp } from "./linear.js";
import { asTensor, promoted, type TensorLike } from "./operands.js";
import { axisLast } from "./reduction.js";
import { broadcastTo, permute, reshape, reshaped } from "./shape.js";
import { type AxisOptions, type SliceRange, slice, withAxis } from "./slicing.js";

// gather and scatterAdd: each is the transpose of the other. Both work on [B, N, R]; the functions reshape around them. Neither looks at its indices:
// they come from indexOp, which has refused wrong ones, or are in range by how they were made (positions of a sort).

/** `out[b, m, r] = x[b, index[b, m], r]`. */
export const gatherOp: Op<null> = /* @__PURE__ */ linearOp<null>({
  name: "gather",
  infer: ([x, index]) => [{ shape: [x.sizes[0], index.sizes[1], x.sizes[2]], dtype: x.dtype }],
  eager: eagerGather,
  lower: () => ({ kind: "gather" }),
  transpose: ({ inputs: [x, index] }, [c]) => [applyOne(scatterAddOp, [c, index], x.sizes[1]), null],
  batch([x, index], [batchedX, batchedIndex], _attributes, n) {
    if (!batchedX) {
      // One table for all examples: their indices join the index axis, and the table is not repeated.
      const [batch, , row] = x.sizes;
      const count = index.sizes[2];
      const joined = reshaped(permute(index, [1, 0, 2]), [batch, n * count]);
      const out = applyOne(gatherOp, [x, joined], null);
      return [[permute(reshaped(out, [batch, n, count, row]), [1, 0, 2, 3])], [true]];
    }
    return batchJoined(gatherOp, [x, index], [batchedX, batchedIndex], null, n);
  },
});

/** `out[b, index[b, m], r] += x[b, m, r]`, from zero; the attribute is the size N of the axis in the output. */
export const scatterAddOp: Op<number> = /* @__PURE__ */ linearOp<number>({
  name: "scatterAdd",
  infer: ([x], size) => [{ shape: [x.sizes[0], size, x.sizes[2]], dtype: x.dtype }],
  eager: eagerScatterAdd,
  lower: () => ({ kind: "scatterAdd" }),
  transpose: ({ inputs: [, index] }, [c]) => [applyOne(gatherOp, [c, index], null), null],
  batch: (inputs, batched, size, n) => batchJoined(scatterAddOp, inputs, batched, size, n),
  show: (size) => `size=${size}`,
});

/** An op of tensors that have a batch axis already, over a further one: both are joined, and split again. */
function batchJoined<A>(
  op: Op<A>,
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  attributes: A,
  n: number,
): readonly [outputs: readonly Tensor[], batched: readonly boolean[]] {
  const joined = inputs.map((t, i) => {
    const every = batchedUp(t, batched[i], n);
    return reshaped(every, [n * every.sizes[1], ...every.sizes.slice(2)]);
  });
  const out = applyOne(op, joined, attributes);
  return [[reshaped(out, [n, n === 0 ? 0 : out.sizes[0] / n, ...out.sizes.slice(1)])], [true]];
}

/** Slices of a tensor along an axis, in the order of indices that may repeat: a table look-up.
 * @param x - any shape but `[]`, any dtype
 * @param indices - any shape, int32; negative ones count from the end
 * @param options - `axis` (0)
 * @returns the shape of `x`, with the shape of `indices` in place of the axis
 * @throws {@link DTypeError} if the indices are not int32; {@link IndexError} if one is out of range, or the axis
 * @example
 * const table = tensor([[1, 2], [3, 4], [5, 6]])
 * take(table, tensor([2, 0, 2], { dtype: "int32" })).toArray() // => [[5, 6], [1, 2], [5, 6]]
 */
export function take(x: TensorLike, indices: TensorLike, options?: AxisOptions): Tensor {
  const [t, axis] = withAxis("take", x, options, 0);
  return rowsAt(t, axisIndices("take", indices, t.sizes[axis]), axis);
}

/** Slices along an axis at indices that are known to be in range. */
export function rowsAt(t: Tensor, index: Tensor, axis: number): Tensor {
  const before = t.sizes.slice(0, axis);
  const after = t.sizes.slice(axis + 1);
  const batch = sizeOf(before);
  const blocks = reshaped(t, [batch, t.sizes[axis], sizeOf(after)]);
  const rows = broadcastTo(reshaped(index, [1, index.size]), [batch, index.size]);
  return reshape(applyOne(gatherOp, [blocks, rows], null), [...before, ...index.sizes, ...after]);
}

const rankMismatch = (op: string, x: Shape, index: Shape): ShapeError =>
  new ShapeError({
    code: "shape/indices",
    op,
    problem: "the indices do not fit the tensor.",
    got: `indices ${showShape(index)} for ${showShape(x)}`,
    expected: "as many axes, with sizes that fit but for the indexed one",
    mend: "take(x, indices) takes indices of any shape",
  });

/** The broadcast shape of tensor and indices on all axes but one. */
function alignedShapes(op: string, x: Shape, index: Shape, axis: number): readonly [x: Shape, index: Shape] {
  if (x.length !== index.length) throw rankMismatch(op, x, index);
  const withSize = (shape: Shape, size: number): number[] => shape.map((d, k) => (k === axis ? size : d));
  const common = broadcastShapes(op, withSize(x, 1), withSize(index, 1));
  return [withSize(common, x[axis]), withSize(common, index[axis])];
}

/** One element for each index, along an axis: `out[i, j] = x[i, indices[i, j]]` for axis 1 of a matrix.
 * @param x - any shape but `[]`, any dtype
 * @param indices - as many axes as `x`, int32; the other axes broadcast; negative indices count from the end
 * @param options - `axis` (−1)
 * @returns the shape of `indices`, broadcast with that of `x` on the other axes
 * @throws {@link ShapeError} if the shapes do not fit; {@link DTypeError} if the indices are not int32; {@link IndexError} if one is out of range
 *, or the axis
 * @example
 * const order = tensor([[1, 0], [0, 0]], { dtype: "int32" })
 * takeAlongAxis(tensor([[1, 2], [3, 4]]), order).toArray() // => [[2, 1], [3, 3]]
 */
export function takeAlongAxis(x: TensorLike, indices: TensorLike, options?: AxisOptions): Tensor {
  return along("takeAlongAxis", ...withAxis("takeAlongAxis", x, options, -1), indices);
}

const along = (op: string, t: Tensor, k: number, indices: TensorLike): Tensor =>
  elementsAt(op, t, k, axisIndices(op, indices, t.sizes[k]));

/** One element for each index along an axis; the indices are known to be in range. */
export function elementsAt(op: string, t: Tensor, k: number, index: Tensor): Tensor {
  const [shapeX, shapeIndex] = alignedShapes(op, t.sizes, index.sizes, k);
  return alongAxis(gatherOp, null, broadcastTo(t, shapeX), broadcastTo(index, shapeIndex), k, index.sizes[k]);
}

/** Applies gather or scatterAdd along any axis of a tensor and indices that are equally long on the others; `size` is that of the axis in the result. */
function alongAxis<A>(
  op: Op<A>,
  attributes: A,
  x: Tensor,
  index: Tensor,
  axis: number,
  size: number,
): Tensor {
  const { last, restore } = axisLast(x, axis);
  const rows = axisLast(index, axis).last;
  const lead = rows.sizes.slice(0, -1);
  const batch = sizeOf(lead);
  const blocks = [reshaped(last, [batch, x.sizes[axis], 1]), reshaped(rows, [batch, index.sizes[axis]])];
  return restore(reshaped(applyOne(op, blocks, attributes), [...lead, size]));
}

/** One element for each index, along an axis, as torch.gather: on the other axes `indices` may be shorter than `x`, and is not broadcast.
 * @param x - any shape but `[]`, any dtype
 * @param indices - as many axes as `x`, int32; on the other axes at most as long; negative indices count from the end
 * @param options - `axis` (−1)
 * @returns the shape of `indices`
 * @throws {@link ShapeError} if the shapes do not fit; {@link DTypeError} if the indices are not int32; {@link IndexError} if one is out of range
 *, or the axis
 * @example
 * gather(tensor([[1, 2], [3, 4]]), tensor([[1, 1, 0]], { dtype: "int32" })).toArray() // => [[2, 2, 1]]
 */
export function gather(x: TensorLike, indices: TensorLike, options?: AxisOptions): Tensor {
  const index = asTensor("gather", indices);
  const [t, axis] = withAxis("gather", x, options, -1);
  const { sizes: shape } = index;
  if (shape.length !== t.sizes.length || shape.some((d, k) => k !== axis && d > t.sizes[k])) {
    throw rankMismatch("gather", t.sizes, shape);
  }
  return along("gather", cut(t, shape, axis), axis, index);
}

/** The first indices of every axis but one. */
const cut = (t: Tensor, shape: Shape, axis: number): Tensor =>
  slice(
    t,
    shape.map((d, k): SliceRange => (k === axis ? null : [0, d])),
  );

/** Additions to single elements along an axis: `out = x` and then `out[i, indices[i, j]] += updates[i, j]` for axis 1 of a matrix; repeated indices add up.
 * @param x - any shape but `[]`
 * @param indices - as many axes as `x`, int32; the other axes broadcast; negative indices count from the end
 * @param updates - a shape that broadcasts to that of `indices` (broadcast with `x` on the other axes); dtypes are promoted
 * @param options - `axis` (−1)
 * @returns the shape of `x`
 * @throws {@link ShapeError} if the shapes do not fit; {@link DTypeError} if the indices are not int32; {@link IndexError} if one is out of range
 *, or the axis
 * @example
 * scatterAdd(zeros([3]), tensor([0, 2, 0], { dtype: "int32" }), tensor([1, 2, 3])).toArray() // => [4, 0, 2]
 */
export function scatterAdd(
  x: TensorLike,
  indices: TensorLike,
  updates: TensorLike,
  options?: AxisOptions,
): Tensor {
  const [t, source] = promoted("scatterAdd", [x, updates]);
  const k = normalizeAxis("scatterAdd", options?.axis ?? -1, t.sizes.length);
  const index = axisIndices("scatterAdd", indices, t.sizes[k]);
  const [shapeX, shapeIndex] = alignedShapes("scatterAdd", t.sizes, index.sizes, k);
  if (!sameShape(shapeX, t.sizes)) throw rankMismatch("scatterAdd", t.sizes, index.sizes);
  const [from, to] = [broadcastTo(source, shapeIndex), broadcastTo(index, shapeIndex)];
  return add(t, alongAxis(scatterAddOp, t.sizes[k], from, to, k, t.sizes[k]));
}
