import { add, div, isNaN, mul, sub, sum, type Tensor, tensor, Variable, where } from "@scope/autodiff";
import {
  Adam,
  accuracy,
  batches,
  binaryAccuracy,
  crossEntropy,
  Dropout,
  type FitOptions,
  fit,
  Linear,
  Module,
  meanAbsoluteError,
  meanSquaredError,
  Parameter,
  SGD,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { warningsDuring } from "../warnings-during.js";

/** A parameter that is its own loss, taken up by one at each step: what is measured is a function of the step. */
class Count extends Module {
  readonly steps = new Parameter(tensor(0));
}

function counting(options: Partial<FitOptions<Tensor>>): { model: Count; options: FitOptions<Tensor> } {
  const model = new Count();
  return {
    model,
    options: {
      loss: () => sub(0, model.steps.value),
      optimizer: new SGD(model.parameters(), { learningRate: 1 }),
      epochs: 3,
      validation: [tensor([1])],
      ...options,
    },
  };
}
const one = [tensor([1])];

/** A metric that takes these values after the first, second, third step. */
const table =
  (model: () => Count, values: readonly number[]) =>
  (_batch: Tensor): Tensor =>
    sum(where(tensor([1, 2, 3]).equal(model().steps.value), tensor([...values]), 0));

describe("the direction of what is watched", () => {
  const values = [0.73, 0.94, 0.9];

  test.each([
    ["max", 2],
    ["min", 1],
  ] as const)("mode %s", async (mode, best) => {
    const { model, options } = counting({});
    const metrics = { skill: table(() => model, values) };
    const history = await fit(model, one, { ...options, metrics, watch: { metric: "skill", mode } });
    expect(history.restoredEpoch).toBe(best);
    expect(model.steps.value.item()).toBe(best);
    expect(history.epochs.map(({ metrics }) => Number(metrics.skill.toFixed(4)))).toEqual(values);
  });

  test("a metric of one's own says by its name what is taken for granted", async () => {
    for (const [name, best, word] of [
      ["accuracy", 2, "larger"],
      ["f1", 2, "larger"],
      ["distance", 1, "smaller"],
      ["errorRate", 1, "smaller"],
    ] as const) {
      const { model, options } = counting({});
      const metrics = { [name]: table(() => model, values) };
      let restored: number | null = null;
      const warnings = await warningsDuring(async () => {
        restored = (await fit(model, one, { ...options, metrics, watch: name })).restoredEpoch;
      });
      expect(restored).toBe(best);
      expect(warnings).toEqual([expect.stringContaining(`it takes ${word} as better`)]);
    }
  });

  test.each([true, false])(
    "the library's own know theirs, whatever they are called (compile: %o)",
    async (compile) => {
      // Scores move towards class 1: 1 of 3 right, then 2, then 3.
      const x = tensor([[0.5], [1.5], [2.5]]);
      const scores = (model: Count): Tensor => {
        const score = sub(model.steps.value, x);
        return score.mul(tensor([[0, 1]]));
      };
      const targets = tensor([1, 1, 1], { dtype: "int32" });
      const cases: readonly (readonly [f: (model: Count) => Tensor, best: number])[] = [
        [(model) => accuracy(scores(model), targets), 3],
        [(model) => binaryAccuracy(sub(model.steps.value, x), tensor([[1], [1], [1]])), 3],
        [(model) => crossEntropy(scores(model), targets), 3],
        [(model) => meanSquaredError(model.steps.value, tensor(1)), 1],
        [(model) => meanAbsoluteError(model.steps.value, tensor(2), { reduction: "sum" }), 2],
      ];
      for (const [f, best] of cases) {
        const { model, options } = counting({ compile });
        const history = await fit(model, one, { ...options, metrics: { it: () => f(model) }, watch: "it" });
        expect(history.restoredEpoch).toBe(best);
      }
    },
  );

  test("what is computed of a metric is not the metric", async () => {
    const { model, options } = counting({});
    const targets = tensor([0], { dtype: "int32" });
    const scores = (): Tensor => tensor([[2.5, 0]]).sub(mul(model.steps.value, tensor([[1, 0]])));
    const metrics = { wrong: () => sub(1, accuracy(scores(), targets)) };
    const warnings = await warningsDuring(async () => {
      // 0 wrong after 1 and 2 steps, 1 after 3.
      expect((await fit(model, one, { ...options, metrics, watch: "wrong" })).restoredEpoch).toBe(1);
    });
    expect(warnings).toHaveLength(1);
  });

  test.each(["min", "max"] as const)("NaN is never best (%s)", async (mode) => {
    for (const [values, best] of [
      [[Number.NaN, 0.5, Number.NaN], 2],
      [[0.5, Number.NaN, Number.NaN], 1],
      [[Number.NaN, Number.NaN, 0.1], 3],
      [[Number.NaN, Number.NaN, Number.NaN], null],
    ] as const) {
      const { model, options } = counting({});
      const metrics = { skill: table(() => model, values) };
      const warnings = await warningsDuring(async () => {
        const history = await fit(model, one, { ...options, metrics, watch: { metric: "skill", mode } });
        expect(history.restoredEpoch).toBe(best);
      });
      expect(warnings).toEqual([expect.stringContaining("fit watches skill, which is NaN")]);
      expect(isNaN(model.steps.value).item()).toBe(0);
    }
  });

  test("patience and minimumImprovement go by the direction", async () => {
    const { model, options } = counting({ epochs: 9, patience: 2, minimumImprovement: 0.5 });
    const metrics = { skill: () => model.steps.value.minimum(3.25).mul(0.5) };
    const history = await fit(model, one, { ...options, metrics, watch: { metric: "skill", mode: "max" } });
    // 0.5, 1, 1.5, 1.625, 1.625: the gain of 0.5 is not more than 0.5.
    expect(history.epochs.map(({ best }) => best)).toEqual([true, false, true, false, false]);
    expect(history.stopped).toBe("early");
  });

  test("what is not measured lists what is", async () => {
    const { model, options } = counting({});
    const metrics = { accuracy: table(() => model, values), f1: table(() => model, values) };
    await expect(fit(model, one, { ...options, metrics, watch: "acc" })).rejects.toMatchObject({
      code: "fit/watch",
      expected: "loss or accuracy or f1",
      mend: 'watch: "accuracy"',
    });
    await expect(
      fit(model, one, { ...options, metrics, watch: { metric: "acc", mode: "max" } }),
    ).rejects.toMatchObject({ code: "fit/watch", got: 'watch: "acc"' });
    expect(model.steps.value.item()).toBe(0);
  });
});

describe("iterables that can be gone through only once", () => {
  function* generator(count: number): Generator<Tensor> {
    for (let k = 0; k < count; k++) yield tensor([1]);
  }
  const disguised = (count: number): Iterable<Tensor> => {
    const once = generator(count);
    return { [Symbol.iterator]: () => once };
  };
  test("as validation data they are refused before the first step", async () => {
    for (const validation of [generator(2), disguised(2), new Map([[tensor([1]), 1]]).keys()]) {
      const { model, options } = counting({ validation });
      await expect(fit(model, one, options)).rejects.toThrow("no batch to validate on after the first epoch");
      expect(model.steps.value.item()).toBe(0);
    }
  });
  test("as training data, too, where they would be gone through again", async () => {
    for (const data of [generator(2), disguised(2)]) {
      const { model, options } = counting({});
      await expect(fit(model, data, options)).rejects.toThrow("no batch to train on after the first epoch");
      expect(model.steps.value.item()).toBe(0);
    }
    const { model, options } = counting({ validation: undefined, epochs: 1 });
    const metrics = { skill: table(() => model, [1, 2, 3]) };
    await expect(fit(model, generator(2), { ...options, metrics })).rejects.toThrow("no batch to train on");
  });
  test("one epoch, or epochs of a number of steps, need no second pass", async () => {
    const { model, options } = counting({ epochs: 1 });
    expect((await fit(model, generator(3), options)).losses).toHaveLength(3);
    const more = counting({ epochs: 2, stepsPerEpoch: 2 });
    expect((await fit(more.model, generator(9), more.options)).losses).toHaveLength(4);
  });
  test("sets and iterables that start again are fine; none at all is told", async () => {
    for (const validation of [new Set(one), { [Symbol.iterator]: () => generator(1) }]) {
      const { model, options } = counting({ validation });
      const history = await fit(model, new Set(one), options);
      expect(history.epochs.map(({ validationLoss }) => validationLoss)).toEqual([-1, -2, -3]);
    }
    const { model, options } = counting({ validation: [] });
    await expect(fit(model, one, options)).rejects.toThrow("no batch to validate on");
  });
});

describe("parameters that the model does not list", () => {
  class Hidden extends Module {
    readonly inner = new Linear(2, 2, { seed: 1 });
    readonly #scale = new Parameter(tensor([1, 1, 1]));
    forward(x: Tensor): Tensor {
      return this.inner.forward(x).sum().mul(this.#scale.value.sum());
    }
  }
  class Whole extends Module {
    readonly part = new Hidden();
    readonly more = new Map([["head", new Linear(2, 4, { seed: 2 })]]);
    forward(x: Tensor): Tensor {
      return add(this.part.forward(x), sum(this.more.get("head")?.forward(x) ?? 0));
    }
  }
  const x = [tensor([[1, 2]])];

  test.each([true, false])("are named in one warning (compile: %o)", async (compile) => {
    const whole = new Whole();
    const options = {
      loss: (batch: Tensor) => whole.forward(batch).square(),
      optimizer: new SGD(whole.parameters(), { learningRate: 1e-4 }),
      epochs: 2,
      compile,
    };
    const warnings = await warningsDuring(() => fit(whole, x, options));
    expect(warnings).toEqual([
      expect.stringContaining(
        "the loss reads 3 Parameters that the model does not list: [3] in part (Hidden), [4, 2] in Whole, [4] in Whole.",
      ),
    ]);
    // Of the same program, it was said.
    expect(await warningsDuring(() => fit(whole, x, options))).toEqual([]);
  });
  test("not those that the optimiser trains, nor frozen ones of the model", async () => {
    const whole = new Whole();
    const head = whole.more.get("head");
    const scale = whole.unlistedParameters(() => void whole.forward(x[0]));
    expect(scale).toHaveLength(3);
    await fit(whole, x, {
      loss: (batch) => whole.forward(batch).square(),
      optimizer: new SGD([...whole.part.parameters(), ...scale], { learningRate: 1e-4 }),
      epochs: 1,
    });
    expect(head?.weight.value.toArray()).not.toEqual(new Linear(2, 4, { seed: 2 }).weight.value.toArray());
  });
  test("what the optimiser trains beside the model comes back with the best weights", async () => {
    const { model, options } = counting({});
    const other = new Parameter(tensor(0));
    const metrics = { skill: table(() => model, [1, 3, 2]) };
    await fit(model, one, {
      ...options,
      loss: () => sub(0, add(model.steps.value, other.value)),
      optimizer: new SGD([model.steps, other], { learningRate: 1 }),
      metrics,
      watch: { metric: "skill", mode: "max" },
    });
    expect([model.steps.value.item(), other.value.item()]).toEqual([2, 2]);
  });
});

describe("reporters", () => {
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
  test("are awaited, one report after the other", async () => {
    const told: string[] = [];
    const tell = async (what: string): Promise<void> => {
      await later();
      told.push(what);
    };
    const { model, options } = counting({ epochs: 2 });
    await fit(model, one, {
      ...options,
      reporter: {
        started: () => tell("started"),
        stepped: ({ step }) => tell(`step ${step}`),
        epochEnded: ({ epoch }) => tell(`epoch ${epoch}`),
        ended: () => tell("ended"),
      },
    });
    expect(told).toEqual(["started", "step 1", "epoch 1", "step 2", "epoch 2", "ended"]);
  });
  test.each(["started", "stepped", "epochEnded", "ended"])("a rejection of %s is fit's", async (method) => {
    const { model, options } = counting({});
    const failing = async (): Promise<void> => {
      await later();
      throw new Error("the disk is full");
    };
    await expect(fit(model, one, { ...options, reporter: { [method]: failing } })).rejects.toThrow(
      "the disk is full",
    );
  });
});

describe("data that is not finite", () => {
  const batch = { x: tensor([[1, Number.NaN]]), y: [tensor([Number.POSITIVE_INFINITY]), tensor([1])] };
  test.each([true, false])("the last word says where (compile: %o)", async (compile) => {
    const model = new Linear(2, 1, { seed: 1 });
    let reason: string | null = null;
    const warnings = await warningsDuring(async () => {
      const history = await fit(model, [batch], {
        loss: ({ x, y }) => meanSquaredError(model.forward(x).sum(), add(y[0], y[1]).sum()),
        optimizer: new Adam(model.parameters()),
        epochs: 2,
        compile,
      });
      expect(history).toMatchObject({ stopped: "not-finite", notFiniteStep: 1, epochs: [] });
      reason = history.notFiniteReason;
    });
    expect(reason).toBe(
      "the loss is NaN; of the batch, batch.x has NaN at [0, 1] (1 of 2 are not finite), batch.y[0] has Infinity at [0] (1 of 1 are not finite)",
    );
    expect(warnings).toEqual([expect.stringContaining(`fit ended at step 1, in epoch 1: ${reason}`)]);
  });
  test("the schedule's rate of a step that was not taken is not kept", async () => {
    const model = new Count();
    const optimizer = new SGD(model.parameters(), { learningRate: 0.5 });
    await warningsDuring(() =>
      fit(model, one, {
        loss: () => div(model.steps.value, 0),
        optimizer,
        epochs: 1,
        schedule: () => 0.25,
      }),
    );
    expect(optimizer.learningRate).toBe(0.5);
  });
});

describe("a step that throws", () => {
  test.each([true, false])("leaves model and optimiser as they were (compile: %o)", async (compile) => {
    class Noisy extends Module {
      readonly line = new Linear(1, 1, { seed: 1 });
      readonly dropout = new Dropout(0.5, { seed: 1 });
      readonly mean = new Variable(tensor(0));
      forward(x: Tensor): Tensor {
        this.mean.value = add(this.mean.value, 1);
        return this.dropout.forward(this.line.forward(x));
      }
    }
    const model = new Noisy();
    const optimizer = new Adam(model.parameters(), { learningRate: 0.1 });
    const state = (): unknown[] =>
      [...model.variables(), ...optimizer.variables()].map(({ value }) => value.toArray());
    const good = { x: tensor([[1], [2]]), y: tensor([[1], [2]]) };
    const bad = { x: good.x, y: tensor([1, 2]) };
    const seen: unknown[] = [];
    const running = fit(model, [good, bad], {
      loss: ({ x, y }) => meanSquaredError(model.forward(x), y),
      optimizer,
      epochs: 1,
      schedule: (step) => 0.1 / (step + 1),
      compile,
      reporter: { stepped: () => void seen.push(state()) },
    });
    await expect(running).rejects.toMatchObject({ code: "loss/shapes" });
    expect(seen).toEqual([state()]);
  });
});

test("modules that were in evaluation by themselves are so after the training", async () => {
  const model = new Linear(1, 1, { seed: 1 });
  const dropout = new Dropout(0.5).eval();
  class Whole extends Module {
    readonly parts = [model, dropout];
  }
  const whole = new Whole();
  expect(whole.training).toBe(true);
  await fit(whole, batches({ x: tensor([[1], [2]]), y: tensor([[1], [2]]) }, { size: 1 }), {
    loss: ({ x, y }) => meanSquaredError(model.forward(x), y),
    optimizer: new SGD(model.parameters(), { learningRate: 0.1 }),
    epochs: 1,
  });
  expect([whole.training, model.training, dropout.training]).toEqual([true, true, false]);
});
