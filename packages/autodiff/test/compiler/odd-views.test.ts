import { test } from "vitest";
import { add, at, matmul, pad, slice, type Tensor, transpose } from "../../src/index.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { compiledIsEager, gradientOf } from "./agreement.js";

// Views that a pass or the plan of memory once took for something else; random programs found them.

const reversed = [null, null, -1] as const;
const cases: readonly {
  readonly name: string;
  readonly shape: readonly number[];
  readonly f: (x: Tensor) => Tensor;
}[] = [
  {
    name: "a piece turned around twice",
    shape: [2, 2, 3],
    f: (x) => slice(slice(x, [reversed]), [reversed]),
  },
  {
    name: "every other element, backwards, padded",
    shape: [7, 3],
    f: (x) =>
      pad(slice(x, [[5, 0, -2], reversed]), [
        [1, 0],
        [0, 2],
      ]),
  },
  {
    name: "steps of steps",
    shape: [9, 4],
    f: (x) =>
      slice(
        slice(x, [
          [null, null, 2],
          [0, 3],
        ]),
        [
          [null, null, -2],
          [1, null],
        ],
      ),
  },
  {
    name: "a column as the bias of a product with a constant",
    shape: [7, 3],
    f: (x) =>
      add(matmul(transpose(slice(x, [null, [0, 2]])), seededRandom(4).tensor([7, 7])), at(x, 2, { axis: 1 })),
  },
];

test.each(cases)("$name", ({ name, shape, f }) => {
  const x = seededRandom(3).tensor(shape);
  compiledIsEager(([t]) => [f(t)], [x], name);
  compiledIsEager(
    gradientOf(([t]) => [f(t)]),
    [x],
    `gradient, ${name}`,
  );
  compiledIsEager(
    gradientOf(([t]) => [f(t.mul(t))]),
    [x],
    `gradient of squares, ${name}`,
  );
});
