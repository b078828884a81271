import { describe, expect, test } from "vitest";
import * as loops from "../../src/backends/javascript/instruction-loops.js";
import { compile } from "../../src/compiler/compile.js";
import { mul, sub } from "../../src/ops/arithmetic.js";
import { equal, greaterEqual, logicalAnd, where } from "../../src/ops/comparison.js";
import { elementwiseOp } from "../../src/ops/elementwise.js";
import { log } from "../../src/ops/exponential.js";
import * as ops from "../../src/ops/index.js";
import { tensor } from "../../src/ops/literal.js";
import { pow } from "../../src/ops/power.js";
import { powSamples } from "../../src/ops/power.samples.js";
import type { Guard, GuardPoints } from "../../src/ops/samples.js";
import { applyOne } from "../../src/trace/apply.js";
import type { Op } from "../../src/trace/op.js";
import { grad } from "../../src/transforms/gradient.js";
import { compositeGuards } from "./composite-guards.js";
import { composites } from "./composites.js";
import { type Elementwise, elementwiseGuards, isExpected, vectorGuard } from "./guard-laws.js";
import { isElementwise } from "./laws.js";
import { opModules, opTable } from "./op-table.js";

const { entries, missing } = opTable(opModules);

const isGuard = (point: Guard | readonly number[]): point is Guard => "what" in point;
function holds(points: GuardPoints<Guard | readonly number[]>, f: Elementwise, arity: number): void {
  if (typeof points === "string") return;
  const rows: (readonly number[])[] = [];
  for (const point of points) {
    if (isGuard(point)) vectorGuard(point);
    else rows.push(point);
  }
  if (rows.length > 0) elementwiseGuards(f, arity, rows);
}

describe("first to third derivatives at guard points", () => {
  const guarded = entries.filter(({ samples }) => typeof samples.guardPoints !== "string");
  test.each(guarded)("$name", ({ op, samples }) => {
    const arity = isElementwise(samples) ? samples.domain.length : 1;
    holds(samples.guardPoints, (...operands) => applyOne(op, operands, null), arity);
  });
  const functions = Object.entries(compositeGuards).filter(([, { points }]) => typeof points !== "string");
  test.each(functions)("%s", (_name, { points, f }) => {
    holds(points, (x) => (f === undefined ? x : f(x)), 1);
  });
});

test("every op and every composite has guard points, or a reason for none", () => {
  const { lonelyOp, lonelySamples } = { lonelyOp: entries[0].op, lonelySamples: { guardPoints: [] } };
  expect(opTable({ "a.ts": { lonelyOp }, "a.samples.ts": { lonelySamples } }).missing).toEqual([
    "a.samples.ts: lonelySamples has neither guard points nor a reason for none",
  ]);
  expect(missing).toEqual([]);
  expect(Object.keys(compositeGuards).sort()).toEqual(Object.keys(composites).sort());
  expect(Object.entries(compositeGuards).filter(([, { points }]) => points.length === 0)).toEqual([]);
});

describe("norms whose squares leave the range of the dtype", () => {
  const sizes = {
    float64: [3e-322, 1e-300, 1e-160, 1e-150, 1e150, 1e160, 1e300, 1e308],
    float32: [3e-44, 1e-37, 1e-25, 1e-19, 1e-15, 1e15, 1e20, 2e38],
  } as const;
  const directions: readonly (readonly [
    what: string,
    f: Guard["f"],
    at: readonly [number, number, number],
  ])[] = [
    ["norm", (x) => ops.norm(x), [0.75, 1, 0]],
    ["std", (x) => ops.std(ops.slice(x, [[0, 2]])), [0.75, -0.75, 1]],
  ];
  test.each(directions)("%s: value and gradient", (_what, f, direction) => {
    for (const dtype of ["float64", "float32"] as const) {
      const unit = tensor(direction, { dtype });
      const gradient = grad(f)(unit).data;
      for (const size of sizes[dtype]) {
        const x = tensor(
          direction.map((each) => each * size),
          { dtype },
        );
        // Elements that are not normal have few digits themselves.
        const tolerance = size < 1e-307 || (dtype === "float32" && size < 1e-37) ? 0.1 : 1e-5;
        for (const run of [grad(f), compile(grad(f))])
          run(x).data.forEach((g, i) => {
            expect(Math.abs(g - gradient[i]), `${dtype} ${size}: ${g}`).toBeLessThanOrEqual(tolerance);
          });
        for (const run of [f, compile(f)])
          expect(Math.abs(run(x).item() / size / f(unit).item() - 1), `${size}`).toBeLessThan(tolerance);
      }
    }
  });
});

describe("what the table catches", () => {
  // Right in value, wrong in slope: where the exponent is 0, the derivative by the base is cut.
  const wrongPow: Op<null> = elementwiseOp({
    name: "pow",
    loops: { pow: loops.pow },
    lower: (kernel, a, b) => kernel.pow(a, b),
    partials: [
      ([a, b]) => {
        const constant = equal(b, 0);
        return where(constant, 0, mul(b, pow(a, where(constant, 1, sub(b, 1)))));
      },
      ([a, b], y) => mul(y, log(where(logicalAnd(equal(a, 0), greaterEqual(b, 0)), 1, a))),
    ],
  });
  test("a guard with a wrong slope", () => {
    const rows = powSamples.guardPoints;
    if (typeof rows === "string") throw new Error("pow has guard points");
    const at = (a: number, b: number): readonly (readonly number[])[] =>
      rows.filter(([p, q]) => p === a && q === b);
    const run =
      (a: number, b: number): (() => void) =>
      () =>
        elementwiseGuards((x, y) => applyOne(wrongPow, [x, y], null), 2, at(a, b));
    expect(run(2, 0)).toThrow("derivative by ab at 2, 0: 0, not 0.5");
    expect(run(0, 1)).toThrow("at 0, 1");
  });
  test("a finite number where there is none, an infinity of the wrong sign", () => {
    expect(isExpected(0, NaN, 1)).toBe(false);
    expect(isExpected(-Infinity, Infinity, 1)).toBe(false);
    expect(isExpected(Number.MAX_VALUE, Infinity, 1)).toBe(false);
    expect(isExpected(NaN, 0, 1)).toBe(false);
    expect(isExpected(NaN, Infinity, 1)).toBe(true);
  });
});
