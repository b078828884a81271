import type { TypedArray } from "../../base/dtype.js";
import { rowMajor, type Shape } from "../../base/shape.js";
import { joinAxes } from "../../kernel/layout.js";
import { allocate, type Tensor } from "../../tensor/tensor.js";
import { type Reduction, sum } from "./reductions.js";

/** Combines over axes, which stay with size 1. Sums are taken in double precision and rounded once. */
export function reduceTensor(
  reduction: Reduction,
  input: Tensor,
  axes: readonly number[],
  shape: Shape,
): Tensor {
  const out = allocate(shape, input.dtype);
  const to = out.storage!;
  const neutral = reduction.neutral[input.dtype];
  const count = out.size;
  if (input.size === 0) {
    to.fill(neutral, out.offset, out.offset + count);
    return out;
  }
  const { fold } = reduction;
  const from = input.storage!;
  if (input.strides === null && count === 1) {
    to[out.offset] = fold(input.size, neutral, from, input.offset, 1);
    return out;
  }
  const strides = input.strides ?? rowMajor(input.sizes);
  const kept: number[] = [];
  const gone: number[] = [];
  for (let k = 0; k < input.sizes.length; k++) (axes.includes(k) ? gone : kept).push(k);
  const outer = joinAxes(
    kept.map((k) => input.sizes[k]),
    [kept.map((k) => strides[k])],
  );
  const inner = joinAxes(
    gone.map((k) => input.sizes[k]),
    [gone.map((k) => strides[k])],
  );
  const starts = offsets(outer.sizes, outer.strides[0], input.offset);
  const last = inner.sizes.length - 1;
  const rows = offsets(inner.sizes.slice(0, -1), inner.strides[0].slice(0, -1), 0);
  const n = inner.sizes[last] ?? 1;
  const step = inner.strides[0][last] ?? 0;
  const innerOfOuter = outer.strides[0][outer.sizes.length - 1];
  if (reduction === sum && innerOfOuter === 1 && step !== 1 && count > 8) {
    sumRows(starts, rows, from, n, step, to, out.offset);
    return out;
  }
  for (let i = 0; i < count; i++) {
    let sofar = neutral;
    for (let r = 0; r < rows.length; r++) sofar = fold(n, sofar, from, starts[i] + rows[r], step);
    to[out.offset + i] = sofar;
  }
  return out;
}

/** Sums over an outer axis: whole rows are added to a row of accumulators, so that memory is read in order. */
function sumRows(
  starts: Float64Array,
  rows: Float64Array,
  from: TypedArray,
  n: number,
  step: number,
  to: TypedArray,
  offset: number,
): void {
  const sums = new Float64Array(starts.length);
  for (let r = 0; r < rows.length; r++) {
    for (let k = 0; k < n; k++) {
      const row = rows[r] + k * step;
      for (let i = 0; i < sums.length; i++) sums[i] += from[starts[i] + row];
    }
  }
  for (let i = 0; i < sums.length; i++) to[offset + i] = sums[i];
}

/** The offsets of all indices of a strided space, in row-major order. */
function offsets(sizes: readonly number[], strides: readonly number[], from: number): Float64Array {
  let out = Float64Array.of(from);
  for (let k = 0; k < sizes.length; k++) {
    const next = new Float64Array(out.length * sizes[k]);
    for (let i = 0, q = 0; i < out.length; i++)
      for (let j = 0; j < sizes[k]; j++) next[q++] = out[i] + j * strides[k];
    out = next;
  }
  return out;
}
