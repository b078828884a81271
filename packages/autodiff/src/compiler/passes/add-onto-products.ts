import { InternalError } from "../../base/errors.js";
import { sameShape, sizeOf } from "../../base/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { applyOne } from "../../trace/apply.js";
import type { Graph, Node, Op } from "../../trace/op.js";
import { countUses, loweringOf, onlyInstruction, reapply, rewriteGraph } from "../rewrite.js";

/** `x + a·b` in one routine: the compiler's own, never seen by a tape. */
const productOntoOp: Op<"tensor" | "row"> = {
  name: "matmulOnto",
  infer: ([a, b]) => [{ shape: [...a.shape.slice(0, -1), b.shape[b.shape.length - 1]], dtype: a.dtype }],
  lower: (_inputs, onto) => ({ kind: "gemm", onto }),
  pullback: () => {
    throw new InternalError("matmulOnto exists after differentiation only");
  },
  pushforward: () => {
    throw new InternalError("matmulOnto exists after differentiation only");
  },
  batch: () => {
    throw new InternalError("matmulOnto exists after loop motion only");
  },
};

/** Lets a product of matrices start from what is added to it: a bias, or the part of a recurrence that was computed for all steps at once. */
export function addOntoProducts(graph: Graph): Graph {
  const uses = countUses(graph);
  const products = new Map<number, Node>();
  /** A product plus one row, which may still take a whole tensor: x + (a·b + bias) is (x + a·b) + bias. */
  const withRow = new Map<number, { product: Tensor; row: Tensor }>();
  return rewriteGraph(graph, (node, inputs) => {
    const lowering = loweringOf(node);
    if (lowering?.kind === "gemm" && uses.get(node.outputs[0].id) === 1) {
      const outputs = reapply(node, inputs);
      products.set(outputs[0].id, { ...node, inputs });
      return outputs;
    }
    if (lowering?.kind !== "map" || inputs.length !== 2 || onlyInstruction(lowering.expression) !== "add")
      return reapply(node, inputs);
    const [out] = node.outputs;
    for (const [p, x] of [inputs, [inputs[1], inputs[0]]]) {
      const product = products.get(p.id);
      if (product !== undefined && sameShape(p.shape, out.shape)) {
        const onto = ontoOf(x, out);
        if (onto === "row" && uses.get(out.id) === 1) withRow.set(out.id, { product: p, row: x });
        if (onto !== null) {
          const fused = applyOne(productOntoOp, [...product.inputs, x], onto);
          const known = withRow.get(out.id);
          if (known !== undefined) withRow.set(fused.id, known);
          return [fused];
        }
      }
      const rowed = withRow.get(p.id);
      const inner = rowed === undefined ? undefined : products.get(rowed.product.id);
      if (rowed !== undefined && inner !== undefined && sameShape(x.shape, out.shape)) {
        const sum = applyOne(productOntoOp, [...inner.inputs, x], "tensor");
        return [applyOne(node.op, [sum, rowed.row], node.attributes)];
      }
    }
    return reapply(node, inputs);
  });
}

function ontoOf(x: Tensor, out: Tensor): "tensor" | "row" | null {
  if (x.dtype !== out.dtype) return null;
  if (sameShape(x.shape, out.shape)) return "tensor";
  const n = out.shape[out.shape.length - 1];
  return x.shape.length > 0 && x.shape[x.shape.length - 1] === n && sizeOf(x.shape) === n ? "row" : null;
}
