import type { DType } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import type { Shape } from "../../base/shape.js";
import { layoutOf } from "../../kernel/layout.js";
import type { Lowering, Spec } from "../../kernel/lowering.js";
import { allocate, contiguousArray, fromArray, Tensor } from "../../tensor/tensor.js";
import { mapTensors } from "./eager-map.js";
import { reduceTensor } from "./eager-reduce.js";
import type { InstructionLoops } from "./instructions.js";
import type { Reduction } from "./reductions.js";

/** A lowering of one kind. */
export type LoweringOf<K extends Lowering["kind"]> = Extract<Lowering, { kind: K }>;
/** The plain routine for each kind of lowering. */
export type EagerTable = {
  readonly [K in Lowering["kind"]]: (
    lowering: LoweringOf<K>,
    inputs: readonly Tensor[],
    outputs: readonly Spec[],
  ) => readonly Tensor[];
};

/** A row-major tensor with the same elements: the tensor itself if it is one. */
export const rowMajorTensor = (t: Tensor): Tensor =>
  t.strides === null ? t : fromArray(contiguousArray(t), t.sizes, t.dtype);

/** A tensor of one value. */
export const filled = (shape: Shape, dtype: DType, value: number): Tensor => {
  const out = allocate(shape, dtype);
  // Fresh storage holds 0, which is not −0.
  if (!Object.is(value, 0)) out.storage!.fill(value, out.offset, out.offset + out.size);
  return out;
};

/** Runs maps with the loops of their instructions. */
export const mapRoutine =
  (loops: Partial<InstructionLoops>): EagerTable["map"] =>
  ({ expression }, inputs, [out]) => [mapTensors(expression, inputs, out, loops)];

/** Counts indices from the start, with the loops of the instructions that this takes; the op has checked them. */
export const checkRoutine =
  (loops: Partial<InstructionLoops>): EagerTable["check"] =>
  ({ expression }, inputs, [out]) => [mapTensors(expression, inputs, out, loops)];

/** Runs reductions of one kind. */
export const eagerReduce =
  (reduction: Reduction): EagerTable["reduce"] =>
  ({ axes }, [input], [out]) => [reduceTensor(reduction, input, axes, out.shape)];

const view: EagerTable["view"] = (lowering, [input], outputs) => {
  let source = input;
  let layouts = lowering.layouts(layoutOf(source));
  if (layouts === null) {
    source = rowMajorTensor(source);
    layouts = lowering.layouts(layoutOf(source));
  }
  if (layouts === null) throw new InternalError("view: refused");
  return layouts.map(
    (l, i) => new Tensor(outputs[i].shape, outputs[i].dtype, l.strides, source.storage, l.offset, null),
  );
};

/** Runs a lowering on tensors in the garbage collector's memory, plainly and exactly. Each op brings its routine along, so that a bundle holds only
 * those of its ops; views and fills need none. */
export function plainEager(
  lowering: Lowering,
  inputs: readonly Tensor[],
  outputs: readonly Spec[],
  routine: ((l: Lowering, i: readonly Tensor[], o: readonly Spec[]) => readonly Tensor[]) | undefined,
): readonly Tensor[] {
  if (lowering.kind === "view") return view(lowering, inputs, outputs);
  if (lowering.kind === "fill") return [filled(outputs[0].shape, outputs[0].dtype, lowering.value)];
  if (routine === undefined) throw new InternalError(`no op brought the routine ${lowering.kind} along`);
  return routine(lowering, inputs, outputs);
}
