import { add, div, mul, sub, type Tensor, tensor } from "@scope/autodiff";
import {
  Adam,
  type Batches,
  batches,
  Dropout,
  type FitOptions,
  fit,
  type History,
  Linear,
  Module,
  meanAbsoluteError,
  meanSquaredError,
  Parameter,
  SGD,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { warningsDuring } from "../warnings-during.js";

interface Pair {
  readonly x: Tensor;
  readonly y: Tensor;
}

const xs = Float64Array.from({ length: 12 }, (_, i) => i / 6 - 1);
const pairs: Pair = { x: tensor(Array.from(xs, (v) => [v])), y: tensor(Array.from(xs, (v) => [3 * v + 1])) };
const data = (): Batches<Pair> => batches(pairs, { size: 4, shuffle: true, seed: 1 });

function line(): { model: Linear; options: Omit<FitOptions<Pair>, "epochs"> } {
  const model = new Linear(1, 1, { seed: 1 });
  return {
    model,
    options: {
      loss: ({ x, y }) => meanSquaredError(model.forward(x), y),
      optimizer: new Adam(model.parameters(), { learningRate: 0.1 }),
    },
  };
}

const weights = (module: Module): unknown =>
  Object.fromEntries(Object.entries(module.stateDict()).map(([name, t]) => [name, t.toArray()]));

/** A parameter that is its own loss, taken down by one at each step; what the loss really is is a table over its value. */
class Table extends Module {
  readonly place = new Parameter(tensor(0));
}

describe("fit", () => {
  test("learns a line, compiled as well as eagerly, with the same numbers", async () => {
    const histories: History[] = [];
    for (const compile of [true, false]) {
      const { model, options } = line();
      const history = await fit(model, data(), { ...options, epochs: 60, compile });
      expect(history.stopped).toBe("finished");
      expect(history.losses).toHaveLength(180);
      expect(history.epochs.map(({ steps }) => steps).slice(0, 3)).toEqual([3, 6, 9]);
      expect(model.weight.value.item()).toBeCloseTo(3, 1);
      expect(model.bias?.value.item()).toBeCloseTo(1, 1);
      histories.push(history);
    }
    const [compiled, eager] = histories;
    compiled.losses.forEach((loss, k) => {
      expect(loss).toBeCloseTo(eager.losses[k], 4);
    });
  });

  test("the loss of an epoch weighs batches by their examples", async () => {
    const { model, options } = line();
    const frozen = { ...options, optimizer: new SGD(model.parameters(), { learningRate: 0 }) };
    const history = await fit(model, batches(pairs, { size: 5 }), { ...frozen, epochs: 1 });
    expect(history.epochs[0].loss).toBeCloseTo(meanSquaredError(model.forward(pairs.x), pairs.y).item(), 5);
    expect(history.losses).toHaveLength(3);
  });

  test("validation and metrics are measured after every epoch, in evaluation mode, and the mode comes back", async () => {
    const { model, options } = line();
    const dropout = new Dropout(0.9, { seed: 0 });
    class Noisy extends Module {
      readonly inner = model;
      readonly dropout = dropout;
      forward(x: Tensor): Tensor {
        return this.dropout.forward(this.inner.forward(x));
      }
    }
    const noisy = new Noisy().eval();
    const history = await fit(noisy, data(), {
      ...options,
      loss: ({ x, y }) => meanSquaredError(noisy.forward(x), y),
      epochs: 2,
      validation: [pairs],
      restoreBest: false,
      metrics: { absolute: ({ x, y }) => meanAbsoluteError(noisy.forward(x), y) },
    });
    const final = history.epochs[1];
    expect(final.validationLoss).toBeCloseTo(meanSquaredError(model.forward(pairs.x), pairs.y).item(), 5);
    expect(final.metrics.absolute).toBeCloseTo(meanAbsoluteError(model.forward(pairs.x), pairs.y).item(), 5);
    expect(noisy.training).toBe(false);
    expect(dropout.training).toBe(false);
  });

  test("stops early and brings the best weights back", async () => {
    const model = new Table();
    // Each step adds 1; the validation loss is least at 3.
    const history = await fit(model, [tensor([1])], {
      loss: () => sub(0, model.place.value),
      optimizer: new SGD(model.parameters(), { learningRate: 1 }),
      epochs: 50,
      validation: [tensor([1])],
      metrics: { distance: () => sub(model.place.value, 3).abs() },
      watch: { metric: "distance", mode: "min" },
      patience: 4,
    });
    expect(history.stopped).toBe("early");
    expect(history.epochs.map(({ best }) => best)).toEqual([true, true, true, false, false, false, false]);
    expect(history.restoredEpoch).toBe(3);
    expect(model.place.value.item()).toBe(3);
  });

  test("without restoring, the weights are those of the last step", async () => {
    const model = new Table();
    const options = {
      loss: () => sub(0, model.place.value),
      optimizer: new SGD(model.parameters(), { learningRate: 1 }),
      validation: [tensor([1])],
      restoreBest: false,
    };
    const history = await fit(model, [tensor([1])], { ...options, epochs: 5 });
    expect(history.restoredEpoch).toBe(null);
    expect(model.place.value.item()).toBe(5);
  });

  for (const compile of [true, false]) {
    test(`a step that is not finite is not taken, and says which it was (compile: ${compile})`, async () => {
      const model = new Table();
      const optimizer = new Adam(model.parameters(), { learningRate: 1 });
      const seen: number[] = [];
      const run = fit(
        model,
        [1, 2, 3, 4, 5].map((divisor) => tensor([divisor - 4])),
        {
          // Infinite in the fourth step.
          loss: (divisor) => add(mul(model.place.value, 1), div(1, divisor).sum()),
          optimizer,
          epochs: 3,
          compile,
          reporter: { stepped: ({ loss }) => void seen.push(loss) },
        },
      );
      const warnings = await warningsDuring(() => run);
      const history = await run;
      expect(warnings).toEqual([
        expect.stringMatching(
          /fit ended at step 4, in epoch 1: the loss is Infinity; every number of the batch is finite/,
        ),
      ]);
      expect(history.notFiniteReason).toBe("the loss is Infinity; every number of the batch is finite");
      expect(history.stopped).toBe("not-finite");
      expect(history.notFiniteStep).toBe(4);
      expect(history.losses).toHaveLength(3);
      expect(seen).toHaveLength(3);
      expect(model.place.value.item()).toBeCloseTo(-3, 5);
      expect(optimizer.count.value.item()).toBe(3);
    });
  }

  test("an infinite gradient of a finite loss is not taken either", async () => {
    const model = new Table();
    const run = fit(model, [tensor([1])], {
      loss: () => model.place.value.sqrt(),
      optimizer: new SGD(model.parameters(), { learningRate: 1 }),
      epochs: 1,
    });
    expect(await warningsDuring(() => run)).toHaveLength(1);
    const history = await run;
    expect(history.notFiniteReason).toMatch("the loss is 0, but the norm of its gradient is Infinity");
    expect(history.stopped).toBe("not-finite");
    expect(history.notFiniteStep).toBe(1);
    expect(history.epochs).toEqual([]);
    expect(model.place.value.item()).toBe(0);
  });

  test("an aborted signal ends it after the step that is under way, with its history", async () => {
    const controller = new AbortController();
    const { model, options } = line();
    const ended: History[] = [];
    const history = await fit(model, data(), {
      ...options,
      epochs: 1000,
      signal: controller.signal,
      reporter: {
        stepped: ({ step }) => {
          if (step === 5) controller.abort();
        },
        ended: (each) => void ended.push(each),
      },
    });
    expect(history.stopped).toBe("aborted");
    expect(history.losses).toHaveLength(5);
    expect(history.epochs.map(({ steps }) => steps)).toEqual([3, 5]);
    expect(ended).toEqual([history]);
    const before = weights(model);
    expect((await fit(model, data(), { ...options, epochs: 1, signal: controller.signal })).losses).toEqual(
      [],
    );
    expect(weights(model)).toEqual(before);
  });

  test("the event loop turns during a training, so that a signal can come from outside", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    const { model, options } = line();
    const history = await fit(model, data(), {
      ...options,
      epochs: 1_000_000,
      compile: false,
      signal: controller.signal,
    });
    expect(history.stopped).toBe("aborted");
  });

  test("epochs of a number of steps go on where the last one ended; a number of steps ends it", async () => {
    const seen: number[] = [];
    const model = new Table();
    const list = [10, 20, 30].map((value) => tensor([value]));
    const history = await fit(model, list, {
      loss: (batch) => {
        seen.push(batch.at(0).item());
        return model.place.value.mul(0);
      },
      optimizer: new SGD(model.parameters(), { learningRate: 1 }),
      epochs: 4,
      stepsPerEpoch: 2,
      steps: 5,
      compile: false,
    });
    expect(seen).toEqual([10, 20, 30, 10, 20]);
    expect(history.stopped).toBe("finished");
    expect(history.epochs.map(({ steps }) => steps)).toEqual([2, 4, 5]);
  });

  test("a schedule sets the learning rate of every step", async () => {
    const { model, options } = line();
    const optimizer = new SGD(model.parameters(), { learningRate: 1 });
    const history = await fit(model, data(), {
      ...options,
      optimizer,
      epochs: 2,
      schedule: (step) => 0.1 / (step + 1),
    });
    expect(history.epochs.map(({ learningRate }) => Number(learningRate.toFixed(6)))).toEqual([
      0.033333, 0.016667,
    ]);
  });

  test("gradients are clipped by their global norm, which is reported before clipping", async () => {
    const model = new Table();
    const history = await fit(model, [tensor([1])], {
      loss: () => model.place.value.mul(100),
      optimizer: new SGD(model.parameters(), { learningRate: 1 }),
      epochs: 1,
      clipNorm: 0.5,
    });
    expect(history.gradientNorms).toEqual([100]);
    expect(model.place.value.item()).toBeCloseTo(-0.5, 5);
  });

  test("options out of range and data that is none are refused before anything happens", async () => {
    const { model, options } = line();
    const wrong = (more: object): Promise<unknown> => fit(model, data(), { ...options, epochs: 1, ...more });
    await expect(wrong({ epochs: 0 })).rejects.toThrow("epochs is not a count");
    await expect(wrong({ patience: 1.5 })).rejects.toThrow("patience is not a count");
    await expect(wrong({ steps: 0 })).rejects.toThrow("steps is not a count");
    await expect(wrong({ clipNorm: 0 })).rejects.toThrow("clipNorm is out of range");
    await expect(wrong({ watch: "accuracy" })).rejects.toThrow("what is watched is not measured");
    await expect(wrong({ watch: { metric: "loss", mode: "most" } })).rejects.toThrow(
      "watch.mode is out of range",
    );
    await expect(wrong({ watch: 3 })).rejects.toThrow("what is watched is not measured");
    await expect(wrong({ metrics: { loss: options.loss } })).rejects.toThrow("metrics is out of range");
    await expect(wrong({ minimumImprovement: Number.NaN })).rejects.toThrow(
      "minimumImprovement is out of range",
    );
    await expect(fit(model, [], { ...options, epochs: 1 })).rejects.toThrow("no batch to train on");
    const once = data()[Symbol.iterator]();
    const generator: Iterable<Pair> = { [Symbol.iterator]: () => once };
    await expect(fit(model, generator, { ...options, epochs: 2 })).rejects.toThrow("no batch to train on");
  });

  describe("mistakes of newcomers are told in fit's name", () => {
    const { model, options } = line();
    const { optimizer } = options;
    const wrong = (more: object, compile = true): Promise<unknown> =>
      fit(model, data(), { ...options, epochs: 1, compile, ...more });
    const asynchronous = async (batch: Pair): Promise<Tensor> => options.loss(batch);

    test.each([true, false])("an asynchronous loss or metric (compile: %o)", async (compile) => {
      const before = weights(model);
      await expect(wrong({ loss: asynchronous }, compile)).rejects.toMatchObject({
        name: "AsyncError",
        code: "fit/async",
        message: expect.stringMatching(/^fit: loss is asynchronous\./),
      });
      expect(weights(model)).toEqual(before);
      await expect(wrong({ metrics: { error: asynchronous } }, compile)).rejects.toThrow(
        "fit: error is asynchronous.",
      );
    });
    test.each([true, false])("a loss or metric that is no scalar (compile: %o)", async (compile) => {
      const wholeBatch = ({ x }: Pair): Tensor => model.forward(x);
      await expect(wrong({ loss: wholeBatch }, compile)).rejects.toMatchObject({
        code: "fit/scalar",
        op: "fit",
        got: "[4, 1]",
      });
      await expect(wrong({ loss: () => 3 }, compile)).rejects.toMatchObject({
        code: "fit/scalar",
        got: "number",
      });
      await expect(wrong({ metrics: { error: () => undefined } }, compile)).rejects.toThrow(
        "fit: error is not a scalar tensor.",
      );
    });
    const promised = Promise.resolve([pairs]);
    async function* later(): AsyncGenerator<Pair> {
      yield pairs;
    }
    const kinds: readonly (readonly [what: string, given: readonly unknown[], got: string])[] = [
      ["a promise of data", [model, promised, options], "a Promise"],
      ["an asynchronous iterable", [model, later(), options], "an async iterable"],
      ["a function of data", [model, data, options], "function"],
      ["no data", [model, null, options], "null"],
      ["a promise of validation data", [model, data(), { ...options, validation: promised }], "a Promise"],
      ["a promise of a loss", [model, data(), { ...options, loss: promised }], "a Promise"],
      ["a promise of a metric", [model, data(), { ...options, metrics: { a: promised } }], "a Promise"],
      ["a promise of a model", [Promise.resolve(model), data(), options], "a Promise"],
      ["no optimiser", [model, data(), { loss: options.loss }], "undefined"],
      ["the class of an optimiser", [model, data(), { ...options, optimizer: SGD }], "function"],
      ["no options", [model, data()], "undefined"],
    ];
    test.each(kinds)("%s", async (_what, given, got) => {
      await expect(Reflect.apply(fit, undefined, given)).rejects.toMatchObject({
        code: "fit/kind",
        op: "fit",
        got,
      });
    });
    test("batches that are promises are refused before a step is taken", async () => {
      const steps = optimizer.variables().map((variable) => variable.value.toArray());
      const given = [model, [Promise.resolve(pairs)], { ...options, epochs: 1 }];
      await expect(Reflect.apply(fit, undefined, given)).rejects.toMatchObject({
        code: "data/tree",
        got: "data: a Promise",
      });
      expect(optimizer.variables().map((variable) => variable.value.toArray())).toEqual(steps);
    });
  });
});
