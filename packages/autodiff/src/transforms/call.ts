import { InternalError } from "../base/errors.js";
import { renamed, type Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import type { Graph, Maybe, Op, Prepared, Pullback } from "../trace/op.js";
import { batchedOf } from "./batch-graph.js";
import {
  hiddenValues,
  jointOf,
  parted,
  readsOfResiduals,
  residualValues,
  type Split,
  splitOf,
} from "./split.js";
import { present } from "./sweep.js";

/** Carries out a graph at once. */
export interface Runner {
  run(graph: Graph, inputs: readonly Tensor[]): readonly Tensor[];
}

/** A graph, and what runs it; its derivatives are graphs that the same runner runs. */
export interface CallAttributes {
  readonly graph: Graph;
  readonly runner: Runner;
}

/** One application of a graph: what a compiled function is to tapes and traces. */
export const callOp: Op<CallAttributes> = {
  name: "call",
  infer: (_inputs, { graph }) => graph.outputs,
  // New names, never an input or one another: tapes go by identity.
  forward: (inputs, { graph, runner }) => runner.run(graph, inputs).map(renamed),
  structure: ({ graph }) => ({ kind: "inline", graph, barrier: false }),
  prepare: (attributes, active) => prepareCall(callOp, attributes, active, splitOf(attributes.graph, active)),
  pullback: () => {
    throw new InternalError("call is prepared before it is recorded");
  },
  joint(inputs, attributes, tangents) {
    const joint = jointOf(
      attributes.graph,
      tangents.map((t) => t !== null),
    );
    const all = [...inputs, ...present(tangents), ...hiddenValues(joint)];
    return parted(joint, apply(callOp, all, { ...attributes, graph: joint.graph }));
  },
  pushforward: ({ inputs, attributes }, tangents) =>
    pushCall(callOp, inputs, attributes as CallAttributes, tangents),
  batch(inputs, batched, attributes, n) {
    const { graph, batched: flags, ...closed } = batchedOf(attributes.graph, batched, n);
    const hidden = hiddenValues({ ...closed });
    return [apply(callOp, [...inputs, ...hidden], { ...attributes, graph }), flags];
  },
};

const pushCall = <A>(
  op: Op<A>,
  inputs: readonly Tensor[],
  attributes: A,
  tangents: readonly Maybe<Tensor>[],
): readonly Maybe<Tensor>[] => {
  if (op.joint === undefined) throw new InternalError(`${op.name} has no joint derivative`);
  return op.joint(inputs, attributes, tangents)[1];
};

function prepareCall(
  op: Op<CallAttributes>,
  attributes: CallAttributes,
  active: readonly boolean[],
  split: Split,
): Prepared<CallAttributes> {
  const pullback: Pullback = (node, cotangents) => {
    const back = split.back(split.differentiable.map((_, i) => (cotangents[i] ?? null) !== null));
    const given = split.differentiable.flatMap((d, i) => (d ? present([cotangents[i] ?? null]) : []));
    const all = [...given, ...residualValues(back.residuals, node), ...hiddenValues(back)];
    const made = apply(op, all, { ...attributes, graph: back.graph });
    let next = 0;
    return active.map((_, i) => (back.gradients[i] ? made[next++] : null));
  };
  return { attributes: { ...attributes, graph: split.forward }, pullback, reads: readsOfResiduals(split) };
}
