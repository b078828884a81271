import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DType } from "../../src/base/dtype.js";
import { sum, type Tensor, tensor, vjp } from "../../src/functions.js";
import { isNear } from "../near.js";
import { type Arguments, torchCalls } from "./torch-calls.js";

interface StoredTensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | boolean | string)[];
}
interface Case {
  readonly op: string;
  readonly args: Arguments;
  readonly inputs: readonly StoredTensor[];
  readonly outputs: readonly StoredTensor[];
  readonly cotangents: readonly (StoredTensor | null)[];
  readonly gradients: readonly (StoredTensor | null)[];
  readonly second?: StoredTensor;
}
const file = new URL("../fixtures/torch-ops.json", import.meta.url);
// The file is made by make-torch-ops.py, which writes this form.
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { readonly cases: readonly Case[] };

const numbers = ({ data }: StoredTensor): number[] => data.map(Number);
const load = (t: StoredTensor): Tensor => tensor(numbers(t), { shape: t.shape, dtype: t.dtype });

/** Where Scope differs on purpose. */
const looser: Readonly<Record<string, { readonly absolute: number; readonly because: string }>> = {
  softplus: {
    absolute: 3e-9,
    because: "PyTorch's softplus is the identity past 20, 2e-9 off; Scope's is exact",
  },
};
const differs: readonly {
  readonly what: string;
  readonly ops: readonly string[];
  readonly at: (x: number, dydx: number) => boolean;
  readonly because: string;
}[] = [
  {
    what: "values",
    ops: ["sign"],
    at: Number.isNaN,
    because: "PyTorch's sign of NaN is 0; Scope's, as NumPy's, is NaN",
  },
  {
    what: "derivatives",
    ops: [],
    at: Number.isNaN,
    because: "PyTorch's masks stop NaN; in Scope it goes on",
  },
  {
    what: "gradients",
    ops: ["pow"],
    at: (x) => Object.is(x, -0),
    because: "PyTorch takes x^−½ as 1/√x, −∞ at −0; Scope, as C's pow, has ∞",
  },
  {
    what: "second",
    ops: ["asin", "acos", "acosh", "atanh"],
    at: (_x, dydx) => Math.abs(dydx) === Infinity,
    because:
      "at the end of the domain the first derivative is infinite already; (1 − x)(1 + x) keeps its digits near the end instead",
  },
  {
    what: "second",
    ops: ["asinh"],
    at: (x) => Math.abs(x) === Infinity,
    because: "PyTorch's x² + 1 makes NaN of ∞; Scope's 1 / |x| goes to its limit",
  },
  {
    what: "gradients",
    ops: ["logsumexp"],
    at: (x, dydx) => x === -Infinity && Number.isNaN(dydx),
    because: "of nothing but −∞ PyTorch's gradient is 0/0; Scope's is 0, so that masked programs go on",
  },
  {
    what: "second",
    ops: ["elu", "selu"],
    at: (x) => x === 0,
    because: "the first derivative at 0 is that of the left side; so is the second",
  },
];

function expectClose(
  actual: Tensor,
  expected: StoredTensor,
  tolerance: number,
  absolute: number,
  skip: (k: number) => boolean,
  what: string,
): void {
  expect(actual.shape, what).toEqual(expected.shape);
  const wanted = numbers(expected);
  const differing: string[] = [];
  wanted.forEach((e, k) => {
    const a = actual.data[k];
    if (!skip(k) && !isNear(a, e, tolerance * Math.abs(e) + absolute))
      differing.push(`element ${k}: ${a}, not ${e}`);
  });
  expect(differing, what).toEqual([]);
}

test("every stored case is compared", () => {
  expect([...new Set(cases.map(({ op }) => op))].filter((op) => !(op in torchCalls))).toEqual([]);
});
const compared = cases.map((c, i) => ({ ...c, i })).filter(({ op }) => op in torchCalls);
describe.each(compared)("$i $op $args", ({ op, args, inputs, outputs, cotangents, gradients, second }) => {
  const call = torchCalls[op];
  const at = inputs.map(load);
  const run = (...xs: Tensor[]): readonly Tensor[] => {
    const result = call(xs, args);
    return "id" in result ? [result] : result;
  };
  const absolute = looser[op]?.absolute ?? 1e-15;
  const skip =
    (what: string) =>
    (k: number): boolean =>
      differs.some(
        (d) =>
          (d.what === what || (d.what === "derivatives" && what !== "values" && second !== undefined)) &&
          (d.ops.length === 0 || d.ops.includes(op)) &&
          inputs.some((t) => d.at(numbers(t)[k], Number(gradients[0]?.data[k]))),
      );

  test("values", () => {
    run(...at).forEach((t, i) => {
      expectClose(t, outputs[i], 1e-11, absolute, skip("values"), `output ${i}`);
    });
  });
  test("gradients", () => {
    const [, pullback] = vjp(run, ...at);
    // Outputs that are not float have no cotangent.
    const back = pullback(cotangents.map((c) => (c === null ? null : load(c))) as Tensor[]);
    gradients.forEach((g, i) => {
      if (g !== null) expectClose(back[i], g, 1e-9, absolute, skip("gradients"), `gradient ${i}`);
    });
  });
  if (second !== undefined)
    test("second derivatives", () => {
      const ones = (t: Tensor): Tensor => tensor(new Float64Array(t.size).fill(1), { shape: t.shape });
      const gradient = (x: Tensor): Tensor => vjp(run, x)[1]([ones(x)])[0];
      const [value, pullback] = vjp((x: Tensor) => sum(gradient(x)), at[0]);
      expectClose(pullback(ones(value))[0], second, 1e-8, absolute, skip("second"), "second derivative");
    });
});
