import { expect, test } from "vitest";
import { blockLength } from "../../src/backends/javascript/program-expression.js";
import { columnBlock, columnRows } from "../../src/backends/wasm/gemm-path.js";
import { tileRows } from "../../src/backends/wasm/micro-kernel.js";
import { packedBlock } from "../../src/backends/wasm/pack.js";
import { chainLength } from "../../src/backends/wasm/wide-sums.js";
import { compile } from "../../src/compiler/compile.js";
import {
  add,
  argMax,
  cumsum,
  dot,
  greater,
  matmul,
  max,
  mul,
  sum,
  type Tensor,
  transpose,
  where,
} from "../../src/index.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { isNear } from "../near.js";
import { backends, countRuns } from "./agreement.js";

// Sizes one below, at and one beyond each block of the backends: where loops hand over to their tails. The reference is plain loops in float64.

type Rows = readonly (readonly number[])[];
type Numeric = "float32" | "float64" | "int32";
/** A value and the sum of the magnitudes of its terms, which its error goes by; 0 where it is exact. */
type Want = readonly [value: number, magnitude: number];

const dtypes: readonly Numeric[] = ["float32", "float64", "int32"];
const random = seededRandom(11);
const draw = (dtype: Numeric, ...shape: number[]): Tensor =>
  random.tensor(shape, dtype === "int32" ? [-9, 10] : [-1, 1], dtype);
const rowsOf = (t: Tensor): Rows => t.toArray<number[][]>();
const around = (...blocks: readonly number[]): number[] =>
  [...new Set(blocks.flatMap((n) => [n - 1, n, n + 1]))].filter((n) => n > 0).sort((a, b) => a - b);

const total = (terms: readonly number[]): Want => [
  terms.reduce((a, b) => a + b, 0),
  terms.reduce((a, b) => a + Math.abs(b), 0),
];
const turned = (rows: Rows): number[][] => rows[0].map((_, j) => rows.map((row) => row[j]));
const product = (a: Rows, b: Rows): Want[] => {
  const columns = turned(b);
  return a.flatMap((row) => columns.map((column) => total(row.map((x, k) => x * column[k]))));
};

/** Runs `f` compiled on every backend, each twice, and holds each result to its reference. */
function check(
  what: string,
  dtype: Numeric,
  f: (...inputs: Tensor[]) => Tensor[],
  inputs: Tensor[],
  want: Want[][],
): void {
  const relative = { float32: 1e-6, float64: 1e-14, int32: 0 }[dtype];
  for (const backend of backends) {
    const compiled = compile(f, { backend });
    const runs = countRuns(() => {
      for (let run = 0; run < 2; run++)
        compiled(...inputs).forEach((result, r) => {
          const { data } = result;
          expect(data.length, what).toBe(want[r].length);
          const wrong = want[r].findIndex(([value, size], i) => !isNear(data[i], value, relative * size));
          if (wrong >= 0)
            expect.fail(
              `${what}, ${dtype}, ${backend}, result ${r}: element ${wrong} is ${data[wrong]}, not ${want[r][wrong][0]}`,
            );
        });
    });
    expect(runs, what).toBe(2);
  }
}

test.each(dtypes)("reductions along and across an axis, in %s", (dtype) => {
  const lanes = dtype === "float64" ? 2 : 4;
  const chains = 4;
  // A chain of one vector, of all vectors at once, and, where it ends early, of what is left for the tail.
  const sizes = around(
    lanes,
    chains * lanes,
    chainLength,
    lanes * chainLength,
    chains * lanes * (chainLength - 4),
    chains * lanes * chainLength,
    blockLength,
  );
  const f = (rows: Tensor, columns: Tensor): Tensor[] => [
    sum(rows, { axis: 1 }),
    max(rows, { axis: 1 }),
    argMax(rows, { axis: 1 }),
    sum(columns, { axis: 0 }),
    max(columns, { axis: 0 }),
    sum(transpose(columns), { axis: 1 }),
    cumsum(rows, { axis: 1 }).at(-1, { axis: 1 }),
    sum(rows),
    dot(rows.at(0), rows.at(2)),
  ];
  for (const n of sizes) {
    const [rows, columns] = [draw(dtype, 3, n), draw(dtype, n, 5)];
    const [along, across] = [rowsOf(rows), turned(rowsOf(columns))];
    const largest = (row: readonly number[]): number => row.reduce((a, b) => Math.max(a, b));
    check(
      `reductions of ${n}`,
      dtype,
      f,
      [rows, columns],
      [
        along.map(total),
        along.map((row) => [largest(row), 0]),
        along.map((row) => [row.indexOf(largest(row)), 0]),
        across.map(total),
        across.map((row) => [largest(row), 0]),
        across.map(total),
        along.map(total),
        [total(along.flat())],
        [total(along[0].map((x, i) => x * along[2][i]))],
      ],
    );
  }
});

test.each(dtypes)("maps over rows, turned rows and broadcast rows, in %s", (dtype) => {
  const f = (a: Tensor, b: Tensor, row: Tensor): Tensor[] => [
    add(mul(a, 2), transpose(b)),
    where(greater(a, row), a, row),
    mul(transpose(a), b),
  ];
  // Lanes, columns walked together in a turned read, the blocks of the JavaScript backend.
  for (const n of around(4, 8, 16, 64, blockLength, 2 * blockLength)) {
    const [a, b, row] = [draw(dtype, 9, n), draw(dtype, n, 9), draw(dtype, n)];
    const [x, y, z] = [rowsOf(a), turned(rowsOf(b)), row.toArray<number[]>()];
    const each = (g: (i: number, j: number) => Want): Want[] => x.flatMap((r, i) => r.map((_, j) => g(i, j)));
    check(
      `maps of ${n}`,
      dtype,
      f,
      [a, b, row],
      [
        each((i, j) => [2 * x[i][j] + y[i][j], Math.abs(2 * x[i][j]) + Math.abs(y[i][j])]),
        each((i, j) => [Math.max(x[i][j], z[j]), 0]),
        turned(x).flatMap((r, j) => r.map((v, i): Want => [v * y[i][j], Math.abs(v * y[i][j])])),
      ],
    );
  }
});

test.each(dtypes)("products at the edges of tiles, panels and packed blocks, in %s", (dtype) => {
  const panel = dtype === "float64" ? 4 : 8;
  const sizes: [m: number, k: number, n: number][] = [
    ...around(tileRows, 2 * tileRows, columnRows).map((m): [number, number, number] => [m, 5, panel + 1]),
    ...around(panel / 2, panel, 2 * panel).flatMap((n): [number, number, number][] => [
      [tileRows + 1, 7, n],
      [1, 7, n],
    ]),
    ...around(chainLength, columnBlock, packedBlock, 2 * packedBlock).flatMap(
      (k): [number, number, number][] => [
        [tileRows + 1, k, panel + 1],
        [1, k, panel + 1],
        [tileRows + 1, k, 1],
      ],
    ),
  ];
  for (const [m, k, n] of sizes) {
    const [a, b, at, bt] = [draw(dtype, m, k), draw(dtype, k, n), draw(dtype, k, m), draw(dtype, n, k)];
    const [x, y, xt, yt] = [rowsOf(a), rowsOf(b), turned(rowsOf(at)), turned(rowsOf(bt))];
    const what = `${m} × ${k} × ${n}`;
    // A program each: one product must not find the kernels of another.
    check(what, dtype, (p, q) => [matmul(p, q)], [a, b], [product(x, y)]);
    check(`${what}, left turned`, dtype, (p, q) => [matmul(transpose(p), q)], [at, b], [product(xt, y)]);
    const bothTurned = (p: Tensor, q: Tensor): Tensor[] => [matmul(transpose(p), transpose(q))];
    check(`${what}, both turned`, dtype, bothTurned, [at, bt], [product(xt, yt)]);
    // What never changes is packed before the first run.
    check(`${what}, packed`, dtype, (p) => [matmul(p, b)], [a], [product(x, y)]);
    check(`${what}, packed and turned`, dtype, (p) => [matmul(p, transpose(bt))], [a], [product(x, yt)]);
  }
});
