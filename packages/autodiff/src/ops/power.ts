import * as loops from "../backends/javascript/instruction-loops.js";
import type { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { abs, add, mul, sqrt, sub } from "./arithmetic.js";
import { equal, greater, logicalAnd, logicalNot, where } from "./comparison.js";
import { binaryNumeric, elementwiseOp } from "./elementwise.js";
import type { TensorLike } from "./operands.js";

const families: Op<null>[] = [];

/** aᵇ·(ln a)ᵐ, the m-th derivative of aᵇ by b: closed under derivatives, so that every order is exact where it is finite.
 * Where both are 0 it has no limit; from m = 1 on it is infinite there. */
function powerTimesLog(m: number): Op<null> {
  families[m] ??= elementwiseOp({
    name: m === 0 ? "pow" : `powTimesLog${m}`,
    loops: { pow: loops.pow, log: loops.log, mul: loops.mul, and: loops.and, eq: loops.eq, le: loops.le },
    lower: (kernel, a, b) => {
      const power = kernel.pow(a, b);
      if (m === 0) return power;
      const zero = kernel.constant(0, a.dtype);
      const log = kernel.log(a);
      let product = kernel.mul(power, log);
      for (let i = 1; i < m; i++) product = kernel.mul(product, log);
      // A power that is 0 outweighs every power of the logarithm, also ln 0.
      return kernel.select(kernel.and(kernel.eq(power, zero), kernel.le(zero, a)), zero, product);
    },
    partials: [
      m === 0
        ? slopeInBase
        : ([a, b]) => {
            const less = sub(b, 1);
            return add(mul(b, applyPower(m, a, less)), mul(m, applyPower(m - 1, a, less)));
          },
      ([a, b]) => applyPower(m + 1, a, b),
    ],
  });
  return families[m];
}
const applyPower = (m: number, a: Tensor, b: Tensor): Tensor => applyOne(powerTimesLog(m), [a, b], null);
/** Where the exponent is 0, and the base 0 (or NaN, whose power 0 is 1 as well). */
const bothZero = (a: Tensor, b: Tensor): Tensor => logicalAnd(equal(b, 0), logicalNot(greater(abs(a), 0)));

/** b·a^(b−1). Where both are 0 it is 0, as 0·a⁰; its slope in b, which is infinite, is then 1 − ∞·0: NaN. */
const slopeInBase = ([a, b]: readonly Tensor[]): Tensor =>
  mul(b, applyPower(0, a, where(bothZero(a, b), b, sub(b, 1))));

/** a to the power of b. */
export const powOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "pow",
  loops: { pow: loops.pow },
  lower: (kernel, a, b) => kernel.pow(a, b),
  partials: [
    slopeInBase,
    // aᵇ·ln a; where both are 0 it is 0 by convention, as in PyTorch, and has no slope: √0 brings ∞, in both operands.
    ([a, b]) => {
      const both = bothZero(a, b);
      return where(both, sqrt(where(both, add(a, b), 1)), applyPower(1, where(both, 1, a), b));
    },
  ],
});
/** aᵇ by the m = 1 of its derivatives by b: aᵇ·ln a. */
export const powTimesLogOp: Op<null> = /* @__PURE__ */ powerTimesLog(1);

/** a to the power of a constant: as no derivative by b will be asked for, that of a⁰ is 0 at any a. */
export const powConstantOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "pow",
  loops: { pow: loops.pow },
  lower: (kernel, a, b) => kernel.pow(a, b),
  // b·a^(b−1); for b = 0 as 0·a⁰, which no a makes NaN.
  partials: [
    ([a, b]) => mul(b, applyOne(powConstantOp, [a, where(equal(b, 0), b, sub(b, 1))], null)),
    () => null,
  ],
});

/** `base` to the power of `exponent`, element by element; shapes broadcast. 0⁰ is 1.
 * The derivative of x⁰ is 0; that of 0ʸ with respect to y is 0 for y ≥ 0. Further ones are NaN or infinite where x and y are both 0,
 * unless the exponent is a JavaScript number: then they are 0.
 * @param base - any shape, any dtype
 * @param exponent - a shape that broadcasts; of int32 bases a negative exponent gives a quotient cut towards 0
 * @returns the broadcast shape, the promoted dtype
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * pow(tensor([2, 3]), 2).toArray() // => [4, 9]
 */
export const pow = (base: TensorLike, exponent: TensorLike): Tensor =>
  binaryNumeric(typeof exponent === "number" ? powConstantOp : powOp, base, exponent);
