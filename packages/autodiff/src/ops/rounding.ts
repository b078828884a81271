import * as loops from "../backends/javascript/instruction-loops.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Op } from "../trace/op.js";
import { div, neg } from "./arithmetic.js";
import { binaryNumeric, elementwiseOp, noPartials, unaryNumeric } from "./elementwise.js";
import type { TensorLike } from "./operands.js";

type Because = "constant between whole numbers; 0 at the steps themselves";

/** The greatest whole number that is not greater. */
export const floorOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "floor",
  loops: { floor: loops.floor },
  lower: (kernel, x) => kernel.floor(x),
  partials: /* @__PURE__ */ noPartials<Because>(),
});
/** The least whole number that is not less. */
export const ceilOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "ceil",
  loops: { ceil: loops.ceil },
  lower: (kernel, x) => kernel.ceil(x),
  partials: /* @__PURE__ */ noPartials<Because>(),
});
/** The nearest whole number, halves to even. */
export const roundOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "round",
  loops: { round: loops.round },
  lower: (kernel, x) => kernel.round(x),
  partials: /* @__PURE__ */ noPartials<Because>(),
});
/** a − b·⌊a/b⌋: the remainder has the sign of the divisor. */
export const modOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "mod",
  loops: { mod: loops.mod },
  lower: (kernel, a, b) => kernel.mod(a, b),
  // The derivative at the jumps, where a is a multiple of b, is that of the side away from 0.
  partials: [() => 1, ([a, b]) => neg(floor(div(a, b)))],
});

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
