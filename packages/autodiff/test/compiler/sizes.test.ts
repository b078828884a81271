import { expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import {
  add,
  at,
  logSoftmax,
  matmul,
  mean,
  mul,
  reshape,
  scan,
  sigmoid,
  slice,
  sub,
  sum,
  type Tensor,
  take,
  takeAlongAxis,
  tanh,
  transpose,
} from "../../src/index.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { casesOf } from "../repository/case-counts.js";
import { plainWrappers, runSeed, type Wrappers } from "../transforms/random-stacks.js";
import { compiledIsEager, countRuns, gradientOf } from "./agreement.js";

// Sizes around and beyond the tiles of the matrix products, where random programs are too small to come.

const random = seededRandom(3);
const sizes: readonly (readonly [hidden: number, inputs: number, batch: number, steps: number])[] = [
  [67, 131, 9, 3],
  [64, 32, 8, 4],
  [5, 1, 33, 2],
  [1, 17, 1, 5],
];

test.each(["float64", "float32"] as const)(
  "a recurrence with gates, an embedding and cross-entropy, in %s",
  (dtype) => {
    for (const [hidden, inputs, batch, steps] of sizes) {
      const draw = (...shape: number[]): Tensor => random.tensor(shape, [-0.3, 0.3], dtype);
      const tokens = random.tensor([steps, batch], [0, 6], "int32");
      const targets = random.tensor([steps, batch, 1], [0, 9], "int32");
      const f = ([table, wi, wh, b, wo]: readonly Tensor[]): Tensor[] => {
        const cell = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
          const z = add(add(matmul(x, transpose(wi)), matmul(h, transpose(wh))), b);
          const update = sigmoid(slice(z, [null, [0, hidden]]));
          const candidate = tanh(slice(z, [null, [hidden, 2 * hidden]]));
          const next = add(mul(update, h), mul(sub(1, update), candidate));
          return [next, next];
        };
        const start = mul(
          slice(table, [
            [0, 1],
            [0, 1],
          ]),
          0,
        ).broadcastTo([batch, hidden]);
        const [last, hs] = scan(cell, start, take(table, tokens));
        const scores = logSoftmax(matmul(hs, wo), { axis: -1 });
        return [mean(takeAlongAxis(scores, targets)), sum(last, { axis: 0 })];
      };
      const inputsOf = [
        draw(7, inputs),
        draw(2 * hidden, inputs),
        draw(2 * hidden, hidden),
        draw(2 * hidden),
        draw(hidden, 10),
      ];
      const what = `${dtype}, ${hidden} × ${inputs}, batch ${batch}`;
      compiledIsEager(f, inputsOf, what);
      compiledIsEager(gradientOf(f), inputsOf, `gradients, ${what}`, dtype === "float64" ? 1e-11 : 2e-5);
    }
  },
);

test("stacks of transforms with the JavaScript backend in them, and programs did run", () => {
  const wrappers: Wrappers = {
    ...plainWrappers,
    compile: (g) => (x) => compile(g, { backend: "javascript" })(x),
    compileOnce: (g) => compile(g, { backend: "javascript" }),
    compileForWasm: (g) => compile(g, { backend: "wasm" }),
  };
  const runs = countRuns(() => {
    for (let seed = 2001; seed <= 2000 + casesOf(100); seed++) runSeed(seed, wrappers);
  });
  expect(runs).toBeGreaterThan(20);
});

test.each(["float64", "float32"] as const)(
  "two products of a loop by parts of one matrix, in %s",
  (dtype) => {
    const draw = (...shape: number[]): Tensor => random.tensor(shape, [-0.5, 0.5], dtype);
    const parts: readonly (readonly [string, (w: Tensor, i: number) => Tensor])[] = [
      ["rows", (w, i) => slice(w, [[8 * i, 8 * i + 8]])],
      ["columns", (w, i) => slice(w, [null, [8 * i, 8 * i + 8]])],
      ["rows, turned", (w, i) => transpose(slice(w, [[8 * i, 8 * i + 8]]))],
      ["columns, turned", (w, i) => transpose(slice(w, [null, [8 * i, 8 * i + 8]]))],
      ["one of a stack", (w, i) => reshape(at(reshape(w, [2, 64]), i), [8, 8])],
      ["every other row", (w, i) => slice(w, [[i, null, 2]])],
    ];
    for (const [name, part] of parts)
      for (const length of [1, 5]) {
        const columns = name.startsWith("columns") || name === "one of a stack";
        const w = columns ? draw(8, 16) : draw(16, 8);
        const run = ([h0, xs, all]: readonly Tensor[]): Tensor[] => [
          scan(
            (h: Tensor, x: Tensor) => {
              const next = tanh(add(matmul(h, part(all, 0)), matmul(mul(h, x), part(all, 1))));
              return [next, next];
            },
            h0,
            xs,
          )[1],
        ];
        compiledIsEager(run, [draw(3, 8), draw(length, 3, 8), w], name);
      }
  },
);
