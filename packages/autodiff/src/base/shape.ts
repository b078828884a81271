import { isList, mendOf } from "./checks.js";
import type { DType } from "./dtype.js";
import { IndexError, ShapeError } from "./errors.js";
import { show, showSizes } from "./show.js";

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];
/** Steps in elements from one index to the next, per axis; `null` means row-major without gaps. */
export type Strides = readonly number[] | null;

/** The shape of scalars. */
export const scalarShape: Shape = [];

// Freezing costs ten times what it costs to find a shape again, and programs have few.
const frozenShapes: Shape[] = new Array<Shape>(256).fill(/* @__PURE__ */ Object.freeze([]));

/** The frozen array of these sizes that users get: tensors of one shape share it, and the library's own list stays out of reach. */
export function frozenShape(sizes: Shape): Shape {
  let hash = sizes.length;
  for (let i = 0; i < sizes.length; i++) hash = (Math.imul(hash, 31) + sizes[i]) | 0;
  const known = frozenShapes[hash & 255];
  if (sameShape(known, sizes)) return known;
  const frozen = Object.freeze(copied(sizes));
  frozenShapes[hash & 255] = frozen;
  return frozen;
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i];
  return n;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Row-major strides. */
export function rowMajor(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let n = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = n;
    n *= shape[i];
  }
  return strides;
}

/** `null` where the strides are row-major anyway (axes of size 1 do not count), the strides themselves otherwise. */
export function normalizeStrides(shape: Shape, strides: readonly number[]): Strides {
  let n = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== n) return sizeOf(shape) === 0 ? null : strides;
    n *= shape[i];
  }
  return null;
}

/** A shape as text: `[2, 3]`. */
export const showShape = (shape: Shape): string =>
  `[${shape.length < 33 ? shape.join(", ") : showSizes(shape)}]`;
/** A dtype and a shape, as text: `float32[2, 3]`. */
export const showSpec = ({ dtype, shape }: { readonly dtype: DType; readonly shape: Shape }): string =>
  `${dtype}${showShape(shape)}`;

/** More axes have no meaning, and would make loops too deep. */
const mostAxes = 64;
const isSize = (d: unknown): boolean => typeof d === "number" && Number.isInteger(d) && d >= 0 && d < 2 ** 31;

/** Whether a list is a shape: whole numbers ≥ 0, not too many. */
export function isShape(list: readonly unknown[]): boolean {
  if (list.length > mostAxes) return false;
  for (let i = 0; i < list.length; i++) if (!isSize(list[i])) return false;
  return true;
}

/** Throws unless `shape` is an array of whole numbers ≥ 0.
 * @example
 * checkShape("f", [2, -1]) // throws ShapeError: not a shape
 * @internal
 */
export function checkShape(op: string, shape: unknown): asserts shape is Shape {
  if (isList(shape) && isShape(shape)) return;
  throw new ShapeError({
    code: "shape/invalid",
    op,
    problem: "not a shape.",
    got: show(shape),
    expected: `an array of at most ${mostAxes} whole numbers ≥ 0, such as [2, 3]`,
    mend: isSize(shape)
      ? `put the sizes in one array: ${op}([${shape}, …]); a scalar has the shape []`
      : "give every axis a size: zeros([rows, columns]); a scalar has the shape []",
  });
}

/** A list as an array of one's own: what its owner does with it later, or what its getters say the next time, changes nothing. */
export function copied<T>(list: readonly T[]): T[] {
  // Written out where lists are short: a list that grows takes room for 17.
  if (list.length === 1) return [list[0]];
  if (list.length === 2) return [list[0], list[1]];
  if (list.length === 3) return [list[0], list[1], list[2]];
  const own: T[] = [];
  for (let i = 0; i < list.length; i++) own.push(list[i]);
  return own;
}

/** A copy of a shape; throws unless it is an array of whole numbers ≥ 0. */
export function shapeFrom(op: string, shape: Shape): Shape {
  const own = isList(shape) && shape.length <= mostAxes ? copied(shape) : null;
  if (own === null || !isShape(own)) checkShape(op, own ?? shape);
  return own ?? shape;
}

/** The shape that both operands stretch to (NumPy's rule), or an error that names the axis. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const p = i - rank + a.length;
    const q = i - rank + b.length;
    const m = p < 0 ? 1 : a[p];
    const n = q < 0 ? 1 : b[q];
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError({
        code: "shape/broadcast",
        op,
        problem: "shapes do not broadcast.",
        got: `${showShape(a)} and ${showShape(b)}   (${m} against ${n} on axis ${i - rank})`,
        expected: "sizes that are equal, or 1, counted from the last axis",
        mend: "reshape one operand, or insert an axis of size 1 with expandDims",
      });
    }
    out[i] = m === 1 ? n : m;
  }
  return out;
}

/** A whole axis number in 0 … rank − 1 from one that may be negative. */
export function normalizeAxis(op: string, axis: unknown, rank: number): number {
  if (typeof axis === "number" && Number.isInteger(axis) && axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  throw new IndexError({
    code: "index/axis",
    op,
    problem: "axis out of range.",
    got: `axis ${show(axis)} of a tensor of rank ${rank}`,
    expected: rank === 0 ? "no axis: a scalar has none" : `a whole number from ${-rank} to ${rank - 1}`,
    mend: mendOf(op, "axis", axis, "axis -1 is the last one; look at x.shape"),
  });
}

/** Axes as sorted whole numbers without repetition; all of them when left out. */
export function normalizeAxes(op: string, axes: unknown, rank: number): number[] {
  if (axes === undefined || axes === null) return Array.from({ length: rank }, (_, i) => i);
  const list = isList(axes) ? copied(axes) : [axes];
  const out = list.map((axis) => normalizeAxis(op, axis, rank)).sort((a, b) => a - b);
  for (let i = 1; i < out.length; i++) {
    if (out[i] === out[i - 1]) {
      throw new IndexError({
        code: "index/axes",
        op,
        problem: "an axis is named twice.",
        got: `axes [${showSizes(list)}] of a tensor of rank ${rank}`,
        expected: "each axis at most once (negative numbers count from the end)",
        mend: "leave out the repeated axis",
      });
    }
  }
  return out;
}
