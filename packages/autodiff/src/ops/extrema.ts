import * as loops from "../backends/javascript/instruction-loops.js";
import { ValueError } from "../base/errors.js";
import { broadcastShapes } from "../base/shape.js";
import { show } from "../base/show.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Op } from "../trace/op.js";
import { mul } from "./arithmetic.js";
import { equal, greater, less, where } from "./comparison.js";
import { binary, elementwiseOp } from "./elementwise.js";
import { asTensor, checkOperand, type TensorLike } from "./operands.js";

/** The greater of two; both get half of the derivative where they are equal. */
export const maximumOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "maximum",
  loops: { max: loops.max },
  lower: (kernel, a, b) => kernel.max(a, b),
  partials: [
    { times: (t, [a, b]) => where(less(a, b), 0, where(equal(a, b), mul(t, 0.5), t)) },
    { times: (t, [a, b]) => where(less(b, a), 0, where(equal(a, b), mul(t, 0.5), t)) },
  ],
});
/** The less of two; both get half of the derivative where they are equal. */
export const minimumOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "minimum",
  loops: { min: loops.min },
  lower: (kernel, a, b) => kernel.min(a, b),
  partials: [
    { times: (t, [a, b]) => where(less(b, a), 0, where(equal(a, b), mul(t, 0.5), t)) },
    { times: (t, [a, b]) => where(less(a, b), 0, where(equal(a, b), mul(t, 0.5), t)) },
  ],
});

/** The greater of two elements; shapes broadcast; NaN wins. Where they are equal, each gets half of the gradient.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, the promoted dtype
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * maximum(tensor([1, 5]), 3).toArray() // => [3, 5]
 */
export const maximum = (a: TensorLike, b: TensorLike): Tensor => binary(maximumOp, a, b);
/** The less of two elements; shapes broadcast; NaN wins. Where they are equal, each gets half of the gradient.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, the promoted dtype
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * minimum(tensor([1, 5]), 3).toArray() // => [1, 3]
 */
export const minimum = (a: TensorLike, b: TensorLike): Tensor => binary(minimumOp, a, b);

/** Elements brought into `low … high`; NaN stays. The gradient is 1 inside and at the bounds, 0 outside (there the bound gets it).
 * @param x - any shape, any dtype
 * @param low - the least value, a shape that broadcasts; null for none
 * @param high - the greatest value, a shape that broadcasts; null for none
 * @returns the broadcast shape, the promoted dtype
 * @throws {@link ValueError} if both bounds are missing, or are numbers in the wrong order; {@link ShapeError} if the shapes do not broadcast
 * @example
 * clip(tensor([-2, 0.5, 2]), -1, 1).toArray() // => [-1, 0.5, 1]
 * clip(tensor([-2, 2]), 0, null).toArray() // => [0, 2]
 */
export function clip(x: TensorLike, low: TensorLike | null, high: TensorLike | null = null): Tensor {
  const t = asTensor("clip", x);
  const none = low === null && high === null;
  if (
    none ||
    Number.isNaN(low) ||
    Number.isNaN(high) ||
    (typeof low === "number" && typeof high === "number" && low > high)
  ) {
    throw new ValueError({
      code: "value/clip",
      op: "clip",
      problem: none ? "no bound was given." : "the bounds are not in order.",
      got: `low ${show(low)}, high ${show(high)}`,
      expected: "low ≤ high, at most one of them null",
      mend: "clip(x, low, high); clip(x, 0, null) has no upper bound",
    });
  }
  for (const bound of [low, high]) {
    if (bound === null || typeof bound === "number") continue;
    checkOperand("clip", bound);
    if (typeof bound === "object") broadcastShapes("clip", t.sizes, bound.shape);
  }
  const raised = low === null ? t : where(less(t, low), low, t);
  return high === null ? raised : where(greater(raised, high), high, raised);
}
