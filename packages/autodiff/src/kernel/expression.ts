import type { DType } from "../base/dtype.js";
import type {
  BinaryInstruction,
  CompareInstruction,
  Expression,
  ExpressionNode,
  UnaryInstruction,
} from "./instruction.js";

/** A value inside a kernel under construction; only its builder knows what it is. */
export interface Scalar {
  readonly node: number;
  readonly dtype: DType;
}

type Unary = { readonly [I in UnaryInstruction]: (a: Scalar) => Scalar };
type Binary = { readonly [I in BinaryInstruction]: (a: Scalar, b: Scalar) => Scalar };
type Compare = { readonly [I in CompareInstruction]: (a: Scalar, b: Scalar) => Scalar };

/** What an op's `lower` writes scalar code with: one method per instruction. */
export interface KernelBuilder extends Unary, Binary, Compare {
  constant(value: number, dtype: DType): Scalar;
  select(condition: Scalar, a: Scalar, b: Scalar): Scalar;
  cast(a: Scalar, dtype: DType): Scalar;
  index(axis: number): Scalar;
}

const unaryNames: { readonly [I in UnaryInstruction]: true } = {
  neg: true,
  abs: true,
  sign: true,
  floor: true,
  ceil: true,
  round: true,
  sqrt: true,
  exp: true,
  expm1: true,
  log: true,
  log1p: true,
  sin: true,
  cos: true,
  tan: true,
  asin: true,
  acos: true,
  atan: true,
  sinh: true,
  cosh: true,
  tanh: true,
  asinh: true,
  acosh: true,
  atanh: true,
  sigmoid: true,
  erf: true,
  not: true,
};
const binaryNames: { readonly [I in BinaryInstruction]: true } = {
  add: true,
  sub: true,
  mul: true,
  div: true,
  pow: true,
  mod: true,
  min: true,
  max: true,
  atan2: true,
  and: true,
  or: true,
};
const compareNames: { readonly [I in CompareInstruction]: true } = { eq: true, ne: true, lt: true, le: true };

/** Builds the expression of an elementwise op whose operands have the given dtypes. */
export function buildExpression(
  dtypes: readonly DType[],
  body: (kernel: KernelBuilder, ...operands: Scalar[]) => Scalar | readonly Scalar[],
): Expression {
  const nodes: ExpressionNode[] = [];
  const push = (node: ExpressionNode): Scalar => {
    nodes.push(node);
    return { node: nodes.length - 1, dtype: node.dtype };
  };
  const methods: Record<string, (...operands: Scalar[]) => Scalar> = {};
  for (const name of Object.keys(unaryNames) as UnaryInstruction[])
    methods[name] = (a) => push({ kind: "unary", name, a: a.node, dtype: a.dtype });
  for (const name of Object.keys(binaryNames) as BinaryInstruction[])
    methods[name] = (a, b) => push({ kind: "binary", name, a: a.node, b: b.node, dtype: a.dtype });
  for (const name of Object.keys(compareNames) as CompareInstruction[])
    methods[name] = (a, b) => push({ kind: "compare", name, a: a.node, b: b.node, dtype: "bool" });
  // The three tables above hold every instruction, so the mapped interface is complete.
  const kernel = Object.assign(methods, {
    constant: (value: number, dtype: DType) => push({ kind: "constant", value, dtype }),
    select: (condition: Scalar, a: Scalar, b: Scalar) =>
      push({ kind: "select", condition: condition.node, a: a.node, b: b.node, dtype: a.dtype }),
    cast: (a: Scalar, dtype: DType) => (a.dtype === dtype ? a : push({ kind: "cast", a: a.node, dtype })),
    index: (axis: number) => push({ kind: "index", axis, dtype: "int32" }),
  }) as unknown as KernelBuilder;
  const operands = dtypes.map((dtype, index) => push({ kind: "read", index, dtype }));
  const result = body(kernel, ...operands);
  const results = (Array.isArray(result) ? (result as readonly Scalar[]) : [result as Scalar]).map(
    (s) => s.node,
  );
  return { nodes, results };
}
