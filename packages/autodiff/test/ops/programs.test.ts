import fc from "fast-check";
import { expect, test } from "vitest";
import * as loops from "../../src/backends/javascript/instruction-loops.js";
import { DerivativeError } from "../../src/base/errors.js";
import { mul, square, sub } from "../../src/ops/arithmetic.js";
import { elementwiseOp } from "../../src/ops/elementwise.js";
import * as ops from "../../src/ops/index.js";
import type { SampleRandom } from "../../src/ops/samples.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { broadcastableShapes, seeds, shapes, tensors } from "../../src/testing/arbitraries.js";
import { checkDuality } from "../../src/testing/check-duality.js";
import { checkGradients } from "../../src/testing/check-gradients.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { applyOne } from "../../src/trace/apply.js";
import type { Op } from "../../src/trace/op.js";
import { casesOf } from "../repository/case-counts.js";
import { derivativesAreRight, type Flat, traceIsEager } from "./laws.js";

// Smooth, and of values that stay near 1 however they are composed.
const unary: readonly ((x: Tensor) => Tensor)[] = [
  ops.sin,
  ops.cos,
  ops.tanh,
  ops.sigmoid,
  ops.erf,
  ops.atan,
  ops.softplus,
  ops.asinh,
  ops.neg,
  ops.silu,
  (x) => ops.gelu(x),
  (x) => ops.log1p(square(x)),
  (x) => ops.sqrt(ops.add(square(x), 1)),
  (x) => ops.exp(ops.neg(square(x))),
  (x) => ops.sum(x, { keepDims: true }),
  (x) => ops.logSumExp(x),
];
const binary: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  ops.add,
  ops.sub,
  ops.mul,
  (a, b) => ops.div(a, ops.add(square(b), 1)),
  (a, b) => ops.atan2(a, ops.add(square(b), 1)),
  (a, b) => ops.pow(ops.add(square(a), 0.5), ops.tanh(b)),
  (a, b) => ops.where(ops.less(0, 1), a, b),
];

/** A function of two tensors: each step takes values made before. */
function randomProgram(random: SampleRandom, steps: number): Flat {
  const plan = Array.from({ length: steps }, (_, i) => ({
    f: random.integer(0, 1) === 0 ? random.pick(unary) : random.pick(binary),
    a: random.integer(Math.max(0, i - 1), i + 1),
    b: random.integer(0, i + 1),
  }));
  return (inputs) => {
    const values = [...inputs];
    for (const { f, a, b } of plan) values.push(f(values[a], values[b]));
    return values.slice(-2);
  };
}

test("random programs: derivatives are slopes, traced is eager", () => {
  const drawn = fc.tuple(
    broadcastableShapes(2, { maxRank: 2, maxSize: 3 }),
    seeds(),
    fc.integer({ min: 2, max: 8 }),
  );
  fc.assert(
    fc.property(drawn, ([[p, q], seed, steps]) => {
      const random = seededRandom(seed);
      const program = randomProgram(random, steps);
      const inputs = [random.tensor(p, [-1.5, 1.5]), random.tensor(q, [-1.5, 1.5])];
      traceIsEager(program, inputs);
      derivativesAreRight(program, inputs, seed);
    }),
    { numRuns: casesOf(150) },
  );
});

// The derivative of this "sine" is off by one part in a hundred thousand.
const slip: Op<null> = elementwiseOp({
  name: "slip",
  loops: { sin: loops.sin },
  lower: (kernel, x) => kernel.sin(x),
  partials: [([x]) => mul(ops.cos(x), 1.00001)],
});
const wrong = (x: Tensor): Tensor => applyOne(slip, [x], null);
const at = ops.tensor(
  [
    [0.3, 0.7],
    [1.1, -0.4],
  ],
  { dtype: "float64" },
);

test("a planted wrong derivative is caught, and the error says where", () => {
  expect(() => checkGradients(wrong, [at])).toThrow(DerivativeError);
  expect(() => checkGradients(wrong, [at])).toThrow(
    /1\.09278\d* by reverse mode, at inputs\[0\] element \[0, 0\] \(0\.3\)[\s\S]*1\.09277\d* by central/,
  );
  expect(() => checkGradients((p: { w: Tensor }) => wrong(p.w), [{ w: at }])).toThrow(/inputs\[0\]\.w/);
  checkGradients(ops.sin, [at]);
});
test("a rule that is wrong in one mode, or in its second derivative only, is caught", () => {
  const good = elementwiseOp({
    name: "good",
    loops: { sin: loops.sin },
    lower: (kernel, x) => kernel.sin(x),
    partials: [([x]) => ops.cos(x)],
  });
  const oneMode: Op<null> = { ...good, pushforward: (_node, [t]) => [t] };
  const run = (x: Tensor): Tensor => applyOne(oneMode, [x], null);
  expect(() => checkGradients(run, [at])).toThrow(/by forward mode/);
  expect(() => checkDuality(run, [at])).toThrow(/forward and reverse mode of run disagree/);
  const cut = elementwiseOp({
    name: "cut",
    loops: { sin: loops.sin },
    lower: (kernel, x) => kernel.sin(x),
    partials: [([x]) => ops.stopGradient(ops.cos(x))],
  });
  const first = (x: Tensor): Tensor => applyOne(cut, [x], null);
  checkGradients(first, [at], { order: 1 });
  expect(() => checkGradients(first, [at])).toThrow(/by forward over reverse mode/);
});
test("NaN is no derivative", () => {
  expect(() => checkGradients((x) => ops.sqrt(sub(x, x)), [at], { order: 1 })).toThrow(DerivativeError);
});
test("an infinite derivative is none either, where the slope is finite: one element or many, in either mode", () => {
  const infinite = (t: Tensor): Tensor => mul(t, Number.POSITIVE_INFINITY);
  const sine = elementwiseOp({
    name: "sine",
    loops: { sin: loops.sin },
    lower: (kernel, x) => kernel.sin(x),
    partials: [([x]) => ops.cos(x)],
  });
  const reverse: Op<null> = { ...sine, pullback: (_node, [c]) => [c === null ? null : infinite(c)] };
  const forward: Op<null> = { ...sine, pushforward: (_node, [t]) => [t === null ? null : infinite(t)] };
  for (const op of [reverse, forward])
    for (const x of [ops.tensor(0.3, { dtype: "float64" }), at]) {
      const f = (t: Tensor): Tensor => applyOne(op, [t], null);
      expect(() => checkGradients(f, [x], { order: 1 })).toThrow(DerivativeError);
      expect(() => checkDuality(f, [x])).toThrow(DerivativeError);
    }
  // Nor is a finite one right where the differences are infinite.
  const cliff = (t: Tensor): Tensor => ops.where(ops.greater(t, 0.3), Number.POSITIVE_INFINITY, t);
  expect(() => checkGradients(cliff, [ops.tensor(0.3, { dtype: "float64" })], { order: 1 })).toThrow(
    DerivativeError,
  );
});
test("inputs without a derivative are refused", () => {
  expect(() => checkGradients(ops.neg, [ops.tensor([1], { dtype: "int32" })])).toThrow(
    /no input has a derivative/,
  );
  expect(() => checkDuality(() => at, [])).toThrow(/no input has a derivative/);
});

test("arbitraries: shapes broadcast, values stay in their domain whatever shrinking does", () => {
  fc.assert(
    fc.property(broadcastableShapes(3), shapes({ minRank: 1, maxRank: 2, minSize: 2 }), (three, one) => {
      three.reduce((a, b) => ops.add(ops.zeros(a), ops.zeros(b)).shape);
      expect(one.length).toBeGreaterThanOrEqual(1);
      expect(Math.min(...one)).toBeGreaterThanOrEqual(2);
    }),
  );
  const smallest = fc.check(
    fc.property(
      tensors({
        domain: [
          [-2, -1],
          [1, 2],
        ],
      }),
      (t) => t.data.every((v) => Math.abs(v) < 1),
    ),
    { seed: 7 },
  );
  const shrunk = smallest.counterexample?.[0];
  expect(shrunk?.shape).toEqual([]);
  expect(Math.abs(shrunk?.item() ?? 0)).toBeGreaterThanOrEqual(1);
});
