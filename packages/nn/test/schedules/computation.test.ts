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

const { SQRT1_2, cos, PI } = Math;
/** The rates of the first ten steps, written out from the formulas. */
const schedules: readonly (readonly [name: string, schedule: Schedule, rates: readonly number[]])[] = [
  ["constantRate", constantRate(0.25), new Array<number>(10).fill(0.25)],
  ["stepRate", stepRate(1, { every: 3, factor: 0.5 }), [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]],
  ["exponentialRate", exponentialRate(1, { factor: 0.5 }), Array.from({ length: 10 }, (_, t) => 2 ** -t)],
  [
    "cosineRate",
    cosineRate(1, { steps: 8, minimum: 0.125 }),
    // Half of a cosine from 1 to 1/8 in 8 steps, and then the minimum.
    [1, cos(PI / 8), SQRT1_2, cos((3 * PI) / 8), 0, -cos((3 * PI) / 8), -SQRT1_2, -cos(PI / 8), -1, -1].map(
      (c) => 0.125 + 0.875 * (0.5 + 0.5 * c),
    ),
  ],
  ["warmUp", warmUp(constantRate(1), { steps: 4 }), [0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1]],
  [
    "oneCycleRate",
    oneCycleRate(1, { steps: 10 }),
    // Up from 1/25 in two steps, and down to 1/250000 in seven, each along half of a cosine.
    [0.04, 0.52, ...Array.from({ length: 8 }, (_, k) => 4e-6 + (1 - 4e-6) * (0.5 + 0.5 * cos((PI * k) / 7)))],
  ],
];

// With a loss of slope 2, a parameter goes down by twice the sum of the rates.
test.each(schedules)("%s: steps of an optimiser have the sizes of the schedule", (_name, schedule, rates) => {
  const place = new Parameter(tensor(10, { dtype: "float64" }));
  const optimizer = new SGD([place]);
  const scheduler = new Scheduler(optimizer, schedule);
  let expected = 10;
  for (const rate of rates) {
    const [, gradients] = lossAndGradients(() => mul(place, 2), [place]);
    optimizer.step(gradients);
    scheduler.step();
    expected -= 2 * rate;
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
