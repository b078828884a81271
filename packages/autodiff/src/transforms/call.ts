import { InternalError } from "../base/errors.js";
import { renamed, type Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import type { Graph, Op, Prepared, Pullback } from "../trace/op.js";
import { batchedOf } from "./batch-graph.js";
import { nonNull, placeByMask, presence } from "./lists.js";
import {
  hiddenValues,
  jvpGraph,
  jvpGraphPush,
  jvpGraphSplit,
  readsOfResiduals,
  residualValues,
  type Split,
  splitOf,
} from "./split.js";

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
  anywhere: true,
  infer: (_inputs, { graph }) => graph.outputs,
  // New names, never an input or one another: tapes go by identity.
  forward: (inputs, { graph, runner }) => runner.run(graph, inputs).map(renamed),
  structure: ({ graph }) => ({ kind: "inline", graph, barrier: false }),
  prepare: (attributes, active) => prepareCall(callOp, attributes, splitOf(attributes.graph, active)),
  pullback: () => {
    throw new InternalError("call is prepared before it is recorded");
  },
  joint(inputs, attributes, tangents) {
    const joint = jvpGraph(attributes.graph, presence(tangents));
    const all = [...inputs, ...nonNull(tangents), ...hiddenValues(joint)];
    return jvpGraphSplit(joint, apply(callOp, all, { ...attributes, graph: joint.graph }));
  },
  pushforward: (node, tangents) => jvpGraphPush(callOp, node, tangents),
  batch(inputs, batched, attributes, n) {
    const { graph, batched: flags, ...closed } = batchedOf(attributes.graph, [n, ...batched]);
    const hidden = hiddenValues(closed);
    return [apply(callOp, [...inputs, ...hidden], { ...attributes, graph }), flags];
  },
};

function prepareCall(
  op: Op<CallAttributes>,
  attributes: CallAttributes,
  split: Split,
): Prepared<CallAttributes> {
  const pullback: Pullback = (node, cotangents) => {
    const back = split.back(split.differentiable.map((_, i) => (cotangents[i] ?? null) !== null));
    const given = split.differentiable.flatMap((d, i) => (d ? nonNull([cotangents[i] ?? null]) : []));
    const all = [...given, ...residualValues(back.residuals, node), ...hiddenValues(back)];
    const made = apply(op, all, { ...attributes, graph: back.graph });
    return placeByMask(back.gradients, made);
  };
  return { attributes: { ...attributes, graph: split.forward }, pullback, reads: readsOfResiduals(split) };
}
