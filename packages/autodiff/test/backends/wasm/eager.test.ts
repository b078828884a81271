import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eagerGemm } from "../../../src/backends/wasm/eager-gemm.js";
import { runMapInWasm } from "../../../src/backends/wasm/eager-map.js";
import { type DType, newArray as newTypedArray } from "../../../src/base/dtype.js";
import { buildExpression } from "../../../src/kernel/expression.js";
import { casesOf } from "../../repository/case-counts.js";

const seed = Date.now() % 2 ** 31;
const newArray = (dtype: "float32" | "float64", length: number): Float32Array | Float64Array =>
  dtype === "float32" ? new Float32Array(length) : new Float64Array(length);

describe("eager products in scratch memory", () => {
  it(`agree with plain loops for strided and batched operands (seed ${seed})`, () => {
    const size = fc.integer({ min: 1, max: 20 });
    const form = fc.record({
      dtype: fc.constantFrom("float32" as const, "float64" as const),
      batch: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
      m: size,
      n: size,
      k: fc.oneof(size, fc.constant(0), fc.constant(131)),
      flips: fc.tuple(fc.boolean(), fc.boolean()),
      step: fc.integer({ min: 1, max: 3 }),
      shared: fc.boolean(),
      negative: fc.boolean(),
    });
    fc.assert(
      fc.property(form, ({ dtype, batch, m, n, k, flips, step, shared, negative }) => {
        const rows = (shape: readonly number[], flip: boolean, scale: number): number[] => {
          const order = [...shape.keys()];
          if (flip) order.push(...order.splice(-2).reverse());
          const strides = shape.map(() => 0);
          let at = scale;
          for (const axis of order.reverse()) {
            strides[axis] = at;
            at *= Math.max(1, shape[axis]);
          }
          return strides;
        };
        const aStrides = rows([...batch, m, k], flips[0], step);
        const bStrides = rows([...batch, k, n], flips[1], 1).map((s, i) =>
          shared && i < batch.length ? 0 : s,
        );
        const total = (shape: readonly number[]): number => shape.reduce((x, y) => x * Math.max(1, y), 1);
        const values = (length: number): Float32Array | Float64Array =>
          newArray(dtype, length).map((_, i) => ((i * 37) % 23) - 11);
        const a = values(total([...batch, m, k]) * step + 3);
        const b = values(total([...batch, k, n]) + 5);
        let aOffset = 3;
        if (negative) {
          const row = aStrides.length - 2;
          aOffset += aStrides[row] * (m - 1);
          aStrides[row] *= -1;
        }
        const outer = batch.reduce((x, y) => x * y, 1);
        const c = newArray(dtype, outer * m * n + 4).fill(7);
        eagerGemm({ dtype, batch, m, n, k, a, aOffset, aStrides, b, bOffset: 5, bStrides, c, cOffset: 2 });
        const expected = c.slice().fill(7);
        for (let o = 0, to = 2; o < outer; o++) {
          let [rest, pa, pb] = [o, aOffset, 5];
          for (let axis = batch.length - 1; axis >= 0; axis--) {
            const i = rest % batch[axis];
            rest = Math.floor(rest / batch[axis]);
            pa += i * aStrides[axis];
            pb += i * bStrides[axis];
          }
          const rank = batch.length;
          for (let i = 0; i < m; i++)
            for (let j = 0; j < n; j++, to++) {
              let sum = 0;
              for (let p = 0; p < k; p++)
                sum +=
                  a[pa + i * aStrides[rank] + p * aStrides[rank + 1]] *
                  b[pb + p * bStrides[rank] + j * bStrides[rank + 1]];
              expected[to] = sum;
            }
        }
        expect(c).toEqual(expected);
      }),
      { seed, numRuns: casesOf(300) },
    );
  });
  it("grows its memory for a large product and still knows zero", () => {
    const n = 300;
    const a = new Float32Array(n * n).fill(1);
    const c = new Float32Array(n * n);
    const strides = [n, 1];
    const call = { dtype: "float32", batch: [], m: n, n, k: n, aOffset: 0, bOffset: 0, cOffset: 0 } as const;
    for (let round = 0; round < 2; round++) {
      eagerGemm({ ...call, a, b: a, c, aStrides: strides, bStrides: strides });
      expect(c.every((x) => x === n)).toBe(true);
    }
  });
});

describe("eager maps in scratch memory", () => {
  const cases: readonly [number, DType][] = [
    [1, "float32"],
    [255, "float32"],
    [257, "float64"],
    [4095, "float32"],
    [4096, "float64"],
    [10001, "float32"],
    [777, "int32"],
  ];
  it.each(cases)("agree with plain code for %d elements of %s", (n, dtype) => {
    const expression = buildExpression([dtype, dtype], (kernel, x, y) => [
      kernel.add(kernel.mul(x, y), x),
      kernel.lt(x, y),
    ]);
    const x = newTypedArray(dtype, n + 3).map((_, i) => (i % 91) - 45);
    const scalar = newTypedArray(dtype, 2).fill(5, 1);
    const [sum, less] = [newTypedArray(dtype, n + 2), new Uint8Array(n + 2)];
    const operands = [
      { array: x, offset: 3, scalar: false },
      { array: scalar, offset: 1, scalar: true },
    ];
    runMapInWasm(expression, operands, n, [
      { array: sum, offset: 1 },
      { array: less, offset: 1 },
    ]);
    for (let i = 0; i < n; i++) {
      expect(sum[i + 1]).toBe(x[i + 3] * 6);
      expect(less[i + 1]).toBe(x[i + 3] < 5 ? 1 : 0);
    }
    expect([sum[0], sum[n + 1], less[0], less[n + 1]]).toEqual([0, 0, 0, 0]);
  });
});
