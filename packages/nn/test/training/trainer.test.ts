import { abs, max, sub, type Tensor, tensor } from "@scope/autodiff";
import {
  Adam,
  accuracy,
  crossEntropy,
  Dropout,
  fit,
  Linear,
  Module,
  meanAbsoluteError,
  meanSquaredError,
  Sequential,
  SGD,
  Trainer,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { warningsDuring } from "../warnings-during.js";

interface Pair {
  readonly x: Tensor;
  readonly y: Tensor;
}
const batch: Pair = { x: tensor([[0], [1], [2]]), y: tensor([[1], [3], [5]]) };
const single: Pair = { x: tensor([[4]]), y: tensor([[9]]) };

function line(compile: boolean): { model: Linear; trainer: Trainer<Pair>; traces: () => number } {
  const model = new Linear(1, 1, { seed: 3 });
  let traces = 0;
  const options = {
    loss: ({ x, y }: Pair): Tensor => {
      traces++;
      return meanSquaredError(model.forward(x), y);
    },
    optimizer: new Adam(model.parameters(), { learningRate: 0.1 }),
    metrics: { absolute: ({ x, y }: Pair) => meanAbsoluteError(model.forward(x), y) },
    clipNorm: 1,
    compile,
  };
  return { model, trainer: new Trainer(model, options), traces: () => traces };
}

describe.each([true, false])("a Trainer (compile: %o)", (compile) => {
  test("its steps are those of fit", async () => {
    const { model, trainer } = line(compile);
    const losses = Array.from({ length: 10 }, () => trainer.step(batch).loss);
    const other = new Linear(1, 1, { seed: 3 });
    const history = await fit(other, [batch], {
      loss: ({ x, y }) => meanSquaredError(other.forward(x), y),
      optimizer: new Adam(other.parameters(), { learningRate: 0.1 }),
      clipNorm: 1,
      epochs: 10,
      compile,
    });
    expect(losses).toEqual([...history.losses]);
    expect(max(abs(sub(model.weight, other.weight))).item()).toBe(0);
  });
  test("measures are means over examples, in evaluation, and the mode comes back", () => {
    const { model, trainer } = line(compile);
    expect(trainer.directionOf("absolute")).toBeNull();
    const measured = trainer.evaluate([batch, single]);
    const absolute = (pair: Pair): number => meanAbsoluteError(model.forward(pair.x), pair.y).item();
    expect(measured.absolute).toBeCloseTo((3 * absolute(batch) + absolute(single)) / 4, 5);
    expect(measured.loss).toBeGreaterThan(0);
    expect(model.training).toBe(true);
    expect(trainer.directionOf("absolute")).toBe("min");
    expect(() => trainer.evaluate([])).toThrow("no batch to measure on");
  });
  test("steps are in training mode, measurements are not", () => {
    const model = new Sequential(new Dropout(0.5, { seed: 1 }), new Linear(8, 1, { seed: 1 }));
    const modes: boolean[] = [];
    const trainer = new Trainer(model, {
      loss: (x: Tensor) => {
        modes.push(model.training);
        return meanSquaredError(model.forward(x), tensor([[1]]));
      },
      optimizer: new SGD(model.parameters(), { learningRate: 0 }),
      compile,
    });
    const x = tensor([[1, 2, 3, 4, 5, 6, 7, 8]]);
    model.eval();
    const [first, second] = [trainer.step(x), trainer.step(x)];
    expect(first.loss).not.toBe(second.loss);
    expect(trainer.evaluate([x])).toEqual(trainer.evaluate([x]));
    expect(new Set(modes)).toEqual(new Set([true, false]));
    expect(model.training).toBe(true);
  });
  test("a step that is not finite is not taken", () => {
    const { model, trainer } = line(compile);
    const before = model.weight.value.toArray();
    expect(trainer.step({ x: tensor([[Number.NaN], [1], [2]]), y: batch.y })).toMatchObject({ taken: false });
    expect(model.weight.value.toArray()).toEqual(before);
    expect(trainer.step(batch).taken).toBe(true);
    expect(model.weight.value.toArray()).not.toEqual(before);
  });
  test("errors are told in its name, and with the place in the model", () => {
    class Whole extends Module {
      readonly body = new Sequential(new Linear(1, 2), new Linear(3, 1));
    }
    const model = new Whole();
    const trainer = new Trainer(model, {
      loss: ({ x, y }: Pair) => meanSquaredError(model.body.forward(x), y),
      optimizer: new SGD(model.parameters()),
      compile,
    });
    expect(() => trainer.step(batch)).toThrow("in:       body.1");
    const vector = new Trainer(model, {
      loss: ({ x }: Pair) => x,
      optimizer: new SGD(model.parameters()),
      compile,
    });
    expect(() => vector.step(batch)).toThrow("Trainer: loss is not a scalar tensor.");
  });
});

describe("programs are kept with model, optimiser and loss", () => {
  test("another Trainer, and fit again and again, trace nothing", async () => {
    const model = new Linear(1, 1, { seed: 3 });
    let traces = 0;
    const loss = ({ x, y }: Pair): Tensor => {
      traces++;
      return meanSquaredError(model.forward(x), y);
    };
    const optimizer = new Adam(model.parameters(), { learningRate: 0.1 });
    for (let k = 0; k < 20; k++) await fit(model, [single], { loss, optimizer, epochs: 1 });
    expect(traces).toBe(1);
    new Trainer(model, { loss, optimizer }).step(single);
    expect(traces).toBe(1);
    // Other metrics are another measurement, but the same step.
    for (let k = 0; k < 3; k++)
      await fit(model, [single], { loss, optimizer, epochs: 1, metrics: { again: loss } });
    expect(traces).toBe(3);
    // Another limit is another program, and the first is still there.
    await fit(model, [single], { loss, optimizer, epochs: 1, clipNorm: 1 });
    await fit(model, [single], { loss, optimizer, epochs: 1 });
    expect(traces).toBe(4);
  });
  test("whatever else is passed, the options of a Trainer are checked", () => {
    const model = new Linear(1, 1);
    for (const third of [undefined, null, {}, Number.POSITIVE_INFINITY, Symbol("s"), "trainer"])
      expect(() => Reflect.construct(Trainer, [model, { loss: 1, optimizer: null }, third])).toThrow(
        /^Trainer: /,
      );
  });
  test("a model that got another Variable has another step", async () => {
    class Growing extends Module {
      readonly layers: Linear[] = [new Linear(1, 1, { seed: 1 })];
      forward(x: Tensor): Tensor {
        return this.layers.reduce((y, layer) => layer.forward(y), x);
      }
    }
    const model = new Growing();
    const loss = ({ x, y }: Pair): Tensor => meanSquaredError(model.forward(x), y);
    const optimizer = new SGD(model.parameters(), { learningRate: 0 });
    const [first] = (await fit(model, [single], { loss, optimizer, epochs: 1 })).losses;
    model.layers.push(new Linear(1, 1, { seed: 9 }));
    let second = 0;
    const warnings = await warningsDuring(async () => {
      [second] = (await fit(model, [single], { loss, optimizer, epochs: 1 })).losses;
    });
    expect(warnings).toEqual([]);
    expect(second).not.toBe(first);
    expect(second).toBeCloseTo(loss(single).item(), 4);
  });
  test("only the loss's identity changed: said once", async () => {
    const model = new Linear(1, 1, { seed: 3 });
    const optimizer = new Adam(model.parameters(), { learningRate: 0.1 });
    const warnings = await warningsDuring(async () => {
      for (let k = 0; k < 4; k++)
        await fit(model, [single], {
          loss: ({ x, y }) => meanSquaredError(model.forward(x), y),
          optimizer,
          epochs: 1,
        });
    });
    expect(warnings).toEqual([
      expect.stringContaining("fit compiles again, for the same model and optimiser"),
    ]);
  });
  test("another loss, optimiser or model is nothing to warn of", async () => {
    const models = [new Linear(1, 1, { seed: 3 }), new Linear(1, 1, { seed: 4 })];
    for (const model of models)
      for (const rate of [0.1, 0.2])
        await fit(model, [single], {
          loss: ({ x, y }) => meanSquaredError(model.forward(x), y),
          optimizer: new Adam(model.parameters(), { learningRate: rate }),
          epochs: 1,
        });
    const [model] = models;
    const optimizer = new Adam(model.parameters());
    await fit(model, [single], {
      loss: ({ x, y }) => meanSquaredError(model.forward(x), y),
      optimizer,
      epochs: 1,
    });
    await fit(model, [single], {
      loss: ({ x, y }) => meanAbsoluteError(model.forward(x), y),
      optimizer,
      epochs: 1,
    });
  });
});

test("accuracy counts rows, and not those that are ignored", () => {
  const scores = tensor([
    [2, 1, 0],
    [0, 3, 1],
    [5, 4, 9],
    [1, 0, 0],
  ]);
  const int = (values: number[]): Tensor => tensor(values, { dtype: "int32" });
  expect(accuracy(scores, int([0, 1, 0, 2])).item()).toBe(0.5);
  expect(accuracy(scores, int([0, 1, -1, 2]), { ignoreIndex: -1 }).item()).toBeCloseTo(2 / 3, 6);
  expect(accuracy(scores, int([-1, -1, -1, -1]), { ignoreIndex: -1 }).item()).toBe(0);
  expect(() => accuracy(scores, int([0, 1, 3, 2]))).toThrow("out of range");
  expect(crossEntropy(scores, int([0, 1, 0, 2])).item()).toBeGreaterThan(0);
});
