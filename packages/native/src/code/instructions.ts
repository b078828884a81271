import type {
  BinaryInstruction,
  CompareInstruction,
  DType,
  ExpressionNode,
  UnaryInstruction,
} from "@scope/autodiff/backend";
import { InternalError } from "@scope/autodiff/backend";
import { type Lanes, literal, splat, typeOf } from "./lanes.js";

/** Where an instruction is written: the lanes of its kernel, and how many of them count. */
export interface Place {
  readonly lanes: Lanes;
  readonly count: string;
  /** Whether all lanes are alike: then single numbers are computed once. */
  readonly alike: boolean;
}

type Unary = (place: Place, a: string) => string;
type Binary = (place: Place, a: string, b: string) => string;
type UnaryTable = { readonly [I in UnaryInstruction]: Unary };
type BinaryTable = { readonly [I in BinaryInstruction]: Binary };

const operator =
  (symbol: string): Binary =>
  (_, a, b) =>
    `${a} ${symbol} ${b}`;
/** A function of lanes. */
const lanewise =
  (name: string, dtype: DType): Unary =>
  ({ lanes }, a) =>
    `${lanes}_${name}_${dtype}(${a})`;
const lanewisePair =
  (name: string, dtype: DType): Binary =>
  ({ lanes }, a, b) =>
    `${lanes}_${name}_${dtype}(${a}, ${b})`;
/** What is computed lane by lane, of as many lanes as count. */
const byLane = ({ lanes, count, alike }: Place, dtype: DType, code: (count: string) => string): string =>
  alike ? splat(lanes, dtype, `${code("1")}[0]`) : code(count);
/** A function of single numbers, for one lane after the other. */
const each =
  (name: string, dtype: DType): Unary =>
  (place, a) =>
    byLane(place, dtype, (count) => `${place.lanes}_each_${dtype}(${name}, ${a}, ${count})`);
const pairs =
  (name: string, dtype: DType): Binary =>
  (place, a, b) =>
    byLane(place, dtype, (count) => `${place.lanes}_pairs_${dtype}(${name}, ${a}, ${b}, ${count})`);

/** The functions that only float32 has polynomials for. */
const throughScalars = (dtype: DType) =>
  ({
    exp: each("exp", dtype),
    expm1: each("expm1", dtype),
    log: each("log", dtype),
    log1p: each("log1p", dtype),
    sin: each("sin", dtype),
    cos: each("cos", dtype),
    tan: each("tan", dtype),
    asin: each("asin", dtype),
    acos: each("acos", dtype),
    atan: each("atan", dtype),
    sinh: each("sinh", dtype),
    cosh: each("cosh", dtype),
    tanh: each("tanh", dtype),
    asinh: each("asinh", dtype),
    acosh: each("acosh", dtype),
    atanh: each("atanh", dtype),
    sigmoid: each("sigmoid", dtype),
    erf: each("erf", dtype),
  }) as const;
/** What is correctly rounded in any precision. */
const exactUnary = (dtype: "float32" | "float64") =>
  ({
    neg: (_: Place, a: string) => `-${a}`,
    abs: lanewise("abs", dtype),
    sign: lanewise("sign", dtype),
    floor: lanewise("floor", dtype),
    ceil: lanewise("ceil", dtype),
    round: lanewise("round", dtype),
    sqrt: lanewise("sqrt", dtype),
    not: ({ lanes }: Place, a: string) =>
      select(lanes, dtype, compared(dtype, `${a} == 0`), splat(lanes, dtype, "1"), splat(lanes, dtype, "0")),
  }) as const;
const same: Unary = (_, a) => a;

const unaryTables: { readonly [D in Exclude<DType, "bool">]: UnaryTable } = {
  float32: {
    ...throughScalars("float32"),
    ...exactUnary("float32"),
    exp: lanewise("exp", "float32"),
    expm1: lanewise("expm1", "float32"),
    log: lanewise("log", "float32"),
    log1p: lanewise("log1p", "float32"),
    sin: lanewise("sin", "float32"),
    cos: lanewise("cos", "float32"),
    tanh: lanewise("tanh", "float32"),
    sigmoid: lanewise("sigmoid", "float32"),
    erf: lanewise("erf", "float32"),
  },
  float64: { ...throughScalars("float64"), ...exactUnary("float64") },
  int32: {
    ...throughScalars("int32"),
    neg: (_, a) => `-${a}`,
    abs: lanewise("abs", "int32"),
    sign: lanewise("sign", "int32"),
    floor: same,
    ceil: same,
    round: same,
    sqrt: each("sqrt", "int32"),
    not: (_, a) => `(${a} == 0) & 1`,
  },
};

const bitwiseOfFloat: Binary = () => {
  throw new InternalError("a bitwise instruction on floats");
};
const floatBinary = (dtype: "float32" | "float64"): BinaryTable => ({
  add: operator("+"),
  sub: operator("-"),
  mul: operator("*"),
  div: operator("/"),
  pow: pairs("pow", dtype),
  mod: pairs("floor_mod", dtype),
  min: lanewisePair("min", dtype),
  max: lanewisePair("max", dtype),
  atan2: pairs("atan2", dtype),
  and: bitwiseOfFloat,
  or: bitwiseOfFloat,
});
const binaryTables: { readonly [D in DType]: BinaryTable } = {
  float32: floatBinary("float32"),
  float64: floatBinary("float64"),
  int32: {
    add: operator("+"),
    sub: operator("-"),
    mul: operator("*"),
    div: pairs("divide_int", "int32"),
    pow: pairs("power_int", "int32"),
    mod: pairs("floor_mod_int", "int32"),
    min: lanewisePair("min", "int32"),
    max: lanewisePair("max", "int32"),
    atan2: pairs("atan2_int", "int32"),
    and: operator("&"),
    or: operator("|"),
  },
  // Arithmetic of bools keeps what is not zero.
  bool: {
    add: operator("|"),
    sub: operator("^"),
    mul: operator("&"),
    div: operator("&"),
    pow: (_, a, b) => `${a} | ~${b}`,
    mod: ({ lanes }) => splat(lanes, "bool", "0"),
    min: operator("&"),
    max: operator("|"),
    atan2: operator("&"),
    and: operator("&"),
    or: operator("|"),
  },
};

const symbols: { readonly [I in CompareInstruction]: string } = { eq: "==", ne: "!=", lt: "<", le: "<=" };
const ofBools: { readonly [I in CompareInstruction]: (a: string, b: string) => string } = {
  eq: (a, b) => `~(${a} ^ ${b})`,
  ne: (a, b) => `${a} ^ ${b}`,
  lt: (a, b) => `~${a} & ${b}`,
  le: (a, b) => `~${a} | ${b}`,
};

/** The mask of a comparison of vectors. */
const compared = (dtype: DType, comparison: string): string =>
  dtype === "float64" ? `mask_of(${comparison})` : `(${comparison})`;

const select = (lanes: Lanes, dtype: DType, condition: string, a: string, b: string): string =>
  `${lanes}_select_${dtype}(${condition}, ${a}, ${b})`;

function cast(place: Place, a: string, from: DType, to: DType): string {
  const { lanes } = place;
  const type = typeOf(lanes, to);
  if (from === to) return a;
  if (from === "bool") return to === "int32" ? `${a} & 1` : `__builtin_convertvector(${a} & 1, ${type})`;
  if (to === "bool") return compared(from, `${a} != 0`);
  if (to === "int32") return byLane(place, to, (count) => `${lanes}_truncate_${from}(${a}, ${count})`);
  return `__builtin_convertvector(${a}, ${type})`;
}

/** How two results of a dtype are combined by an instruction. */
export const combined = (place: Place, name: BinaryInstruction, dtype: DType, a: string, b: string): string =>
  binaryTables[dtype][name](place, a, b);

/** A node as a C expression of its operands (variables), whose dtypes come with them. */
export function instruction(
  place: Place,
  node: Exclude<ExpressionNode, { readonly kind: "read" | "index" }>,
  operand: (node: number) => { readonly name: string; readonly dtype: DType },
): string {
  const { lanes } = place;
  switch (node.kind) {
    case "constant":
      return splat(lanes, node.dtype, literal(node.value, node.dtype));
    case "unary": {
      const { name, dtype } = operand(node.a);
      if (dtype !== "bool") return unaryTables[dtype][node.name](place, name);
      if (node.name === "not") return `~${name}`;
      // The others as of 0 and 1.
      return `(${unaryTables.int32[node.name](place, `(${name} & 1)`)}) != 0`;
    }
    case "binary":
      return combined(place, node.name, operand(node.a).dtype, operand(node.a).name, operand(node.b).name);
    case "compare": {
      const [a, b] = [operand(node.a), operand(node.b)];
      if (a.dtype === "bool") return ofBools[node.name](a.name, b.name);
      return compared(a.dtype, `${a.name} ${symbols[node.name]} ${b.name}`);
    }
    case "select":
      return select(
        lanes,
        node.dtype,
        operand(node.condition).name,
        operand(node.a).name,
        operand(node.b).name,
      );
    case "cast":
      return cast(place, operand(node.a).name, operand(node.a).dtype, node.dtype);
  }
}

const vectorMath: ReadonlySet<string> = new Set([
  "exp",
  "expm1",
  "log",
  "log1p",
  "sin",
  "cos",
  "tanh",
  "sigmoid",
  "erf",
]);
/** Whether a node needs the polynomials. */
export const usesVectorMath = (node: ExpressionNode): boolean =>
  node.kind === "unary" && vectorMath.has(node.name);
