import { describe, expect, it } from "vitest";
import { CodeContext } from "../../../src/backends/wasm/context.js";
import { hasRelaxedMadd } from "../../../src/backends/wasm/features.js";
import { GemmRoutines } from "../../../src/backends/wasm/gemm.js";
import { heightsOf, type Product } from "../../../src/backends/wasm/gemm-path.js";
import { i32 } from "../../../src/backends/wasm/instructions.js";
import { packedColumns, packRoutine } from "../../../src/backends/wasm/pack.js";
import { callRoutine } from "../../../src/backends/wasm/routine.js";

type Pair = readonly [number, number];
interface Case {
  readonly product: Product;
  readonly packed?: Pair;
}

const arrayOf = { float32: Float32Array, float64: Float64Array, int32: Int32Array } as const;
const extent = (rows: number, columns: number, [p, q]: Pair): number =>
  (rows - 1) * p + (columns - 1) * q + 1;

/** Runs a product with values drawn from a counter, and the same with plain loops; returns the largest difference, and whether C's gaps were kept. */
function difference({ product, packed }: Case): { error: number; gapsKept: boolean } {
  const { dtype, m, n, k, a, c, mode } = product;
  const ArrayType = arrayOf[dtype];
  const bytes = ArrayType.BYTES_PER_ELEMENT;
  const strideB = packed ?? (product.b as Pair);
  const sizes = [
    extent(m, k, a),
    extent(k, n, strideB),
    extent(m, n, c),
    (n - 1) * (product.bias ?? 1) + 1,
    (k + 8) * (n + 8),
  ];
  const at: number[] = [];
  let top = 64;
  for (const size of sizes) {
    at.push(top);
    top += Math.ceil((size * bytes) / 64) * 64 + 64;
  }
  const ctx = new CodeContext(top, hasRelaxedMadd());
  const routines = new GemmRoutines(ctx, dtype, heightsOf(product));
  const run = ctx.module.procedure([], (f) => {
    if (packed !== undefined) {
      const rowBytes = packedColumns(n, routines.lanes) * bytes;
      const [stepK, stepN] = packed.map((stride) => stride * bytes);
      const operands = { k, n, source: at[1], stepK, stepN, target: at[4], rowBytes, skipped: 0 };
      callRoutine(f, packRoutine(ctx, routines.lanes), operands);
    }
    const b = i32.const(packed === undefined ? at[1] : at[4]);
    routines.emit(f, product, { a: i32.const(at[0]), b, c: i32.const(at[2]), bias: i32.const(at[3]) });
  });
  ctx.module.export("run", run);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(ctx.memoryBytes / 65536) });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(ctx.module.encode()), { env: { memory } });
  const [av, bv, cv, biasv] = sizes.map((size, i) => new ArrayType(memory.buffer, at[i], size));
  let seed = 1;
  for (const values of [av, bv, cv, biasv])
    for (let i = 0; i < values.length; i++) {
      seed = (seed * 48271) % 2147483647;
      values[i] = dtype === "int32" ? (seed % 201) - 100 : (seed % 2001) / 1000 - 1;
    }
  const before = cv.slice();
  const expected = Array.from(cv);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      const to = i * c[0] + j * c[1];
      let sum = mode === "accumulate" ? before[to] : mode === "bias" ? biasv[j * (product.bias ?? 1)] : 0;
      for (let p = 0; p < k; p++) sum += av[i * a[0] + p * a[1]] * bv[p * strideB[0] + j * strideB[1]];
      expected[to] = sum;
    }
  (instance.exports.run as () => void)();
  let error = 0;
  for (const [i, value] of expected.entries()) error = Math.max(error, Math.abs(value - cv[i]));
  const touched = new Set<number>();
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) touched.add(i * c[0] + j * c[1]);
  const gapsKept = before.every((value, i) => touched.has(i) || value === cv[i]);
  return { error: Number.isNaN(error) ? Infinity : error / Math.max(1, Math.sqrt(k)), gapsKept };
}

const tolerance = { float32: 2e-6, float64: 1e-14, int32: 0 } as const;
function check(item: Case): void {
  const { error, gapsKept } = difference(item);
  expect(error, JSON.stringify(item)).toBeLessThanOrEqual(tolerance[item.product.dtype]);
  expect(gapsKept, JSON.stringify(item)).toBe(true);
}

const dtypes = ["float32", "float64", "int32"] as const;
const modes = ["set", "accumulate", "bias"] as const;

describe.each(dtypes)("products of %s", (dtype) => {
  it("agree with plain loops at every small size", () => {
    let turn = 0;
    for (const m of [1, 2, 3, 4, 5, 6, 7, 11, 13, 20])
      for (const n of [1, 3, 4, 5, 8, 12, 33, 65])
        for (const k of [1, 2, 5, 19]) {
          const mode = modes[turn % 3];
          const transposeA = turn % 5 === 0;
          const transposeB = turn % 2 === 0;
          const a: Pair = transposeA ? [1, m] : [k, 1];
          const b: Pair = transposeB ? [1, k] : [n, 1];
          check({ product: { dtype, m, n, k, a, b, c: [n, 1], mode, bias: 1 } });
          check({ product: { dtype, m, n, k, a, b: "packed", c: [n, 1], mode, bias: 1 }, packed: b });
          turn++;
        }
  });
  it("agree at sizes past a block, with rows apart", () => {
    for (const mode of modes) {
      check({
        product: { dtype, m: 29, n: 67, k: 1031, a: [1040, 1], b: "packed", c: [71, 1], mode, bias: 1 },
        packed: [67, 1],
      });
      check({
        product: { dtype, m: 29, n: 67, k: 1031, a: [1040, 1], b: [1, 1031], c: [67, 1], mode, bias: 1 },
      });
      check({
        product: { dtype, m: 131, n: 65, k: 523, a: [1, 131], b: [65, 1], c: [65, 1], mode, bias: 1 },
      });
      check({
        product: { dtype, m: 401, n: 67, k: 523, a: [1, 401], b: [67, 1], c: [70, 1], mode, bias: 1 },
      });
      check({
        product: { dtype, m: 401, n: 29, k: 600, a: [1, 401], b: "packed", c: [29, 1], mode, bias: 1 },
        packed: [1, 600],
      });
      check({
        product: { dtype, m: 1, n: 131, k: 700, a: [700, 1], b: "packed", c: [131, 1], mode, bias: 1 },
        packed: [1, 700],
      });
    }
  });
  it("agree for strides that no fast path takes", () => {
    for (const mode of modes) {
      check({ product: { dtype, m: 7, n: 9, k: 5, a: [2, 14], b: [3, 15], c: [9, 1], mode, bias: 1 } });
      check({ product: { dtype, m: 7, n: 9, k: 5, a: [5, 1], b: [9, 1], c: [1, 7], mode, bias: 1 } });
      check({ product: { dtype, m: 7, n: 9, k: 5, a: [5, 1], b: [9, 1], c: [18, 2], mode, bias: 2 } });
      check({ product: { dtype, m: 7, n: 9, k: 5, a: [0, 1], b: [9, 1], c: [9, 1], mode, bias: 1 } });
      check({ product: { dtype, m: 65, n: 1, k: 33, a: [33, 1], b: [1, 1], c: [1, 1], mode, bias: 1 } });
      check({ product: { dtype, m: 4, n: 6, k: 0, a: [0, 1], b: [6, 1], c: [6, 1], mode, bias: 1 } });
    }
  });
  it("take a bias at any stride, whatever path the product goes", () => {
    for (const bias of [0, 1, 2, 3])
      for (const [m, n, k, a, b] of [
        [7, 9, 5, [5, 1], [9, 1]],
        [1, 40, 5, [5, 1], [40, 1]],
        [2, 9, 5, [5, 1], [1, 5]],
        [9, 1, 5, [5, 1], [1, 1]],
        [7, 9, 5, [1, 7], [9, 1]],
        [300, 9, 5, [1, 300], [9, 1]],
        [7, 9, 5, [2, 14], [9, 1]],
        [3, 9, 9000, [9000, 1], [9, 1]],
      ] as const) {
        check({ product: { dtype, m, n, k, a, b, c: [n, 1], mode: "bias", bias } });
        if (bias === 1 || n === 1)
          check({ product: { dtype, m, n, k, a, b: "packed", c: [n, 1], mode: "bias", bias }, packed: b });
      }
  });
  // One less than each size that a path treats apart, that size, and one more.
  const beside = (...sizes: readonly number[]): number[] =>
    sizes.flatMap((size) => [size - 1, size, size + 1]);
  let turn = 0;
  const everyMode = (product: Omit<Product, "b" | "mode">, b: Pair): void => {
    const mode = modes[turn++ % 3];
    check({ product: { ...product, b, mode, bias: 1 } });
    if (product.c[1] === 1) check({ product: { ...product, b: "packed", mode, bias: 1 }, packed: b });
  };
  it("agree at and beside the heights of tiles and of blocks of rows", () => {
    for (const m of beside(6, 12, 192, 384))
      for (const n of [3, 260]) {
        const k = 9;
        everyMode({ dtype, m, n, k, a: [1, m], c: [n, 1] }, [n, 1]);
        everyMode({ dtype, m, n, k, a: [k, 1], c: [n, 1] }, [n, 1]);
      }
  });
  it("agree at and beside the widths of panels", () => {
    for (const n of beside(2, 4, 8, 16, 32, 64, 128))
      for (const m of [1, 2, 7]) {
        const k = 9;
        everyMode({ dtype, m, n, k, a: [k, 1], c: [n, 1] }, [n, 1]);
        everyMode({ dtype, m, n, k, a: [k, 1], c: [n, 1] }, [1, k]);
        everyMode({ dtype, m, n, k, a: [1, m], c: [n, 1] }, [n, 1]);
      }
  });
  it("agree at and beside the lengths of rounds, chains, blocks and parts", () => {
    for (const k of beside(4, 8, 32, 56, 64, 112, 256, 448, 512, 1024, 2048, 4096, 8192, 16384)) {
      const n = 9;
      const c: Pair = [n, 1];
      everyMode({ dtype, m: 3, n, k, a: [k, 1], c }, [n, 1]);
      everyMode({ dtype, m: 3, n, k, a: [1, 3], c }, [n, 1]);
      everyMode({ dtype, m: 3, n, k, a: [1, 257], c }, [n, 1]);
      everyMode({ dtype, m: 2, n, k, a: [k, 1], c }, [1, k]);
      everyMode({ dtype, m: 1, n: 65, k, a: [k, 1], c: [65, 1] }, [65, 1]);
      everyMode({ dtype, m: 3, n, k, a: [k, 1], c: [1, 3] }, [n, 1]);
      everyMode({ dtype, m: 3, n, k, a: [k, 1], c: [2 * n, 2] }, [n, 1]);
    }
  });
});
