import type { Tensor } from "../tensor/tensor.js";
import { apply, executeOp } from "./apply.js";
import type { Graph, Node } from "./op.js";

/** Does with one node, given tensors in place of its inputs. */
export type Step = (node: Node, inputs: readonly Tensor[]) => readonly Tensor[];

const throughTheDoor: Step = (node, inputs) => apply(node.op, inputs, node.attributes);
const atOnce: Step = ({ op, attributes }, inputs) =>
  executeOp(op, inputs, attributes, op.infer(inputs, attributes));

/** Walks a graph: each node through the door, where tapes and traces see it, or as `step` says. */
export function evaluate(graph: Graph, inputs: readonly Tensor[], step: Step = throughTheDoor): Tensor[] {
  const env = new Map<number, Tensor>();
  graph.inputs.forEach((t, i) => {
    env.set(t.id, inputs[i]);
  });
  return evaluateIn(env, graph, step);
}

/** The same where symbols are already bound by id. */
export function evaluateIn(env: Map<number, Tensor>, graph: Graph, step: Step = throughTheDoor): Tensor[] {
  // Graphs are closed and in order: every symbol is bound before it is read.
  const bound = (t: Tensor): Tensor => env.get(t.id) as Tensor;
  for (const node of graph.nodes) {
    const made = step(node, node.inputs.map(bound));
    // A tape on the way may have added residuals behind the node's own outputs.
    for (let i = 0; i < node.outputs.length; i++) env.set(node.outputs[i].id, made[i]);
  }
  return graph.outputs.map(bound);
}

/** Runs a graph now on tensors with values: kernels only, outside of all tapes. */
export const interpret = (graph: Graph, inputs: readonly Tensor[]): Tensor[] =>
  evaluate(graph, inputs, atOnce);
