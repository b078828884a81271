import { grad, matmul, Random, scan, square, sum, type Tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import {
  kaimingNormal,
  kaimingUniform,
  Linear,
  normal,
  orthogonal,
  scaledIdentity,
  uniform,
  xavierNormal,
  xavierUniform,
} from "@scope/nn";
import { expect, test } from "vitest";
import { relativeDifference } from "../relative-difference.js";

const laws: readonly (readonly [name: string, draw: (random: Random) => Tensor])[] = [
  ["uniform", (random) => uniform([40, 3], { low: -2, high: 5, random, dtype: "float64" })],
  ["normal", (random) => normal([40, 3], { mean: 1, std: 3, random, dtype: "float64" })],
  ["xavierUniform", (random) => xavierUniform([40, 3], { gain: 2, random, dtype: "float64" })],
  ["xavierNormal", (random) => xavierNormal([40, 3], { gain: 2, random, dtype: "float64" })],
  ["kaimingUniform", (random) => kaimingUniform([40, 3], { mode: "fanOut", random, dtype: "float64" })],
  ["kaimingNormal", (random) => kaimingNormal([40, 3], { nonlinearity: "tanh", random, dtype: "float64" })],
];

test.each(laws)("%s draws in a compiled function what it draws eagerly, anew in each call", (_name, draw) => {
  const [one, two] = [new Random(3), new Random(3)];
  const program = compile(() => draw(one));
  const [first, second] = [program(), program()];
  expect(relativeDifference(first, draw(two))).toBeLessThan(1e-14);
  expect(relativeDifference(second, draw(two))).toBeLessThan(1e-14);
  expect(second.toArray()).not.toEqual(first.toArray());
});

test("an orthogonal matrix keeps the length of a signal, and of its gradient", () => {
  const q = orthogonal([64, 64], { seed: 1, dtype: "float64" });
  const x = normal([64], { seed: 2, dtype: "float64" });
  const slope = grad((y: Tensor) => sum(square(matmul(q, y))))(x);
  expect(relativeDifference(slope, x.mul(2))).toBeLessThan(1e-12);
});

test("recurrent weights with a gain on the diagonal take a gradient to its power over time", () => {
  const w = scaledIdentity(3, { gain: 0.9, dtype: "float64" });
  const steps = normal([50, 3], { seed: 1, dtype: "float64" });
  const last = (h: Tensor): Tensor => sum(scan((state, x) => [matmul(w, state).add(x), null], h, steps)[0]);
  const slope = grad(last)(normal([3], { seed: 2, dtype: "float64" }));
  for (const each of slope.data) expect(each / 0.9 ** 50).toBeCloseTo(1, 12);
});

test("a layer whose weights are drawn in float64 has gradients in float64", () => {
  const linear = new Linear(3, 2, { seed: 1, dtype: "float64" });
  const slope = grad((x: Tensor) => sum(linear.forward(x)))(normal([4, 3], { seed: 2, dtype: "float64" }));
  expect(slope.dtype).toBe("float64");
  const columns = linear.weight.value.sum({ axis: 0 });
  for (let row = 0; row < 4; row++) expect(relativeDifference(slope.at(row), columns)).toBeLessThan(1e-15);
});
