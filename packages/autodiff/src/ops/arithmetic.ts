import * as loops from "../backends/javascript/instruction-loops.js";
import type { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import {
  addOp,
  binary,
  binaryNumeric,
  elementwiseOp,
  mulOp,
  negOp,
  noPartials,
  unaryNumeric,
} from "./elementwise.js";
import { asTensor, promotedFloat, type TensorLike } from "./operands.js";

/** Difference of two tensors. */
export const subOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "sub",
  loops: { sub: loops.sub },
  lower: (kernel, a, b) => kernel.sub(a, b),
  partials: [() => 1, () => -1],
});
/** Quotient of two float tensors. */
export const divOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "div",
  loops: { div: loops.div },
  lower: (kernel, a, b) => kernel.div(a, b),
  partials: [{ times: (t, [, b]) => div(t, b) }, ([, b], y) => neg(div(y, b))],
});
/** Distance from 0; derivative 0 at 0. */
export const absOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "abs",
  loops: { abs: loops.abs },
  lower: (kernel, x) => kernel.abs(x),
  partials: [([x]) => sign(x)],
});
/** −1, 0 or 1. */
export const signOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "sign",
  loops: { sign: loops.sign },
  lower: (kernel, x) => kernel.sign(x),
  partials: /* @__PURE__ */ noPartials<"constant on both sides of 0; 0 at the step itself">(),
});
/** Square root; derivative ∞ at 0. */
export const sqrtOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "sqrt",
  loops: { sqrt: loops.sqrt },
  lower: (kernel, x) => kernel.sqrt(x),
  partials: [(_inputs, y) => div(0.5, y)],
});

/** Sum, element by element; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, the promoted dtype (of two bools: logical or)
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * add(tensor([1, 2]), 3).toArray() // => [4, 5]
 */
export const add = (a: TensorLike, b: TensorLike): Tensor => binary(addOp, a, b);
/** Product, element by element; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, the promoted dtype (of two bools: logical and)
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * mul(tensor([1, 2]), 3).toArray() // => [3, 6]
 */
export const mul = (a: TensorLike, b: TensorLike): Tensor => binary(mulOp, a, b);
/** The negative of each element.
 * @param x - any shape; bool becomes int32
 * @returns the shape of `x`
 * @example
 * neg(tensor([1, -2])).toArray() // => [-1, 2]
 */
export const neg = (x: TensorLike): Tensor => unaryNumeric(negOp, x);
/** Difference, element by element; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, the promoted dtype (of two bools: int32)
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * sub(tensor([5, 2]), 3).toArray() // => [2, -1]
 */
export const sub = (a: TensorLike, b: TensorLike): Tensor => binaryNumeric(subOp, a, b);
/** Quotient, element by element; shapes broadcast; integers are divided as float32.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, a float dtype
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * div(tensor([1, 3]), 2).toArray() // => [0.5, 1.5]
 */
export const div = (a: TensorLike, b: TensorLike): Tensor =>
  applyOne(divOp, promotedFloat("div", [a, b]), null);
/** Absolute value of each element. The derivative at 0 is 0.
 * @param x - any shape; bool becomes int32
 * @returns the shape of `x`
 * @example
 * abs(tensor([-3, 2])).toArray() // => [3, 2]
 */
export const abs = (x: TensorLike): Tensor => unaryNumeric(absOp, x);
/** −1 for negative elements, 1 for positive ones, 0 for zeros (which keep their sign); NaN stays. The derivative is 0 everywhere.
 * @param x - any shape; bool becomes int32
 * @returns the shape of `x`
 * @example
 * sign(tensor([-3, 0, 2])).toArray() // => [-1, 0, 1]
 */
export const sign = (x: TensorLike): Tensor => unaryNumeric(signOp, x);
/** Square root of each element; NaN below 0. The derivative at 0 is ∞.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * sqrt(tensor([4, 9])).toArray() // => [2, 3]
 */
export const sqrt = (x: TensorLike): Tensor => applyOne(sqrtOp, promotedFloat("sqrt", [x]), null);
/** 1 / √x of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * rsqrt(tensor([4])).toArray() // => [0.5]
 */
export const rsqrt = (x: TensorLike): Tensor => div(1, sqrt(asTensor("rsqrt", x)));
/** 1 / x of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * reciprocal(tensor([4])).toArray() // => [0.25]
 */
export const reciprocal = (x: TensorLike): Tensor => div(1, asTensor("reciprocal", x));
/** The square of each element: `x · x`.
 * @param x - any shape, any dtype
 * @returns the shape and dtype of `x`
 * @example
 * square(tensor([3, -2])).toArray() // => [9, 4]
 */
export function square(x: TensorLike): Tensor {
  const t = asTensor("square", x);
  return mul(t, t);
}
