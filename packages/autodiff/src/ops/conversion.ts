import { checkDType, type DType } from "../base/dtype.js";
import { TreeError } from "../base/errors.js";
import { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import { TensorHolder } from "../trace/holder.js";
import type { Op } from "../trace/op.js";
import { castOp } from "./cast.js";
import { zeroDerivative } from "./fill.js";
import { asTensor, type TensorLike } from "./operands.js";

/** The same value, with the derivative cut. */
export const stopGradientOp: Op<null> = {
  name: "stopGradient",
  cheap: true,
  infer: (inputs) => inputs,
  lower: () => ({ kind: "view", layouts: (input) => [input] }),
  .../* @__PURE__ */ zeroDerivative<"that is what it is for">(),
  batch: (inputs, batched) => [apply(stopGradientOp, inputs, null), batched],
};

/** The same values as another dtype: floats are cut towards 0 for int32, and `!== 0` for bool.
 * Between float dtypes the gradient is cast back; from and to the others there is none.
 * @param x - any shape, any dtype
 * @param dtype - "float32", "float64", "int32" or "bool"
 * @returns the shape of `x`, that dtype
 * @throws {@link DTypeError} if there is no such dtype
 * @example
 * cast(tensor([1.9, -1.9]), "int32").toArray() // => [1, -1]
 */
export function cast(x: TensorLike, dtype: DType): Tensor {
  const t = asTensor("cast", x);
  checkDType("cast", dtype);
  return t.dtype === dtype ? t : applyOne(castOp, [t], dtype);
}

/** Bools as int32, for sums and products that count them. */
export const counted = (t: Tensor): Tensor => (t.dtype === "bool" ? cast(t, "int32") : t);

const deepest = 1000;
const tooDeep = (): TreeError =>
  new TreeError({
    code: "tree/deep",
    op: "stopGradient",
    problem: "the tree is nested too deep.",
    got: `more than ${deepest} levels`,
    expected: `at most ${deepest} levels, and no branch that holds itself`,
    mend: "pass the tensors themselves",
  });

/** The same values, as constants: gradients do not pass.
 * @param tree - a tensor, or nested arrays and plain objects of tensors; other leaves stay as they are
 * @returns the tree with every tensor cut off (a Variable becomes its value)
 * @example
 * grad((x) => mul(x, stopGradient(x)))(tensor(3)).item() // => 3
 */
export function stopGradient<T>(tree: T): T {
  // The result has the structure of the tree, which a type cannot follow leaf by leaf.
  return cut(tree, 0) as T;
}
function cut(tree: unknown, depth: number): unknown {
  if (depth > deepest) throw tooDeep();
  if (tree instanceof TensorHolder) return cut(tree.value, depth);
  if (tree instanceof Tensor) return applyOne(stopGradientOp, [tree], null);
  if (Array.isArray(tree)) return tree.map((part) => cut(part, depth + 1));
  if (typeof tree !== "object" || tree === null) return tree;
  const prototype: unknown = Object.getPrototypeOf(tree);
  if (prototype !== Object.prototype && prototype !== null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, cut(value, depth + 1)]));
}
