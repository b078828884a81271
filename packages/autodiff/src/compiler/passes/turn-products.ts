import { rowMajor } from "../../base/shape.js";
import { matmulOp, swapLast } from "../../ops/linear-algebra.js";
import type { Tensor } from "../../tensor/tensor.js";
import { applyOne } from "../../trace/apply.js";
import type { Graph, Node } from "../../trace/op.js";
import { countUses, loweringOf, reapply, rewriteGraph } from "../rewrite.js";

/** Computes the transpose of a product as the product of the transposes, (A·B)ᵀ = Bᵀ·Aᵀ, where the transpose is what is read: the gradient of a weight
 * then lies in memory as the weight does, and the optimiser walks both in order. */
export function turnProducts(graph: Graph): Graph {
  const uses = countUses(graph);
  const byProduct = new Set<number>();
  for (const node of graph.nodes)
    if (loweringOf(node)?.kind === "gemm") for (const t of node.inputs) byProduct.add(t.id);
  const products = new Map<number, readonly Tensor[]>();
  return rewriteGraph(graph, (node, inputs) => {
    const lowering = loweringOf(node);
    if (lowering?.kind === "gemm" && lowering.onto === undefined && node.outputs[0].shape.length === 2) {
      const outputs = reapply(node, inputs);
      if (uses.get(node.outputs[0].id) === 1) products.set(outputs[0].id, inputs);
      return outputs;
    }
    // Products read their operands in any order: for them nothing is to be gained.
    const product =
      isTurn(node) && !byProduct.has(node.outputs[0].id) ? products.get(inputs[0].id) : undefined;
    if (product === undefined) return reapply(node, inputs);
    return [applyOne(matmulOp, [swapLast(product[1]), swapLast(product[0])], null)];
  });
}

/** Whether a node exchanges the two axes of a matrix. */
function isTurn(node: Node): boolean {
  const lowering = loweringOf(node);
  const [input] = node.inputs;
  if (lowering?.kind !== "view" || node.outputs.length !== 1 || input.shape.length !== 2) return false;
  if (input.shape.includes(1)) return false;
  const layouts = lowering.layouts({ shape: input.shape, strides: null, offset: 0 });
  if (layouts === null || layouts[0].offset !== 0) return false;
  const [{ shape, strides }] = layouts;
  const own = rowMajor(input.shape);
  return (
    strides !== null &&
    shape.length === 2 &&
    shape[0] === input.shape[1] &&
    strides[0] === own[1] &&
    strides[1] === own[0]
  );
}
