import { eagerPlace } from "../backends/javascript/eager-routines.js";
import { checkOptions, isList } from "../base/checks.js";
import { IndexError, ShapeError, ValueError } from "../base/errors.js";
import { normalizeAxes, normalizeAxis, type Shape, showShape } from "../base/shape.js";
import { show } from "../base/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { batchedUp } from "./batching.js";
import { linearOp } from "./linear.js";
import { asTensor, type TensorLike } from "./operands.js";
import {
  type AxisRegion,
  batchRegion,
  indexRegion,
  type Region,
  regionLayout,
  regionShape,
  showRegion,
} from "./region.js";

// slice and place: each is the transpose of the other.

/** A region of a tensor, as a view. */
export const sliceOp: Op<Region> = /* @__PURE__ */ linearOp<Region>({
  name: "slice",
  cheap: true,
  infer: ([x], region) => [{ shape: regionShape(region), dtype: x.dtype }],
  lower: (_inputs, region) => ({ kind: "view", layouts: (input) => [regionLayout(input, region)] }),
  transpose: ({ inputs: [x], attributes }, [c]) => [
    applyOne(placeOp, [c], { shape: x.sizes, regions: [attributes], fill: 0 }),
  ],
  batch: ([x], batched, region, n) => [apply(sliceOp, [x], batchRegion(region, n)), batched],
  show: showRegion,
});

/** Input i goes to region i of a tensor that is `fill` elsewhere; regions do not overlap. */
export interface Placement {
  readonly shape: Shape;
  readonly regions: readonly Region[];
  readonly fill: number;
}

/** What is between the regions is constant, so that its tangent is zero. */
const affinePlace = (linear: Op<Placement>): Op<Placement> => ({
  ...linear,
  pushforward: (node, tangents) =>
    linear.pushforward({ ...node, attributes: { ...(node.attributes as Placement), fill: 0 } }, tangents),
});

/** Tensors side by side in one: what concat, stack, pad and the gradient of a slice are made of. */
export const placeOp: Op<Placement> = /* @__PURE__ */ affinePlace(
  /* @__PURE__ */ linearOp<Placement>({
    name: "place",
    infer: ([x], { shape }) => [{ shape, dtype: x.dtype }],
    eager: eagerPlace,
    lower: (_inputs, { shape, regions, fill }) => ({
      kind: "place",
      regions: regions.map((region) => regionLayout({ shape, strides: null, offset: 0 }, region)),
      fill,
    }),
    transpose: ({ attributes: { regions } }, [c], wanted) =>
      regions.map((region, i) => (wanted[i] ? applyOne(sliceOp, [c], region) : null)),
    batch: (inputs, batched, { shape, regions, fill }, n) => [
      apply(
        placeOp,
        inputs.map((t, i) => batchedUp(t, batched[i], n)),
        { shape: [n, ...shape], regions: regions.map((region) => batchRegion(region, n)), fill },
      ),
      [true],
    ],
    show: ({ regions, fill }) => `${regions.map(showRegion).join(", ")}${fill === 0 ? "" : ` fill=${fill}`}`,
  }),
);

/** What `slice` takes of an axis: everything (`null`), from start to before stop, or the same in steps. `null` for start or stop means as far as the axis goes. */
export type SliceRange =
  | null
  | readonly [start: number | null, stop: number | null]
  | readonly [start: number | null, stop: number | null, step: number];

/** What a range takes of an axis of `n` indices, by the rules of NumPy and Python. */
function resolveRange(op: string, range: SliceRange, n: number, axis: number): AxisRegion {
  if (range === null) return [0, n, 1];
  const known = isList(range) && range.length >= 2 && range.length <= 3;
  const [start, stop, step] = known ? [range[0], range[1], range[2] ?? 1] : [0, 0, 0];
  if (step === 0 || ![start, stop, step].every((bound) => bound === null || Number.isInteger(bound))) {
    throw new ValueError({
      code: "value/slice",
      op,
      problem: "not a range of whole numbers with a step.",
      got: `${show(range)} for axis ${axis}`,
      expected: "null, [start, stop] or [start, stop, step] of whole numbers, the step not 0",
      mend: "slice(x, [[0, 3], null]) takes the first three rows; at(x, i) takes one index",
    });
  }
  const [first, last] = step > 0 ? [0, n] : [n - 1, -1];
  const bound = (at: number | null, otherwise: number): number => {
    if (at === null) return otherwise;
    return Math.min(Math.max(at < 0 ? at + n : at, Math.min(first, last)), Math.max(first, last));
  };
  const from = bound(start, first);
  return [from, Math.max(0, Math.ceil((bound(stop, last) - from) / step)), step];
}

/** A region from a range for each of the first axes. */
export function resolveRanges(op: string, shape: Shape, ranges: readonly SliceRange[]): Region {
  if (!isList(ranges) || ranges.length > shape.length) {
    throw new ShapeError({
      code: "shape/slice",
      op,
      problem: "not one range per axis.",
      got: `${show(ranges)} for shape ${showShape(shape)}`,
      expected: `an array of at most ${shape.length} ranges`,
      mend: "leave out the last ones to have these axes whole",
    });
  }
  return {
    axes: shape.map((n, k) => resolveRange(op, k < ranges.length ? ranges[k] : null, n, k)),
    dropped: [],
  };
}

/** Part of a tensor: a range per axis, by Python's rules. Negative bounds count from the end, bounds beyond the ends are cut, a negative step walks backwards.
 * @param x - any shape, any dtype
 * @param ranges - for each of the first axes `null` (all of it), `[start, stop]` or `[start, stop, step]`; stop is not included
 * @returns as many axes, each as long as its range; a view
 * @throws {@link ShapeError} if there are more ranges than axes; {@link ValueError} if a bound is not a whole number or a step is 0
 * @example
 * const x = tensor([[1, 2, 3], [4, 5, 6]])
 * slice(x, [null, [0, 2]]).toArray() // => [[1, 2], [4, 5]]
 * slice(x, [[-1, null]]).toArray() // => [[4, 5, 6]]
 * slice(x, [null, [null, null, -2]]).toArray() // => [[3, 1], [6, 4]]
 */
export function slice(x: TensorLike, ranges: readonly SliceRange[]): Tensor {
  const t = asTensor("slice", x);
  const region = resolveRanges("slice", t.sizes, ranges);
  const whole = region.axes.every(([, size, step], k) => size === t.sizes[k] && step === 1);
  return whole ? t : applyOne(sliceOp, [t], region);
}

/** Options of functions that work along one axis. */
export interface AxisOptions {
  /** The axis; a negative one counts from the end. */
  readonly axis?: number;
}

/** Names of {@link AxisOptions}. */
export const axisName: readonly string[] = ["axis"];

/** An operand, and the axis of it that options name, counted from the front.
 * @param names - of all the function's options */
export function withAxis(
  op: string,
  x: TensorLike,
  options: AxisOptions | undefined,
  otherwise: number,
  names: readonly string[] = axisName,
): readonly [t: Tensor, axis: number] {
  checkOptions(op, options, names);
  const t = asTensor(op, x);
  return [t, normalizeAxis(op, options?.axis ?? otherwise, t.sizes.length)];
}

/** A whole index in 0 … size − 1 from one that may be negative. */
export function normalizeIndex(op: string, index: unknown, size: number): number {
  if (typeof index === "number" && Number.isInteger(index) && index >= -size && index < size)
    return index < 0 ? index + size : index;
  throw new IndexError({
    code: "index/range",
    op,
    problem: "index out of range.",
    got: `index ${show(index)} along an axis of size ${size}`,
    expected: size === 0 ? "no index: the axis is empty" : `a whole number from ${-size} to ${size - 1}`,
    mend:
      typeof index === "object" && index !== null
        ? "take(x, indices) looks up a tensor of indices"
        : "index -1 is the last one; look at x.shape",
  });
}

/** One index along an axis, which goes away: `x[i]`.
 * @param x - any shape but `[]`, any dtype
 * @param index - a whole number; a negative one counts from the end
 * @param options - `axis` (0)
 * @returns the shape of `x` without the axis; a view
 * @throws {@link IndexError} if the index or the axis is out of range
 * @example
 * at(tensor([[1, 2], [3, 4]]), 1).toArray() // => [3, 4]
 * at(tensor([[1, 2], [3, 4]]), -1, { axis: 1 }).toArray() // => [2, 4]
 */
export function at(x: TensorLike, index: number, options?: AxisOptions): Tensor {
  const [t, axis] = withAxis("at", x, options, 0);
  return applyOne(sliceOp, [t], indexRegion(t.sizes, axis, normalizeIndex("at", index, t.sizes[axis])));
}

/** The order of elements along axes turned around.
 * @param x - any shape, any dtype
 * @param options - `axis`: one or several (all)
 * @returns the shape of `x`; a view
 * @throws {@link IndexError} if an axis is out of range
 * @example
 * flip(tensor([1, 2, 3])).toArray() // => [3, 2, 1]
 */
export function flip(x: TensorLike, options?: { readonly axis?: number | readonly number[] }): Tensor {
  const t = asTensor("flip", x);
  checkOptions("flip", options, axisName);
  const axes = normalizeAxes("flip", options?.axis, t.sizes.length);
  if (axes.length === 0) return t;
  return applyOne(sliceOp, [t], {
    axes: t.sizes.map((d, k): AxisRegion => (axes.includes(k) ? [Math.max(0, d - 1), d, -1] : [0, d, 1])),
    dropped: [],
  });
}
