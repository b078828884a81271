import { type DType, isFloatDType, promote } from "../base/dtype.js";
import { DTypeError, TreeError } from "../base/errors.js";
import { scalarShape, showSpec } from "../base/shape.js";
import { show } from "../base/show.js";
import { allocate, Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import { current } from "../trace/context.js";
import { TensorHolder } from "../trace/holder.js";
import type { Maybe } from "../trace/op.js";
import type { Variable } from "../trace/variable.js";
import { castOp } from "./cast.js";
import { fillOp } from "./fill.js";

/** What operations take: a tensor, a Variable (its value), or a JavaScript number or boolean, which is a weak scalar that takes the other operand's dtype. */
export type TensorLike = Tensor | Variable | number | boolean;

/** A tensor of shape `[]`. Under a trace it is a node like any other. */
export function scalar(value: number, dtype: DType): Tensor {
  if (current().trace !== null) return applyOne(fillOp, [], { shape: [], dtype, value });
  const out = allocate(scalarShape, dtype);
  out.storage![out.offset] = value;
  return out;
}

/** The dtype that a number takes next to `beside`: its dtype, if it can hold the number. */
function weakDType(value: number | boolean, beside: DType | null): DType {
  if (typeof value === "boolean") return beside ?? "bool";
  if (beside === null) return "float32";
  if (isFloatDType(beside)) return beside;
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? "int32" : "float32";
}

const notTensor = (op: string, got: unknown): TreeError =>
  new TreeError({
    code: "operand/type",
    op,
    problem: "an operand is not a tensor.",
    got: Array.isArray(got) ? "an array" : show(got),
    expected: "a Tensor, a Variable, a number or a boolean",
    mend: Array.isArray(got) ? "make a tensor of it first: tensor([[1, 2], [3, 4]])" : "pass a tensor",
  });

/** Throws unless a value may be an operand.
 * @example
 * checkOperand("huber", "1") // throws TreeError
 * @internal
 */
export function checkOperand(op: string, x: unknown): asserts x is TensorLike {
  if (x instanceof Tensor || x instanceof TensorHolder || typeof x === "number" || typeof x === "boolean")
    return;
  throw notTensor(op, x);
}

/** One operand as a tensor; numbers become float32 scalars. */
export function asTensor(op: string, x: TensorLike): Tensor {
  if (x instanceof Tensor) return x;
  if (x instanceof TensorHolder) return x.value;
  if (typeof x === "number" || typeof x === "boolean") return scalar(Number(x), weakDType(x, null));
  throw notTensor(op, x);
}

/** Several operands as tensors of one dtype, numbers being weak. */
export function promoted(op: string, operands: readonly TensorLike[]): Tensor[] {
  let beside: DType | null = null;
  let mixed = false;
  const out = new Array<Tensor | number | boolean>(operands.length);
  for (let i = 0; i < operands.length; i++) {
    let x = operands[i];
    if (x instanceof TensorHolder) x = x.value;
    if (x instanceof Tensor) {
      if (beside !== null && beside !== x.dtype) mixed = true;
      beside = beside === null ? x.dtype : promote(beside, x.dtype);
    } else if (typeof x !== "number" && typeof x !== "boolean") throw notTensor(op, x);
    out[i] = x;
  }
  let target: DType | null = beside;
  for (const x of out) {
    if (x instanceof Tensor) continue;
    const own = weakDType(x, beside);
    if (target === null || promote(target, own) !== target) {
      mixed ||= beside !== null;
      target = target === null ? own : promote(target, own);
    }
  }
  for (let i = 0; i < out.length; i++) {
    const x = out[i];
    if (!(x instanceof Tensor)) out[i] = scalar(Number(x), target!);
    else if (mixed && x.dtype !== target) out[i] = applyOne(castOp, [x], target!);
  }
  // Every slot now holds a tensor.
  return out as Tensor[];
}

/** One operand as a float tensor: integers and booleans become float32. */
export function asFloat(op: string, x: TensorLike): Tensor {
  const t = asTensor(op, x);
  return isFloatDType(t.dtype) ? t : applyOne(castOp, [t], "float32");
}

/** Several operands as float tensors of one dtype. */
export function promotedFloat(op: string, operands: readonly TensorLike[]): Tensor[] {
  const out = promoted(op, operands);
  return out.length > 0 && isFloatDType(out[0].dtype) ? out : out.map((t) => asFloat(op, t));
}

/** Throws unless the dtype is int32. */
export function checkIndices(op: string, t: Tensor): void {
  if (t.dtype === "int32") return;
  throw new DTypeError({
    code: "dtype/indices",
    op,
    problem: "indices are whole numbers.",
    got: showSpec(t),
    expected: "int32",
    mend: 'make them with { dtype: "int32" }, or cast(indices, "int32")',
  });
}

export const isFloat = (t: { readonly dtype: DType }): boolean => isFloatDType(t.dtype);
/** The sum of two derivatives of which either may be a symbolic zero. */
export const addMaybe = (
  add: (a: Tensor, b: Tensor) => Tensor,
  a: Maybe<Tensor>,
  b: Maybe<Tensor>,
): Maybe<Tensor> => (a === null ? b : b === null ? a : add(a, b));
