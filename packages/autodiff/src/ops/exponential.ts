import type { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { div, sub } from "./arithmetic.js";
import { elementwiseOp, mul } from "./elementwise.js";
import { asFloat, type TensorLike } from "./operands.js";

/** e to the power of each element. */
export const expOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "exp",
  names: { numpy: "exp", torch: "exp", onnx: "Exp" },
  lower: (kernel, x) => kernel.exp(x),
  partials: [(_inputs, y) => y],
});
/** Natural logarithm. */
export const logOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "log",
  names: { numpy: "log", torch: "log", onnx: "Log" },
  lower: (kernel, x) => kernel.log(x),
  partials: [([x]) => div(1, x)],
});
/** Hyperbolic tangent. */
export const tanhOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "tanh",
  names: { numpy: "tanh", torch: "tanh", onnx: "Tanh" },
  lower: (kernel, x) => kernel.tanh(x),
  // dy/dx = 1 − y²
  partials: [(_inputs, y) => sub(1, mul(y, y))],
});

/** e to the power of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * exp(tensor([0])).toArray() // => [1]
 */
export const exp = (x: TensorLike): Tensor => applyOne(expOp, [asFloat("exp", x)], null);
/** Natural logarithm of each element; −∞ at 0, NaN below.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * log(tensor([1])).toArray() // => [0]
 */
export const log = (x: TensorLike): Tensor => applyOne(logOp, [asFloat("log", x)], null);
/** Hyperbolic tangent of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, in −1 … 1
 * @example
 * tanh(tensor([0])).toArray() // => [0]
 */
export const tanh = (x: TensorLike): Tensor => applyOne(tanhOp, [asFloat("tanh", x)], null);
