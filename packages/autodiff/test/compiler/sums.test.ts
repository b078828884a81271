import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fastGemm } from "../../src/backends/accelerators/gemm.js";
import { fastMap } from "../../src/backends/accelerators/map.js";
import { type Accelerators, setAccelerators } from "../../src/backends/eager.js";
import { compile } from "../../src/compiler/compile.js";
import * as s from "../../src/index.js";
import { ones, type Tensor } from "../../src/index.js";
import { seededRandom } from "../../src/testing/seeded-random.js";

// Sums of float32 do not drift: whatever adds up terms stays within 1e-6 of the sum of their magnitudes.

type Flat = (...inputs: Tensor[]) => Tensor;
type Ways = { readonly [way: string]: (f: Flat) => Flat };
const ways: Ways = {
  "eager, plain": (f) => f,
  "eager, accelerated":
    (f) =>
    (...inputs) => {
      setAccelerators({ map: fastMap, gemm: fastGemm });
      return f(...inputs);
    },
  "compiled for wasm": (f) => compile(f, { backend: "wasm" }),
  "compiled for javascript": (f) => compile(f, { backend: "javascript" }),
};
let before: Accelerators;
beforeEach(() => {
  before = setAccelerators({ map: undefined, gemm: undefined });
});
afterEach(() => {
  setAccelerators(before);
});

const random = seededRandom(11);
/** Terms: the worst for a running sum are all alike, or of one sign, or nearly cancel. */
const terms: { readonly [name: string]: (shape: readonly number[]) => Tensor } = {
  "all 0.1": (shape) => s.full(shape, 0.1),
  "all alike": (shape) => s.full(shape, 1 + random.integer(0, 999) / 1000),
  positive: (shape) => random.tensor(shape, [0, 1], "float32"),
  "of both signs": (shape) => random.tensor(shape, [-1, 1], "float32"),
  alternating: (shape) => {
    const size = shape.reduce((n, d) => n * d, 1);
    const signs = s.sub(1, s.mul(2, s.cast(s.mod(s.arange(size), 2), "float32")));
    return s.mul(s.reshape(signs, [...shape]), random.tensor(shape, [0.9, 1], "float32"));
  },
};

/** How far the result is from that in float64, over that of magnitudes in float64. */
function drift(f: Flat, run: Flat, inputs: readonly Tensor[]): number {
  const wide = inputs.map((t) => (t.dtype === "float32" ? s.cast(t, "float64") : t));
  const got = run(...inputs).data;
  const want = f(...wide).data;
  const magnitudes = f(...wide.map((t) => (t.dtype === "float64" ? s.abs(t) : t))).data;
  let worst = 0;
  for (let i = 0; i < want.length; i++) {
    // Nothing was added to an element without magnitude.
    const error = Math.abs(got[i] - want[i]) / (magnitudes[i] || Number.MIN_VALUE);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}
const bound = 1e-6;

interface Case {
  readonly f: Flat;
  readonly shapes: readonly (readonly number[])[];
}
const index = (count: number, size: number): Tensor => random.tensor([count], [0, size - 1], "int32");
const scaledSteps = (w: Tensor, xs: Tensor): Tensor =>
  s.scan((h: Tensor, x: Tensor) => [s.mul(h, 0.5), s.mul(x, w)], s.zeros(w.shape, { dtype: w.dtype }), xs)[1];
const cases: { readonly [name: string]: Case } = {
  "of all": { f: (x) => s.sum(x), shapes: [[20011]] },
  "of a few": { f: (x) => s.sum(x), shapes: [[67]] },
  "along the last axis": { f: (x) => s.sum(x, { axis: 1 }), shapes: [[5, 7001]] },
  "along the last axis, two columns": { f: (x) => s.sum(x, { axis: 1 }), shapes: [[3000, 2]] },
  "along the first axis": { f: (x) => s.sum(x, { axis: 0 }), shapes: [[7001, 5]] },
  "along the first axis, many columns": { f: (x) => s.sum(x, { axis: 0 }), shapes: [[301, 517]] },
  "along the middle axis": { f: (x) => s.sum(x, { axis: 1 }), shapes: [[4, 5003, 3]] },
  "along outer axes": { f: (x) => s.sum(x, { axis: [0, 2] }), shapes: [[130, 7, 150]] },
  "along outer axes, short inside": { f: (x) => s.sum(x, { axis: [0, 2] }), shapes: [[7001, 33, 3]] },
  "of columns turned": { f: (x) => s.sum(s.transpose(x), { axis: 1 }), shapes: [[7001, 5]] },
  "of every third": { f: (x) => s.sum(s.slice(x, [[null, null, 3]])), shapes: [[15013]] },
  backwards: { f: (x) => s.sum(s.flip(x)), shapes: [[9973]] },
  "of one number, broadcast": { f: (x) => s.sum(s.broadcastTo(x, [3, 9973]), { axis: 1 }), shapes: [[1]] },
  "of a row, broadcast": { f: (x) => s.sum(s.broadcastTo(x, [7001, 9]), { axis: 0 }), shapes: [[9]] },
  "of products": { f: (x, y) => s.sum(s.mul(x, y), { axis: 0 }), shapes: [[7001, 6], [6]] },
  mean: { f: (x) => s.mean(x, { axis: 0 }), shapes: [[7001, 4]] },
  "a norm": { f: (x) => s.norm(x), shapes: [[9973]] },
  running: { f: (x) => s.cumsum(x), shapes: [[9973]] },
  "running along the first axis, from the end": {
    f: (x) => s.cumsum(x, { axis: 0, reverse: true }),
    shapes: [[4999, 3]],
  },
  dot: { f: (x, y) => s.dot(x, y), shapes: [[20011], [20011]] },
  "a matrix times a vector": { f: (x, y) => s.matmul(x, y), shapes: [[7, 7001], [7001]] },
  "a product": {
    f: (x, y) => s.matmul(x, y),
    shapes: [
      [9, 4999],
      [4999, 17],
    ],
  },
  "a product of a few": {
    f: (x, y) => s.matmul(x, y),
    shapes: [
      [9, 65],
      [65, 17],
    ],
  },
  "a product turned on the left": {
    f: (x, y) => s.matmul(s.transpose(x), y),
    shapes: [
      [4999, 9],
      [4999, 17],
    ],
  },
  "a wide product turned on the left": {
    f: (x, y) => s.matmul(s.transpose(x), y),
    shapes: [
      [4500, 300],
      [4500, 11],
    ],
  },
  "a product turned on the right": {
    f: (x, y) => s.matmul(x, s.transpose(y)),
    shapes: [
      [2, 4999],
      [17, 4999],
    ],
  },
  "a product turned on both sides": {
    f: (x, y) => s.matmul(s.transpose(x), s.transpose(y)),
    shapes: [
      [4999, 9],
      [17, 4999],
    ],
  },
  "batches of products": {
    f: (x, y) => s.matmul(x, y),
    shapes: [
      [3, 4, 5003],
      [3, 5003, 2],
    ],
  },
  "a product and a bias": { f: (x, y, z) => s.add(s.matmul(x, y), z), shapes: [[9, 4999], [4999, 17], [17]] },
  "by index names": {
    f: (x, y) => s.einsum("ij,ij->j", x, y),
    shapes: [
      [7001, 5],
      [7001, 5],
    ],
  },
  "over two index names": {
    f: (x, y) => s.einsum("bij,bik->jk", x, y),
    shapes: [
      [90, 101, 5],
      [90, 101, 7],
    ],
  },
  "to one row": {
    f: (x) =>
      s.scatterAdd(s.zeros([3, 5], { dtype: x.dtype }), s.full([4999, 1], 1, { dtype: "int32" }), x, {
        axis: 0,
      }),
    shapes: [[4999, 5]],
  },
  "to rows by turns": {
    f: (
      (at) => (x: Tensor) =>
        s.scatterAdd(s.zeros([4], { dtype: x.dtype }), at, x)
    )(index(7001, 4)),
    shapes: [[7001]],
  },
  "the gradient of a look-up": {
    f: (
      (at) => (x: Tensor, c: Tensor) =>
        s.grad((w: Tensor) => s.sum(s.mul(s.take(w, at), c)))(x)
    )(index(4999, 3)),
    shapes: [
      [3, 21],
      [4999, 21],
    ],
  },
  "the gradient of a bias": {
    f: (b, c) => s.grad((w: Tensor) => s.sum(s.mul(s.add(c, w), c)))(b),
    shapes: [[6], [7001, 6]],
  },
  "the gradient of weights": {
    f: (w, x, c) => s.grad((v: Tensor) => s.sum(s.mul(s.matmul(x, v), c)))(w),
    shapes: [
      [5, 6],
      [4999, 5],
      [4999, 6],
    ],
  },
  "the gradient of what all steps share": {
    f: (xs, w) => s.grad((v: Tensor) => s.sum(scaledSteps(v, xs)))(w),
    shapes: [[2999, 3], [3]],
  },
  "the gradient of what all steps of a checkpointed scan share": {
    f: (xs, w) => s.grad((v: Tensor) => s.sum(s.checkpoint(scaledSteps)(v, xs)))(w),
    shapes: [[2999, 3], [3]],
  },
};

describe.each(Object.entries(ways))("%s: sums do not drift", (_way, through) => {
  test.each(Object.entries(cases))("%s", (_name, { f, shapes }) => {
    const run = through(f);
    const worst: Record<string, number> = {};
    for (const [kind, make] of Object.entries(terms)) {
      // Of one operand; the others are near 1, so that products are as alike as the terms.
      const inputs = shapes.map((shape, i) => (i === 0 ? make(shape) : s.full(shape, i === 1 ? 1 : 0.5)));
      const error = drift(f, run, inputs);
      if (!(error <= bound)) worst[kind] = error;
    }
    expect(worst).toEqual({});
  });
});

describe("two to the twenty-fourth terms", () => {
  const n = 2 ** 24;
  const large: { readonly [name: string]: Case } = {
    all: { f: (x) => s.sum(x), shapes: [[n]] },
    columns: { f: (x) => s.sum(x, { axis: 0 }), shapes: [[n / 4, 4]] },
    running: { f: (x) => s.cumsum(x), shapes: [[n]] },
    dot: { f: (x) => s.dot(x, x), shapes: [[n]] },
    "to one row": {
      f: (x) => s.scatterAdd(s.zeros([2], { dtype: x.dtype }), s.full([n / 4], 1, { dtype: "int32" }), x),
      shapes: [[n / 4]],
    },
  };
  test.each(Object.entries(large))("%s", (_name, { f, shapes }) => {
    const x = s.full(shapes[0], 0.1);
    expect(drift(f, compile(f), [x])).toBeLessThanOrEqual(bound);
    expect(drift(f, f, [x])).toBeLessThanOrEqual(bound);
  });
  test("the mean of 2²⁹ ones", () => {
    const mean = (x: Tensor): Tensor => s.mean(s.broadcastTo(x, [2 ** 29]));
    expect(compile(mean)(ones([])).item()).toBe(1);
  });
});
