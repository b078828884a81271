import type { EagerTable } from "../../backends/javascript/eager.js";
import { eagerGemm } from "../../backends/javascript/eager-routines.js";
import { sameShape, sizeOf } from "../../base/shape.js";
import { add } from "../../ops/arithmetic.js";
import { contiguousArray, type Tensor } from "../../tensor/tensor.js";
import { applyOne } from "../../trace/apply.js";
import type { Graph, Op } from "../../trace/op.js";
import { madeLast } from "../made-last.js";
import { any, firstOf, made, named, once, plus, product, rule } from "../patterns.js";
import { rewriteGraph } from "../rewrite.js";

/** For indices that the host computes from arguments, to check them before the program runs. */
const eagerProductOnto: EagerTable["gemm"] = (_lowering, [a, b, x], [out]) => {
  const [product] = eagerGemm({ kind: "gemm" }, [a, b], [out]);
  const { storage, offset, size } = product;
  const start = contiguousArray(x);
  for (let i = 0; i < size; i++) storage![offset + i] += start[i % start.length];
  return [product];
};

/** `x + a·b` in one routine: the compiler's own, never seen by a tape. */
const productOntoOp: Op<"tensor" | "row"> = {
  name: "matmulOnto",
  infer: ([a, b]) => [{ shape: [...a.sizes.slice(0, -1), b.sizes[b.sizes.length - 1]], dtype: a.dtype }],
  lower: (_inputs, onto) => ({ kind: "gemm", onto }),
  eager: eagerProductOnto,
  ...madeLast("matmulOnto"),
};

const [a, b, x, row] = [any("a"), any("b"), any("x"), any("row")];
const productOntoRow = made<"a" | "b" | "row">((l) => l.kind === "gemm" && l.onto === "row", a, b, row);
const rules = firstOf(
  // x + a·b
  rule(plus(named("product", once(product(a, b))), x), (found, out) => {
    const onto = sameShape(found.product.sizes, out.sizes) ? ontoOf(found.x, out) : null;
    return onto === null ? null : applyOne(productOntoOp, [found.a, found.b, found.x], onto);
  }),
  // x + (a·b + row) = (x + a·b) + row: the product starts from the whole of x.
  rule(plus(once(productOntoRow), x), (found, out) =>
    ontoOf(found.x, out) === "tensor"
      ? add(applyOne(productOntoOp, [found.a, found.b, found.x], "tensor"), found.row)
      : null,
  ),
);

/** Lets a product of matrices start from what is added to it: a bias, or the part of a recurrence that was computed for all steps at once. */
export const addOntoProducts = (graph: Graph): Graph => rewriteGraph(graph, rules);

function ontoOf(x: Tensor, out: Tensor): "tensor" | "row" | null {
  if (x.dtype !== out.dtype) return null;
  if (sameShape(x.sizes, out.sizes)) return "tensor";
  const n = out.sizes[out.sizes.length - 1];
  return x.sizes.length > 0 && x.sizes[x.sizes.length - 1] === n && sizeOf(x.sizes) === n ? "row" : null;
}
