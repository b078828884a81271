import { lossAndGradients, Random } from "@scope/autodiff";
import { type BackendChoice, compile } from "@scope/autodiff/compile";
import { Adam, clipByGlobalNorm, Linear, LSTM, meanSquaredError } from "@scope/nn";
import { expect, it } from "vitest";
import { native } from "../src/index.js";
import { describeNative } from "./describe-native.js";

/** A training step of a small LSTM, and its data. */
function training(backend: BackendChoice) {
  const random = new Random(0);
  const lstm = new LSTM(3, 16, { seed: 1 });
  const head = new Linear(16, 1, { seed: 2 });
  const variables = [...lstm.parameters(), ...head.parameters()];
  const optimizer = new Adam(variables, { learningRate: 1e-2 });
  const data = [random.normal([8, 20, 3]), random.normal([8, 20, 1])] as const;
  const step = compile(
    (x: (typeof data)[0], y: (typeof data)[1]) => {
      const [loss, gradients] = lossAndGradients(
        () => meanSquaredError(head.forward(lstm.forward(x)[0]), y),
        variables,
      );
      optimizer.step(clipByGlobalNorm(gradients, 1));
      return loss;
    },
    { backend },
  );
  return { step, data };
}

describeNative("training", () => {
  it("of an LSTM goes as on the reference", () => {
    const losses = (backend: BackendChoice): number[] => {
      const { step, data } = training(backend);
      return Array.from({ length: 20 }, () => step(...data).item());
    };
    const want = losses("javascript");
    losses(native).forEach((loss, i) => expect(Math.abs(loss / want[i] - 1)).toBeLessThan(1e-5));
    expect(want[19]).toBeLessThan(want[0]);
  });

  it("is explained and measured", () => {
    const { step, data } = training(native);
    expect(step.explain(...data)).toMatch(/machine: native: .*, .* \d+\.\d+\.\d+, \d+ threads?/);
    expect(step.profile(...data)).toContain("matmul");
  });
});
