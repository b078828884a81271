import { expect, it } from "vitest";
import type { DType } from "../../src/base/dtype.js";
import type { Backend } from "../../src/kernel/backend.js";
import { buildExpression, type KernelBuilder, type Scalar } from "../../src/kernel/expression.js";
import type {
  BinaryInstruction,
  CompareInstruction,
  UnaryInstruction,
} from "../../src/kernel/instruction.js";

import { runProgram, ulps } from "./compare-programs.js";
import { pairs, samples } from "./instruction-operands.js";
import { access, ProgramBuilder, plain } from "./program-builder.js";
import { binaryMeaning, compareReference, roundTo, unaryReference } from "./reference-scalars.js";

type Float = "float32" | "float64";
const floats: readonly Float[] = ["float32", "float64"];
/** Units in the last place that a result may be off the double-precision value. */
const bounds: { readonly [D in Float]: number } = { float32: 2.5, float64: 2 };

/** Which dtypes each instruction must take; the types make the tables complete. */
const floatUnary: { readonly [I in Exclude<UnaryInstruction, "not">]: true } = {
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
};
const binaryDTypes: { readonly [I in BinaryInstruction]: readonly DType[] } = {
  add: ["float32", "float64", "int32"],
  sub: ["float32", "float64", "int32"],
  mul: ["float32", "float64", "int32"],
  div: ["float32", "float64", "int32"],
  mod: ["float32", "float64", "int32"],
  pow: ["float32", "float64"],
  atan2: ["float32", "float64"],
  min: ["float32", "float64", "int32", "bool"],
  max: ["float32", "float64", "int32", "bool"],
  and: ["bool"],
  or: ["bool"],
};
const compares: { readonly [I in CompareInstruction]: true } = { eq: true, ne: true, lt: true, le: true };
const dtypes: readonly DType[] = ["float32", "float64", "int32", "bool"];

/** Applies one expression to columns of operands. */
function applyTo(
  backend: Backend,
  operands: readonly { readonly dtype: DType; readonly values: readonly number[] }[],
  out: DType,
  body: (kernel: KernelBuilder, ...operands: Scalar[]) => Scalar,
): number[] {
  const builder = new ProgramBuilder();
  const n = operands[0].values.length;
  const reads = operands.map(({ dtype, values }) => plain(access(builder.buffer(dtype, values), [1])));
  const target = builder.buffer(out, n);
  const expression = buildExpression(
    operands.map(({ dtype }) => dtype),
    body,
  );
  const program = builder.program([
    { kind: "map", name: "apply", shape: [n], reads, expression, writes: [access(target, [1])] },
  ]);
  return runProgram(backend, program)(target);
}

/** Lists what is wrong, so that one failure shows all. */
function expectClose(
  got: readonly number[],
  want: readonly number[],
  dtype: DType,
  describe: (i: number) => string,
  zeroSigns = true,
): void {
  const wrong: string[] = [];
  for (let i = 0; i < want.length; i++) {
    const w = want[i];
    let fine: boolean;
    if (dtype === "int32" || dtype === "bool") fine = got[i] === roundTo[dtype](w);
    else if (w === 0 && got[i] === 0) fine = !zeroSigns || Object.is(w, got[i]);
    else fine = ulps(got[i], w, dtype) <= bounds[dtype];
    if (!fine) wrong.push(`${describe(i)} is ${got[i]}, not ${w}`);
  }
  expect(wrong.slice(0, 20).join("\n") + (wrong.length > 20 ? `\n… ${wrong.length} in all` : "")).toBe("");
}

// One row per instruction and dtype.
export function instructionConformance(backend: Backend): void {
  const floatRows = (Object.keys(floatUnary) as (keyof typeof floatUnary)[]).flatMap((name) =>
    floats.map((dtype) => [name, dtype] as const),
  );
  it.each(floatRows)("%s of %s", (name, dtype) => {
    const values = samples(dtype);
    const got = applyTo(backend, [{ dtype, values }], dtype, (kernel, x) => kernel[name](x));
    expectClose(got, values.map(unaryReference[name]), dtype, (i) => `${name}(${values[i]})`);
  });

  it.each(["neg", "abs", "sign"] as const)("%s of int32", (name) => {
    const values = samples("int32");
    const got = applyTo(backend, [{ dtype: "int32", values }], "int32", (kernel, x) => kernel[name](x));
    expectClose(got, values.map(unaryReference[name]), "int32", (i) => `${name}(${values[i]})`);
  });

  it("not of bool", () => {
    const values = samples("bool");
    const got = applyTo(backend, [{ dtype: "bool", values }], "bool", (kernel, x) => kernel.not(x));
    expect(got).toEqual(values.map((x) => 1 - x));
  });

  const binaryRows = (Object.keys(binaryDTypes) as BinaryInstruction[]).flatMap((name) =>
    binaryDTypes[name].map((dtype) => [name, dtype] as const),
  );
  it.each(binaryRows)("%s of %s", (name, dtype) => {
    const [x, y] = pairs(dtype);
    const operands = [
      { dtype, values: x },
      { dtype, values: y },
    ];
    const got = applyTo(backend, operands, dtype, (kernel, a, b) => kernel[name](a, b));
    const meaning = binaryMeaning(name, dtype);
    const want = x.map((value, i) => meaning(value, y[i]));
    // IEEE 754 leaves open which of −0 and 0 is the greater.
    const zeroSigns = name !== "min" && name !== "max";
    expectClose(got, want, dtype, (i) => `${name}(${x[i]}, ${y[i]})`, zeroSigns);
  });

  const exact = [
    ["mod", -7, 3, 2],
    ["mod", 7, -3, -2],
    ["mod", -0.5, 1, 0.5],
    ["mod", 5, Infinity, 5],
    ["mod", -5, Infinity, Infinity],
    ["mod", 1, 0, Number.NaN],
    ["mod", -6, 3, 0],
    ["mod", 6, -3, -0],
    ["pow", 1, Number.NaN, 1],
    ["pow", Number.NaN, 0, 1],
    ["pow", -1, Infinity, 1],
    ["pow", -8, 3, -512],
    ["pow", -8, 0.5, Number.NaN],
    ["pow", 0, -1, Infinity],
    ["pow", -0, -1, -Infinity],
    ["max", Number.NaN, 1, Number.NaN],
    ["max", 1, Number.NaN, Number.NaN],
    ["min", Number.NaN, 1, Number.NaN],
    ["min", 1, Number.NaN, Number.NaN],
    ["div", 1, -0, -Infinity],
    ["atan2", 0, -1, Math.PI],
    ["atan2", -0, 1, -0],
  ] as const;
  it.each(floats)("exact values of binary instructions in %s", (dtype) => {
    for (const [name, x, y, want] of exact) {
      const operands = [
        { dtype, values: [x] },
        { dtype, values: [y] },
      ];
      const [got] = applyTo(backend, operands, dtype, (kernel, a, b) => kernel[name](a, b));
      expectClose([got], [want], dtype, () => `${name}(${x}, ${y})`);
    }
  });

  it.each(floats)("exact values of unary instructions in %s", (dtype) => {
    const table = [
      ["round", 0.5, 0],
      ["round", 1.5, 2],
      ["round", 2.5, 2],
      ["round", -0.5, -0],
      ["round", -2.5, -2],
      ["round", -0.2, -0],
      ["sign", -0, -0],
      ["sign", -3, -1],
      ["sign", Number.NaN, Number.NaN],
      ["exp", -Infinity, 0],
      ["exp", Infinity, Infinity],
      ["tanh", Infinity, 1],
      ["tanh", -0, -0],
      ["sigmoid", -Infinity, 0],
      ["sigmoid", Infinity, 1],
      ["sigmoid", 0, 0.5],
      ["erf", -Infinity, -1],
      ["erf", -0, -0],
      ["log", 0, -Infinity],
      ["log", -1, Number.NaN],
      ["log1p", -1, -Infinity],
      ["sqrt", -0, -0],
      ["sqrt", -1, Number.NaN],
      ["expm1", -0, -0],
      ["atanh", 1, Infinity],
      ["acosh", 0.5, Number.NaN],
    ] as const;
    for (const [name, x, want] of table) {
      const [got] = applyTo(backend, [{ dtype, values: [x] }], dtype, (kernel, a) => kernel[name](a));
      expectClose([got], [want], dtype, () => `${name}(${x})`);
    }
  });

  const compareRows = (Object.keys(compares) as CompareInstruction[]).flatMap((name) =>
    dtypes.map((dtype) => [name, dtype] as const),
  );
  it.each(compareRows)("%s of %s", (name, dtype) => {
    const [x, y] = pairs(dtype);
    const operands = [
      { dtype, values: x },
      { dtype, values: y },
    ];
    const got = applyTo(backend, operands, "bool", (kernel, a, b) => kernel[name](a, b));
    expect(got).toEqual(x.map((value, i) => Number(compareReference[name](value, y[i]))));
  });

  it.each(dtypes)("select of %s keeps what is not chosen out", (dtype) => {
    const [x, y] = pairs(dtype);
    const c = x.map((_, i) => (i % 3 === 0 ? 1 : 0));
    const operands = [
      { dtype: "bool" as const, values: c },
      { dtype, values: x },
      { dtype, values: y },
    ];
    const got = applyTo(backend, operands, dtype, (kernel, h, a, b) => kernel.select(h, a, b));
    expect(got).toEqual(x.map((value, i) => (c[i] ? value : y[i])));
  });

  const casts = dtypes.flatMap((from) => dtypes.filter((to) => to !== from).map((to) => [from, to] as const));
  it.each(casts)("cast from %s to %s", (from, to) => {
    const values = samples(from);
    const got = applyTo(backend, [{ dtype: from, values }], to, (kernel, a) => kernel.cast(a, to));
    expect(got).toEqual(values.map(roundTo[to]));
  });

  it.each(dtypes)("constants of %s", (dtype) => {
    const values = samples(dtype);
    const c = dtype === "bool" ? 1 : 3;
    const got = applyTo(backend, [{ dtype, values }], dtype, (kernel, a) =>
      kernel.max(a, kernel.constant(c, dtype)),
    );
    expect(got).toEqual(values.map((x) => Math.max(x, c)));
  });

  it("flushes subnormal float32 results when asked, and only then", () => {
    for (const flush of [false, true]) {
      const builder = new ProgramBuilder();
      const values = [
        2 ** -126,
        2 ** -127,
        -(2 ** -130),
        2 ** -149,
        1,
        0,
        -(2 ** -126),
        Number.NaN,
        Infinity,
      ];
      const target = builder.buffer("float32", values.length);
      const read = plain(
        access(
          builder.buffer(
            "float32",
            values.map((x) => x * 2),
          ),
          [1],
        ),
      );
      const expression = buildExpression(["float32"], (kernel, x) =>
        kernel.mul(x, kernel.constant(0.5, "float32")),
      );
      const program = builder.program(
        [
          {
            kind: "map",
            name: "halve",
            shape: [values.length],
            reads: [read],
            expression,
            writes: [access(target, [1])],
          },
        ],
        flush,
      );
      const got = runProgram(backend, program)(target);
      const want = values.map((x) => (flush && Math.abs(x) < 2 ** -126 ? 0 : x));
      expect(got.map((x) => x + 0)).toEqual(want.map((x) => x + 0));
    }
  });
}
