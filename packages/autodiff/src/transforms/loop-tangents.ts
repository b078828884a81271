import { zerosOf } from "../ops/fill.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Maybe } from "../trace/op.js";
import { filterByMask, nonNull, placeByMask } from "./lists.js";
import { type LoopBody, type LoopLayout, settleActive, withTangents } from "./loop-operands.js";
import { hiddenValues, type JvpGraph, jvpGraphSplit, jvpGraphWith } from "./split.js";

/** A body that carries values and tangents together. */
export interface JointLoop extends LoopBody {
  readonly joint: JvpGraph;
  /** Which operands of the loop have tangents, once the carries are settled. */
  readonly mask: readonly boolean[];
}

/** The forward derivative of a loop, with respect to the operands marked in `given`, as a loop. */
export function jointLoop(loop: LoopBody, given: readonly boolean[]): JointLoop {
  const { body, constants, carries } = loop;
  const mask = settleActive(loop, given);
  const joint = jvpGraphWith(body, mask, mask.slice(constants, constants + carries));
  const { inputs, outputs, nodes } = joint.graph;
  const count = body.inputs.length;
  const tangents = placeByMask(mask, inputs, count);
  const hidden = inputs.slice(count + nonNull(tangents).length);
  const [values, made] = jvpGraphSplit(joint, outputs);
  return {
    joint,
    mask,
    body: {
      nodes,
      inputs: [...hidden, ...withTangents(loop, inputs.slice(0, count), tangents)],
      outputs: withTangents({ constants: 0, carries }, values, made),
    },
    constants: hidden.length + constants + filterByMask(mask.slice(0, constants), mask).length,
    carries: carries + nonNull(made.slice(0, carries)).length,
  };
}

/** The operands of a joint loop: a carry that is active only from the second step on starts with a tangent of zeros. */
export const jointOperands = (
  layout: LoopLayout,
  { joint, mask }: JointLoop,
  inputs: readonly Tensor[],
  tangents: readonly Maybe<Tensor>[],
): Tensor[] => {
  const full = inputs.map((t, i) => (mask[i] ? (tangents[i] ?? zerosOf(t)) : null));
  return [...hiddenValues(joint), ...withTangents(layout, inputs, full)];
};

/** Outputs and tangents of a joint loop: it puts out [carries, their tangents, ys, their tangents]. */
export function jointResults(
  { carries }: LoopLayout,
  { joint, carries: allCarries }: JointLoop,
  made: readonly Tensor[],
): readonly [outputs: Tensor[], tangents: Maybe<Tensor>[]] {
  const ys = made.slice(allCarries);
  const count = joint.has.length - carries;
  return [
    [...made.slice(0, carries), ...ys.slice(0, count)],
    placeByMask(joint.has, [...made.slice(carries, allCarries), ...ys.slice(count)]),
  ];
}
