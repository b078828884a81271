import { lossAndGradients, ones, square, sum, type Tensor, tensor, zeros } from "@scope/autodiff";
import {
  Adagrad,
  Adam,
  AdamW,
  clipByGlobalNorm,
  clipByValue,
  globalNorm,
  Linear,
  Parameter,
  RMSProp,
  SGD,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { thrownCode } from "../thrown-code.js";

const parameter = (...values: number[]): Parameter => new Parameter(tensor(values));

test.each([
  ["3", 3],
  ["2 among them", [tensor([1]), 2]],
  ["2 among them", { a: tensor([1]), b: 2 }],
])("what is no gradient is shown: %s", (shown, gradients) => {
  const given = gradients as Parameters<typeof globalNorm>[0];
  expect(() => globalNorm(given)).toThrow(`got:      ${shown}`);
});

describe("mistakes in options", () => {
  const w = [parameter(1)];
  test.each([
    ["a NaN rate", () => new SGD(w, { learningRate: Number.NaN })],
    ["an infinite rate", () => new Adam(w, { learningRate: Number.POSITIVE_INFINITY })],
    ["a negative rate", () => new RMSProp(w, { learningRate: -1 })],
    ["a negative momentum", () => new SGD(w, { learningRate: 1, momentum: -0.1 })],
    ["Nesterov without momentum", () => new SGD(w, { learningRate: 1, nesterov: true })],
    [
      "Nesterov with dampening",
      () => new SGD(w, { learningRate: 1, momentum: 0.9, dampening: 0.1, nesterov: true }),
    ],
    ["a beta of 1", () => new Adam(w, { betas: [0.9, 1] })],
    ["a negative epsilon", () => new AdamW(w, { epsilon: -1e-8 })],
    ["a NaN decay", () => new AdamW(w, { weightDecay: Number.NaN })],
    ["a smoothing of 1", () => new RMSProp(w, { smoothing: 1 })],
    ["a negative accumulator", () => new Adagrad(w, { initialAccumulator: -1 })],
    ["a NaN limit", () => clipByGlobalNorm([ones([1])], Number.NaN)],
    ["a negative limit", () => clipByValue([ones([1])], -1)],
  ])("%s", (_what, run) => expect(thrownCode(run)).toBe("value/range"));

  test.each([
    ["no parameters", () => new SGD([])],
    ["a parameter twice", () => new SGD([w[0], w[0]])],
    // As plain JavaScript may pass them, here and below.
    ["tensors", () => new SGD([ones([1])] as unknown as Parameter[])],
    ["integers", () => new SGD([new Parameter(zeros([1], { dtype: "int32" }))])],
  ])("what cannot be trained: %s", (_what, run) => expect(thrownCode(run)).toBe("optimizer/parameters"));

  test("no gradients have no norm", () => expect(thrownCode(() => globalNorm([]))).toBe("gradients/none"));

  test("rates are checked when they change", () => {
    const optimizer = new SGD([{ parameters: [parameter(1)] }, { parameters: [parameter(2)] }], {
      learningRate: 0.5,
    });
    expect(thrownCode(() => optimizer.setLearningRates([1]))).toBe("optimizer/rates");
    expect(
      thrownCode(() => {
        optimizer.learningRate = Number.NaN;
      }),
    ).toBe("value/range");
    expect(optimizer.learningRate).toBe(0.5);
  });
});

describe("gradients that do not fit change nothing", () => {
  test.each([
    ["one missing", (good: Tensor) => [good], "optimizer/gradients"],
    ["none at all", () => undefined as unknown as Tensor[], "optimizer/gradients"],
    ["a hole", (good: Tensor) => [good, undefined as unknown as Tensor], "optimizer/gradients"],
    ["one too many", (good: Tensor) => [good, good, good], "optimizer/gradients"],
    ["a record", (good: Tensor) => ({ a: good, b: good }), "optimizer/gradients"],
    ["another shape", (good: Tensor) => [good, ones([3])], "optimizer/gradient-shape"],
    ["another dtype", (good: Tensor) => [good, ones([2], { dtype: "float64" })], "optimizer/gradient-dtype"],
  ] as const)("%s", (_what, make, code) => {
    const optimizer = new Adam([parameter(1, 2), parameter(3, 4)]);
    const before = [...optimizer.parameters(), ...optimizer.variables()].map((v) => v.value.toArray());
    expect(thrownCode(() => optimizer.step(make(ones([2]))))).toBe(code);
    expect([...optimizer.parameters(), ...optimizer.variables()].map((v) => v.value.toArray())).toEqual(
      before,
    );
  });

  test("a record of parameters takes gradients by name", () => {
    const w = { a: parameter(1), b: parameter(2) };
    const optimizer = new SGD(w, { learningRate: 1 });
    expect(thrownCode(() => optimizer.step({ a: ones([1]) }))).toBe("optimizer/gradients");
    expect(thrownCode(() => optimizer.step({ a: ones([1]), c: ones([1]) }))).toBe("optimizer/gradients");
    expect(thrownCode(() => optimizer.step([ones([1]), ones([1])]))).toBe("optimizer/gradients");
    optimizer.step({ b: tensor([0.5]), a: tensor([0.25]) });
    expect([w.a.value.item(), w.b.value.item()]).toEqual([0.75, 1.5]);
  });
});

test("groups have rates of their own", () => {
  const optimizer = new SGD(
    [{ parameters: [parameter(1)] }, { parameters: [parameter(1)], learningRate: 0.125 }],
    { learningRate: 0.5 },
  );
  optimizer.step([ones([1]), ones([1])]);
  expect(optimizer.parameters().map((p) => p.value.item())).toEqual([0.5, 0.875]);
  optimizer.setLearningRates([0, 0.25]);
  optimizer.step([ones([1]), ones([1])]);
  expect(optimizer.parameters().map((p) => p.value.item())).toEqual([0.5, 0.625]);
});

test("a training goes on from saved states as if it had not stopped", () => {
  const make = (): [Linear, Adam] => {
    const model = new Linear(2, 1, { seed: 2 });
    return [model, new Adam(model.parameters(), { learningRate: 0.1, amsgrad: true })];
  };
  const train = ([model, adam]: [Linear, Adam], steps: number): void => {
    for (let k = 0; k < steps; k++)
      adam.step(lossAndGradients(() => sum(square(model.forward(ones([1, 2])))), adam.parameters())[1]);
  };
  const whole = make();
  train(whole, 6);
  const first = make();
  train(first, 3);
  const second = make();
  second[0].loadStateDict(first[0].stateDict());
  second[1].loadStateDict(first[1].stateDict());
  train(second, 3);
  expect(second[0].weight.value.toArray()).toEqual(whole[0].weight.value.toArray());
  expect(Object.keys(first[1].stateDict())).toContain("groups.0.largest.1");
  expect(thrownCode(() => second[1].loadStateDict({}))).toBe("state-dict/entries");
});

test("in float32, the first step of Adam is as long as the rate to seven digits", () => {
  const w = parameter(0);
  new Adam([w], { learningRate: 1, epsilon: 0 }).step([tensor([1e-3])]);
  expect(Math.abs(w.value.item() + 1)).toBeLessThan(5e-7);
});

test("clipping keeps dtypes and forms", () => {
  const mixed = clipByGlobalNorm({ a: tensor([3], { dtype: "float64" }), b: tensor([4]) }, 1);
  expect([mixed.a.dtype, mixed.b.dtype]).toEqual(["float64", "float32"]);
  expect(mixed.a.item()).toBeCloseTo(0.6, 5);
  expect(clipByGlobalNorm([tensor([3])], 10)[0].item()).toBe(3);
});

test("a learning rate reads back as the number that was given", () => {
  const w = [new Parameter(tensor([1, 2]))];
  for (const rate of [0.1, 1e-3, 1 / 3, 0.123456789, 3, 0, 1e-45]) {
    expect(new SGD(w, { learningRate: rate }).learningRate).toBe(rate);
    const optimizer = new Adam(w);
    expect(optimizer.learningRate).toBe(1e-3);
    optimizer.learningRate = rate;
    expect(optimizer.learningRate).toBe(rate);
  }
  // One that came with a state is the shortest number that rounds to it.
  const loaded = new SGD(w, { learningRate: 0.5 }).loadStateDict(
    new SGD(w, { learningRate: 0.1 }).stateDict(),
  );
  expect(loaded.learningRate).toBe(0.1);
  const double = [new Parameter(tensor([1], { dtype: "float64" }))];
  expect(new SGD(double, { learningRate: 1 / 3 }).learningRate).toBe(1 / 3);
});
