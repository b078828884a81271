import { checkCount, checkOptions, checkSize, isList } from "../base/checks.js";
import { ShapeError, ValueError } from "../base/errors.js";
import {
  normalizeAxes,
  normalizeAxis,
  normalizeStrides,
  rowMajor,
  type Shape,
  sameShape,
  showShape,
} from "../base/shape.js";
import { show } from "../base/show.js";
import type { Layout, Spec } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { checkHeld } from "./argument-checks.js";
import { zerosOf } from "./fill.js";
import { linearOp } from "./linear.js";
import { asTensor, promoted, type TensorLike } from "./operands.js";
import { type AxisRegion, axisRegion, indexRegion, type Region } from "./region.js";
import { type AxisOptions, axisName, placeOp, sliceOp, withAxis } from "./slicing.js";

/** The slices along an axis, which goes away: one view each, made at once, so that the gradient is one stack instead of as many additions of whole tensors. */
export const unstackOp: Op<number> = /* @__PURE__ */ linearOp<number>({
  name: "unstack",
  cheap: true,
  infer([x], axis) {
    const part = { shape: without(x.sizes, axis), dtype: x.dtype };
    return new Array<Spec>(x.sizes[axis]).fill(part);
  },
  lower: (_inputs, axis) => ({
    kind: "view",
    layouts: ({ shape, strides, offset }) => {
      const own = strides ?? rowMajor(shape);
      const rest = without(shape, axis);
      const restStrides = normalizeStrides(rest, without(own, axis));
      const step = rest.includes(0) ? 0 : own[axis];
      const parts: Layout[] = [];
      for (let i = 0; i < shape[axis]; i++)
        parts.push({ shape: rest, strides: restStrides, offset: offset + i * step });
      return parts;
    },
  }),
  transpose: ({ inputs: [x], attributes }, cotangents) => [
    cotangents.length === 0 ? zerosOf(x) : stacked(cotangents, attributes),
  ],
  batch([x], batched, axis) {
    const outputs = apply(unstackOp, [x], axis + 1);
    return [outputs, outputs.map(() => batched[0])];
  },
  show: (axis) => `axis=${axis}`,
});

const without = (list: readonly number[], axis: number): number[] => {
  const rest: number[] = [];
  for (let k = 0; k < list.length; k++) if (k !== axis) rest.push(list[k]);
  return rest;
};

/** Tensors of one shape and dtype along a new axis. */
function stacked(tensors: readonly Tensor[], axis: number): Tensor {
  const part = tensors[0].sizes;
  const shape = [...part.slice(0, axis), tensors.length, ...part.slice(axis)];
  return applyOne(placeOp, tensors, {
    shape,
    regions: tensors.map((_, i) => indexRegion(shape, axis, i)),
    fill: 0,
  });
}

function operands(op: string, tensors: readonly TensorLike[]): Tensor[] {
  if (isList(tensors) && tensors.length > 0) return promoted(op, tensors);
  throw new ValueError({
    code: "value/empty-list",
    op,
    problem: "no tensors to join.",
    got: show(tensors),
    expected: "an array of at least one tensor",
    mend: `${op}([a, b]); of no tensors, zeros(shape)`,
  });
}

const mismatch = (op: string, shapes: readonly Shape[], expected: string): ShapeError =>
  new ShapeError({
    code: "shape/join",
    op,
    problem: "the shapes do not fit together.",
    got: shapes.map(showShape).join(" and "),
    expected,
    mend: "reshape, slice or pad the odd one out",
  });

/** Tensors one after the other along an axis.
 * @param tensors - at least one; shapes that are equal but for the axis; dtypes are promoted
 * @param options - `axis` (0)
 * @returns the shape of the first, with the sum of the sizes along the axis
 * @throws {@link ShapeError} if other sizes differ; {@link ValueError} for no tensors; {@link IndexError} if the axis is out of range
 * @example
 * concat([tensor([1, 2]), tensor([3])]).toArray() // => [1, 2, 3]
 * concat([tensor([[1], [2]]), tensor([[3], [4]])], { axis: 1 }).toArray() // => [[1, 3], [2, 4]]
 */
export function concat(tensors: readonly TensorLike[], options?: AxisOptions): Tensor {
  const parts = operands("concat", tensors);
  const first = parts[0].sizes;
  checkOptions("concat", options, axisName);
  const axis = normalizeAxis("concat", options?.axis ?? 0, first.length);
  for (const { sizes: shape } of parts) {
    if (shape.length !== first.length || shape.some((d, k) => k !== axis && d !== first[k]))
      throw mismatch("concat", [first, shape], `equal sizes on every axis but ${axis}`);
  }
  if (parts.length === 1) return parts[0];
  const sizes = parts.map((t) => t.sizes[axis]);
  const shape = first.map((d, k) => (k === axis ? total(sizes) : d));
  checkSize("concat", shape);
  return applyOne(placeOp, parts, { shape, regions: consecutive(shape, axis, sizes), fill: 0 });
}

const total = (sizes: readonly number[]): number => sizes.reduce((a, b) => a + b, 0);

/** The regions of pieces one after the other along an axis. */
function consecutive(shape: Shape, axis: number, sizes: readonly number[]): Region[] {
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return axisRegion(shape, axis, start - size, size);
  });
}

/** Tensors of one shape along a new axis.
 * @param tensors - at least one, all of one shape; dtypes are promoted
 * @param options - `axis`: where the new axis stands in the result (0)
 * @returns one axis more than the operands
 * @throws {@link ShapeError} if shapes differ; {@link ValueError} for no tensors; {@link IndexError} if the axis is out of range
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])]).toArray() // => [[1, 2], [3, 4]]
 * stack([tensor([1, 2]), tensor([3, 4])], { axis: 1 }).toArray() // => [[1, 3], [2, 4]]
 */
export function stack(tensors: readonly TensorLike[], options?: AxisOptions): Tensor {
  const parts = operands("stack", tensors);
  const first = parts[0].sizes;
  checkOptions("stack", options, axisName);
  const axis = normalizeAxis("stack", options?.axis ?? 0, first.length + 1);
  for (const { sizes: shape } of parts) {
    if (!sameShape(shape, first)) throw mismatch("stack", [first, shape], "tensors of one shape");
  }
  return stacked(parts, axis);
}

/** The slices along an axis, which goes away; the inverse of {@link stack}.
 * @param x - any shape but `[]`, any dtype
 * @param options - `axis` (0)
 * @returns as many tensors as the axis is long; views
 * @throws {@link IndexError} if the axis is out of range
 * @example
 * const [a, b] = unstack(tensor([[1, 2], [3, 4]]))
 * b.toArray() // => [3, 4]
 */
export function unstack(x: TensorLike, options?: AxisOptions): readonly Tensor[] {
  const [t, axis] = withAxis("unstack", x, options, 0);
  return apply(unstackOp, [t], axis);
}

/** Consecutive pieces along an axis.
 * @param x - any shape but `[]`, any dtype
 * @param sizes - the size of every piece; or one size for all, where the last piece may be smaller
 * @param options - `axis` (0)
 * @returns the pieces; views
 * @throws {@link ShapeError} if the sizes do not add up to the axis; {@link IndexError} if the axis is out of range
 * @example
 * split(tensor([1, 2, 3]), [1, 2]).map((t) => t.toArray()) // => [[1], [2, 3]]
 * split(tensor([1, 2, 3]), 2).map((t) => t.toArray()) // => [[1, 2], [3]]
 */
export function split(x: TensorLike, sizes: number | readonly number[], options?: AxisOptions): Tensor[] {
  const [t, axis] = withAxis("split", x, options, 0);
  const n = t.sizes[axis];
  const whole = (d: unknown): boolean => typeof d === "number" && Number.isInteger(d) && d >= 0;
  const list = typeof sizes !== "number" ? sizes : sizes > 0 && whole(sizes) ? pieces(n, sizes) : [sizes];
  const fits = isList(list) && list.every(whole) && total(list) === n;
  if (!fits) {
    throw new ShapeError({
      code: "shape/split",
      op: "split",
      problem: "the pieces do not make up the axis.",
      got: `${show(sizes)} for axis ${axis} of ${showShape(t.sizes)}`,
      expected: `whole sizes that add up to ${n}, or one size ≥ 1`,
      mend: "chunk(x, count) makes nearly equal pieces",
    });
  }
  return consecutive(t.sizes, axis, list).map((region) => applyOne(sliceOp, [t], region));
}

const pieces = (n: number, size: number): number[] =>
  Array.from({ length: Math.ceil(n / size) || 1 }, (_, i) => Math.min(size, n - i * size));

/** Consecutive pieces along an axis, all of one size but perhaps the last; fewer than asked for where the axis is too short (as torch.chunk).
 * @param x - any shape but `[]`, any dtype
 * @param count - how many pieces, at least 1
 * @param options - `axis` (0)
 * @returns the pieces; views
 * @throws {@link ValueError} if `count` is not a whole number ≥ 1; {@link IndexError} if the axis is out of range
 * @example
 * chunk(tensor([1, 2, 3]), 2).map((t) => t.toArray()) // => [[1, 2], [3]]
 */
export function chunk(x: TensorLike, count: number, options?: AxisOptions): Tensor[] {
  const [t, axis] = withAxis("chunk", x, options, 0);
  checkCount("chunk", "count", count, 1);
  return split(t, Math.max(1, Math.ceil(t.sizes[axis] / count)), { axis });
}

/** A margin of one value around a tensor.
 * @param x - any shape, any dtype
 * @param margins - `[before, after]` for each axis, whole numbers ≥ 0
 * @param options - `value` of the margin (0)
 * @returns every axis longer by its margins
 * @throws {@link ShapeError} if there is not one pair per axis; {@link ValueError} if a margin is not a whole number ≥ 0, or the value does not fit the dtype
 * @example
 * pad(tensor([1, 2]), [[1, 2]], { value: 9 }).toArray() // => [9, 1, 2, 9, 9]
 */
export function pad(
  x: TensorLike,
  margins: readonly (readonly [before: number, after: number])[],
  options?: { readonly value?: number },
): Tensor {
  const t = asTensor("pad", x);
  const rank = t.sizes.length;
  if (
    !isList(margins) ||
    margins.length !== rank ||
    margins.some((pair) => !isList(pair) || pair.length !== 2)
  ) {
    throw new ShapeError({
      code: "shape/pad",
      op: "pad",
      problem: "not one pair of margins per axis.",
      got: `${show(margins)} for shape ${showShape(t.sizes)}`,
      expected: `an array of ${rank} pairs [before, after]`,
      mend: "an axis without a margin has [0, 0]",
    });
  }
  for (const margin of margins) for (const size of margin) checkCount("pad", "each margin", size, 0);
  checkOptions("pad", options, ["value"]);
  const value = options?.value ?? 0;
  checkHeld("pad", value, t.dtype);
  if (margins.every(([before, after]) => before + after === 0)) return t;
  const shape = t.sizes.map((d, k) => d + margins[k][0] + margins[k][1]);
  checkSize("pad", shape);
  return applyOne(placeOp, [t], {
    shape,
    regions: [{ axes: t.sizes.map((d, k): AxisRegion => [margins[k][0], d, 1]), dropped: [] }],
    fill: value,
  });
}

/** Elements moved along axes; what leaves at one end comes back at the other.
 * @param x - any shape, any dtype
 * @param shift - how far, a whole number or one per axis; negative to the left
 * @param options - `axis`: one or several (all; one shift for each)
 * @returns the shape of `x`
 * @throws {@link ValueError} if a shift is not a whole number, or there is not one per axis; {@link IndexError} if an axis is out of range
 * @example
 * roll(tensor([1, 2, 3]), 1).toArray() // => [3, 1, 2]
 */
export function roll(
  x: TensorLike,
  shift: number | readonly number[],
  options?: { readonly axis?: number | readonly number[] },
): Tensor {
  let t = asTensor("roll", x);
  checkOptions("roll", options, axisName);
  const every = normalizeAxes("roll", options?.axis, t.sizes.length);
  const axes = [options?.axis ?? every].flat();
  const shifts = typeof shift === "number" ? axes.map(() => shift) : shift;
  if (!isList(shifts) || shifts.length !== axes.length || !shifts.every(Number.isInteger)) {
    throw new ValueError({
      code: "value/shift",
      op: "roll",
      problem: "not one whole shift per axis.",
      got: `shift ${show(shift)} for ${axes.length} axes`,
      expected: "a whole number, or an array of one per axis",
      mend: "roll(x, [1, -2], { axis: [0, 1] })",
    });
  }
  axes.forEach((axis, i) => {
    const n = t.sizes.at(axis)!;
    const by = ((shifts[i] % n) + n) % n;
    // Not of an empty axis, either: there it is NaN.
    if (!(by > 0)) return;
    const [head, tail] = split(t, [n - by, by], { axis });
    t = concat([tail, head], { axis });
  });
  return t;
}
