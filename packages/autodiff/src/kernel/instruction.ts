import type { DType } from "../base/dtype.js";

/** Scalar instructions with one operand. */
export type UnaryInstruction =
  | "neg"
  | "abs"
  | "sign"
  | "floor"
  | "ceil"
  | "round"
  | "sqrt"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "tanh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "sigmoid"
  | "erf"
  | "not";
/** Scalar instructions with two operands of one dtype. `mod` takes the divisor's sign; `round` goes to even. */
export type BinaryInstruction =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pow"
  | "mod"
  | "min"
  | "max"
  | "atan2"
  | "and"
  | "or";
/** Comparisons: two operands of one dtype, a bool out; NaN compares false (`ne`: true). */
export type CompareInstruction = "eq" | "ne" | "lt" | "le";

/** How instructions appear in a kernel's body: a list in which operands come before their uses. */
export type ExpressionNode =
  /** The element of the kernel's `index`-th read (input). */
  | { readonly kind: "read"; readonly index: number; readonly dtype: DType }
  | { readonly kind: "constant"; readonly value: number; readonly dtype: DType }
  | { readonly kind: "unary"; readonly name: UnaryInstruction; readonly a: number; readonly dtype: DType }
  | {
      readonly kind: "binary";
      readonly name: BinaryInstruction;
      readonly a: number;
      readonly b: number;
      readonly dtype: DType;
    }
  | {
      readonly kind: "compare";
      readonly name: CompareInstruction;
      readonly a: number;
      readonly b: number;
      readonly dtype: "bool";
    }
  /** `condition ? a : b`, per element, without evaluating to NaN what is not chosen. */
  | {
      readonly kind: "select";
      readonly condition: number;
      readonly a: number;
      readonly b: number;
      readonly dtype: DType;
    }
  /** Float to int32 truncates (NaN and out of range: as JavaScript's `|0`); to bool is `!== 0`. */
  | { readonly kind: "cast"; readonly a: number; readonly dtype: DType }
  /** The position along `axis` of the kernel's index space, as int32. */
  | { readonly kind: "index"; readonly axis: number; readonly dtype: "int32" };

/** An expression of scalar instructions; node `i` may use nodes before `i` only. */
export interface Expression {
  readonly nodes: readonly ExpressionNode[];
  /** Which nodes are the results. */
  readonly results: readonly number[];
}

/** How a reduction combines elements; the start is the neutral element (0, 1, −∞, +∞, the least or greatest int32). NaN wins in max and min. */
export type Combine = "sum" | "prod" | "max" | "min";
