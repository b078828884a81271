import { add, lossAndGradients, square, sum, type Tensor, tensor, zeros } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { Dropout, exponentialRate, GRU, Linear, LSTM, Scheduler, SGD } from "@scope/nn";
import { expect, test } from "vitest";
import { relativeDifference } from "../relative-difference.js";
import { thrownCode } from "../thrown-code.js";

const wave = (...shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(0.9 * i))).reshape(shape);
};

// Relative to the largest element. True differences: up to 2.8e-7 in float32 and 5.4e-16 in float64.
const precisions = [
  ["float32", 1e-5],
  ["float64", 1e-12],
] as const;

test.each(precisions)(
  "lengths may be an argument of a compiled function: values and gradients are the eager ones (%s)",
  (dtype, tolerance) => {
    const lstm = new LSTM(3, 4, { layers: 2, bidirectional: true, seed: 1, dtype });
    const run = (xs: Tensor, lengths: Tensor): [loss: Tensor, gradients: readonly Tensor[]] =>
      lossAndGradients(() => {
        const [ys, state] = lstm.forward(xs, undefined, { lengths });
        return add(sum(square(ys)), sum(state.c));
      }, lstm.parameters());
    const compiled = compile(run);
    const xs = wave(3, 5, 3).cast(dtype);
    for (const each of [
      [5, 2, 3],
      [1, 5, 0],
    ]) {
      const lengths = tensor(each, { dtype: "int32" });
      const [loss, gradients] = compiled(xs, lengths);
      const [expected, expectedGradients] = run(xs, lengths);
      expect(relativeDifference(loss, expected)).toBeLessThan(tolerance);
      gradients.forEach((gradient, k) => {
        expect(relativeDifference(gradient, expectedGradients[k])).toBeLessThan(tolerance);
      });
    }
  },
);

test("a schedule changes the rate of a compiled step", () => {
  const model = new Linear(2, 1, { seed: 1 });
  const optimizer = new SGD(model.parameters(), { momentum: 0.9 });
  const scheduler = new Scheduler(optimizer, exponentialRate(0.1, { factor: 0 }));
  const step = compile((x: Tensor) => {
    const [loss, gradients] = lossAndGradients(() => sum(square(model.forward(x))), model.parameters());
    optimizer.step(gradients);
    return loss;
  });
  const x = wave(4, 2);
  const start = model.weight.value.toArray();
  step(x);
  const first = model.weight.value.toArray();
  expect(first).not.toEqual(start);
  scheduler.step();
  step(x);
  expect(model.weight.value.toArray()).toEqual(first);
  expect(optimizer.count.value.item()).toBe(2);
});

test("dropout in a compiled function draws what it would draw eagerly, anew in each call", () => {
  const [one, two] = [new Dropout(0.5, { seed: 3 }), new Dropout(0.5, { seed: 3 })];
  const compiled = compile((x: Tensor) => one.forward(x));
  const x = zeros([40]).add(1);
  const first = compiled(x).toArray();
  expect(first).toEqual(two.forward(x).toArray());
  const second = compiled(x).toArray();
  expect(second).toEqual(two.forward(x).toArray());
  expect(second).not.toEqual(first);
});

test("shape mistakes are the same errors while compiling", () => {
  const gru = new GRU(3, 4);
  expect(thrownCode(() => compile((x: Tensor) => gru.forward(x)[0])(zeros([2, 5, 4])))).toBe(
    "input/features",
  );
});
