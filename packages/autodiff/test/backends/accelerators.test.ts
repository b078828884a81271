import { afterEach, beforeEach, expect, test } from "vitest";
import { fastGemm } from "../../src/backends/accelerators/gemm.js";
import { fastMap } from "../../src/backends/accelerators/map.js";
import { type Accelerators, setAccelerators } from "../../src/backends/eager.js";
import { gelu } from "../../src/ops/activations.js";
import { swapAxes } from "../../src/ops/axes.js";
import { tanh } from "../../src/ops/exponential.js";
import { matmul } from "../../src/ops/linear-algebra.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { seededRandom } from "../../src/testing/seeded-random.js";

let before: Accelerators;
beforeEach(() => {
  before = setAccelerators({ map: undefined, gemm: undefined });
});
afterEach(() => {
  setAccelerators(before);
});

type Draw = (shape: readonly number[], dtype?: "float64") => Tensor;
const turned = (t: Tensor): Tensor => swapAxes(t, -1, -2);

const cases: readonly {
  readonly name: string;
  readonly taken: boolean;
  readonly run: (draw: Draw) => Tensor;
}[] = [
  { name: "a product", taken: true, run: (draw) => matmul(draw([17, 33]), draw([33, 19])) },
  {
    name: "a float64 product",
    taken: true,
    run: (draw) => matmul(draw([17, 33], "float64"), draw([33, 19], "float64")),
  },
  {
    name: "a product of views",
    taken: true,
    run: (draw) => matmul(turned(draw([33, 17])), turned(draw([19, 33]))),
  },
  { name: "a batch of products", taken: true, run: (draw) => matmul(draw([5, 17, 9]), draw([5, 9, 11])) },
  { name: "a shared right operand", taken: true, run: (draw) => matmul(draw([5, 17, 9]), draw([9, 11])) },
  { name: "a small product", taken: false, run: (draw) => matmul(draw([3, 4]), draw([4, 5])) },
  { name: "a large map", taken: true, run: (draw) => tanh(draw([70, 71])) },
  { name: "a map of several instructions", taken: true, run: (draw) => gelu(draw([5000])) },
  { name: "a small map", taken: false, run: (draw) => tanh(draw([10])) },
  { name: "a map of a view", taken: false, run: (draw) => tanh(turned(draw([70, 71]))) },
];

test.each(cases)("$name gives the plain numbers; accelerated: $taken", ({ taken, run }) => {
  const drawnAgain = (): Draw => {
    const random = seededRandom(11);
    return (shape, dtype) => random.tensor(shape, [-1, 1], dtype ?? "float32");
  };
  const slow = run(drawnAgain());
  let runs = 0;
  const counted = <T>(out: T): T => {
    if (out !== null) runs++;
    return out;
  };
  setAccelerators({
    map: (...given) => counted(fastMap(...given)),
    gemm: (...given) => counted(fastGemm(...given)),
  });
  const fast = run(drawnAgain());
  expect(runs > 0).toBe(taken);
  expect(fast.shape).toEqual(slow.shape);
  const worst = fast.data.reduce((most, x, i) => Math.max(most, Math.abs(x - slow.data[i])), 0);
  expect(worst).toBeLessThan(slow.dtype === "float64" ? 1e-13 : 1e-5);
});
