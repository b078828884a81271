import { lossAndGradients, mul, tensor } from "@scope/autodiff";
import {
  constantRate,
  cosineRate,
  exponentialRate,
  oneCycleRate,
  Parameter,
  type Schedule,
  Scheduler,
  SGD,
  stepRate,
  warmUp,
} from "@scope/nn";
import { expect, test } from "vitest";

const schedules: readonly (readonly [name: string, schedule: Schedule])[] = [
  ["constantRate", constantRate(0.25)],
  ["stepRate", stepRate(1, { every: 3, factor: 0.5 })],
  ["exponentialRate", exponentialRate(1, { factor: 0.5 })],
  ["cosineRate", cosineRate(1, { steps: 8, minimum: 0.125 })],
  ["warmUp", warmUp(constantRate(1), { steps: 4 })],
  ["oneCycleRate", oneCycleRate(1, { steps: 10 })],
];

// With a loss of slope 2, a parameter goes down by twice the sum of the rates.
test.each(schedules)("%s: steps of an optimiser have the sizes of the schedule", (_name, schedule) => {
  const place = new Parameter(tensor(10, { dtype: "float64" }));
  const optimizer = new SGD([place]);
  const scheduler = new Scheduler(optimizer, schedule);
  let expected = 10;
  for (let step = 0; step < 10; step++) {
    const [, gradients] = lossAndGradients(() => mul(place, 2), [place]);
    optimizer.step(gradients);
    scheduler.step();
    expected -= 2 * schedule(step);
    expect(place.value.item()).toBeCloseTo(expected, 13);
  }
});

test("each group of parameters goes by its own schedule", () => {
  const [a, b] = [1, 2].map((start) => new Parameter(tensor(start, { dtype: "float64" })));
  const optimizer = new SGD([{ parameters: [a] }, { parameters: [b] }]);
  const scheduler = new Scheduler(optimizer, [constantRate(0.5), exponentialRate(1, { factor: 0.5 })]);
  for (let step = 0; step < 3; step++) {
    const [, gradients] = lossAndGradients(() => mul(a, 1).add(b), [a, b]);
    optimizer.step(gradients);
    scheduler.step();
  }
  expect(a.value.item()).toBeCloseTo(1 - 3 * 0.5, 14);
  expect(b.value.item()).toBeCloseTo(2 - 1.75, 14);
});
