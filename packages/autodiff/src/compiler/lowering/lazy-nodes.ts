import { sameShape } from "../../base/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Graph } from "../../trace/op.js";
import { loweringOf } from "../rewrite.js";
import type { ValueUses } from "./value-uses.js";
import { squeezed } from "./views.js";

/** Elementwise results that nobody stores, because their only reader computes them itself: a reduction, or an elementwise node that is left to one.
 * @param isRequested - whether a value must end up at a certain place in memory
 * @param maxDepth - nodes on the longest chain that is left to a reduction
 * @returns ids of such values, with the nodes on the longest chain that ends in each */
export function lazyNodes(
  graph: Graph,
  uses: ValueUses,
  isRequested: (t: Tensor) => boolean,
  maxDepth: number,
): ReadonlyMap<number, number> {
  const candidates = leadingToReductions(graph, uses, isRequested);
  const depths = new Map<number, number>();
  if (candidates.size === 0) return depths;
  for (const node of graph.nodes) {
    const [out] = node.outputs;
    if (out === undefined || !candidates.has(out.id)) continue;
    const depth = 1 + node.inputs.reduce((d, t) => Math.max(d, depths.get(t.id) ?? 0), 0);
    // The node that is too deep is stored, and chains begin anew behind it.
    if (depth <= maxDepth) depths.set(out.id, depth);
  }
  return depths;
}

/** Elementwise results whose only reader is a reduction, or an elementwise node over the same indices that leads to one. */
function leadingToReductions(
  graph: Graph,
  uses: ValueUses,
  isRequested: (t: Tensor) => boolean,
): ReadonlySet<number> {
  const found = new Set<number>();
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (loweringOf(node)?.kind !== "map") continue;
    const [out] = node.outputs;
    if (uses.counts.get(out.id) !== 1 || isRequested(out)) continue;
    const reader = uses.readers.get(out.id);
    if (reader === undefined) continue;
    const kind = loweringOf(reader)?.kind;
    const [next] = reader.outputs;
    if (
      kind === "reduce" ||
      (kind === "map" && found.has(next.id) && sameShape(squeezed(next.sizes), squeezed(out.sizes)))
    )
      found.add(out.id);
  }
  return found;
}
