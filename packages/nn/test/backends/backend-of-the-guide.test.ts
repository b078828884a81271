import { lossAndGradients, type Tensor, tensor } from "@scope/autodiff";
import type { Backend } from "@scope/autodiff/backend";
import { compile, setDefaultBackend } from "@scope/autodiff/compile";
import { Adam, batches, fit, Linear, LSTM, Module, meanSquaredError } from "@scope/nn";
import { afterEach, beforeAll, expect, test } from "vitest";
import { backendOfTheGuide } from "../../../autodiff/test/repository/page-backend.js";

// A backend that a page of the documentation makes, out of what @scope/autodiff/backend exports and nothing else.

let backend: Backend;
beforeAll(async () => {
  backend = await backendOfTheGuide();
});
afterEach(async () => {
  await setDefaultBackend("wasm");
});

class Forecaster extends Module {
  readonly lstm = new LSTM(2, 6, { seed: 1 });
  readonly head = new Linear(6, 1, { seed: 2 });
  forward(xs: Tensor): Tensor {
    const [outputs] = this.lstm.forward(xs);
    return this.head.forward(outputs.at(-1, { axis: 1 }));
  }
}
const wave = (i: number): number => Math.sin(i * 0.7) + Math.cos(i * 0.31);
const seen = tensor(
  Array.from({ length: 12 }, (_, b) => Array.from({ length: 5 }, (_, t) => [wave(b + t), wave(2 * b - t)])),
);
const next = tensor(Array.from({ length: 12 }, (_, b) => [wave(b + 5)]));

test("it takes training steps as the reference does", () => {
  const losses = ([backend, "javascript"] as const).map((on) => {
    const model = new Forecaster();
    const adam = new Adam(model.parameters(), { learningRate: 0.05 });
    const step = compile(
      () => {
        const [loss, gradients] = lossAndGradients(
          () => meanSquaredError(model.forward(seen), next),
          model.parameters(),
        );
        adam.step(gradients);
        return loss;
      },
      { backend: on },
    );
    const all = Array.from({ length: 15 }, () => step().item());
    expect(step.explain()).toContain(on === "javascript" ? "JavaScript, 1 thread" : "generated JavaScript");
    return all;
  });
  for (const [i, loss] of losses[0].entries()) expect(loss).toBeCloseTo(losses[1][i], 4);
  expect(losses[0][14]).toBeLessThan(losses[0][0] / 2);
});

test("it is what fit runs on, where it is the default", async () => {
  const histories = [];
  for (const on of [backend, "wasm"] as const) {
    const taken = await setDefaultBackend(on);
    expect(taken.name).toBe(on === "wasm" ? "wasm" : "source");
    const model = new Forecaster();
    const history = await fit(model, batches({ seen, next }, { size: 4, shuffle: true, seed: 3 }), {
      loss: ({ seen, next }) => meanSquaredError(model.forward(seen), next),
      optimizer: new Adam(model.parameters(), { learningRate: 0.05 }),
      epochs: 6,
    });
    histories.push(history.epochs.map(({ loss }) => loss));
  }
  for (const [i, loss] of histories[0].entries()) expect(loss).toBeCloseTo(histories[1][i], 4);
});
