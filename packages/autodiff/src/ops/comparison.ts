import * as loops from "../backends/javascript/instruction-loops.js";
import type { InstructionLoops } from "../backends/javascript/instructions.js";
import { DTypeError } from "../base/errors.js";
import { showSpec } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { castOp } from "./cast.js";
import { binary, type ElementwiseRecord, elementwiseOp, noPartials } from "./elementwise.js";
import { asTensor, isFloat, promoted, type TensorLike } from "./operands.js";

// Comparisons, logic, and the choice by a condition. NaN compares false with everything (notEqual: true).

type Because = "the result is true or false: constant almost everywhere";
const predicate = <I extends keyof InstructionLoops>(
  name: string,
  loops: Pick<InstructionLoops, I>,
  lower: ElementwiseRecord<I>["lower"],
): Op<null> => elementwiseOp({ name, loops, lower, dtype: () => "bool", partials: noPartials<Because>() });

/** Whether two elements are equal. */
export const equalOp: Op<null> = /* @__PURE__ */ predicate("equal", { eq: loops.eq }, (kernel, a, b) =>
  kernel.eq(a, b),
);
/** Whether two elements differ. */
export const notEqualOp: Op<null> = /* @__PURE__ */ predicate("notEqual", { ne: loops.ne }, (kernel, a, b) =>
  kernel.ne(a, b),
);
/** Whether the first element is less. */
export const lessOp: Op<null> = /* @__PURE__ */ predicate("less", { lt: loops.lt }, (kernel, a, b) =>
  kernel.lt(a, b),
);
/** Whether the first element is less or equal. */
export const lessEqualOp: Op<null> = /* @__PURE__ */ predicate(
  "lessEqual",
  { le: loops.le },
  (kernel, a, b) => kernel.le(a, b),
);
/** Whether the first element is greater. */
export const greaterOp: Op<null> = /* @__PURE__ */ predicate("greater", { lt: loops.lt }, (kernel, a, b) =>
  kernel.lt(b, a),
);
/** Whether the first element is greater or equal. */
export const greaterEqualOp: Op<null> = /* @__PURE__ */ predicate(
  "greaterEqual",
  { le: loops.le },
  (kernel, a, b) => kernel.le(b, a),
);

/** Both true. */
export const logicalAndOp: Op<null> = /* @__PURE__ */ predicate(
  "logicalAnd",
  { and: loops.and },
  (kernel, a, b) => kernel.and(a, b),
);
/** Either true. */
export const logicalOrOp: Op<null> = /* @__PURE__ */ predicate(
  "logicalOr",
  { or: loops.or },
  (kernel, a, b) => kernel.or(a, b),
);
/** Exactly one true. */
export const logicalXorOp: Op<null> = /* @__PURE__ */ predicate(
  "logicalXor",
  { ne: loops.ne },
  (kernel, a, b) => kernel.ne(a, b),
);
/** True where false. */
export const logicalNotOp: Op<null> = /* @__PURE__ */ predicate(
  "logicalNot",
  { not: loops.not },
  (kernel, x) => kernel.not(x),
);

/** `condition ? a : b`. The derivative chooses as well: multiplying by 0 would let NaN of the cotangent through. */
export const whereOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "where",
  loops: {},
  lower: (kernel, condition, a, b) => kernel.select(condition, a, b),
  partials: [
    () => null,
    { times: (t, [condition]) => where(condition, t, 0) },
    { times: (t, [condition]) => where(condition, 0, t) },
  ],
});

/** Whether elements are equal; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, bool; NaN equals nothing
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * equal(tensor([1, 2]), 2).toArray() // => [false, true]
 */
export const equal = (a: TensorLike, b: TensorLike): Tensor => binary(equalOp, a, b);
/** Whether elements differ; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, bool; NaN differs from everything, itself included
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * notEqual(tensor([1, 2]), 2).toArray() // => [true, false]
 */
export const notEqual = (a: TensorLike, b: TensorLike): Tensor => binary(notEqualOp, a, b);
/** Whether `a < b`, element by element; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, bool
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * less(tensor([1, 2]), 2).toArray() // => [true, false]
 */
export const less = (a: TensorLike, b: TensorLike): Tensor => binary(lessOp, a, b);
/** Whether `a ≤ b`, element by element; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, bool
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * lessEqual(tensor([1, 2]), 1).toArray() // => [true, false]
 */
export const lessEqual = (a: TensorLike, b: TensorLike): Tensor => binary(lessEqualOp, a, b);
/** Whether `a > b`, element by element; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, bool
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * greater(tensor([1, 2]), 1).toArray() // => [false, true]
 */
export const greater = (a: TensorLike, b: TensorLike): Tensor => binary(greaterOp, a, b);
/** Whether `a ≥ b`, element by element; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, bool
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * greaterEqual(tensor([1, 2]), 2).toArray() // => [false, true]
 */
export const greaterEqual = (a: TensorLike, b: TensorLike): Tensor => binary(greaterEqualOp, a, b);

/** Every dtype counts as bool: true where it is not 0 (NaN is not 0). */
function truth(op: string, x: TensorLike): Tensor {
  const t = asTensor(op, x);
  return t.dtype === "bool" ? t : applyOne(castOp, [t], "bool");
}
const logic = (op: Op<null>, a: TensorLike, b: TensorLike): Tensor =>
  applyOne(op, [truth(op.name, a), truth(op.name, b)], null);

/** Whether both are true; numbers count as true where they are not 0; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, bool
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * logicalAnd(tensor([true, true]), tensor([true, false])).toArray() // => [true, false]
 */
export const logicalAnd = (a: TensorLike, b: TensorLike): Tensor => logic(logicalAndOp, a, b);
/** Whether either is true; numbers count as true where they are not 0; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, bool
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * logicalOr(tensor([true, false]), tensor([false, false])).toArray() // => [true, false]
 */
export const logicalOr = (a: TensorLike, b: TensorLike): Tensor => logic(logicalOrOp, a, b);
/** Whether exactly one is true; numbers count as true where they are not 0; shapes broadcast.
 * @param a - any shape, any dtype
 * @param b - a shape that broadcasts with `a`'s
 * @returns the broadcast shape, bool
 * @throws {@link ShapeError} if the shapes do not broadcast
 * @example
 * logicalXor(tensor([true, true]), tensor([true, false])).toArray() // => [false, true]
 */
export const logicalXor = (a: TensorLike, b: TensorLike): Tensor => logic(logicalXorOp, a, b);
/** True where false; numbers count as true where they are not 0.
 * @param x - any shape, any dtype
 * @returns the shape of `x`, bool
 * @example
 * logicalNot(tensor([true, false])).toArray() // => [false, true]
 */
export const logicalNot = (x: TensorLike): Tensor => applyOne(logicalNotOp, [truth("logicalNot", x)], null);

/** Elements of `a` where the condition is true, of `b` elsewhere; shapes broadcast. The gradient goes to the side that was chosen; the other
 * gets 0. If that side's own formula makes 0 · ∞ of it (as `log` does at 0), choose its operand too: `where(ok, log(where(ok, x, 1)), 0)`.
 * @param condition - bool, any shape
 * @param a - a shape that broadcasts
 * @param b - a shape that broadcasts
 * @returns the broadcast shape, the promoted dtype of `a` and `b`
 * @throws {@link DTypeError} if the condition is not bool; {@link ShapeError} if the shapes do not broadcast
 * @example
 * const x = tensor([-1, 4])
 * where(greater(x, 0), sqrt(x), 0).toArray() // => [0, 2]
 */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  const c = asTensor("where", condition);
  if (c.dtype !== "bool") {
    throw new DTypeError({
      code: "dtype/condition",
      op: "where",
      problem: "the condition is not bool.",
      got: showSpec(c),
      expected: "a bool tensor, such as a comparison gives",
      mend: "where(notEqual(x, 0), a, b)",
    });
  }
  const [p, q] = promoted("where", [a, b]);
  return applyOne(whereOp, [c, p, q], null);
}

/** Whether each element is NaN.
 * @param x - any shape, any dtype
 * @returns the shape of `x`, bool
 * @example
 * isNaN(tensor([1, NaN])).toArray() // => [false, true]
 */
export function isNaN(x: TensorLike): Tensor {
  const t = asTensor("isNaN", x);
  return notEqual(t, t);
}
/** Whether each element is neither infinite nor NaN.
 * @param x - any shape, any dtype
 * @returns the shape of `x`, bool
 * @example
 * isFinite(tensor([1, Infinity, NaN])).toArray() // => [true, false, false]
 */
export function isFinite(x: TensorLike): Tensor {
  const t = asTensor("isFinite", x);
  return isFloat(t)
    ? logicalAnd(less(t, Number.POSITIVE_INFINITY), greater(t, Number.NEGATIVE_INFINITY))
    : equal(t, t);
}
