import * as loops from "../backends/javascript/instruction-loops.js";
import type { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { abs, add, div, mul, neg, rsqrt, sqrt, square, sub } from "./arithmetic.js";
import { greater, where } from "./comparison.js";
import { stopGradient } from "./conversion.js";
import { elementwiseOp, unaryFloat } from "./elementwise.js";
import { maximum } from "./extrema.js";
import { promotedFloat, type TensorLike } from "./operands.js";

/** Sine. */
export const sinOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "sin",
  loops: { sin: loops.sin },
  lower: (kernel, x) => kernel.sin(x),
  partials: [([x]) => cos(x)],
});
/** Cosine. */
export const cosOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "cos",
  loops: { cos: loops.cos },
  lower: (kernel, x) => kernel.cos(x),
  partials: [([x]) => neg(sin(x))],
});
/** Tangent. */
export const tanOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "tan",
  loops: { tan: loops.tan },
  lower: (kernel, x) => kernel.tan(x),
  // 1 + y²
  partials: [(_inputs, y) => add(1, mul(y, y))],
});
/** Inverse sine. */
export const asinOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "asin",
  loops: { asin: loops.asin },
  lower: (kernel, x) => kernel.asin(x),
  // 1 / √((1 − x)(1 + x)), which keeps its digits near ±1
  partials: [([x]) => rsqrt(mul(sub(1, x), add(1, x)))],
});
/** Inverse cosine. */
export const acosOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "acos",
  loops: { acos: loops.acos },
  lower: (kernel, x) => kernel.acos(x),
  partials: [([x]) => neg(rsqrt(mul(sub(1, x), add(1, x))))],
});
/** Inverse tangent. */
export const atanOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "atan",
  loops: { atan: loops.atan },
  lower: (kernel, x) => kernel.atan(x),
  partials: [{ times: (t, [x]) => div(t, add(1, square(x))) }],
});
/** a / (a² + b²) of numbers divided by the greater of the two, so that no square overflows or underflows. It is the same whatever they are
 * divided by: a constant of derivatives. */
function overSquaredLength(a: Tensor, b: Tensor): Tensor {
  const scale = stopGradient(maximum(abs(a), abs(b)));
  const [p, q] = [div(a, scale), div(b, scale)];
  return div(div(p, add(square(p), square(q))), scale);
}

/** Angle of the point (x, y). */
export const atan2Op: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "atan2",
  loops: { atan2: loops.atan2 },
  lower: (kernel, y, x) => kernel.atan2(y, x),
  // x / (x² + y²) and −y / (x² + y²); NaN at the origin, as in PyTorch
  partials: [([y, x]) => overSquaredLength(x, y), ([y, x]) => neg(overSquaredLength(y, x))],
});
/** Hyperbolic sine. */
export const sinhOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "sinh",
  loops: { sinh: loops.sinh },
  lower: (kernel, x) => kernel.sinh(x),
  partials: [([x]) => cosh(x)],
});
/** Hyperbolic cosine. */
export const coshOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "cosh",
  loops: { cosh: loops.cosh },
  lower: (kernel, x) => kernel.cosh(x),
  partials: [([x]) => sinh(x)],
});
/** Inverse hyperbolic sine. */
export const asinhOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "asinh",
  loops: { asinh: loops.asinh },
  lower: (kernel, x) => kernel.asinh(x),
  // 1 / √(x² + 1); far from 0 that is 1 / |x|, without a square that overflows
  partials: [
    ([x]) => {
      const far = greater(abs(x), 2 ** 30);
      return where(far, div(1, abs(where(far, x, 1))), rsqrt(add(square(where(far, 0, x)), 1)));
    },
  ],
});
/** Inverse hyperbolic cosine. */
export const acoshOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "acosh",
  loops: { acosh: loops.acosh },
  lower: (kernel, x) => kernel.acosh(x),
  // 1 / (√(x − 1) √(x + 1)): NaN below 1, where there is no value either
  partials: [([x]) => div(1, mul(sqrt(sub(x, 1)), sqrt(add(x, 1))))],
});
/** Inverse hyperbolic tangent. */
export const atanhOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "atanh",
  loops: { atanh: loops.atanh },
  lower: (kernel, x) => kernel.atanh(x),
  // 1 / ((1 − x)(1 + x))
  partials: [{ times: (t, [x]) => div(t, mul(sub(1, x), add(1, x))) }],
});

/** Sine of each element.
 * @param x - any shape, in radians; integers become float32
 * @returns the shape of `x`, float, in −1 … 1
 * @example
 * sin(tensor([0])).toArray() // => [0]
 */
export const sin = (x: TensorLike): Tensor => unaryFloat(sinOp, x);
/** Cosine of each element.
 * @param x - any shape, in radians; integers become float32
 * @returns the shape of `x`, float, in −1 … 1
 * @example
 * cos(tensor([0])).toArray() // => [1]
 */
export const cos = (x: TensorLike): Tensor => unaryFloat(cosOp, x);
/** Tangent of each element.
 * @param x - any shape, in radians; integers become float32
 * @returns the shape of `x`, float
 * @example
 * tan(tensor([0])).toArray() // => [0]
 */
export const tan = (x: TensorLike): Tensor => unaryFloat(tanOp, x);
/** Inverse sine of each element; NaN outside of −1 … 1.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, in −π/2 … π/2
 * @example
 * asin(tensor([0])).toArray() // => [0]
 */
export const asin = (x: TensorLike): Tensor => unaryFloat(asinOp, x);
/** Inverse cosine of each element; NaN outside of −1 … 1.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, in 0 … π
 * @example
 * acos(tensor([1])).toArray() // => [0]
 */
export const acos = (x: TensorLike): Tensor => unaryFloat(acosOp, x);
/** Inverse tangent of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, in −π/2 … π/2
 * @example
 * atan(tensor([0])).toArray() // => [0]
 */
export const atan = (x: TensorLike): Tensor => unaryFloat(atanOp, x);
/** Angle of the point (x, y) from the positive x-axis; shapes broadcast. The derivative at the origin is NaN.
 * @param y - any shape; integers become float32
 * @param x - a shape that broadcasts with `y`'s
 * @returns the broadcast shape, float, in −π … π
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * atan2(tensor([0]), 1).toArray() // => [0]
 */
export const atan2 = (y: TensorLike, x: TensorLike): Tensor =>
  applyOne(atan2Op, promotedFloat("atan2", [y, x]), null);
/** Hyperbolic sine of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * sinh(tensor([0])).toArray() // => [0]
 */
export const sinh = (x: TensorLike): Tensor => unaryFloat(sinhOp, x);
/** Hyperbolic cosine of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * cosh(tensor([0])).toArray() // => [1]
 */
export const cosh = (x: TensorLike): Tensor => unaryFloat(coshOp, x);
/** Inverse hyperbolic sine of each element.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * asinh(tensor([0])).toArray() // => [0]
 */
export const asinh = (x: TensorLike): Tensor => unaryFloat(asinhOp, x);
/** Inverse hyperbolic cosine of each element; NaN below 1.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float, ≥ 0
 * @example
 * acosh(tensor([1])).toArray() // => [0]
 */
export const acosh = (x: TensorLike): Tensor => unaryFloat(acoshOp, x);
/** Inverse hyperbolic tangent of each element; ±∞ at ±1, NaN outside.
 * @param x - any shape; integers become float32
 * @returns the shape of `x`, float
 * @example
 * atanh(tensor([0])).toArray() // => [0]
 */
export const atanh = (x: TensorLike): Tensor => unaryFloat(atanhOp, x);
