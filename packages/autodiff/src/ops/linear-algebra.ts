import { InternalError } from "../base/errors.js";
import { sameShape } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { bilinearOp } from "./bilinear.js";
import { broadcastTo, permute, reshape } from "./shape.js";

/** Products of matrices: `[..., m, k] × [..., k, n]` with equal leading axes, or rank 2 on the right, shared by all. */
export const matmulOp: Op<null> = /* @__PURE__ */ bilinearOp<null>({
  name: "matmul",
  names: { numpy: "matmul", torch: "matmul", onnx: "MatMul" },
  infer([a, b]) {
    const m = a.shape[a.shape.length - 2];
    const lead = a.shape.slice(0, -2);
    if (b.shape.length !== 2 && !sameShape(lead, b.shape.slice(0, -2))) throw new InternalError("matmul: leading axes differ");
    return [{ shape: [...lead, m, b.shape[b.shape.length - 1]], dtype: a.dtype }];
  },
  lower: () => ({ kind: "gemm" }),
  transposes: [
    (c, b) => applyOne(matmulOp, [c, swapLast(b)], null),
    (c, a, b) => {
      // A right operand shared by all: the leading axes join the rows, one product with a long inner axis.
      if (b.shape.length === 2 && a.shape.length > 2)
        return applyOne(matmulOp, [swapLast(joinRows(a)), joinRows(c)], null);
      return applyOne(matmulOp, [swapLast(a), c], null);
    },
  ],
  batch([a, b], [batchedA, batchedB], _attributes, n) {
    if (batchedA && !batchedB && b.shape.length === 2) return [apply(matmulOp, [a, b], null), [true]];
    const lead = (batchedA ? a.shape.slice(1) : a.shape).slice(0, -2);
    const left = batchedA ? a : broadcastTo(a, [n, ...a.shape]);
    let right = batchedB ? b : broadcastTo(b, [n, ...b.shape]);
    if (right.shape.length !== left.shape.length) {
      const [k, m] = right.shape.slice(-2);
      right = broadcastTo(reshape(right, [n, ...lead.map(() => 1), k, m]), [n, ...lead, k, m]);
    }
    return [apply(matmulOp, [left, right], null), [true]];
  },
});

/** The last two axes exchanged. */
export function swapLast(t: Tensor): Tensor {
  const rank = t.shape.length;
  const order = t.shape.map((_, k) => k);
  order[rank - 1] = rank - 2;
  order[rank - 2] = rank - 1;
  return permute(t, order);
}
const joinRows = (t: Tensor): Tensor => reshape(t, [-1, t.shape[t.shape.length - 1]]);
