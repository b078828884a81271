import { permutationOf } from "../../kernel/layout.js";
import { matmulOp, swapLast } from "../../ops/linear-algebra.js";
import { applyOne } from "../../trace/apply.js";
import type { Graph, Node } from "../../trace/op.js";
import { any, made, once, type Pattern, product, rule } from "../patterns.js";
import { loweringOf, rewriteGraph } from "../rewrite.js";
import { viewOf } from "../see-through.js";

/** Computes the transpose of a product as the product of the transposes, (A·B)ᵀ = Bᵀ·Aᵀ, where the transpose is what is read: the gradient of a weight
 * then lies in memory as the weight does, and the optimiser walks both in order. */
export function turnProducts(graph: Graph): Graph {
  const byProduct = new Set<number>();
  for (const node of graph.nodes)
    if (loweringOf(node)?.kind === "gemm") for (const t of node.inputs) byProduct.add(t.id);
  const turned = rule(swapped(once(product(any("a"), any("b")))), ({ a, b }, out) =>
    // Products read their operands in any order: for them nothing is to be gained.
    byProduct.has(out.id) ? null : applyOne(matmulOp, [swapLast(b), swapLast(a)], null),
  );
  return rewriteGraph(graph, turned);
}

/** A matrix with its two axes exchanged. */
const swapped = <N extends string>(matrix: Pattern<N>): Pattern<N> => made((_, node) => isTurn(node), matrix);

/** Whether a node exchanges the two axes of a matrix. */
function isTurn(node: Node): boolean {
  const view = viewOf(node);
  const order = view === null ? null : permutationOf(node.inputs[0].sizes, view);
  return order?.length === 2 && order[0] === 1;
}
