import type { Spec } from "../kernel/lowering.js";
import { batchedUp } from "../ops/batching.js";
import { where } from "../ops/comparison.js";
import { reshaped } from "../ops/shape.js";
import { sizesOf, type Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { evaluate } from "../trace/evaluate.js";
import type { Graph } from "../trace/op.js";
import { type ClosedGraph, close, memo } from "./close.js";

/** A spec with the batch axis in front where it is batched. */
export const batchedSpec = (like: Spec | Tensor, batched: boolean, n: number): Spec => ({
  shape: batched ? [n, ...sizesOf(like)] : sizesOf(like),
  dtype: like.dtype,
});

/** Walks a graph over batched inputs: each op's batching rule where an input is batched, the op itself elsewhere. */
export function batchGraph(
  graph: Graph,
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  n: number,
): readonly [outputs: readonly Tensor[], batched: readonly boolean[]] {
  const flags = new Map<number, boolean>();
  graph.inputs.forEach((t, i) => {
    flags.set(t.id, batched[i]);
  });
  const flag = (t: Tensor): boolean => flags.get(t.id) === true;
  const outputs = evaluate(graph, inputs, (node, values) => {
    const which = node.inputs.map(flag);
    if (!which.some(Boolean)) return apply(node.op, values, node.attributes);
    const [made, madeBatched] = node.op.batch(values, which, node.attributes, n);
    node.outputs.forEach((t, i) => {
      flags.set(t.id, madeBatched[i]);
    });
    return made;
  });
  return [outputs, graph.outputs.map(flag)];
}

/** For each example one of two tensors `[n, ...]`, by a condition `[n]`. */
export const chooseByExample = (condition: Tensor, whenTrue: Tensor, whenFalse: Tensor): Tensor =>
  where(
    reshaped(condition, [condition.sizes[0], ...whenTrue.sizes.slice(1).map(() => 1)]),
    whenTrue,
    whenFalse,
  );

/** A graph over batched inputs as a graph. Inputs: [inputs, hidden]. */
export interface BatchedGraph extends ClosedGraph {
  readonly batched: readonly boolean[];
}

/** Traces {@link batchGraph}; outputs in `dense` are batched in any case. */
export function closeBatched(
  graph: Graph,
  batched: readonly boolean[],
  n: number,
  dense: readonly boolean[] = [],
): BatchedGraph {
  let flags: readonly boolean[] = [];
  const closed = close(
    (inputs) => {
      const [outputs, made] = batchGraph(graph, inputs, batched, n);
      flags = made.map((flag, i) => flag || dense[i] === true);
      return outputs.map((t, i) => (flags[i] ? batchedUp(t, made[i], n) : t));
    },
    graph.inputs.map((t, i) => batchedSpec(t, batched[i], n)),
  );
  return { ...closed, batched: flags };
}

/** {@link closeBatched}, remembered, so that programs compiled for it are found again. */
export const batchedOf: (graph: Graph, sizes: readonly [n: number, ...batched: boolean[]]) => BatchedGraph =
  /* @__PURE__ */ memo((graph, [n, ...batched]) => closeBatched(graph, batched, n));
