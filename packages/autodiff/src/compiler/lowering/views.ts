import type { DType } from "../../base/dtype.js";
import { normalizeStrides, rowMajor, type Shape } from "../../base/shape.js";
import { partOf, stridesOf } from "../../kernel/layout.js";
import type { Layout } from "../../kernel/lowering.js";
import type { Access, Buffer } from "../../kernel/program.js";

/** Where the elements of a value lie in the program's memory, while the counters of the enclosing loops have their values. */
export interface View {
  readonly buffer: Buffer;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
  /** What each enclosing loop's counter adds, outermost first. */
  readonly steps: readonly number[];
}

/** A whole buffer, row by row. */
export const wholeView = (buffer: Buffer, shape: Shape): View => ({
  buffer,
  dtype: buffer.dtype,
  shape,
  strides: rowMajor(shape),
  offset: 0,
  steps: [],
});

/** Part of a view: `layout` is in terms of its row-major elements; null if no strides say where they lie. */
export function regionOf(view: View, layout: Layout): View | null {
  const part = partOf(view, layout);
  return part === null ? null : viewAt(view, part);
}

const viewAt = (view: View, layout: Layout): View => ({
  ...view,
  shape: layout.shape,
  strides: stridesOf(layout),
  offset: layout.offset,
});

/** The views that a view op makes of one; null asks for a copy of its input. */
export function viewsThrough(
  view: View,
  layouts: (input: Layout) => readonly Layout[] | null,
): readonly View[] | null {
  const strides = normalizeStrides(view.shape, view.strides);
  const out = layouts({ shape: view.shape, strides, offset: view.offset });
  if (out === null) return null;
  return out.map((layout) => viewAt(view, layout));
}

/** The access of a view with the given strides. */
export const accessOf = (view: View, strides: readonly number[]): Access => ({
  buffer: view.buffer,
  offset: view.offset,
  strides,
  steps: view.steps,
});

/** A shape without its axes of size 1. */
export const squeezed = (shape: Shape): number[] => shape.filter((d) => d !== 1);

/** Entries of the axes of `shape` that are not of size 1. */
export const squeezeBy = (entries: readonly number[], shape: Shape): number[] =>
  entries.filter((_, k) => shape[k] !== 1);

/** The slice of a stacked view (time first) at the counter of the loop of the given depth. */
export function sliceAt(view: View, depth: number): View {
  const steps = Array.from({ length: depth + 1 }, (_, i) => view.steps[i] ?? 0);
  steps[depth] = view.strides[0];
  return { ...view, shape: view.shape.slice(1), strides: view.strides.slice(1), steps };
}

/** Whether the elements lie side by side, row by row. */
export const isRowMajor = (view: View): boolean => normalizeStrides(view.shape, view.strides) === null;
