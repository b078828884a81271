import type { Tensor } from "../tensor/tensor.js";
import type { Op } from "../trace/op.js";
import { applyOne } from "../trace/apply.js";
import { binary, elementwiseOp, mul, neg } from "./elementwise.js";
import { promotedFloat, type TensorLike } from "./operands.js";

/** Difference of two tensors. */
export const subOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "sub",
  names: { numpy: "subtract", torch: "sub", onnx: "Sub" },
  lower: (kernel, a, b) => kernel.sub(a, b),
  partials: [() => 1, () => -1],
});
/** Quotient of two float tensors. */
export const divOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "div",
  names: { numpy: "divide", torch: "div", onnx: "Div" },
  lower: (kernel, a, b) => kernel.div(a, b),
  partials: [([, b]) => div(1, b), ([, b], y) => neg(div(y, b))],
});

/** Difference, element by element; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, the promoted dtype
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * sub(tensor([5, 2]), 3).toArray() // => [2, -1]
 */
export const sub = (a: TensorLike, b: TensorLike): Tensor => binary(subOp, a, b);
/** Quotient, element by element; shapes broadcast; integers are divided as float32.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, a float dtype
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * div(tensor([1, 3]), 2).toArray() // => [0.5, 1.5]
 */
export const div = (a: TensorLike, b: TensorLike): Tensor => applyOne(divOp, promotedFloat("div", [a, b]), null);

/** The square of each element: `x · x`.
 * @param x - any shape, any dtype
 * @returns the shape and dtype of `x`
 * @example
 * square(tensor([3, -2])).toArray() // => [9, 4]
 */
export const square = (x: TensorLike): Tensor => mul(x, x);
