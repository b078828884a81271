import * as loops from "../backends/javascript/instruction-loops.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Op } from "../trace/op.js";
import { div } from "./arithmetic.js";
import { binaryNumeric, elementwiseOp, neg, noPartials, unaryNumeric } from "./elementwise.js";
import type { TensorLike } from "./operands.js";
import { type ElementwiseSamples, wrongOperand } from "./samples.js";

type Because = "constant between whole numbers; 0 at the steps themselves";

/** The greatest whole number that is not greater. */
export const floorOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "floor",
  loops: { floor: loops.floor },
  lower: (kernel, x) => kernel.floor(x),
  partials: noPartials<Because>(),
});
export const floorSamples: ElementwiseSamples = {
  names: { numpy: "floor", torch: "floor", onnx: "Floor" },
  domain: [
    [
      [0.1, 0.9],
      [-1.9, -1.1],
    ],
  ],
  exact: [
    [1.5, 1],
    [-1.5, -2],
    [2, 2],
    [-0, -0],
    [0.3, 0],
    [Infinity, Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.floor(x),
  ulps: 0,
  rejects: [{ code: "operand/type", run: () => floor(wrongOperand) }],
};
/** The least whole number that is not less. */
export const ceilOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "ceil",
  loops: { ceil: loops.ceil },
  lower: (kernel, x) => kernel.ceil(x),
  partials: noPartials<Because>(),
});
export const ceilSamples: ElementwiseSamples = {
  names: { numpy: "ceil", torch: "ceil", onnx: "Ceil" },
  domain: [
    [
      [0.1, 0.9],
      [-1.9, -1.1],
    ],
  ],
  exact: [
    [1.5, 2],
    [-1.5, -1],
    [2, 2],
    [-0, -0],
    [-0.3, -0],
    [-Infinity, -Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.ceil(x),
  ulps: 0,
  rejects: [{ code: "operand/type", run: () => ceil(wrongOperand) }],
};
/** The nearest whole number, halves to even. */
export const roundOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "round",
  loops: { round: loops.round },
  lower: (kernel, x) => kernel.round(x),
  partials: noPartials<Because>(),
});
export const roundSamples: ElementwiseSamples = {
  names: { numpy: "round", torch: "round", onnx: "Round" },
  domain: [
    [
      [0.6, 1.4],
      [-1.4, -0.6],
    ],
  ],
  exact: [
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, -0],
    [-1.5, -2],
    [1.2, 1],
    [1e300, 1e300],
    [-Infinity, -Infinity],
    [NaN, NaN],
  ],
  reference: (x) => (Math.abs(x - Math.trunc(x)) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
  ulps: 0,
  rejects: [{ code: "operand/type", run: () => round(wrongOperand) }],
};
/** a − b·⌊a/b⌋: the remainder has the sign of the divisor. */
export const modOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "mod",
  loops: { mod: loops.mod },
  lower: (kernel, a, b) => kernel.mod(a, b),
  // The derivative at the jumps, where a is a multiple of b, is that of the side away from 0.
  partials: [() => 1, ([a, b]) => neg(floor(div(a, b)))],
});
export const modSamples: ElementwiseSamples = {
  names: { numpy: "mod", torch: "remainder", onnx: "Mod" },
  domain: [
    [[2.1, 2.9]],
    [
      [0.8, 0.95],
      [-0.95, -0.8],
    ],
  ],
  exact: [
    [5, 3, 2],
    [-5, 3, 1],
    [5, -3, -1],
    [-5, -3, -2],
    [5.5, 2, 1.5],
    [6, 3, 0],
    [1, 0, NaN],
    [NaN, 1, NaN],
  ],
  reference: (a, b) => {
    const r = a % b;
    return r !== 0 && r < 0 !== b < 0 ? r + b : r;
  },
  rejects: [{ code: "shape/broadcast", run: (random) => mod(random.tensor([2]), random.tensor([3])) }],
};

/** The greatest whole number that is not greater than the element. The derivative is 0 everywhere.
 * @param x - any shape; whole-number dtypes stay as they are
 * @returns the shape and dtype of `x`
 * @example
 * floor(tensor([1.5, -1.5])).toArray() // => [1, -2]
 */
export const floor = (x: TensorLike): Tensor => unaryNumeric(floorOp, x);
/** The least whole number that is not less than the element. The derivative is 0 everywhere.
 * @param x - any shape; whole-number dtypes stay as they are
 * @returns the shape and dtype of `x`
 * @example
 * ceil(tensor([1.5, -1.5])).toArray() // => [2, -1]
 */
export const ceil = (x: TensorLike): Tensor => unaryNumeric(ceilOp, x);
/** The nearest whole number, halves to even. The derivative is 0 everywhere.
 * @param x - any shape; whole-number dtypes stay as they are
 * @returns the shape and dtype of `x`
 * @example
 * round(tensor([0.5, 1.5, 1.2])).toArray() // => [0, 2, 1]
 */
export const round = (x: TensorLike): Tensor => unaryNumeric(roundOp, x);
/** Remainder `a − b·⌊a/b⌋`, with the sign of `b`; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s; NaN (int32: 0) where it is 0
 * @returns the broadcast shape, the promoted dtype
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * mod(tensor([5, -5]), 3).toArray() // => [2, 1]
 */
export const mod = (a: TensorLike, b: TensorLike): Tensor => binaryNumeric(modOp, a, b);
