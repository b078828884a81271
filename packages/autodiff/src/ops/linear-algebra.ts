import { eagerGemm } from "../backends/javascript/eager-routines.js";
import { InternalError, ShapeError } from "../base/errors.js";
import { broadcastShapes, type Shape, sameShape, showShape, sizeOf } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { mul } from "./arithmetic.js";
import { expandDims, swapAxes } from "./axes.js";
import { batchedUp } from "./batching.js";
import { bilinearOp } from "./bilinear.js";
import { counted } from "./conversion.js";
import { promoted, type TensorLike } from "./operands.js";
import { sum } from "./reduction.js";
import { reshaped, stretched } from "./shape.js";

/** All sizes but those of the matrices. */
const leadingSizes = (shape: Shape): number[] => shape.slice(0, -2);

/** Products of matrices: `[..., m, k] × [..., k, n]` with equal leading axes, or rank 2 on the right, shared by all. */
export const matmulOp: Op<null> = /* @__PURE__ */ bilinearOp<null>({
  name: "matmul",
  infer([a, b]) {
    const m = a.sizes[a.sizes.length - 2];
    const lead = leadingSizes(a.sizes);
    if (b.sizes.length !== 2 && !sameShape(lead, leadingSizes(b.sizes)))
      throw new InternalError("matmul: axes");
    return [{ shape: [...lead, m, b.sizes[b.sizes.length - 1]], dtype: a.dtype }];
  },
  eager: eagerGemm,
  lower: () => ({ kind: "gemm" }),
  transposes: [
    (c, b) => applyOne(matmulOp, [c, swapLast(b)], null),
    (c, a, b) => {
      // A right operand shared by all: the leading axes join the rows, one product with a long inner axis.
      if (b.sizes.length === 2 && a.sizes.length > 2)
        return applyOne(matmulOp, [swapLast(joinRows(a)), joinRows(c)], null);
      return applyOne(matmulOp, [swapLast(a), c], null);
    },
  ],
  batch([a, b], [batchedA, batchedB], _attributes, n) {
    if (batchedA && !batchedB && b.sizes.length === 2) return [apply(matmulOp, [a, b], null), [true]];
    const lead = (batchedA ? a.sizes.slice(1) : a.sizes).slice(0, -2);
    const left = batchedUp(a, batchedA, n);
    let right = batchedUp(b, batchedB, n);
    if (right.sizes.length !== left.sizes.length) {
      const [k, m] = right.sizes.slice(-2);
      right = stretched(reshaped(right, [n, ...lead.map(() => 1), k, m]), [n, ...lead, k, m]);
    }
    return [apply(matmulOp, [left, right], null), [true]];
  },
});

/** The last two axes exchanged. */
export const swapLast = (t: Tensor): Tensor => swapAxes(t, -1, -2);
const joinRows = (t: Tensor): Tensor =>
  reshaped(t, [sizeOf(t.sizes.slice(0, -1)), t.sizes[t.sizes.length - 1]]);

function mismatch(op: string, a: Shape, b: Shape): ShapeError {
  const got = `a ${showShape(a)}, b ${showShape(b)}`;
  if (a.length === 0 || b.length === 0) {
    return new ShapeError({
      code: "shape/matmul-scalar",
      op,
      problem: "an operand has no axis.",
      got,
      expected: "vectors, matrices, or batches of matrices",
      mend: "mul(a, b) multiplies by a scalar",
    });
  }
  return new ShapeError({
    code: "shape/matmul",
    op,
    problem: "inner sizes differ.",
    got: `${got}   (${a.at(-1)} against ${b.at(-2) ?? b[0]})`,
    expected: "a.shape.at(-1) === b.shape.at(-2) (b.shape[0] if b is a vector)",
    mend: "matmul(a, transpose(b)) if b holds one row per output",
  });
}

/** Both operands in one dtype that has products of matrices. */
const factors = (op: string, a: TensorLike, b: TensorLike): Tensor[] => promoted(op, [a, b]).map(counted);

/** Product of matrices, batches of matrices and vectors, by NumPy's rules: a vector on the left counts as a row, on the right as a column,
 * and its axis is dropped afterwards; leading axes broadcast.
 * @param a - `[..., m, k]` or `[k]`
 * @param b - `[..., k, n]` or `[k]`; a matrix is shared by all leading axes of `a`, in one product
 * @returns `[..., m, n]`, the promoted dtype
 * @throws {@link ShapeError} if the inner sizes differ, or the leading axes do not broadcast
 * @example
 * matmul(tensor([[1, 2], [3, 4]]), tensor([[1], [10]])).toArray() // => [[21], [43]]
 * matmul(tensor([1, 2]), tensor([3, 4])).item() // => 11
 */
export function matmul(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = factors("matmul", a, b);
  const [p, q] = [x.sizes.length, y.sizes.length];
  if (p === 0 || q === 0 || x.sizes[p - 1] !== y.sizes[Math.max(0, q - 2)])
    throw mismatch("matmul", x.sizes, y.sizes);
  const left = p === 1 ? reshaped(x, [1, x.sizes[0]]) : x;
  const right = q === 1 ? reshaped(y, [y.sizes[0], 1]) : y;
  const product = matrices(left, right);
  if (p > 1 && q > 1) return product;
  const rows = product.sizes.length - 2;
  return reshaped(
    product,
    product.sizes.filter((_, k) => k < rows || (k === rows ? p : q) > 1),
  );
}

/** Products of operands of at least two axes, with leading axes that broadcast. */
function matrices(x: Tensor, y: Tensor): Tensor {
  if (y.sizes.length === 2) return applyOne(matmulOp, [x, y], null);
  const leadX = leadingSizes(x.sizes);
  const leadY = leadingSizes(y.sizes);
  if (leadY.length <= leadX.length && leadY.every((d) => d === 1)) {
    return applyOne(matmulOp, [x, reshaped(y, y.sizes.slice(-2))], null);
  }
  const lead = broadcastShapes("matmul", leadX, leadY);
  return applyOne(
    matmulOp,
    [stretched(x, [...lead, ...x.sizes.slice(-2)]), stretched(y, [...lead, ...y.sizes.slice(-2)])],
    null,
  );
}

/** Sum of products over the last axis; a number for two vectors.
 * @param a - `[..., n]`
 * @param b - `[..., n]`, a shape that broadcasts with `a`'s on the other axes
 * @returns the broadcast shape without the last axis, the promoted dtype
 * @throws {@link ShapeError} if the last axes differ, or the others do not broadcast
 * @example
 * dot(tensor([1, 2]), tensor([3, 4])).item() // => 11
 */
export function dot(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = factors("dot", a, b);
  if (x.sizes.length === 0 || y.sizes.length === 0 || x.sizes.at(-1) !== y.sizes.at(-1))
    throw mismatch("dot", x.sizes, y.sizes);
  return x.sizes.length === 1 && y.sizes.length === 1 ? matmul(x, y) : sum(mul(x, y), { axis: -1 });
}

/** Every product of an element of one vector with one of the other.
 * @param a - `[..., m]`
 * @param b - `[..., n]`; leading axes broadcast
 * @returns `[..., m, n]`, the promoted dtype
 * @throws {@link ShapeError} if an operand has no axis, or leading axes do not broadcast
 * @example
 * outer(tensor([1, 2]), tensor([3, 4])).toArray() // => [[3, 4], [6, 8]]
 */
export function outer(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = factors("outer", a, b);
  if (x.sizes.length === 0 || y.sizes.length === 0) throw mismatch("outer", x.sizes, y.sizes);
  return mul(expandDims(x, -1), expandDims(y, -2));
}
