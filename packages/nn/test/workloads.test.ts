import { lossAndGradients, mean, relu, reshape, square, type Tensor, tensor } from "@scope/autodiff";
import { Adam, crossEntropy, Embedding, GRU, Linear, LSTM, Module, RNN, Sequential, SGD } from "@scope/nn";
import { describe, expect, test } from "vitest";

// The work that bench runs on every library: the same weights, inputs and targets. First losses are PyTorch's, in float64.

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

describe("first losses of the peers' work", () => {
  const [batch, time] = [32, 64];
  const targets = (): Tensor => ids(7, 65, time, batch);
  test("rnn-train", () => {
    const model = fill(
      new SequenceModel(new Embedding(65, 65), new RNN(65, 128, timeFirst), new Linear(128, 65)),
    );
    const loss = crossEntropy(model.forward(ids(5, 65, time, batch)), targets());
    expect(Math.abs(loss.item() - 4.176326089701332)).toBeLessThan(1e-5);
  });
  test("lstm-train", () => {
    const model = fill(new SequenceModel(null, new LSTM(64, 256, timeFirst), new Linear(256, 65)));
    expect(
      Math.abs(crossEntropy(model.forward(wave(time, batch, 64)), targets()).item() - 4.175080690206432),
    ).toBeLessThan(1e-5);
  });
  test("gru-train", () => {
    const model = fill(new SequenceModel(null, new GRU(64, 256, timeFirst), new Linear(256, 65)));
    expect(
      Math.abs(crossEntropy(model.forward(wave(time, batch, 64)), targets()).item() - 4.175430165459579),
    ).toBeLessThan(1e-5);
  });
  test("lstm-train-small, and it learns", () => {
    const model = fill(new SequenceModel(null, new LSTM(16, 32, timeFirst), new Linear(32, 16)));
    const adam = new Adam(model.parameters(), { learningRate: 1e-3 });
    const [x, y] = [wave(32, 8, 16), ids(7, 16, 32, 8)];
    const losses = Array.from({ length: 5 }, () => {
      const [loss, gradients] = lossAndGradients(() => crossEntropy(model.forward(x), y), model.parameters());
      adam.step(gradients);
      return loss.item();
    });
    expect(Math.abs(losses[0] - 2.774042352182991)).toBeLessThan(1e-5);
    expect(losses[4]).toBeLessThan(losses[0]);
  });
  test("mlp-train, and it learns", () => {
    const model = fill(new Sequential(new Linear(784, 256), relu, new Linear(256, 10)));
    const sgd = new SGD(model.parameters(), { learningRate: 0.1 });
    const [x, y] = [wave(64, 784), ids(7, 10, 64)];
    const losses = Array.from({ length: 3 }, () => {
      const [loss, gradients] = lossAndGradients(() => crossEntropy(model.forward(x), y), model.parameters());
      sgd.step(gradients);
      return loss.item();
    });
    expect(Math.abs(losses[0] - 2.3053257290461717)).toBeLessThan(1e-5);
    expect(losses[2]).toBeLessThan(losses[0]);
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
    const [loss] = lossAndGradients(
      () => mean(square(rnn.forward(wave(1000, 8, 64))[1].h)),
      rnn.parameters(),
    );
    expect(Math.abs(loss.item() - 0.0066162159841526)).toBeLessThan(1e-6);
  });
});
