import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { DType } from "../../src/base/dtype.js";
import { tensors } from "../../src/testing/arbitraries.js";
import { seededRandom } from "../../src/testing/seeded-random.js";

test("values of every dtype lie in the domain, and in each of its intervals", () => {
  for (const dtype of ["float64", "float32", "int32", "bool"] as const) {
    const { data } = seededRandom(3).tensor(
      [400],
      [
        [-3, -2],
        [5, 7],
      ],
      dtype,
    );
    const values = Array.from(data, Number);
    if (dtype === "bool") expect(new Set(values)).toEqual(new Set([1]));
    else {
      expect(values.every((v) => (v >= -3 && v <= -2) || (v >= 5 && v <= 7))).toBe(true);
      expect(values.some((v) => v < 0) && values.some((v) => v > 0)).toBe(true);
    }
  }
  const flags = seededRandom(3).tensor([100], undefined, "bool").data;
  expect(new Set(flags)).toEqual(new Set([0, 1]));
});

test("what is no domain, shape or dtype is refused before anything is drawn", () => {
  const random = seededRandom(1);
  const domains: unknown[] = [3, "a", null, [], [2, 1], [0, Number.NaN], [0, 1, 2], [[0, 1], [2]], [[]]];
  for (const domain of domains) {
    expect(() => random.tensor([2], domain as [number, number])).toThrow(/domain/);
    expect(() => tensors({ domain: domain as [number, number] })).toThrow(/tensors: the domain/);
  }
  expect(() => random.tensor([2], [0.2, 0.4], "int32")).toThrow(/whole number/);
  expect(() => random.tensor([-1])).toThrow(/shape/);
  expect(() => random.tensor([2], [0, 1], "float16" as DType)).toThrow(/dtype/);
  expect(() => tensors(null as never)).toThrow(/tensors/);
  expect(() => tensors({ shapes: [2] } as never)).toThrow(/shape/);
  expect(() => tensors({ shape: [1.5] })).toThrow(/shape/);
  expect(() => random.pick([])).toThrow(/items/);
  expect(() => random.permutation(-1)).toThrow(/n /);
  expect(() => random.shape(0.5)).toThrow(/rank/);
  expect(() => random.integer(0.2, 0.4)).toThrow(/whole number/);
  expect(() => random.number([1, 0])).toThrow(/domain/);
  fc.assert(
    fc.property(tensors({ shape: [2], domain: [1, 2] }), (x) => x.data.every((v) => v >= 1 && v <= 2)),
  );
});
