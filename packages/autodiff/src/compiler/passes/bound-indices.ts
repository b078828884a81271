import { maximum, minimum } from "../../ops/extrema.js";
import { zerosOf } from "../../ops/fill.js";
import { apply } from "../../trace/apply.js";
import type { Graph } from "../../trace/op.js";
import { loweringOf, rewriteGraph } from "../rewrite.js";

/** Keeps indices inside of the axis that they look into: a program checks no values, and must not touch memory that is not the tensor's.
 * Below the first counts as the first, beyond the last as the last. The clamp fuses with what makes the index. */
export function boundIndices(graph: Graph): Graph {
  return rewriteGraph(graph, (node) => {
    const kind = loweringOf(node)?.kind;
    if (kind !== "gather" && kind !== "scatterAdd") return null;
    const [out] = node.outputs;
    const [x, index] = node.inputs;
    const size = kind === "gather" ? x.shape[1] : out.shape[1];
    if (size === 0) return [zerosOf(out)];
    return apply(node.op, [x, minimum(maximum(index, 0), size - 1)], node.attributes);
  });
}
