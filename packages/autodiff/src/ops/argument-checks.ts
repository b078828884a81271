import { type DType, isFloatDType } from "../base/dtype.js";
import { DTypeError, ValueError } from "../base/errors.js";
import { show } from "../base/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { asTensor, checkIndices, scalar, type TensorLike } from "./operands.js";

/** Throws unless a dtype holds a number without change of kind: int32 no fractions, bool only 0 and 1. */
export function checkHeld(op: string, value: unknown, dtype: DType): void {
  const held =
    typeof value === "number" &&
    (dtype === "int32" ? value === (value | 0) : dtype === "bool" ? value === 0 || value === 1 : true);
  if (held) return;
  throw new ValueError({
    code: "value/dtype",
    op,
    problem: `${dtype} does not hold this value.`,
    got: show(value),
    expected: dtype === "bool" ? "0 or 1" : dtype === "int32" ? "a whole number of 32 bits" : "a number",
    mend: 'cast the tensor first, or pass { dtype: "float32" }',
  });
}

/** Throws unless a dtype holds fractions.
 * @example
 * checkFloatDType("uniform", "int32") // throws DTypeError
 * @internal
 */
export function checkFloat(op: string, dtype: DType): void {
  if (isFloatDType(dtype)) return;
  throw new DTypeError({
    code: "dtype/float",
    op,
    problem: "the numbers are fractions.",
    got: dtype,
    expected: "float32 or float64",
    mend: "arange and random.randint make whole numbers, random.bernoulli booleans",
  });
}

/** Indices as a tensor; throws unless they are int32, or one whole number. */
export function asIndices(op: string, indices: TensorLike): Tensor {
  const t =
    typeof indices === "number" && indices === (indices | 0)
      ? scalar(indices, "int32")
      : asTensor(op, indices);
  checkIndices(op, t);
  return t;
}
