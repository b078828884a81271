import {
  AnomalyError,
  detectAnomalies,
  log,
  lossAndGradients,
  ones,
  Random,
  type Tensor,
  tensor,
} from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { fit, Linear, LSTM, Module, SGD } from "@scope/nn";
import { describe, expect, test } from "vitest";

class Model extends Module {
  readonly head = new Linear(2, 2, { seed: 1 });
  readonly lstm = new LSTM(2, 2, { seed: 2 });
  readonly options = { scale: 2, powers: [1] };
  forward(x: Tensor): Tensor {
    let y = this.head.forward(x).mul(this.options.scale);
    for (const power of this.options.powers) y = y.mul(power);
    return y;
  }
}

describe("a module is an argument of a compiled function", () => {
  const x = tensor([[1, 2]]);
  test("another module, and another plain field of one, is another program; its parameters are state", () => {
    let traces = 0;
    const run = compile((model: Model, input: Tensor) => {
      traces++;
      return model.forward(input);
    });
    const [a, b] = [new Model(), new Model()];
    // Whole numbers, whose products both ways of running round alike.
    for (const model of [a, b]) model.head.weight.value = ones([2, 2]);
    b.head.weight.value = b.head.weight.value.mul(3);
    const check = (): void => {
      for (const model of [a, b]) expect(run(model, x).toArray()).toEqual(model.forward(x).toArray());
    };
    check();
    a.head.weight.value = a.head.weight.value.mul(5);
    check();
    expect(traces).toBe(2);
    a.options.scale = 7;
    check();
    expect(traces).toBe(3);
    a.options.powers.push(3);
    check();
    expect(traces).toBe(4);
  });
  test("with its optimiser and a generator of random numbers beside it", () => {
    const model = new Model();
    const optimizer = new SGD(model.head.parameters(), { learningRate: 0.1 });
    let traces = 0;
    const step = compile((m: Model, o: typeof optimizer, r: Random, input: Tensor) => {
      traces++;
      const noise = r.normal([1, 2]);
      const [loss, gradients] = lossAndGradients(
        () => m.forward(input.add(noise)).sum(),
        m.head.parameters(),
      );
      o.step(gradients);
      return loss;
    });
    const random = new Random(1);
    const losses = [0, 0, 0].map(() => step(model, optimizer, random, x).item());
    expect(new Set(losses).size).toBe(3);
    expect(optimizer.count.value.item()).toBe(3);
    optimizer.learningRate = 0;
    const before = model.head.weight.value.toArray();
    step(model, optimizer, random, x);
    expect(model.head.weight.value.toArray()).toEqual(before);
    expect(traces).toBe(1);
  });
});

test("anomalies are found inside fit, and it fits again afterwards", async () => {
  const model = new Linear(1, 1, { seed: 1 });
  const optimizer = new SGD(model.parameters());
  const data = [tensor([[1], [0]])];
  const loss = (x: Tensor): Tensor => model.forward(log(x)).mean();
  await expect(
    detectAnomalies(() => fit(model, data, { loss, optimizer, epochs: 1 })),
  ).rejects.toBeInstanceOf(AnomalyError);
  const fine = (x: Tensor): Tensor => model.forward(x).square().mean();
  const history = await detectAnomalies(() => fit(model, data, { loss: fine, optimizer, epochs: 2 }));
  expect(history.epochs.length).toBe(2);
});
