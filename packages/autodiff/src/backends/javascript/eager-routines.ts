import { InternalError } from "../../base/errors.js";
import { rowMajor, sizeOf } from "../../base/shape.js";
import type { Spec } from "../../kernel/lowering.js";
import { allocate, contiguousArray, copyStrided, type Tensor } from "../../tensor/tensor.js";
import { type EagerTable, filled } from "./eager.js";
import { matmulLoops } from "./eager-matmul.js";
import {
  argExtreme,
  argSort,
  cumulativeSum,
  type Elements,
  gather,
  randomBits,
  scatterAdd,
} from "./routines.js";

// One by one, so that an op can bring its own along and no other.

/** Evenly spaced numbers. */
export const eagerIota: EagerTable["iota"] = ({ start, step }, _inputs, [spec]) => {
  const out = allocate(spec.shape, spec.dtype);
  const n = out.size;
  for (let i = 0; i < n; i++) out.storage![out.offset + i] = start + i * step;
  return [out];
};

/** Positions of the extremes of rows. */
export const eagerArgExtreme: EagerTable["argExtreme"] = ({ largest }, [input], [spec]) => {
  const { out, rows, n } = rowsOf(input, spec);
  const from = contiguousArray(input);
  for (let i = 0; i < rows; i++) out.storage![out.offset + i] = argExtreme(n, from, i * n, 1, largest);
  return [out];
};

/** Products of matrices. */
export const eagerGemm: EagerTable["gemm"] = ({ onto }, [a, b], [out]) => {
  if (onto !== undefined) throw new InternalError("gemm: onto");
  return [matmulLoops(a, b, out)];
};

/** Tensors side by side. */
export const eagerPlace: EagerTable["place"] = ({ regions, fill }, inputs, [spec]) => {
  const out = filled(spec.shape, spec.dtype, fill);
  for (let i = 0; i < inputs.length; i++) {
    const { storage, offset, strides, sizes: shape } = inputs[i];
    const to = regions[i];
    const toStrides = to.strides ?? rowMajor(shape);
    if (strides === null && to.strides === null) {
      const n = sizeOf(shape);
      if (n < 32) for (let j = 0; j < n; j++) out.storage![out.offset + to.offset + j] = storage![offset + j];
      else out.storage!.set(storage!.subarray(offset, offset + n), out.offset + to.offset);
    } else {
      copyStrided(
        shape,
        storage!,
        offset,
        strides ?? rowMajor(shape),
        out.storage!,
        out.offset + to.offset,
        toStrides,
      );
    }
  }
  return [out];
};

/** Rows by their positions. */
export const eagerGather: EagerTable["gather"] = (_lowering, [x, index], [spec]) => {
  const out = allocate(spec.shape, spec.dtype);
  const [batch, count, row] = spec.shape;
  gather([batch, count, row], elements(out), elements(x), elements(index));
  return [out];
};

/** Rows added at their positions. */
export const eagerScatterAdd: EagerTable["scatterAdd"] = (_lowering, [x, index], [spec]) => {
  const out = allocate(spec.shape, spec.dtype);
  const [batch, count, row] = x.sizes;
  scatterAdd([batch, count, row], spec.shape[1], elements(out), elements(index), elements(x));
  return [out];
};

/** Running sums of rows. */
export const eagerCumulative: EagerTable["cumulative"] = ({ reverse }, [input], [spec]) => {
  const { out, rows, n } = rowsOf(input, spec);
  const from = contiguousArray(input);
  for (let i = 0; i < rows; i++) cumulativeSum(n, out.storage!, out.offset + i * n, from, i * n, 1, reverse);
  return [out];
};

/** Orders of rows. */
export const eagerArgSort: EagerTable["argSort"] = ({ descending, limit }, [input], [spec]) => {
  const { out, rows, n } = rowsOf(input, spec);
  const from = contiguousArray(input);
  for (let i = 0; i < rows; i++)
    argSort(n, out.storage!, out.offset + i * limit, from, i * n, 1, descending, limit);
  return [out];
};

/** Bits of a counter. */
export const eagerRandomBits: EagerTable["randomBits"] = (_lowering, [state], [spec]) => {
  const out = allocate(spec.shape, spec.dtype);
  randomBits(out.size, out.storage!, out.offset, contiguousArray(state), 0);
  return [out];
};

const elements = (t: Tensor): Elements => ({
  data: t.storage!,
  offset: t.offset,
  strides: t.strides ?? rowMajor(t.sizes),
});

function rowsOf(input: Tensor, spec: Spec): { out: Tensor; rows: number; n: number } {
  const n = input.sizes[input.sizes.length - 1];
  return { out: allocate(spec.shape, spec.dtype), rows: n === 0 ? 0 : input.size / n, n };
}
