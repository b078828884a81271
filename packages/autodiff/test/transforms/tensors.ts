import { expect } from "vitest";
import { type DType, newArray } from "../../src/base/dtype.js";
import { sizeOf } from "../../src/base/shape.js";
import { matmulOp } from "../../src/ops/linear-algebra.js";
import { allocate, fromArray, type Tensor } from "../../src/tensor/tensor.js";
import { applyOne } from "../../src/trace/apply.js";
import { isNear } from "../near.js";

/** A float64 tensor (or of another dtype) from nested arrays. */
export function tensorOf(values: number | readonly unknown[], dtype: DType = "float64"): Tensor {
  const shape: number[] = [];
  for (let v: unknown = values; Array.isArray(v); v = v[0]) shape.push(v.length);
  const flat = (Array.isArray(values) ? values.flat(Number.POSITIVE_INFINITY) : [values]) as number[];
  const array = newArray(dtype, sizeOf(shape));
  array.set(flat);
  return fromArray(array, shape, dtype);
}

/** A float64 scalar. */
export const s1 = (value: number): Tensor => tensorOf(value);

/** All elements equal. */
export function full(shape: readonly number[], value: number, dtype: DType = "float64"): Tensor {
  const out = allocate(shape, dtype);
  const { storage, offset, size } = out;
  storage?.fill(value, offset, offset + size);
  return out;
}

/** Numbers in 0 … 1 from a seed. */
export class Seeded {
  state: number;
  constructor(seed: number) {
    this.state = seed;
  }
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)];
  }
  tensor(...shape: number[]): Tensor {
    return fromArray(
      Float64Array.from({ length: sizeOf(shape) }, () => this.next() * 2 - 1),
      shape,
      "float64",
    );
  }
}

/** Fails unless shapes agree and elements do, relative to the larger of 1 and their size. */
export function expectClose(got: Tensor, want: Tensor, tolerance = 1e-9): void {
  expect(got.shape).toEqual(want.shape);
  const b = want.data;
  got.data.forEach((v, i) => {
    const w = b[i];
    if (!isNear(v, w, tolerance * Math.max(1, Math.abs(v), Math.abs(w))))
      expect.fail(`element ${i}: got ${v}, want ${w}`);
  });
}

/** Central differences of a scalar function. */
export function numeric(f: (x: Tensor) => Tensor, x: Tensor, h = 1e-5): Tensor {
  const at = (i: number, by: number): number => {
    const moved = Float64Array.from(x.data);
    moved[i] += by;
    return f(fromArray(moved, x.shape, "float64")).item();
  };
  const slopes = Float64Array.from({ length: x.size }, (_, i) => (at(i, h) - at(i, -h)) / (2 * h));
  return fromArray(slopes, x.shape, "float64");
}

/** The product of two matrices. */
export const matmul = (a: Tensor, b: Tensor): Tensor => applyOne(matmulOp, [a, b], null);
