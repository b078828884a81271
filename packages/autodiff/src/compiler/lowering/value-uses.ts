import type { Graph, Node } from "../../trace/op.js";
import { countUses, loweringOf, producers, structureOf } from "../rewrite.js";

/** Who makes and who reads each value of one graph, by the id of its tensor. */
export interface ValueUses {
  /** How often a value is read; being an output of the graph counts as one reading. */
  readonly counts: ReadonlyMap<number, number>;
  readonly makers: ReadonlyMap<number, Node>;
  /** The last node that reads a value, which is the only one where the count is 1; left out where only the graph's outputs do. */
  readonly readers: ReadonlyMap<number, Node>;
  /** Values that a kernel of this graph writes, and can write anywhere: neither inputs, nor views, nor one number everywhere. */
  readonly written: ReadonlySet<number>;
}

/** Analyses a graph; a value that is made and never read has no entry in `counts`. */
export function usesOf(graph: Graph): ValueUses {
  const readers = new Map<number, Node>();
  const written = new Set<number>();
  for (const node of graph.nodes) {
    for (const t of node.inputs) readers.set(t.id, node);
    if (isWritten(node)) for (const t of node.outputs) written.add(t.id);
  }
  return { counts: countUses(graph), makers: producers(graph), readers, written };
}

function isWritten(node: Node): boolean {
  if (structureOf(node) !== null) return true;
  const lowering = loweringOf(node);
  return lowering !== null && lowering.kind !== "view" && lowering.kind !== "fill";
}
