import { evaluate, type Step } from "../../trace/evaluate.js";
import { barrier } from "../../trace/identity.js";
import type { Graph } from "../../trace/op.js";
import { reapply, rewriteGraph, structureOf } from "../rewrite.js";

/** Replaces calls, checkpoints and custom derivatives by their bodies. A checkpoint's inputs pass a barrier, so that sharing equal nodes does not undo it. */
export function inlineCalls(graph: Graph): Graph {
  const visit: Step = (node, inputs) => {
    const structure = structureOf(node);
    if (structure?.kind !== "inline") return reapply(node, inputs);
    return evaluate(structure.graph, structure.barrier ? inputs.map(barrier) : inputs, visit);
  };
  return rewriteGraph(graph, visit);
}
