import { test } from "vitest";
import { add, concat, matmul, pad, sin, sum, type Tensor } from "../../src/index.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { compiledIsEager, gradientOf } from "./agreement.js";

// A product is added onto a temporary in place only if nobody else reads what lies there: not the temporary, nor a piece that was written straight into it.

const pieces: readonly (readonly [string, (s: Tensor) => Tensor])[] = [
  [
    "a padded value",
    (s) =>
      pad(s, [
        [0, 2],
        [0, 0],
      ]),
  ],
  [
    "a value padded twice",
    (s) =>
      pad(
        pad(s, [
          [0, 1],
          [0, 0],
        ]),
        [
          [1, 0],
          [0, 0],
        ],
      ),
  ],
  ["values side by side", (s) => concat([s, sin(s).slice([[0, 2]])], { axis: 0 })],
];
test.each(pieces)("onto %s", (name, place) => {
  const random = seededRandom(1);
  const inputs = [random.tensor([3, 3]), random.tensor([5, 3]), random.tensor([3, 3])];
  const f = ([x, a, w]: readonly Tensor[]): Tensor[] => {
    const piece = matmul(x, w);
    const onto = add(place(piece), matmul(a, piece));
    return [matmul(onto, w), matmul(piece, piece), sum(sin(piece), { axis: 0 })];
  };
  compiledIsEager(f, inputs, name);
  compiledIsEager(gradientOf(f), inputs, `gradient, ${name}`, 1e-11);
});
