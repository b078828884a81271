import { normalizeStrides, rowMajor, type Shape } from "../base/shape.js";
import type { Layout } from "../kernel/lowering.js";

/** Part of a tensor: of each axis `sizes[k]` indices, from `starts[k]` in steps of `steps[k]`; the axes in `dropped`, of one index each, are left out. */
export interface Region {
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
  readonly steps: readonly number[];
  readonly dropped: readonly number[];
}

/** All of a tensor, but for one axis. */
export function axisRegion(shape: Shape, axis: number, start: number, size: number, step = 1): Region {
  return {
    starts: shape.map((_, k) => (k === axis ? start : 0)),
    sizes: shape.map((d, k) => (k === axis ? size : d)),
    steps: shape.map((_, k) => (k === axis ? step : 1)),
    dropped: [],
  };
}

/** One index of an axis, which is dropped. */
export const indexRegion = (shape: Shape, axis: number, index: number): Region => ({
  ...axisRegion(shape, axis, index, 1),
  dropped: [axis],
});

/** Sizes of a region. */
export const regionShape = ({ sizes, dropped }: Region): Shape =>
  dropped.length === 0 ? sizes : sizes.filter((_, k) => !dropped.includes(k));

/** Where a region of a value lies. */
export function regionLayout({ shape, strides, offset }: Layout, region: Region): Layout {
  const { starts, steps, dropped } = region;
  const own = strides ?? rowMajor(shape);
  const kept: number[] = [];
  let first = offset;
  for (let k = 0; k < shape.length; k++) {
    first += starts[k] * own[k];
    if (!dropped.includes(k)) kept.push(steps[k] * own[k]);
  }
  const part = regionShape(region);
  return { shape: part, strides: normalizeStrides(part, kept), offset: part.includes(0) ? offset : first };
}

/** The same region of every example of a batch of `n`. */
export const batchRegion = ({ starts, sizes, steps, dropped }: Region, n: number): Region => ({
  starts: [0, ...starts],
  sizes: [n, ...sizes],
  steps: [1, ...steps],
  dropped: dropped.map((k) => k + 1),
});

/** A region as in a slice: `[0:2, 5:0:-1]`. */
export const showRegion = ({ starts, sizes, steps, dropped }: Region): string =>
  `[${starts
    .map((start, k) => {
      if (dropped.includes(k)) return String(start);
      return `${start}:${start + sizes[k] * steps[k]}${steps[k] === 1 ? "" : `:${steps[k]}`}`;
    })
    .join(", ")}]`;
