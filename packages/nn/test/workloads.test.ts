import { readFileSync } from "node:fs";
import { lossAndGradients, mean, relu, reshape, square, type Tensor, tensor } from "@scope/autodiff";
import { Adam, crossEntropy, Embedding, GRU, Linear, LSTM, Module, RNN, Sequential, SGD } from "@scope/nn";
import { describe, expect, test } from "vitest";

// The work that bench runs on every library: the same weights, inputs and targets. Losses and gradients are PyTorch's, in float64.

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const wave = (...shape: number[]): Tensor =>
  reshape(tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(0.9 * i))), shape);
const ids = (stride: number, classes: number, ...shape: number[]): Tensor =>
  reshape(tensor(Int32Array.from({ length: sizeOf(shape) }, (_, i) => (i * stride) % classes)), shape);

/** Weight i of parameter k: 0.1·sin(1.7 i + k)·3/√fanIn. */
function fill<M extends Module>(module: M): M {
  module.parameters().forEach((parameter, k) => {
    const { shape } = parameter;
    const scale = 0.3 / Math.sqrt(shape[shape.length - 1]);
    const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(1.7 * i + k));
    parameter.value = reshape(tensor(values), shape);
  });
  return module;
}

class SequenceModel extends Module {
  readonly embedding: Embedding | null;
  readonly recurrent: RNN | LSTM | GRU;
  readonly head: Linear;
  constructor(embedding: Embedding | null, recurrent: RNN | LSTM | GRU, head: Linear) {
    super();
    this.embedding = embedding;
    this.recurrent = recurrent;
    this.head = head;
  }
  forward(x: Tensor): Tensor {
    return this.head.forward(this.recurrent.forward(this.embedding?.forward(x) ?? x)[0]);
  }
}

const timeFirst = { timeFirst: true };

/** Losses of steps one after the other; of the first gradients, for each parameter, the sum with weights sin(0.7 i) and the norm. */
interface Reference {
  readonly losses: readonly number[];
  readonly slopes: readonly (readonly [slope: number, norm: number])[];
}
const references: Readonly<Record<string, Reference>> = JSON.parse(
  readFileSync(new URL("fixtures/workloads.json", import.meta.url), "utf8"),
);

function expectTorch(name: string, model: Module, loss: () => Tensor, optimizer?: Adam | SGD): void {
  const { losses, slopes } = references[name];
  const parameters = model.parameters();
  expect(parameters.length).toBe(slopes.length);
  losses.forEach((expected, step) => {
    const [value, gradients] = lossAndGradients(loss, parameters);
    expect(Math.abs(value.item() - expected)).toBeLessThan(4e-6 * expected);
    if (step === 0) {
      gradients.forEach(({ data }, k) => {
        let [slope, squares] = [0, 0];
        data.forEach((g, i) => {
          slope += g * Math.sin(0.7 * i);
          squares += g * g;
        });
        expect(Math.abs(slope - slopes[k][0])).toBeLessThan(1e-4 * slopes[k][1]);
        expect(Math.abs(Math.sqrt(squares) / slopes[k][1] - 1)).toBeLessThan(1e-5);
      });
    }
    optimizer?.step(gradients);
  });
}

describe("the peers' work: losses step by step, and gradients", () => {
  const [batch, time] = [32, 64];
  const targets = (): Tensor => ids(7, 65, time, batch);
  test("rnn-train", () => {
    const model = fill(
      new SequenceModel(new Embedding(65, 65), new RNN(65, 128, timeFirst), new Linear(128, 65)),
    );
    const loss = (): Tensor => crossEntropy(model.forward(ids(5, 65, time, batch)), targets());
    expectTorch("rnn-train", model, loss, new SGD(model.parameters(), { learningRate: 0.1 }));
  });
  test.each([
    ["lstm-train", LSTM],
    ["gru-train", GRU],
  ] as const)("%s", (name, Layer) => {
    const model = fill(new SequenceModel(null, new Layer(64, 256, timeFirst), new Linear(256, 65)));
    const loss = (): Tensor => crossEntropy(model.forward(wave(time, batch, 64)), targets());
    expectTorch(name, model, loss, new Adam(model.parameters(), { learningRate: 1e-3 }));
  });
  test("lstm-train-small", () => {
    const model = fill(new SequenceModel(null, new LSTM(16, 32, timeFirst), new Linear(32, 16)));
    const loss = (): Tensor => crossEntropy(model.forward(wave(32, 8, 16)), ids(7, 16, 32, 8));
    expectTorch("lstm-train-small", model, loss, new Adam(model.parameters(), { learningRate: 1e-3 }));
  });
  test("mlp-train", () => {
    const model = fill(new Sequential(new Linear(784, 256), relu, new Linear(256, 10)));
    const loss = (): Tensor => crossEntropy(model.forward(wave(64, 784)), ids(7, 10, 64));
    expectTorch("mlp-train", model, loss, new SGD(model.parameters(), { learningRate: 0.1 }));
  });
  test("lstm-stream", () => {
    const lstm = fill(new LSTM(64, 256));
    const x = wave(1, 64);
    let state = lstm.initialState(1);
    for (let t = 0; t < 1000; t++) [, state] = lstm.step(x, state);
    const sum = state.h.data.reduce((total, value) => total + value, 0);
    expect(Math.abs(sum - -0.023253302543728753)).toBeLessThan(2e-6);
  });
  test("long-bptt", () => {
    const rnn = fill(new RNN(64, 64, timeFirst));
    expectTorch("long-bptt", rnn, () => mean(square(rnn.forward(wave(1000, 8, 64))[1].h)));
  });
});
