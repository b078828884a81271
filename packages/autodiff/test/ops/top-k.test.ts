import { describe, expect, test } from "vitest";
import { argSort, type DType, grad, mul, slice, sum, type Tensor, tensor, topK } from "../../src/index.js";

/** Whole numbers with many ties, and NaN where the dtype has it, in no order. */
function values(n: number, dtype: DType): Tensor {
  const all = Array.from({ length: n }, (_, i) => ((i * 7919) % 61) - 30);
  if (dtype === "float32" || dtype === "float64") for (let i = 3; i < n; i += 50) all[i] = Number.NaN;
  return tensor(all, { dtype });
}

describe.each(["float32", "float64", "int32"] as const)("topK of %s", (dtype) => {
  const x = values(400, dtype);
  test.each([0, 1, 5, 99, 100, 101, 400])("%i of 400: the first of the order of all", (k) => {
    for (const largest of [true, false]) {
      const { values: found, indices } = topK(x, k, { largest });
      const want = slice(argSort(x, { descending: largest }), [[0, k]]);
      expect(indices.toArray()).toEqual(want.toArray());
      const all = x.toArray() as number[];
      expect(found.toArray()).toEqual((want.toArray() as number[]).map((i) => all[i]));
    }
  });
});

test("along another axis, each row by itself", () => {
  const rows = Array.from({ length: 40 }, (_, i) => [i, -i, (i * 17) % 40]);
  const { indices } = topK(tensor(rows), 2, { axis: 0 });
  expect(indices.toArray()).toEqual([
    [39, 0, 7],
    [38, 1, 14],
  ]);
});

test("the gradient goes to the elements that were selected", () => {
  const x = tensor(Array.from({ length: 40 }, (_, i) => (i * 17) % 40));
  const weights = tensor([1, 10, 100]);
  const g = grad((t: Tensor) => sum(mul(topK(t, 3).values, weights)))(x).toArray() as number[];
  const { indices } = topK(x, 3);
  const want = new Array<number>(40).fill(0);
  (indices.toArray() as number[]).forEach((at, i) => {
    want[at] = 10 ** i;
  });
  expect(g).toEqual(want);
});
