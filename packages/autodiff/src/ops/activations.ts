import * as loops from "../backends/javascript/instruction-loops.js";
import { checkChoice, checkNumber, checkOptions } from "../base/checks.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Op } from "../trace/op.js";
import { add, mul, neg, square, sub } from "./arithmetic.js";
import { greater, lessEqual, where } from "./comparison.js";
import { elementwiseOp, unaryFloat, unaryNumeric } from "./elementwise.js";
import { exp, expm1, tanh } from "./exponential.js";
import { asFloat, type TensorLike } from "./operands.js";

/** 1 / (1 + exp(−x)), without overflow on the way. */
export const sigmoidOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "sigmoid",
  loops: { sigmoid: loops.sigmoid },
  lower: (kernel, x) => kernel.sigmoid(x),
  // y(1 − y)
  partials: [(_inputs, y) => mul(y, sub(1, y))],
});
/** log(1 + exp(x)) as max(x, 0) + log1p(exp(−|x|)). */
export const softplusOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "softplus",
  loops: {
    add: loops.add,
    max: loops.max,
    log1p: loops.log1p,
    exp: loops.exp,
    neg: loops.neg,
    abs: loops.abs,
  },
  lower: (kernel, x) =>
    kernel.add(
      kernel.max(x, kernel.constant(0, x.dtype)),
      kernel.log1p(kernel.exp(kernel.neg(kernel.abs(x)))),
    ),
  partials: [([x]) => sigmoid(x)],
});
/** Error function. */
export const erfOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "erf",
  loops: { erf: loops.erf },
  lower: (kernel, x) => kernel.erf(x),
  // 2/√π · exp(−x²)
  partials: [([x]) => mul(2 / Math.sqrt(Math.PI), exp(neg(square(x))))],
});
/** x where positive, else 0; derivative 0 at 0. */
export const reluOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "relu",
  // Written so that NaN stays NaN.
  loops: { le: loops.le },
  lower: (kernel, x) => {
    const zero = kernel.constant(0, x.dtype);
    return kernel.select(kernel.le(x, zero), zero, x);
  },
  partials: [{ times: (t, _inputs, y) => where(lessEqual(y, 0), 0, t) }],
});

/** 1 / (1 + exp(−x)) of each element, without overflow.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, in 0 … 1
 * @example
 * sigmoid(tensor([0, 1000])).toArray() // => [0.5, 1]
 */
export const sigmoid = (x: TensorLike): Tensor => unaryFloat(sigmoidOp, x);
/** log(1 + exp(x)) of each element, without overflow.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, ≥ 0
 * @example
 * softplus(tensor([1000, -1000])).toArray() // => [1000, 0]
 */
export const softplus = (x: TensorLike): Tensor => unaryFloat(softplusOp, x);
/** log(sigmoid(x)) = −softplus(−x) of each element, without underflow.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, ≤ 0
 * @example
 * logSigmoid(tensor([-1000, 1000])).toArray() // => [-1000, 0]
 */
export const logSigmoid = (x: TensorLike): Tensor => neg(softplus(neg(asFloat("logSigmoid", x))));
/** Error function 2/√π ∫₀ˣ exp(−t²) dt of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, in −1 … 1
 * @example
 * erf(tensor([0, 10])).toArray() // => [0, 1]
 */
export const erf = (x: TensorLike): Tensor => unaryFloat(erfOp, x);
/** Positive elements as they are, 0 for the others. The derivative at 0 is 0.
 * @param x - any shape; bool becomes int32
 * @returns the shape and dtype of `x`
 * @example
 * relu(tensor([-1, 2])).toArray() // => [0, 2]
 */
export const relu = (x: TensorLike): Tensor => unaryNumeric(reluOp, x);

/** Positive elements as they are, the others times a small slope (which is also the derivative at 0).
 * @param x - any shape; integers become float32
 * @param options - `slope` (0.01)
 * @returns the shape of `x`, float
 * @throws {@link ValueError} if the slope is not a finite number
 * @example
 * leakyRelu(tensor([-2, 3]), { slope: 0.5 }).toArray() // => [-1, 3]
 */
export function leakyRelu(x: TensorLike, options?: { readonly slope?: number }): Tensor {
  checkOptions("leakyRelu", options, ["slope"]);
  const slope = options?.slope ?? 0.01;
  checkNumber("leakyRelu", "slope", slope);
  const t = asFloat("leakyRelu", x);
  return where(greater(t, 0), t, mul(t, slope));
}
/** x where positive, else α(eˣ − 1). The derivative at 0 is α.
 * @param x - any shape; integers become float32
 * @param options - `alpha` (1)
 * @returns the shape of `x`, float
 * @throws {@link ValueError} if alpha is not a finite number
 * @source arXiv:1511.07289
 * @example
 * elu(tensor([-1000, 3])).toArray() // => [-1, 3]
 */
export function elu(x: TensorLike, options?: { readonly alpha?: number }): Tensor {
  checkOptions("elu", options, ["alpha"]);
  const alpha = options?.alpha ?? 1;
  checkNumber("elu", "alpha", alpha);
  const t = asFloat("elu", x);
  const positive = greater(t, 0);
  // The inner choice keeps exp of large x, and 0 · ∞, out of the derivatives.
  const lower = expm1(where(positive, 0, t));
  return where(positive, t, alpha === 1 ? lower : mul(lower, alpha));
}
/** λ · elu(x, α) with the two constants that keep mean 0 and variance 1 from layer to layer.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @source arXiv:1706.02515
 * @example
 * selu(tensor([0])).toArray() // => [0]
 */
export const selu = (x: TensorLike): Tensor =>
  mul(elu(asFloat("selu", x), { alpha: 1.6732632423543772 }), 1.0507009873554805);
/** x · Φ(x), Φ the normal distribution function: exactly by `erf`, or by the tanh approximation of the first GPT.
 * @param x - any shape; integers become float32
 * @param options - `approximate`: "none" (the default) or "tanh"
 * @returns the shape of `x`, float
 * @throws {@link ValueError} if `approximate` is something else
 * @source arXiv:1606.08415
 * @example
 * gelu(tensor([0, 100])).toArray() // => [0, 100]
 * gelu(tensor([0, 100]), { approximate: "tanh" }).toArray() // => [0, 100]
 */
export function gelu(x: TensorLike, options?: { readonly approximate?: "none" | "tanh" }): Tensor {
  checkOptions("gelu", options, ["approximate"]);
  const approximate = options?.approximate ?? "none";
  checkChoice("gelu", "approximate", approximate, ["none", "tanh"]);
  const t = asFloat("gelu", x);
  const half = mul(t, 0.5);
  if (approximate === "none") return mul(half, add(1, erf(mul(t, Math.SQRT1_2))));
  // √(2/π)·(x + 0.044715 x³)
  const inner = mul(mul(t, Math.sqrt(2 / Math.PI)), add(1, mul(square(t), 0.044715)));
  return mul(half, add(1, tanh(inner)));
}
/** x · sigmoid(x) of each element (also called swish).
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @source arXiv:1702.03118
 * @example
 * silu(tensor([0, 1000])).toArray() // => [0, 1000]
 */
export function silu(x: TensorLike): Tensor {
  const t = asFloat("silu", x);
  return mul(t, sigmoid(t));
}
