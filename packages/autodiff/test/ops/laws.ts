import fc from "fast-check";
import { expect } from "vitest";
import { isFloatDType, newArray } from "../../src/base/dtype.js";
import { sameShape, showShape } from "../../src/base/shape.js";
import type { Spec } from "../../src/kernel/lowering.js";
import type { ElementwiseSamples } from "../../src/ops/samples.js";
import { fromArray, type Tensor, withoutValue } from "../../src/tensor/tensor.js";
import { checkDuality } from "../../src/testing/check-duality.js";
import { checkGradients } from "../../src/testing/check-gradients.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { apply } from "../../src/trace/apply.js";
import type { Node, Op } from "../../src/trace/op.js";
import { traceFlat } from "../../src/trace/trace.js";
import { casesOf } from "../repository/case-counts.js";

/** A function of tensors: an op with its attributes, or a composite. */
export type Flat = (inputs: readonly Tensor[]) => readonly Tensor[];
export const isElementwise = (samples: object): samples is ElementwiseSamples => "domain" in samples;
export const ofOp =
  (op: Op, attributes: unknown): Flat =>
  (inputs) =>
    apply(op, inputs, attributes);

/** Derivatives are the slopes, in both modes and to second order; the modes are dual. */
export function derivativesAreRight(
  f: Flat,
  inputs: readonly Tensor[],
  seed: number,
  order: 1 | 2 = 2,
): void {
  if (!inputs.some((t) => isFloatDType(t.dtype))) return;
  const call = (...all: Tensor[]): readonly Tensor[] => f(all);
  checkGradients(call, [...inputs], { seed, order });
  checkDuality(call, [...inputs], { seed });
}

/** Two lists of tensors have the same shapes, dtypes and values (to `tolerance`, relative to elements over 1). */
export function expectSame(
  actual: readonly Tensor[],
  expected: readonly Tensor[],
  tolerance: number,
  what: string,
): void {
  expect(actual.length, what).toBe(expected.length);
  actual.forEach((t, i) => {
    expect(specText(t), what).toBe(specText(expected[i]));
    const [a, e] = [t.data, expected[i].data];
    for (let k = 0; k < a.length; k++) {
      const near = Object.is(a[k], e[k]) || Math.abs(a[k] - e[k]) <= tolerance * Math.max(1, Math.abs(e[k]));
      if (!near) expect.fail(`${what}: output ${i}, element ${k} is ${a[k]}, not ${e[k]}`);
    }
  });
}
const specText = ({ shape, dtype }: Spec): string => `${dtype}${showShape(shape)}`;

/** The shape rule says what really comes out. */
export function shapeRuleIsTrue(op: Op, inputs: readonly Tensor[], attributes: unknown): void {
  const specs = op.infer(inputs, attributes);
  expect(apply(op, inputs, attributes).map(specText)).toEqual(specs.map(specText));
}

/** Tracing and then running the nodes gives what running at once gives. */
export function traceIsEager(f: Flat, inputs: readonly Tensor[]): void {
  const eager = f(inputs);
  const traced = traceFlat(f, inputs);
  expect(traced.outputs.map(specText)).toEqual(eager.map(specText));
  const values = new Map<number, Tensor>();
  traced.inputs.forEach((t, i) => {
    values.set(t.id, inputs[i]);
  });
  for (const { outer, inner } of traced.trace.captures.values()) values.set(inner.id, outer);
  const valueOf = (t: Tensor): Tensor => {
    const value = values.get(t.id);
    if (value === undefined) throw new Error("a node reads what no node before it made");
    return value;
  };
  for (const { op, inputs: reads, attributes, outputs } of traced.trace.nodes)
    apply(op, reads.map(valueOf), attributes).forEach((t, i) => {
      values.set(outputs[i].id, t);
    });
  expectSame(traced.outputs.map(valueOf), eager, 0, "traced");
}

/** The batching rule gives what a loop over examples gives. `examples`: applications that differ in the batched inputs only. */
export function batchIsLoop(
  op: Op,
  examples: readonly (readonly Tensor[])[],
  batched: readonly boolean[],
  attributes: unknown,
): void {
  const stacked = batched.map((b, i) =>
    b ? stackRows(examples.map((inputs) => inputs[i])) : examples[0][i],
  );
  const [outputs, which] = op.batch(stacked, batched, attributes, examples.length);
  const loop = examples.map((inputs) => apply(op, inputs, attributes));
  outputs.forEach((t, i) => {
    const rows = loop.map((results) => results[i]);
    if (which[i]) expectSame([t], [stackRows(rows)], 1e-14, "batched");
    else for (const row of rows) expectSame([t], [row], 1e-14, "not batched");
  });
}

/** Tensors of one shape along a new first axis, without the ops under test. */
export function stackRows(rows: readonly Tensor[]): Tensor {
  const [{ shape, dtype, size }] = rows;
  const array = newArray(dtype, rows.length * size);
  rows.forEach((t, i) => {
    expect(specText(t)).toBe(specText(rows[0]));
    array.set(Array.from(t.data), i * size);
  });
  return fromArray(array, [rows.length, ...shape], dtype);
}

/** The pullback needs nothing that `reads` does not name: what it does not name is taken away. */
export function readsAreEnough(op: Op, inputs: readonly Tensor[], attributes: unknown): void {
  const outputs = apply(op, inputs, attributes);
  if (op.reads === undefined || !outputs.some((t) => isFloatDType(t.dtype))) return;
  const cotangents = outputs.map((t) =>
    isFloatDType(t.dtype) ? seededRandom(1).tensor(t.shape, [0.5, 1], t.dtype) : null,
  );
  const floats = inputs.flatMap((t, i) => (isFloatDType(t.dtype) ? [i] : []));
  for (const watchedInputs of [...floats.map((i) => [i]), floats]) {
    const watched = inputs.map((_, i) => watchedInputs.includes(i));
    const { inputs: which, outputs: readsOutputs } = op.reads(watched, inputs);
    const kept: Node = {
      op,
      attributes,
      inputs: inputs.map((t, i) => (which === true || (which !== false && which[i]) ? t : withoutValue(t))),
      outputs: readsOutputs ? outputs : outputs.map(withoutValue),
    };
    const full = op.pullback({ op, attributes, inputs, outputs }, cotangents, watched);
    const lean = op.pullback(kept, cotangents, watched);
    watched.forEach((w, i) => {
      const [a, b] = [full[i] ?? null, lean[i] ?? null];
      if (!w || a === null || b === null) return;
      expectSame([b], [a], 0, "pullback of what was kept");
      expect(sameShape(a.shape, inputs[i].shape)).toBe(true);
    });
  }
}

/** Runs a law over seeds; the message of a failure holds the seed that shows it again. */
export function forSeeds(runs: number, law: (seed: number) => void): void {
  fc.assert(
    fc.property(fc.noShrink(fc.integer()), (seed) => {
      law(seed);
    }),
    { numRuns: casesOf(runs) },
  );
}

/** How many representable float32 numbers lie between two. */
export function ulpsBetween(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.POSITIVE_INFINITY;
  return Math.abs(ordinal(a) - ordinal(b));
}
const floatView = new Float32Array(1);
const bitsView = new Int32Array(floatView.buffer);
function ordinal(x: number): number {
  floatView[0] = x;
  return bitsView[0] < 0 ? -(bitsView[0] & 0x7fffffff) : bitsView[0];
}
