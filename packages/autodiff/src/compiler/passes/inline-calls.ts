import { apply } from "../../trace/apply.js";
import { barrier } from "../../trace/barrier.js";
import { evaluate, type Step } from "../../trace/evaluate.js";
import type { Graph } from "../../trace/op.js";
import { live } from "../../trace/trace.js";
import { rewriteGraph, structureOf } from "../rewrite.js";

/** Replaces calls, checkpoints and custom derivatives by their bodies. A checkpoint's inputs pass a barrier, so that sharing equal nodes does not undo it. */
export function inlineCalls(graph: Graph): Graph {
  const inlined: Step = (node, inputs) => {
    const structure = structureOf(node);
    if (structure?.kind !== "inline") return apply(node.op, inputs, node.attributes);
    return evaluate(structure.graph, structure.barrier ? inputs.map(barrier) : inputs, inlined);
  };
  return rewriteGraph(live(graph), (node) =>
    structureOf(node)?.kind === "inline" ? inlined(node, node.inputs) : null,
  );
}
