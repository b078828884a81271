import { grad, lossAndGradients, matmul, square, sum, type Tensor, tensor } from "@scope/autodiff";
import {
  batches,
  bucketByLength,
  GRU,
  Linear,
  meanSquaredError,
  Normalizer,
  normal,
  padSequences,
  splitInTime,
  windows,
} from "@scope/nn";
import { expect, test } from "vitest";
import { relativeDifference } from "../relative-difference.js";

const dtype = "float64";
const total = (gradients: readonly (readonly Tensor[])[]): Tensor[] =>
  gradients[0].map((_, k) => gradients.map((each) => each[k]).reduce((a, b) => a.add(b)));

test("a Normalizer scales gradients by its deviations, and is undone by its inverse", () => {
  const data = normal([50, 3], { mean: 4, std: 2, seed: 1, dtype });
  const normalizer = new Normalizer(3, { dtype }).measure(data);
  const slope = grad((x: Tensor) => sum(normalizer.forward(x)))(data);
  const expected = normalizer.deviation.value.reciprocal();
  for (const row of [0, 49]) expect(relativeDifference(slope.at(row), expected)).toBeLessThan(1e-14);
  const back = grad((x: Tensor) => sum(square(normalizer.inverse(normalizer.forward(x)))))(data);
  expect(relativeDifference(back, data.mul(2))).toBeLessThan(1e-13);
});

test("gradients of batches add up to those of the whole, in any order", () => {
  const data = { x: normal([10, 3], { seed: 1, dtype }), y: normal([10, 2], { seed: 2, dtype }) };
  const model = new Linear(3, 2, { seed: 3, dtype });
  const run = ({ x, y }: typeof data): readonly Tensor[] =>
    lossAndGradients(
      () => meanSquaredError(model.forward(x), y, { reduction: "sum" }),
      model.parameters(),
    )[1];
  const expected = run(data);
  for (const cut of [batches(data, { size: 3 }), batches(data, { size: 4, shuffle: true, seed: 1 })]) {
    total(Array.from(cut, run)).forEach((gradient, k) => {
      expect(relativeDifference(gradient, expected[k])).toBeLessThan(1e-13);
    });
  }
  total(splitInTime(data, [0.3]).map(run)).forEach((gradient, k) => {
    expect(relativeDifference(gradient, expected[k])).toBeLessThan(1e-13);
  });
});

test("an autoregression over windows has the loss and the gradient of a loop over the series", () => {
  const values = Array.from({ length: 20 }, (_, t) => Math.sin(t) + 0.1 * t);
  const { inputs, targets } = windows(tensor(values, { dtype }), { length: 3, horizon: 2, stride: 2 });
  const w = [0.5, -0.25, 0.75];
  const slope = grad((v: Tensor) => meanSquaredError(matmul(inputs, v), targets, { reduction: "sum" }))(
    tensor(w, { dtype }),
  );
  const expected = [0, 0, 0];
  for (let start = 0; start + 4 < values.length; start += 2) {
    const off = w.reduce((y, each, k) => y + each * values[start + k], -values[start + 4]);
    for (let k = 0; k < 3; k++) expected[k] += 2 * off * values[start + k];
  }
  expect(relativeDifference(slope, tensor(expected, { dtype }))).toBeLessThan(1e-13);
});

test("sequences padded into batches have the gradients of the sequences one by one", () => {
  const sequences = [3, 1, 4, 2, 4].map((length, seed) => normal([length, 2], { seed, dtype }));
  const gru = new GRU(2, 3, { seed: 1, dtype });
  const run = (xs: Tensor, lengths?: Tensor): readonly Tensor[] =>
    lossAndGradients(() => sum(square(gru.forward(xs, undefined, { lengths })[0])), gru.parameters())[1];
  const expected = total(sequences.map((each) => run(each.reshape([1, ...each.shape]))));
  const padded = padSequences(sequences, { padding: Number.NaN });
  const ways = [
    [run(padded.values, padded.lengths)],
    Array.from(bucketByLength(sequences, { size: 2, padding: 9 }), ({ values, lengths }) =>
      run(values, lengths),
    ),
  ];
  for (const way of ways) {
    total(way).forEach((gradient, k) => {
      expect(relativeDifference(gradient, expected[k])).toBeLessThan(1e-12);
    });
  }
});
