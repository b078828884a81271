import { normalizeStrides, rowMajor, type Shape } from "../base/shape.js";
import type { Layout } from "../kernel/lowering.js";

/** What is taken of one axis: `size` indices, from `start` on. */
export type AxisRegion = readonly [start: number, size: number, step: number];
/** Part of a tensor, axis by axis; the axes in `dropped`, of one index each, are left out. */
export interface Region {
  readonly axes: readonly AxisRegion[];
  readonly dropped: readonly number[];
}

/** All of a tensor, but for one axis. */
export const axisRegion = (shape: Shape, axis: number, start: number, size: number, step = 1): Region => ({
  axes: shape.map((d, k): AxisRegion => (k === axis ? [start, size, step] : [0, d, 1])),
  dropped: [],
});

/** One index of an axis, which is dropped. */
export const indexRegion = (shape: Shape, axis: number, index: number): Region => ({
  axes: axisRegion(shape, axis, index, 1).axes,
  dropped: [axis],
});

/** Sizes of a region. */
export const regionShape = ({ axes, dropped }: Region): Shape => {
  const sizes = axes.map((axis) => axis[1]);
  return dropped.length === 0 ? sizes : sizes.filter((_, k) => !dropped.includes(k));
};

/** Where a region of a value lies. */
export function regionLayout({ shape, strides, offset }: Layout, region: Region): Layout {
  const own = strides ?? rowMajor(shape);
  const part = regionShape(region);
  const kept: number[] = [];
  let first = offset;
  for (let k = 0; k < shape.length; k++) {
    const axis = region.axes[k];
    first += axis[0] * own[k];
    if (!region.dropped.includes(k)) kept.push(axis[2] * own[k]);
  }
  return { shape: part, strides: normalizeStrides(part, kept), offset: part.includes(0) ? offset : first };
}

/** The same region of every example of a batch of `n`. */
export const batchRegion = ({ axes, dropped }: Region, n: number): Region => ({
  axes: [[0, n, 1], ...axes],
  dropped: dropped.map((k) => k + 1),
});

/** A region as in a slice: `[0:2, 5:0:-1]`. */
export const showRegion = ({ axes, dropped }: Region): string =>
  `[${axes
    .map(([start, size, step], k) => {
      if (dropped.includes(k)) return String(start);
      return `${start}:${start + size * step}${step === 1 ? "" : `:${step}`}`;
    })
    .join(", ")}]`;
