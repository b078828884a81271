import * as loops from "../backends/javascript/instruction-loops.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Op } from "../trace/op.js";
import { add, div, mul, sub } from "./arithmetic.js";
import { elementwiseOp, unaryFloat } from "./elementwise.js";
import type { TensorLike } from "./operands.js";

/** e to the power of each element. */
export const expOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "exp",
  loops: { exp: loops.exp },
  lower: (kernel, x) => kernel.exp(x),
  partials: [(_inputs, y) => y],
});
/** exp(x) − 1, exact near 0. */
export const expm1Op: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "expm1",
  loops: { expm1: loops.expm1 },
  lower: (kernel, x) => kernel.expm1(x),
  // exp(x), not y + 1, which loses every digit at very negative x
  partials: [([x]) => exp(x)],
});
/** Natural logarithm. */
export const logOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "log",
  loops: { log: loops.log },
  lower: (kernel, x) => kernel.log(x),
  partials: [{ times: (t, [x]) => div(t, x) }],
});
/** log(1 + x), exact near 0. */
export const log1pOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "log1p",
  loops: { log1p: loops.log1p },
  lower: (kernel, x) => kernel.log1p(x),
  partials: [{ times: (t, [x]) => div(t, add(x, 1)) }],
});
/** Hyperbolic tangent. */
export const tanhOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "tanh",
  loops: { tanh: loops.tanh },
  lower: (kernel, x) => kernel.tanh(x),
  // 1 − y²
  partials: [(_inputs, y) => sub(1, mul(y, y))],
});

/** e to the power of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * exp(tensor([0])).toArray() // => [1]
 */
export const exp = (x: TensorLike): Tensor => unaryFloat(expOp, x);
/** exp(x) − 1 of each element, without loss of digits near 0.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * expm1(tensor(1e-20, { dtype: "float64" })).item() // => 1e-20
 */
export const expm1 = (x: TensorLike): Tensor => unaryFloat(expm1Op, x);
/** Natural logarithm of each element; −∞ at 0, NaN below.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * log(tensor([1])).toArray() // => [0]
 */
export const log = (x: TensorLike): Tensor => unaryFloat(logOp, x);
/** log(1 + x) of each element, without loss of digits near 0.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * log1p(tensor(1e-20, { dtype: "float64" })).item() // => 1e-20
 */
export const log1p = (x: TensorLike): Tensor => unaryFloat(log1pOp, x);
/** Hyperbolic tangent of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, in −1 … 1
 * @example
 * tanh(tensor([0])).toArray() // => [0]
 */
export const tanh = (x: TensorLike): Tensor => unaryFloat(tanhOp, x);
