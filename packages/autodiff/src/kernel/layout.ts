import { normalizeStrides, rowMajor, type Shape, sizeOf } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Layout } from "./lowering.js";

// The algebra of layouts: where elements lie, as sizes and strides. Compiler and backends share it; nothing here knows what the elements are.

/** Where a tensor's elements lie. */
export const layoutOf = ({ sizes, strides, offset }: Tensor): Layout => ({ shape: sizes, strides, offset });

/** What lies row by row, without gaps. */
export const wholeLayout = (shape: Shape): Layout => ({ shape, strides: null, offset: 0 });

/** The strides of a layout, written out. */
export const stridesOf = ({ shape, strides }: Pick<Layout, "shape" | "strides">): readonly number[] =>
  strides ?? rowMajor(shape);

/** Strides of an operand over the axes of the index space `space` that it broadcasts to. */
export function broadcastStrides(operand: Pick<Layout, "shape" | "strides">, space: Shape): number[] {
  const { shape } = operand;
  const strides = stridesOf(operand);
  const lead = space.length - shape.length;
  return space.map((_, k) => (k < lead || shape[k - lead] === 1 ? 0 : strides[k - lead]));
}

/** An index space with as few and as long axes as possible. */
export interface JoinedAxes {
  readonly sizes: readonly number[];
  /** Per operand, per axis. */
  readonly strides: readonly (readonly number[])[];
  /** For each axis the one that it was made of; of several, the innermost. */
  readonly axes: readonly number[];
}

const never = (): boolean => false;

/** Drops axes of size 1, and joins neighbours that every operand walks as one.
 * @param operands - the strides of each operand over the axes of `shape`
 * @param apart - neighbours that must stay two axes all the same
 * @example
 * joinAxes([2, 1, 3], [[3, 3, 1]]).sizes // => [6]
 */
export function joinAxes(
  shape: Shape,
  operands: readonly (readonly number[])[],
  apart: (outer: number, inner: number) => boolean = never,
): JoinedAxes {
  const sizes: number[] = [];
  const axes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let k = 0; k < shape.length; k++) {
    if (shape[k] === 1) continue;
    const last = sizes.length - 1;
    const joins =
      last >= 0 && operands.every((s, i) => strides[i][last] === s[k] * shape[k]) && !apart(axes[last], k);
    const at = joins ? last : sizes.length;
    sizes[at] = joins ? sizes[last] * shape[k] : shape[k];
    axes[at] = k;
    for (let i = 0; i < operands.length; i++) strides[i][at] = operands[i][k];
  }
  return { sizes, strides, axes };
}

/** The index of the element that comes at `position` in row-major order of a shape without an empty axis. */
export function indexAt(shape: Shape, position: number): number[] {
  let rest = position;
  return rowMajor(shape).map((step) => {
    const index = Math.floor(rest / step);
    rest -= index * step;
    return index;
  });
}

/** Where a window with unit steps begins along each axis of a tensor of the given shape. `window` is in terms of its row-major elements;
 * null where it is no such window. */
export function windowStarts(shape: Shape, window: Layout): readonly number[] | null {
  if (window.shape.length !== shape.length || sizeOf(shape) === 0) return null;
  const own = rowMajor(shape);
  const steps = stridesOf(window);
  const starts = indexAt(shape, window.offset);
  for (let k = 0; k < shape.length; k++) {
    const size = window.shape[k];
    if ((size !== 1 && steps[k] !== own[k]) || starts[k] + size > shape[k]) return null;
  }
  return starts;
}

/** For each axis of a layout the axis of `shape` that it is, where a tensor of that shape has its axes permuted and nothing else; null elsewhere, and where axes of size 1
 * leave it open. */
export function permutationOf(shape: Shape, layout: Layout): readonly number[] | null {
  if (layout.offset !== 0 || layout.shape.length !== shape.length) return null;
  const own = rowMajor(shape);
  const order = stridesOf(layout).map((step, k) =>
    own.findIndex((o, i) => o === step && shape[i] === layout.shape[k] && shape[i] !== 1),
  );
  return order.includes(-1) || new Set(order).size !== order.length ? null : order;
}

/** Where a part of a tensor lies: `part` is in terms of the tensor's row-major elements, the result in terms of the elements around `whole`, where the tensor lies.
 * Null where no strides say it: along some axis of the part, the elements do not keep to one axis of the tensor. */
export function partOf(whole: Layout, part: Layout): Layout | null {
  const { shape } = whole;
  const steps = stridesOf(part);
  const strides = whole.strides === null ? null : normalizeStrides(shape, whole.strides);
  if (strides === null) return { shape: part.shape, strides: steps, offset: whole.offset + part.offset };
  const own = rowMajor(shape);
  const first = indexAt(shape, part.offset);
  // Least and greatest index along each axis of the tensor.
  const low = [...first];
  const high = [...first];
  const seen: number[] = [];
  for (let i = 0; i < part.shape.length; i++) {
    const reach = part.shape[i] - 1;
    if (reach === 0 || steps[i] === 0) {
      seen.push(0);
      continue;
    }
    // Steps of this size stay inside of one axis at most.
    const axis = own.findIndex((step, k) => {
      const moved = (reach * steps[i]) / step;
      return (
        steps[i] % step === 0 && low[k] + Math.min(moved, 0) >= 0 && high[k] + Math.max(moved, 0) < shape[k]
      );
    });
    if (axis < 0) return null;
    const moved = (reach * steps[i]) / own[axis];
    low[axis] += Math.min(moved, 0);
    high[axis] += Math.max(moved, 0);
    seen.push((strides[axis] * steps[i]) / own[axis]);
  }
  const offset = first.reduce((sum, index, k) => sum + index * strides[k], whole.offset);
  return { shape: part.shape, strides: seen, offset };
}
