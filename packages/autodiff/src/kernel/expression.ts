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

/** A builder with some of the instructions, and with everything that is not one. */
export type KernelOf<I extends keyof KernelBuilder> = Pick<
  KernelBuilder,
  I | "constant" | "select" | "cast" | "index"
>;

const isComparison = (name: string): name is CompareInstruction => ["eq", "ne", "lt", "le"].includes(name);

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
  const structure = {
    constant: (value: number, dtype: DType) => push({ kind: "constant", value, dtype }),
    select: (condition: Scalar, a: Scalar, b: Scalar) =>
      push({ kind: "select", condition: condition.node, a: a.node, b: b.node, dtype: a.dtype }),
    cast: (a: Scalar, dtype: DType) => (a.dtype === dtype ? a : push({ kind: "cast", a: a.node, dtype })),
    index: (axis: number) => push({ kind: "index", axis, dtype: "int32" }),
  };
  // Every other name is an instruction, which the type of the builder guarantees, as it does the number of operands.
  const instruction =
    (name: string) =>
    (a: Scalar, b?: Scalar): Scalar => {
      if (b === undefined)
        return push({ kind: "unary", name: name as UnaryInstruction, a: a.node, dtype: a.dtype });
      return push(
        isComparison(name)
          ? { kind: "compare", name, a: a.node, b: b.node, dtype: "bool" }
          : { kind: "binary", name: name as BinaryInstruction, a: a.node, b: b.node, dtype: a.dtype },
      );
    };
  const kernel = new Proxy(structure, {
    get: (known, name: string) => (name in known ? known[name as keyof typeof structure] : instruction(name)),
  }) as KernelBuilder;
  const operands = dtypes.map((dtype, index) => push({ kind: "read", index, dtype }));
  const result = body(kernel, ...operands);
  const results = (Array.isArray(result) ? (result as readonly Scalar[]) : [result as Scalar]).map(
    (s) => s.node,
  );
  return { nodes, results };
}

/** The operands of a node, in order.
 * @example
 * operandsOf({ kind: "binary", name: "add", a: 0, b: 1, dtype: "float32" }) // => [0, 1]
 */
export function operandsOf(node: ExpressionNode): readonly number[] {
  switch (node.kind) {
    case "read":
    case "constant":
    case "index":
      return [];
    case "unary":
    case "cast":
      return [node.a];
    case "binary":
    case "compare":
      return [node.a, node.b];
    case "select":
      return [node.condition, node.a, node.b];
  }
}
