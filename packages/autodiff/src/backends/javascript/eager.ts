import type { DType } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import { rowMajor, sizeOf, type Shape } from "../../base/shape.js";
import type { Lowering, Spec } from "../../kernel/lowering.js";
import { allocate, contiguousArray, copyStrided, fromArray, Tensor } from "../../tensor/tensor.js";
import type { EagerBackend } from "../eager.js";
import { mapTensors } from "./eager-map.js";
import { matmulLoops } from "./eager-matmul.js";
import { reduceTensor } from "./eager-reduce.js";
import { argExtreme, argSort, cumulativeSum, gather, randomBits, scatterAdd, type Elements } from "./routines.js";

type Of<K extends Lowering["kind"]> = Extract<Lowering, { kind: K }>;
/** One entry per kind of lowering: the table is complete or does not compile. */
export type EagerTable = {
  readonly [K in Lowering["kind"]]: (
    lowering: Of<K>,
    inputs: readonly Tensor[],
    outputs: readonly Spec[],
  ) => readonly Tensor[];
};

/** A row-major tensor with the same elements: the tensor itself if it is one. */
export const rowMajorTensor = (t: Tensor): Tensor =>
  t.strides === null ? t : fromArray(contiguousArray(t), t.shape, t.dtype);

const filled = (shape: Shape, dtype: DType, value: number): Tensor => {
  const out = allocate(shape, dtype);
  // Fresh storage holds 0, which is not −0.
  if (!Object.is(value, 0)) out.storage!.fill(value, out.offset, out.offset + out.size);
  return out;
};

/** The plain, exact implementation of every kind of lowering on tensors in the garbage collector's memory. */
export const javascriptTable: EagerTable = {
  map: (lowering, inputs, [out]) => [mapTensors(lowering.expression, inputs, out)],
  view: (lowering, [input], outputs) => {
    let source = input;
    let layouts = lowering.layouts(source);
    if (layouts === null) {
      source = rowMajorTensor(source);
      layouts = lowering.layouts(source);
    }
    if (layouts === null) throw new InternalError("a view of row-major storage was refused");
    return layouts.map((l, i) => new Tensor(l.shape, outputs[i].dtype, l.strides, source.storage, l.offset, null));
  },
  fill: (lowering, _inputs, [out]) => [filled(out.shape, out.dtype, lowering.value)],
  iota: ({ start, step }, _inputs, [spec]) => {
    const out = allocate(spec.shape, spec.dtype);
    const n = out.size;
    for (let i = 0; i < n; i++) out.storage![out.offset + i] = start + i * step;
    return [out];
  },
  reduce: ({ combine, axes }, [input], [out]) => [reduceTensor(combine, input, axes, out.shape)],
  argExtreme: ({ largest }, [input], [spec]) => {
    const { out, rows, n } = rowsOf(input, spec);
    const from = contiguousArray(input);
    for (let i = 0; i < rows; i++) out.storage![out.offset + i] = argExtreme(n, from, i * n, 1, largest);
    return [out];
  },
  gemm: ({ onto }, [a, b], [out]) => {
    if (onto !== undefined) throw new InternalError("only compiled programs add onto products");
    return [matmulLoops(a, b, out)];
  },
  place: ({ regions, fill }, inputs, [spec]) => {
    const out = filled(spec.shape, spec.dtype, fill);
    for (let i = 0; i < inputs.length; i++) {
      const { storage, offset, strides, shape } = inputs[i];
      const to = regions[i];
      const toStrides = to.strides ?? rowMajor(shape);
      if (strides === null && to.strides === null) {
        const n = sizeOf(shape);
        if (n < 32) for (let j = 0; j < n; j++) out.storage![out.offset + to.offset + j] = storage![offset + j];
        else out.storage!.set(storage!.subarray(offset, offset + n), out.offset + to.offset);
      } else {
        copyStrided(shape, storage!, offset, strides ?? rowMajor(shape), out.storage!, out.offset + to.offset, toStrides);
      }
    }
    return [out];
  },
  gather: (_lowering, [x, index], [spec]) => {
    const out = allocate(spec.shape, spec.dtype);
    const [batch, count, row] = spec.shape;
    gather([batch, count, row], elements(out), elements(x), elements(index));
    return [out];
  },
  scatterAdd: (_lowering, [x, index], [spec]) => {
    const out = allocate(spec.shape, spec.dtype);
    const [batch, count, row] = x.shape;
    scatterAdd([batch, count, row], elements(out), elements(index), elements(x));
    return [out];
  },
  cumulative: ({ reverse }, [input], [spec]) => {
    const { out, rows, n } = rowsOf(input, spec);
    const from = contiguousArray(input);
    for (let i = 0; i < rows; i++) cumulativeSum(n, out.storage!, out.offset + i * n, from, i * n, 1, reverse);
    return [out];
  },
  argSort: ({ descending }, [input], [spec]) => {
    const { out, rows, n } = rowsOf(input, spec);
    const from = contiguousArray(input);
    for (let i = 0; i < rows; i++) argSort(n, out.storage!, out.offset + i * n, from, i * n, 1, descending);
    return [out];
  },
  randomBits: (_lowering, [state], [spec]) => {
    const out = allocate(spec.shape, spec.dtype);
    randomBits(out.size, out.storage!, out.offset, contiguousArray(state), 0);
    return [out];
  },
};

const elements = (t: Tensor): Elements => ({
  data: t.storage!,
  offset: t.offset,
  strides: t.strides ?? rowMajor(t.shape),
});

function rowsOf(input: Tensor, spec: Spec): { out: Tensor; rows: number; n: number } {
  const n = input.shape[input.shape.length - 1];
  return { out: allocate(spec.shape, spec.dtype), rows: n === 0 ? 0 : input.size / n, n };
}

/** An eager backend that looks each lowering up in a table. */
export const tableBackend = (name: string, table: EagerTable): EagerBackend => ({
  name,
  execute(lowering, inputs, outputs) {
    // Each entry takes its own kind of lowering, which the key guarantees.
    const routine = table[lowering.kind] as (l: Lowering, i: readonly Tensor[], o: readonly Spec[]) => readonly Tensor[];
    return routine(lowering, inputs, outputs);
  },
});

export const javascriptEager: EagerBackend = tableBackend("javascript", javascriptTable);
