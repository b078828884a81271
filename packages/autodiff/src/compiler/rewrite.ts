import { InternalError } from "../base/errors.js";
import type { Expression } from "../kernel/instruction.js";
import type { Lowering } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { evaluate, type Step } from "../trace/evaluate.js";
import type { Graph, Node, Structure } from "../trace/op.js";
import { live, traceFlat } from "../trace/trace.js";

/** Whether an attribute is the body of a loop, a branch or a call. */
export const isGraph = (value: unknown): value is Graph =>
  typeof value === "object" && value !== null && "nodes" in value && "outputs" in value;

/** The same node again. */
export const reapply: Step = (node, inputs) => apply(node.op, inputs, node.attributes);

/** Walks a graph and builds another: each node is visited once, in order; what nobody needs is dropped. */
export function rewriteGraph(graph: Graph, visit: Step): Graph {
  const { trace, inputs, outputs } = traceFlat((all) => evaluate(graph, all, visit), graph.inputs);
  if (trace.captures.size > 0) throw new InternalError("a pass reached outside of the graph");
  return live({ inputs, nodes: trace.nodes, outputs });
}

/** How a node is carried out; null for control flow. */
export const loweringOf = (node: Node): Lowering | null =>
  node.op.lower === undefined ? null : node.op.lower(node.inputs, node.attributes, node.outputs);

/** The control flow of a node with a body; null for plain ops. */
export const structureOf = (node: Node): Structure | null => node.op.structure?.(node.attributes) ?? null;

/** The single instruction of an expression that is one, with its operands in order. */
export function onlyInstruction(expression: Expression): string | null {
  const { nodes, results } = expression;
  const last = nodes[nodes.length - 1];
  if (results.length !== 1 || results[0] !== nodes.length - 1) return null;
  for (let i = 0; i < nodes.length - 1; i++) {
    const node = nodes[i];
    if (node.kind !== "read" || node.index !== i) return null;
  }
  switch (last.kind) {
    case "unary":
      return last.a === 0 ? last.name : null;
    case "binary":
    case "compare":
      return last.a === 0 && last.b === 1 ? last.name : null;
    default:
      return null;
  }
}

/** How often each value is used, outputs included. */
export function countUses(graph: Graph): Map<number, number> {
  const uses = new Map<number, number>();
  const use = (t: Tensor): void => {
    uses.set(t.id, (uses.get(t.id) ?? 0) + 1);
  };
  for (const node of graph.nodes) node.inputs.forEach(use);
  graph.outputs.forEach(use);
  return uses;
}

/** The node that makes each value. */
export function producers(graph: Graph): Map<number, Node> {
  const made = new Map<number, Node>();
  for (const node of graph.nodes) for (const t of node.outputs) made.set(t.id, node);
  return made;
}
