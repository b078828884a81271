import { eagerReduce } from "../backends/javascript/eager.js";
import { sum as sumReduction } from "../backends/javascript/reductions.js";
import { checkSize, isList } from "../base/checks.js";
import { ShapeError } from "../base/errors.js";
import {
  checkShape,
  copied,
  isShape,
  normalizeAxes,
  normalizeStrides,
  rowMajor,
  type Shape,
  sameShape,
  shapeFrom,
  showShape,
  sizeOf,
} from "../base/shape.js";
import { show } from "../base/show.js";
import { broadcastStrides } from "../kernel/layout.js";
import type { Layout } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { linearOp } from "./linear.js";
import { asTensor, type TensorLike } from "./operands.js";

// Reshape, transpose, broadcastTo and the record of sum, the transpose of broadcastTo (its public function is in reduction.ts).

const layout = (shape: Shape, strides: readonly number[], offset: number): Layout[] => [
  { shape, strides: normalizeStrides(shape, strides), offset },
];
const showAxes = (axes: readonly number[]): string => `axes=${showShape(axes)}`;

/** The same elements in row-major order under another shape. */
export const reshapeOp: Op<Shape> = /* @__PURE__ */ linearOp<Shape>({
  name: "reshape",
  cheap: true,
  infer: ([x], shape) => [{ shape, dtype: x.dtype }],
  lower: (_inputs, shape) => ({
    kind: "view",
    layouts: (input) => {
      if (input.strides === null) return [{ shape, strides: null, offset: input.offset }];
      const strides = reshapedStrides(input.shape, input.strides, shape);
      return strides && layout(shape, strides, input.offset);
    },
  }),
  transpose: ({ inputs: [x] }, [c]) => [reshaped(c, x.sizes)],
  batch: ([x], batched, shape, n) => [apply(reshapeOp, [x], [n, ...shape]), batched],
  show: showShape,
});

/** Strides of the new shape over the same places, or null where there are none: axes are split, or joined where they lie evenly. */
function reshapedStrides(shape: Shape, strides: readonly number[], next: Shape): number[] | null {
  if (sizeOf(next) === 0) return rowMajor(next);
  const out = new Array<number>(next.length).fill(0);
  const old = shape.map((size, k) => ({ size, stride: strides[k] })).filter((axis) => axis.size !== 1);
  let i = 0;
  let j = 0;
  while (i < old.length) {
    let have = old[i].size;
    const start = j;
    while (j < next.length && next[j] === 1) j++;
    let want = next[j++];
    while (have !== want) {
      if (have < want) {
        if (old[i].stride !== old[i + 1].stride * old[i + 1].size) return null;
        have *= old[++i].size;
      } else want *= next[j++];
    }
    let stride = old[i].stride;
    for (let k = j - 1; k >= start; k--) {
      out[k] = stride;
      stride *= next[k];
    }
    i++;
  }
  return out;
}

/** Axes in another order. */
export const transposeOp: Op<readonly number[]> = /* @__PURE__ */ linearOp<readonly number[]>({
  name: "transpose",
  cheap: true,
  infer: ([x], axes) => [{ shape: axes.map((k) => x.sizes[k]), dtype: x.dtype }],
  lower: (_inputs, axes) => ({
    kind: "view",
    layouts: ({ shape, strides, offset }) => {
      const from = strides ?? rowMajor(shape);
      return layout(
        axes.map((k) => shape[k]),
        axes.map((k) => from[k]),
        offset,
      );
    },
  }),
  transpose: ({ attributes }, [c]) => [
    permute(
      c,
      attributes.map((_, k) => attributes.indexOf(k)),
    ),
  ],
  batch: ([x], batched, axes) => [apply(transposeOp, [x], [0, ...axes.map((k) => k + 1)]), batched],
  show: showAxes,
});

/** Stretches axes of size 1, and adds axes in front. */
export const broadcastToOp: Op<Shape> = /* @__PURE__ */ linearOp<Shape>({
  name: "broadcastTo",
  cheap: true,
  infer: ([x], shape) => [{ shape, dtype: x.dtype }],
  lower: (_inputs, shape) => ({
    kind: "view",
    layouts: (input) => layout(shape, broadcastStrides(input, shape), input.offset),
  }),
  transpose: ({ inputs: [x] }, [c]) => [sumTo(c, x.sizes)],
  batch: ([x], batched, shape, n) => [[stretched(expandBatch(x, shape.length), [n, ...shape])], batched],
  show: showShape,
});

/** Sums over axes, which stay with size 1. */
export const sumOp: Op<readonly number[]> = /* @__PURE__ */ linearOp<readonly number[]>({
  name: "sum",
  infer: ([x], axes) => [{ shape: x.sizes.map((d, k) => (axes.includes(k) ? 1 : d)), dtype: x.dtype }],
  eager: /* @__PURE__ */ eagerReduce(sumReduction),
  lower: (_inputs, axes) => ({ kind: "reduce", combine: "sum", axes }),
  transpose: ({ inputs: [x] }, [c]) => [stretched(c, x.sizes)],
  batch: ([x], batched, axes) => [
    apply(
      sumOp,
      [x],
      axes.map((k) => k + 1),
    ),
    batched,
  ],
  show: showAxes,
});

/** As {@link reshape}, into a shape of which it is known that it fits. */
export const reshaped = (t: Tensor, shape: Shape): Tensor =>
  sameShape(t.sizes, shape) ? t : applyOne(reshapeOp, [t], shape);
/** As {@link broadcastTo}, to a shape of which it is known that it fits. */
export function stretched(t: Tensor, shape: Shape): Tensor {
  if (sameShape(t.sizes, shape)) return t;
  checkSize("broadcastTo", shape);
  return applyOne(broadcastToOp, [t], shape);
}

/** A batched tensor `[n, ...rest]` with axes of size 1 behind the batch axis, so that the rest has `rank` axes. */
export function expandBatch(t: Tensor, rank: number): Tensor {
  const missing = rank - (t.sizes.length - 1);
  if (missing <= 0) return t;
  return reshaped(t, [t.sizes[0], ...new Array<number>(missing).fill(1), ...t.sizes.slice(1)]);
}

/** Sums away what broadcasting added: the transpose of {@link broadcastTo}. */
export function sumTo(t: Tensor, shape: Shape): Tensor {
  if (sameShape(t.sizes, shape)) return t;
  const lead = t.sizes.length - shape.length;
  const axes: number[] = [];
  for (let k = 0; k < t.sizes.length; k++)
    if (k < lead || (shape[k - lead] === 1 && t.sizes[k] !== 1)) axes.push(k);
  const summed = axes.length === 0 ? t : applyOne(sumOp, [t], axes);
  return reshaped(summed, shape);
}

const ambiguous = (from: Shape, to: Shape): ShapeError =>
  new ShapeError({
    code: "shape/reshape-ambiguous",
    op: "reshape",
    problem: "any size fits in place of -1.",
    got: `${showShape(from)} into ${showShape(to)}`,
    expected: "no 0 beside -1",
    mend: "write the size itself",
  });

/** The same elements in row-major order under another shape.
 * @param x - any shape, any dtype
 * @param shape - as many elements; one size may be −1 and is then worked out
 * @returns `shape`
 * @throws {@link ShapeError} if the number of elements differs, or −1 stands beside a 0, where any size would do
 * @example
 * reshape(tensor([1, 2, 3, 4]), [2, -1]).toArray() // => [[1, 2], [3, 4]]
 */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const t = asTensor("reshape", x);
  if (!isList(shape)) checkShape("reshape", shape);
  const asked = copied(shape);
  if (sameShape(t.sizes, asked)) return t;
  const unknown = asked.indexOf(-1);
  let full: Shape = asked;
  let whole = true;
  if (unknown >= 0) {
    if (!asked.every(Number.isInteger)) checkShape("reshape", asked);
    const rest = sizeOf(asked.filter((_, k) => k !== unknown));
    if (rest === 0 && t.size === 0) throw ambiguous(t.sizes, asked);
    whole = Number.isInteger(t.size / rest);
    full = asked.map((d, k) => (k === unknown ? t.size / rest : d));
  }
  if (whole && !isShape(full)) checkShape("reshape", full);
  if (!whole || sizeOf(full) !== t.size) {
    throw new ShapeError({
      code: "shape/reshape",
      op: "reshape",
      problem: "the number of elements differs.",
      got: `${showShape(t.sizes)} (${t.size} elements) into ${showShape(asked)}`,
      expected: `a shape of ${t.size} elements`,
      mend: "use -1 for one size to have it worked out, or broadcastTo to repeat elements",
    });
  }
  return applyOne(reshapeOp, [t], full);
}

/** Stretches axes of size 1 and adds axes in front, without copying.
 * @param x - any shape, any dtype
 * @param shape - a shape that `x` broadcasts to
 * @returns `shape`
 * @throws {@link ShapeError} if `x` does not broadcast to it
 * @example
 * broadcastTo(tensor([1, 2]), [2, 2]).toArray() // => [[1, 2], [1, 2]]
 */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  return broadcastFor("broadcastTo", asTensor("broadcastTo", x), shape);
}
/** The same in the name of another function. */
export function broadcastFor(op: string, t: Tensor, shape: Shape): Tensor {
  if (Array.isArray(shape) && sameShape(t.sizes, shape)) return t;
  const own = shapeFrom(op, shape);
  const lead = own.length - t.sizes.length;
  if (lead < 0 || t.sizes.some((d, k) => d !== 1 && d !== own[k + lead])) {
    throw new ShapeError({
      code: "shape/broadcast-to",
      op,
      problem: "the tensor does not stretch to this shape.",
      got: `${showShape(t.sizes)} to ${showShape(own)}`,
      expected: "sizes that are equal or 1 in the tensor, counted from the last axis",
      mend: "insert axes of size 1 with expandDims first",
    });
  }
  return stretched(t, own);
}

/** Axes in another order.
 * @param x - any shape, any dtype
 * @param axes - each axis once, in the new order
 * @returns shape `axes.map((k) => x.shape[k])`
 * @throws {@link IndexError} if `axes` is not an order of the axes of `x`
 * @example
 * permute(zeros([2, 3, 4]), [2, 0, 1]).shape // => [4, 2, 3]
 */
export function permute(x: TensorLike, axes: readonly number[]): Tensor {
  return permuteFor("permute", asTensor("permute", x), axes);
}
/** The same in the name of another function. */
export function permuteFor(op: string, t: Tensor, axes: readonly number[]): Tensor {
  const rank = t.sizes.length;
  const own = isList(axes) ? copied(axes) : [];
  if (!isList(axes) || normalizeAxes(op, own, rank).length !== rank) {
    throw new ShapeError({
      code: "shape/permute",
      op,
      problem: "not an order of all axes.",
      got: `axes ${show(axes)} of a tensor of rank ${rank}`,
      expected: `a list of each of the ${rank} axes once`,
      mend: "name every axis: permute(x, [1, 0]); swapAxes(x, 0, 1) swaps two",
    });
  }
  const order = own.map((k) => (k < 0 ? k + rank : k));
  return order.every((k, i) => k === i) ? t : applyOne(transposeOp, [t], order);
}
