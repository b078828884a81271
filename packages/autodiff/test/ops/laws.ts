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
import type { Maybe, Node, Op } from "../../src/trace/op.js";
import { traceFlat } from "../../src/trace/trace.js";
import { isNear } from "../near.js";
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
      if (!isNear(a[k], e[k], tolerance * Math.max(1, Math.abs(e[k]))))
        expect.fail(`${what}: output ${i}, element ${k} is ${a[k]}, not ${e[k]}`);
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
      if (!w) return;
      expect(b === null, "pullback of what was kept: a cotangent is missing").toBe(a === null);
      if (a === null || b === null) return;
      expectSame([b], [a], 0, "pullback of what was kept");
      expect(sameShape(a.shape, inputs[i].shape)).toBe(true);
    });
  }
}

/** Every list of `length` choices between taken and left out, but that which takes none. */
const masks = (length: number): readonly boolean[][] =>
  Array.from({ length: 2 ** length - 1 }, (_, mask) =>
    Array.from({ length }, (_, i) => ((mask + 1) & (1 << i)) !== 0),
  );

/** A missing tangent or cotangent counts as zeros, whichever are missing; what comes out has the shape of what it belongs to. */
export function missingIsZero(op: Op, inputs: readonly Tensor[], attributes: unknown, seed: number): void {
  const outputs = apply(op, inputs, attributes);
  const node: Node = { op, attributes, inputs, outputs };
  const isFloat = (t: Tensor): boolean => isFloatDType(t.dtype);
  if (!inputs.some(isFloat) || !outputs.some(isFloat)) return;
  const zeros = (t: Tensor): Tensor => fromArray(newArray(t.dtype, t.size), t.shape, t.dtype);
  const random = seededRandom(seed + 1);
  /** For each way to leave some out: the list with nulls, and with zeros in their place. */
  const partly = (of: readonly Tensor[]): readonly (readonly [Maybe<Tensor>[], Maybe<Tensor>[]])[] => {
    const all = of.map((t) => (isFloat(t) ? random.tensor(t.shape, [0.5, 1], t.dtype) : null));
    return masks(of.length).map((mask) => [
      all.map((t, i) => (mask[i] ? t : null)),
      all.map((t, i) => (mask[i] || t === null ? t : zeros(t))),
    ]);
  };
  /** `null` for zeros is as good as zeros. */
  const same = (got: Maybe<Tensor>, want: Maybe<Tensor>, like: Tensor, what: string): void => {
    if (isFloat(like)) expectSame([got ?? zeros(like)], [want ?? zeros(like)], 1e-12, what);
    if (got !== null) expect(specText(got), what).toBe(specText(like));
  };
  for (const [nulls, filled] of partly(inputs)) {
    if (nulls.every((t) => t === null)) continue;
    const what = `pushforward of ${op.name}, tangents ${nulls.map((t) => (t === null ? "missing" : "given"))}`;
    const [got, want] = [op.pushforward(node, nulls), op.pushforward(node, filled)];
    outputs.forEach((y, k) => {
      same(got[k] ?? null, want[k] ?? null, y, what);
    });
  }
  for (const [nulls, filled] of partly(outputs)) {
    if (nulls.every((t) => t === null)) continue;
    const all = inputs.map(isFloat);
    const want = op.pullback(node, filled, all);
    // Which cotangents are asked for, one way in each run of the law.
    const mask = seededRandom(seed).pick(masks(inputs.length));
    const wanted = all.map((float, i) => float && mask[i]);
    const got = op.pullback(node, nulls, wanted);
    inputs.forEach((x, i) => {
      if (wanted[i]) same(got[i] ?? null, want[i] ?? null, x, `pullback of ${op.name} for ${wanted}`);
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
