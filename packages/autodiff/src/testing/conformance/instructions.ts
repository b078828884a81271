import type { DType } from "../../base/dtype.js";
import type { BinaryInstruction, CompareInstruction, UnaryInstruction } from "../../kernel/instruction.js";
import { applyTo, expectClose } from "./apply-instruction.js";
import { demandNumbers } from "./assertions.js";
import { pairs, samples } from "./instruction-operands.js";
import { binaryMeaning, compareReference, roundTo, unaryReference } from "./reference-scalars.js";
import type { Suite } from "./suite.js";

const floats = ["float32", "float64"] as const;

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

/** Every instruction on every dtype that it takes: one case each. */
export function instructionConformance(suite: Suite): void {
  unaryCases(suite);
  binaryCases(suite);
  comparisonCases(suite);
  otherCases(suite);
}

function unaryCases(suite: Suite): void {
  const names = Object.keys(floatUnary) as (keyof typeof floatUnary)[];
  const rows = [
    ...names.flatMap((name) => floats.map((dtype) => [name, dtype] as const)),
    ...(["neg", "abs", "sign"] as const).map((name) => [name, "int32"] as const),
    ["not", "bool"] as const,
  ];
  for (const [name, dtype] of rows) {
    suite.add(`${name} of ${dtype}`, [dtype], async (trial) => {
      const values = samples(dtype);
      await applyTo(
        trial,
        [{ dtype, values }],
        dtype,
        (kernel, x) => kernel[name](x),
        (got) => expectClose(got, values.map(unaryReference[name]), dtype, (i) => `${name}(${values[i]})`),
      );
    });
  }
}

function binaryCases(suite: Suite): void {
  const rows = (Object.keys(binaryDTypes) as BinaryInstruction[]).flatMap((name) =>
    binaryDTypes[name].map((dtype) => [name, dtype] as const),
  );
  for (const [name, dtype] of rows) {
    suite.add(`${name} of ${dtype}`, [dtype], async (trial) => {
      const [x, y] = pairs(dtype);
      const meaning = binaryMeaning(name, dtype);
      const want = x.map((value, i) => meaning(value, y[i]));
      // IEEE 754 leaves open which of −0 and 0 is the greater.
      const zeroSigns = name !== "min" && name !== "max";
      await applyTo(
        trial,
        [
          { dtype, values: x },
          { dtype, values: y },
        ],
        dtype,
        (kernel, a, b) => kernel[name](a, b),
        (got) => expectClose(got, want, dtype, (i) => `${name}(${x[i]}, ${y[i]})`, zeroSigns),
      );
    });
  }
}

function comparisonCases(suite: Suite): void {
  const rows = (Object.keys(compares) as CompareInstruction[]).flatMap((name) =>
    dtypes.map((dtype) => [name, dtype] as const),
  );
  for (const [name, dtype] of rows) {
    suite.add(`${name} of ${dtype}`, [dtype, "bool"], async (trial) => {
      const [x, y] = pairs(dtype);
      const want = x.map((value, i) => Number(compareReference[name](value, y[i])));
      await applyTo(
        trial,
        [
          { dtype, values: x },
          { dtype, values: y },
        ],
        "bool",
        (kernel, a, b) => kernel[name](a, b),
        (got) => demandNumbers(`${name} of ${dtype}`, got, want),
      );
    });
  }
}

/** What is written beside the names of instructions: choices, casts, constants. */
function otherCases(suite: Suite): void {
  for (const dtype of dtypes) {
    suite.add(`select of ${dtype} keeps what is not chosen out`, [dtype, "bool"], async (trial) => {
      const [x, y] = pairs(dtype);
      const c = x.map((_, i) => (i % 3 === 0 ? 1 : 0));
      const want = x.map((value, i) => (c[i] ? value : y[i]));
      await applyTo(
        trial,
        [
          { dtype: "bool", values: c },
          { dtype, values: x },
          { dtype, values: y },
        ],
        dtype,
        (kernel, condition, a, b) => kernel.select(condition, a, b),
        (got) => demandNumbers("select", got, want),
      );
    });
  }
  const casts = dtypes.flatMap((from) => dtypes.filter((to) => to !== from).map((to) => [from, to] as const));
  for (const [from, to] of casts) {
    suite.add(`cast from ${from} to ${to}`, [from, to], async (trial) => {
      const values = samples(from);
      await applyTo(
        trial,
        [{ dtype: from, values }],
        to,
        (kernel, a) => kernel.cast(a, to),
        (got) => demandNumbers("cast", got, values.map(roundTo[to])),
      );
    });
  }
  for (const dtype of dtypes) {
    suite.add(`constants of ${dtype}`, [dtype], async (trial) => {
      const values = samples(dtype);
      const c = dtype === "bool" ? 1 : 3;
      await applyTo(
        trial,
        [{ dtype, values }],
        dtype,
        (kernel, a) => kernel.max(a, kernel.constant(c, dtype)),
        (got) =>
          demandNumbers(
            `max(x, ${c})`,
            got,
            values.map((x) => Math.max(x, c)),
          ),
      );
    });
  }
}
