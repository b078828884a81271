import { readFileSync } from "node:fs";
import { cast, type DType, reshape, Tensor, tensor } from "@scope/autodiff";
import { expect } from "vitest";

/** A tensor in a fixture; numbers that JSON cannot hold are strings. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | string)[];
}

export type StoredTensors = Readonly<Record<string, StoredTensor>>;

/** The cases of a fixture file, which its reader describes by a type. */
export function readCases<Case>(file: string): readonly Case[] {
  const text = readFileSync(new URL(`fixtures/${file}`, import.meta.url), "utf8");
  // make-fixtures.py writes every file in this form.
  return (JSON.parse(text) as { readonly cases: readonly Case[] }).cases;
}

/** A stored tensor; floats in the dtype that is asked for. */
export function stored({ shape, dtype, data }: StoredTensor, float: DType = "float64"): Tensor {
  const values = Float64Array.from(data, Number);
  return cast(reshape(tensor(values), [...shape]), dtype === "float64" ? float : dtype);
}

export const storedRecord = (tensors: StoredTensors, float: DType = "float64"): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, each]) => [name, stored(each, float)]));

/** Largest difference, relative to the largest expected value. */
export function difference(actual: Tensor, expected: StoredTensor): number {
  let scale = 0;
  let worst = 0;
  const values = actual.data;
  expected.data.forEach((each, k) => {
    const want = Number(each);
    if (Number.isFinite(want)) scale = Math.max(scale, Math.abs(want));
    const off = Object.is(values[k], want) ? 0 : Math.abs(values[k] - want);
    worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
  });
  return scale === 0 ? worst : worst / scale;
}

/** Fails unless shape and values agree. */
export function expectClose(actual: Tensor, expected: StoredTensor, tolerance: number, what: string): void {
  expect(actual, what).toBeInstanceOf(Tensor);
  expect(actual.shape, `shape of ${what}`).toEqual(expected.shape);
  expect(difference(actual, expected), what).toBeLessThanOrEqual(tolerance);
}

/** Fails unless two records of tensors agree, name by name. */
export function expectAllClose(
  actual: Readonly<Record<string, Tensor>>,
  expected: StoredTensors,
  tolerance: number,
  what: string,
): void {
  expect(Object.keys(actual).sort(), what).toEqual(Object.keys(expected).sort());
  for (const [name, each] of Object.entries(expected))
    expectClose(actual[name], each, tolerance, `${what}: ${name}`);
}

/** What float64 and float32 are held to. */
export const precisions: readonly (readonly [dtype: "float64" | "float32", tolerance: number])[] = [
  ["float64", 1e-10],
  ["float32", 1e-5],
];
