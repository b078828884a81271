import type { DType } from "../../base/dtype.js";
import { normalizeStrides, rowMajor, type Shape } from "../../base/shape.js";
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

/** Part of a view whose elements lie side by side: `layout` is in terms of its row-major elements; null if they do not lie side by side. */
export function regionOf(view: View, layout: Layout): View | null {
  const strides = layout.strides ?? rowMajor(layout.shape);
  if (normalizeStrides(view.shape, view.strides) !== null) return windowOf(view, layout, strides);
  return { ...view, shape: layout.shape, strides, offset: view.offset + layout.offset };
}

/** A window of a view that does not lie side by side, in steps along its axes; axes of size 1 may come and go. */
function windowOf(view: View, layout: Layout, strides: readonly number[]): View | null {
  const own = rowMajor(view.shape);
  const from = new Array<number>(own.length);
  let rest = layout.offset;
  let offset = view.offset;
  for (let k = 0; k < own.length; k++) {
    from[k] = Math.floor(rest / own[k]);
    rest -= from[k] * own[k];
    offset += from[k] * view.strides[k];
  }
  const seen: number[] = [];
  for (let i = 0; i < layout.shape.length; i++) {
    const reach = layout.shape[i] - 1;
    // Only one axis is long enough for steps of this size.
    const axis = own.findIndex((step, k) => {
      const last = from[k] + (reach * strides[i]) / step;
      return strides[i] % step === 0 && last >= 0 && last < view.shape[k] && view.shape[k] !== 1;
    });
    if (reach === 0) seen.push(0);
    else if (axis < 0) return null;
    else seen.push((view.strides[axis] * strides[i]) / own[axis]);
  }
  return { ...view, shape: layout.shape, strides: seen, offset };
}

/** The views that a view op makes of one; null asks for a copy of its input. */
export function viewsThrough(
  view: View,
  layouts: (input: Layout) => readonly Layout[] | null,
): readonly View[] | null {
  const strides = normalizeStrides(view.shape, view.strides);
  const out = layouts({ shape: view.shape, strides, offset: view.offset });
  if (out === null) return null;
  return out.map((l) => ({
    ...view,
    shape: l.shape,
    strides: l.strides ?? rowMajor(l.shape),
    offset: l.offset,
  }));
}

/** Strides of an operand over the axes of the index space `shape` that it broadcasts to. */
export function broadcastStrides(view: View, shape: Shape): number[] {
  const lead = shape.length - view.shape.length;
  return shape.map((_, k) => (k < lead || view.shape[k - lead] === 1 ? 0 : view.strides[k - lead]));
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
