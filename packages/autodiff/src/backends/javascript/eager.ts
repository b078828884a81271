import type { DType } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import type { Shape } from "../../base/shape.js";
import type { Lowering, Spec } from "../../kernel/lowering.js";
import { allocate, contiguousArray, fromArray, Tensor } from "../../tensor/tensor.js";
import type { EagerBackend } from "../eager.js";
import { mapTensors } from "./eager-map.js";
import { reduceTensor } from "./eager-reduce.js";

/** A lowering of one kind. */
export type Of<K extends Lowering["kind"]> = Extract<Lowering, { kind: K }>;
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

/** A tensor of one value. */
export const filled = (shape: Shape, dtype: DType, value: number): Tensor => {
  const out = allocate(shape, dtype);
  // Fresh storage holds 0, which is not −0.
  if (!Object.is(value, 0)) out.storage!.fill(value, out.offset, out.offset + out.size);
  return out;
};

type Core = "map" | "view" | "fill" | "reduce";

/** What every derivative needs. The other kinds are routines: here each op brings its own along, so that a bundle holds only those of its ops. */
export const coreTable: Pick<EagerTable, Core> = {
  map: (lowering, inputs, [out]) => [mapTensors(lowering.expression, inputs, out)],
  view: (lowering, [input], outputs) => {
    let source = input;
    let layouts = lowering.layouts(source);
    if (layouts === null) {
      source = rowMajorTensor(source);
      layouts = lowering.layouts(source);
    }
    if (layouts === null) throw new InternalError("a view of row-major storage was refused");
    return layouts.map(
      (l, i) => new Tensor(l.shape, outputs[i].dtype, l.strides, source.storage, l.offset, null),
    );
  },
  fill: (lowering, _inputs, [out]) => [filled(out.shape, out.dtype, lowering.value)],
  reduce: ({ combine, axes }, [input], [out]) => [reduceTensor(combine, input, axes, out.shape)],
};

type General = (lowering: Lowering, inputs: readonly Tensor[], outputs: readonly Spec[]) => readonly Tensor[];

const isCore = (kind: Lowering["kind"]): kind is Core => Object.hasOwn(coreTable, kind);

/** The plain, exact eager backend on tensors in the garbage collector's memory. */
export const javascriptEager: EagerBackend = {
  name: "javascript",
  execute(lowering, inputs, outputs, routine) {
    const { kind } = lowering;
    // Each entry takes its own kind of lowering, which the key guarantees.
    const run = isCore(kind) ? (coreTable[kind] as General) : routine;
    if (run === undefined) throw new InternalError(`no op brought the routine ${kind} along`);
    return run(lowering, inputs, outputs);
  },
};
