import { expect } from "vitest";
import type { DType } from "../../src/base/dtype.js";
import { compile } from "../../src/compiler/compile.js";
import { cast } from "../../src/ops/conversion.js";
import { sum } from "../../src/ops/reduction.js";
import type { Guard } from "../../src/ops/samples.js";
import type { NestedArray, Tensor } from "../../src/tensor/tensor.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { grad } from "../../src/transforms/gradient.js";
import { jacobian } from "../../src/transforms/jacobian.js";
import { jvp } from "../../src/transforms/products.js";

/** A function of tensors that works element by element. */
export type Elementwise = (...operands: Tensor[]) => Tensor;
type Derive = (f: Elementwise, operand: number) => Elementwise;

const withOperand = (operands: readonly Tensor[], i: number, t: Tensor): Tensor[] =>
  operands.map((each, k) => (k === i ? t : each));
// Each differentiates by one operand only: the others are constants.
const reverse: Derive =
  (f, i) =>
  (...operands) =>
    grad((x: Tensor) => sum(f(...withOperand(operands, i, x))))(operands[i]);
const forward: Derive =
  (f, i) =>
  (...operands) =>
    jvp((x: Tensor) => f(...withOperand(operands, i, x)), [operands[i]], [ones(operands[i])])[1];
const ones = (t: Tensor): Tensor =>
  cast(seededRandom(0).of(Array.from({ length: t.size }, () => 1)), t.dtype);

/** How derivatives of each order may be taken; from the second on the modes also mix. */
const modes: readonly (readonly [name: string, ways: readonly [Derive, Derive, Derive]])[] = [
  ["reverse", [reverse, reverse, reverse]],
  ["forward", [forward, forward, forward]],
  ["forward over reverse", [reverse, forward, forward]],
  ["reverse over forward", [forward, reverse, reverse]],
];

/** Derivatives by operand, in the order of a row's columns, and every order in which each may be taken. */
const columns: Readonly<Record<number, readonly (readonly string[])[]>> = {
  1: [["a"], ["aa"], ["aaa"]],
  2: [
    ["a"],
    ["b"],
    ["aa"],
    ["ab", "ba"],
    ["bb"],
    ["aaa"],
    ["aab", "aba", "baa"],
    ["abb", "bab", "bba"],
    ["bbb"],
  ],
};

/** Whether a derivative is what a row expects: NaN stands for anything that is not finite, ±∞ for itself or NaN. */
export function isExpected(actual: number, expected: number, tolerance: number): boolean {
  if (Number.isNaN(expected)) return !Number.isFinite(actual);
  if (!Number.isFinite(expected)) return actual === expected || Number.isNaN(actual);
  return Math.abs(actual - expected) <= tolerance * Math.max(Math.abs(expected), 1e-2);
}

/** Whether float32 holds a number without loss of its size. */
const inRange = (x: number, dtype: DType): boolean =>
  dtype === "float64" || x === 0 || !Number.isFinite(x) || (Math.abs(x) > 1e-37 && Math.abs(x) < 1e38);
const toleranceOf = (dtype: DType): number => (dtype === "float64" ? 1e-12 : 1e-5);

/** Holds the first three derivatives to the rows of guard points: both modes and their mixtures, eager and compiled, float64 and float32. */
export function elementwiseGuards(f: Elementwise, arity: number, rows: readonly (readonly number[])[]): void {
  const keys = columns[arity];
  for (const row of rows) expect(row.length, `row ${row}`).toBe(arity + keys.length);
  const all = keys.flatMap((paths, column) =>
    modes.flatMap(([mode, ways]) =>
      paths.map((path) => {
        const g = [...path].reduce((h, letter, i) => ways[i](h, letter === "a" ? 0 : 1), f);
        return { what: `${mode} derivative by ${path}`, column, g };
      }),
    ),
  );
  for (const dtype of ["float64", "float32"] as const) {
    const used = rows.filter((row) => row.slice(0, arity).every((x) => inRange(x, dtype)));
    const operands = Array.from({ length: arity }, (_, i) =>
      seededRandom(0).of(
        used.map((row) => row[i]),
        dtype,
      ),
    );
    const run = (...ts: Tensor[]): Tensor[] => all.map(({ g }) => g(...ts));
    for (const [how, results] of [
      ["eager", run(...operands)],
      ["compiled", compile(run)(...operands)],
    ] as const) {
      all.forEach(({ what, column }, k) => {
        used.forEach((row, i) => {
          const expected = row[arity + column];
          if (!inRange(expected, dtype)) return;
          const actual = results[k].data[i];
          if (!isExpected(actual, expected, toleranceOf(dtype)))
            expect.fail(
              `${how} ${dtype} ${what} at ${row.slice(0, arity).join(", ")}: ${actual}, not ${expected}`,
            );
        });
      });
    }
  }
}

type Vector = (x: Tensor) => Tensor;
/** Derivatives of a function of a vector: the first by either mode, the others by every mixture of the two. */
const vectorModes: readonly (readonly [string, (f: Vector) => readonly [Vector, Vector, Vector]])[] = [
  ["reverse", (f) => orders(f, reverseRows, reverseRows, reverseRows)],
  ["forward", (f) => orders(f, forwardRows, forwardRows, forwardRows)],
  ["forward over reverse", (f) => orders(f, reverseRows, forwardRows, forwardRows)],
  ["reverse over forward", (f) => orders(f, forwardRows, reverseRows, reverseRows)],
];
type Rows = (f: Vector) => Vector;
const reverseRows: Rows = (f) => jacobian(f, { mode: "reverse" });
const forwardRows: Rows = (f) => jacobian(f, { mode: "forward" });
function orders(f: Vector, first: Rows, second: Rows, third: Rows): readonly [Vector, Vector, Vector] {
  const gradient = first(f);
  const hessian = second(gradient);
  return [gradient, hessian, third(hessian)];
}

const flat = (values: NestedArray): number[] =>
  Array.isArray(values) ? values.flatMap((each: NestedArray) => flat(each)) : [Number(values)];

/** Holds the first three derivatives of a function of a vector to what is expected at a point, as {@link elementwiseGuards} does. */
export function vectorGuard({ what, at, f, gradient, hessian, third }: Guard): void {
  const expectations = [gradient, hessian, third].map(flat);
  for (const dtype of ["float64", "float32"] as const) {
    if (!at.every((x) => inRange(x, dtype))) continue;
    const x = seededRandom(0).of([...at], dtype);
    const run = (t: Tensor): Tensor[] => vectorModes.flatMap(([, derive]) => derive(f).map((g) => g(t)));
    for (const [how, results] of [
      ["eager", run(x)],
      ["compiled", compile(run)(x)],
    ] as const) {
      vectorModes.forEach(([mode], m) => {
        expectations.forEach((expected, order) => {
          const actual = Array.from(results[3 * m + order].data);
          expect(expected.length === 1 || expected.length === actual.length).toBe(true);
          const largest = Math.max(1, ...expected.map(Math.abs).filter(Number.isFinite));
          actual.forEach((value, i) => {
            const wanted = expected.length === 1 ? expected[0] : expected[i];
            if (inRange(wanted, dtype) && !isExpected(value / largest, wanted / largest, toleranceOf(dtype)))
              expect.fail(
                `${what}, ${how} ${dtype} ${mode}, order ${order + 1}: [${actual.join(", ")}], not [${expected.join(", ")}]`,
              );
          });
        });
      });
    }
  }
}
