import { isFloatDType } from "../base/dtype.js";
import { InternalError } from "../base/errors.js";
import { batchedUp } from "../ops/batching.js";
import { renamed } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { interpret } from "../trace/evaluate.js";
import type { Op } from "../trace/op.js";
import { batchGraph, chooseByExample, closeBatched } from "./batch-graph.js";
import { type CondAttributes, pair } from "./branch-operands.js";
import { memo } from "./close.js";
import { prepareCond } from "./cond-backward.js";
import { nonNull, placeByMask, presence } from "./lists.js";
import { hiddenValues, jvpGraphPush, jvpGraphWith, preparedAs } from "./split.js";

/** One of two graphs, by a bool scalar (input 0). */
export const condOp: Op<CondAttributes> = {
  name: "cond",
  infer: (_inputs, { whenTrue }) => whenTrue.outputs,
  forward: ([predicate, ...inputs], { whenTrue, whenFalse }) =>
    interpret(predicate.item() !== 0 ? whenTrue : whenFalse, inputs).map(renamed),
  structure: ({ whenTrue, whenFalse }) => ({ kind: "branch", whenTrue, whenFalse }),
  prepare: (attributes, active) => preparedAs(condOp, prepareCond(attributes, active)),
  pullback: () => {
    throw new InternalError("cond is prepared before it is recorded");
  },
  joint(inputs, attributes, tangents) {
    const [predicate, ...values] = inputs;
    const given = tangents.slice(1);
    const { joined, hidden, has } = jointCondOf(attributes, presence(given));
    const made = apply(
      condOp,
      [predicate, ...values, ...nonNull(given), ...hidden.flatMap(hiddenValues)],
      joined,
    );
    return [made.slice(0, has.length), placeByMask(has, made, has.length)];
  },
  pushforward: (node, tangents) => jvpGraphPush(condOp, node, tangents),
  batch([predicate, ...inputs], [choice, ...batched], { whenTrue, whenFalse }, n) {
    if (choice) {
      // Examples choose differently: both graphs run, and each example takes its own.
      const sides = [whenTrue, whenFalse].map((graph) => batchGraph(graph, inputs, batched, n));
      const [a, b] = sides.map(([outputs, flags]) => outputs.map((t, i) => batchedUp(t, flags[i], n)));
      const chosen = a.map((t, i) => chooseByExample(predicate, t, b[i]));
      return [chosen, chosen.map(() => true)];
    }
    const flags = [whenTrue, whenFalse].map((graph) => closeBatched(graph, batched, n).batched);
    const dense = flags[0].map((flag, i) => flag || flags[1][i]);
    const [a, b] = [whenTrue, whenFalse].map((graph) => closeBatched(graph, batched, n, dense));
    const made = apply(
      condOp,
      [predicate, ...inputs, ...hiddenValues(a), ...hiddenValues(b)],
      pair(a.graph, b.graph, inputs.length),
    );
    return [made, dense];
  },
};

interface JointCond {
  readonly joined: CondAttributes;
  readonly hidden: readonly ReturnType<typeof jvpGraphWith>[];
  readonly has: readonly boolean[];
}
const jointCondOf: (attributes: CondAttributes, mask: readonly boolean[]) => JointCond = memo(
  (attributes, mask) => {
    const { whenTrue, whenFalse } = attributes;
    const dense = whenTrue.outputs.map((t) => isFloatDType(t.dtype));
    const hidden = [whenTrue, whenFalse].map((graph) => jvpGraphWith(graph, mask, dense));
    const shared = mask.length + mask.filter(Boolean).length;
    return { joined: pair(hidden[0].graph, hidden[1].graph, shared), hidden, has: hidden[0].has };
  },
);
