import { isFloatDType } from "../base/dtype.js";
import { InternalError } from "../base/errors.js";
import { batchedUp } from "../ops/batching.js";
import { where } from "../ops/comparison.js";
import { zerosOf } from "../ops/fill.js";
import { reshaped } from "../ops/shape.js";
import { renamed, type Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { evaluate, interpret } from "../trace/evaluate.js";
import type { Graph, Maybe, Op, Prepared } from "../trace/op.js";
import { batchGraph, closeBatched } from "./batch-graph.js";
import { close, hiddenInputValues, memo } from "./close.js";
import { nonNull } from "./lists.js";
import {
  type Backward,
  hiddenValues,
  jvpGraphWith,
  type Residual,
  residualValues,
  splitOf,
} from "./split.js";

/** Two graphs over the same inputs, with outputs of the same shapes and dtypes. */
export interface CondAttributes {
  readonly whenTrue: Graph;
  readonly whenFalse: Graph;
}

/** One of two graphs, by a bool scalar (input 0). */
export const condOp: Op<CondAttributes> = {
  name: "cond",
  infer: (_inputs, { whenTrue }) => whenTrue.outputs,
  forward: ([predicate, ...inputs], { whenTrue, whenFalse }) =>
    interpret(predicate.item() !== 0 ? whenTrue : whenFalse, inputs).map(renamed),
  structure: ({ whenTrue, whenFalse }) => ({ kind: "branch", whenTrue: whenTrue, whenFalse: whenFalse }),
  prepare: (attributes, active) => prepareCond(attributes, active),
  pullback: () => {
    throw new InternalError("cond is prepared before it is recorded");
  },
  joint(inputs, attributes, tangents) {
    const [predicate, ...values] = inputs;
    const given = tangents.slice(1);
    const { joined, hidden, has } = jointCondOf(
      attributes,
      given.map((t) => t !== null),
    );
    const made = apply(
      condOp,
      [predicate, ...values, ...nonNull(given), ...hidden.flatMap(hiddenValues)],
      joined,
    );
    let next = has.length;
    return [made.slice(0, next), has.map((h) => (h ? made[next++] : null))];
  },
  pushforward({ inputs, attributes }, tangents) {
    const pushed = condOp.joint?.(inputs, attributes as CondAttributes, tangents);
    if (pushed === undefined) throw new InternalError("cond has a joint derivative");
    return pushed[1];
  },
  batch([predicate, ...inputs], [choice, ...batched], { whenTrue, whenFalse }, n) {
    if (choice) {
      // Examples choose differently: both graphs run, and each example takes its own.
      const sides = [whenTrue, whenFalse].map((graph) => batchGraph(graph, inputs, batched, n));
      const [a, b] = sides.map(([outputs, flags]) => outputs.map((t, i) => batchedUp(t, flags[i], n)));
      const chosen = a.map((t, i) =>
        where(reshaped(predicate, [n, ...t.shape.slice(1).map(() => 1)]), t, b[i]),
      );
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

/** Two graphs that share their first inputs: each gets the other's further ones as well, unused. */
export function pair(whenTrue: Graph, whenFalse: Graph, shared: number): CondAttributes {
  const further = [...whenTrue.inputs.slice(shared), ...whenFalse.inputs.slice(shared)];
  const widen = (graph: Graph): Graph => ({
    ...graph,
    inputs: [...graph.inputs.slice(0, shared), ...further],
  });
  return { whenTrue: widen(whenTrue), whenFalse: widen(whenFalse) };
}

const prepareCond: (attributes: CondAttributes, active: readonly boolean[]) => Prepared<CondAttributes> =
  memo(({ whenTrue, whenFalse }, active) => {
    const splits = [whenTrue, whenFalse].map((graph) => splitOf(graph, active.slice(1)));
    const count = whenTrue.outputs.length;
    const extras = splits.map((s) => s.forward.outputs.slice(count));
    // Each side puts out zeros in place of the other side's residuals.
    const sides = splits.map(
      ({ forward }, side) =>
        close((inputs) => {
          const made = evaluate(forward, inputs);
          const parts = extras.map((list, k) => (k === side ? made.slice(count) : list.map(zerosOf)));
          return [...made.slice(0, count), ...parts.flat()];
        }, forward.inputs).graph,
    );
    const offsets = [0, extras[0].length];
    const moved =
      (side: number) =>
      (r: Residual): Residual => {
        if (r.kind === "input") return { ...r, index: r.index + 1 };
        return r.index < count ? r : { ...r, index: r.index + offsets[side] };
      };
    const differentiable = splits[0].differentiable.map((d, i) => d || splits[1].differentiable[i]);
    const backOf = memo((_: object, given: readonly boolean[]) => {
      const backs = splits.map((s) => s.back(given));
      return {
        backs,
        ...backwardPair(
          backs,
          splits.map((s) => s.differentiable),
          given,
          whenTrue,
        ),
      };
    });
    const residuals = splits.flatMap((s, side) => s.residuals.map(moved(side)));
    const holds = (kind: Residual["kind"], index: number): boolean =>
      residuals.some((r) => r.kind === kind && r.index === index);
    return {
      attributes: { whenTrue: sides[0], whenFalse: sides[1] },
      reads: {
        inputs: active.map((_, i) => i === 0 || holds("input", i)),
        outputs: sides[0].outputs.map((_, i) => holds("output", i)),
      },
      pullback(node, cotangents) {
        const given = differentiable.map((d, i) => d && (cotangents[i] ?? null) !== null);
        const { backs, attributes, gradients } = backOf(splits, given);
        const values = (back: Backward, side: number): Tensor[] => [
          ...residualValues(back.residuals.map(moved(side)), node),
          ...hiddenInputValues(back),
        ];
        const all = [...nonNull(given.map((g, i) => (g ? cotangents[i] : null))), ...backs.flatMap(values)];
        const made = apply(condOp, [node.inputs[0], ...all], attributes);
        let next = 0;
        return [null, ...gradients.map((has) => (has ? made[next++] : null))];
      },
    };
  });

/** The two ways back over [cotangents, inputs of the first, inputs of the second]; zeros where only the other side has a gradient. */
function backwardPair(
  backs: readonly Backward[],
  differentiable: readonly (readonly boolean[])[],
  given: readonly boolean[],
  { inputs, outputs }: Graph,
): { readonly attributes: CondAttributes; readonly gradients: readonly boolean[] } {
  const gradients = backs[0].gradients.map((has, i) => has || backs[1].gradients[i]);
  const cotangents = outputs.filter((_, i) => given[i]);
  const own = backs.map(({ graph }, side) =>
    graph.inputs.slice(given.filter((g, i) => g && differentiable[side][i]).length),
  );
  const graphs = backs.map(
    (back, side) =>
      close(
        (all) => {
          let next = 0;
          const mine = given.flatMap((g, i) => {
            const t = g ? [all[next++]] : [];
            return differentiable[side][i] ? t : [];
          });
          const start = next + (side === 0 ? 0 : own[0].length);
          const made = evaluate(back.graph, [...mine, ...all.slice(start, start + own[side].length)]);
          let k = 0;
          const found: Maybe<Tensor>[] = back.gradients.map((has) => (has ? made[k++] : null));
          return gradients.flatMap((has, i) => (has ? [found[i] ?? zerosOf(inputs[i])] : []));
        },
        [...cotangents, ...own.flat()],
      ).graph,
  );
  return { attributes: { whenTrue: graphs[0], whenFalse: graphs[1] }, gradients };
}

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
