import {
  add,
  lossAndGradients,
  mean,
  mul,
  Random,
  type Tensor,
  tensor,
  Variable,
  zeros,
} from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import {
  Adam,
  accuracy,
  batches,
  clipByGlobalNorm,
  crossEntropy,
  Dropout,
  detach,
  Embedding,
  fit,
  GRU,
  Linear,
  LSTM,
  Module,
  meanSquaredError,
  type Optimizer,
  RNN,
  SGD,
  type StateDict,
  Trainer,
} from "@scope/nn";
import { expect } from "vitest";
import { onEveryBackend } from "./every-backend.js";

const seeded = { seed: 7 } as const;
type DTypeOption = { readonly dtype?: "float32" | "float64" };

/** A recurrent layer with a head on its last output. */
class Sequence extends Module {
  readonly layer: RNN | LSTM | GRU;
  readonly head: Linear;
  constructor(kind: "RNN" | "LSTM" | "GRU", options: DTypeOption) {
    super();
    const Layer = { RNN, LSTM, GRU }[kind];
    this.layer = new Layer(3, 5, { ...seeded, ...options, layers: 2, bidirectional: kind === "GRU" });
    this.head = new Linear(kind === "GRU" ? 10 : 5, 2, { ...seeded, ...options });
  }
  forward(xs: Tensor): Tensor {
    const [ys] = this.layer.forward(xs);
    return this.head.forward(ys.at(-1, { axis: 1 }));
  }
}

const numbersOf = (state: StateDict): Record<string, readonly number[]> =>
  Object.fromEntries(Object.entries(state).map(([name, t]) => [name, [...t.data]]));

/** Holds numbers to those that the eager reference gives. */
function expectNear(got: readonly number[], want: readonly number[], bound: number): void {
  expect(got.length).toBe(want.length);
  got.forEach((value, k) => void expect(Math.abs(value - want[k])).toBeLessThan(bound));
}

/** Some steps of a compiled training, and the parameters after them. */
async function trained(
  kind: "RNN" | "LSTM" | "GRU",
  optimizerOf: (model: Sequence) => Optimizer<object>,
  compiled: boolean,
  options: DTypeOption = {},
): Promise<{ losses: number[]; state: StateDict }> {
  const random = new Random(3);
  const model = new Sequence(kind, options);
  const optimizer = optimizerOf(model);
  const [x, y] = [random.normal([4, 6, 3], options), random.normal([4, 2], options)];
  const parameters = model.parameters();
  const train = (xs: Tensor, ys: Tensor): Tensor => {
    const [loss, gradients] = lossAndGradients(() => meanSquaredError(model.forward(xs), ys), parameters);
    optimizer.step(clipByGlobalNorm(gradients, 1));
    return loss;
  };
  const step = compiled ? compile(train) : train;
  const results = Array.from({ length: 6 }, () => step(x, y));
  const losses: number[] = [];
  for (const loss of results) losses.push(...(await loss.read()));
  return { losses, state: await model.readState() };
}

onEveryBackend("recurrent layers train", (trial) => {
  for (const kind of ["RNN", "LSTM", "GRU"] as const)
    for (const [name, optimizerOf] of [
      ["SGD", (model: Sequence) => new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 })],
      ["Adam", (model: Sequence) => new Adam(model.parameters(), { learningRate: 0.02 })],
    ] as const)
      for (const [dtype, bound] of [
        ["float32", 2e-5],
        ["float64", 1e-12],
      ] as const)
        trial.test(`a ${kind} by ${name} in ${dtype}, as op by op`, async () => {
          const got = await trained(kind, optimizerOf, true, { dtype });
          const want = await trained(kind, optimizerOf, false, { dtype });
          expectNear(got.losses, want.losses, bound);
          expect(got.losses[5]).toBeLessThan(got.losses[0]);
          const [parameters, expected] = [numbersOf(got.state), numbersOf(want.state)];
          expect(Object.keys(parameters)).toEqual(Object.keys(expected));
          for (const each of Object.keys(parameters)) expectNear(parameters[each], expected[each], bound);
        }, [dtype]);
});

interface Labelled {
  readonly x: Tensor;
  readonly y: Tensor;
}

class Classifier extends Module {
  readonly inner = new Linear(2, 8, seeded);
  readonly dropout: Dropout;
  readonly outer = new Linear(8, 2, seeded);
  constructor(rate: number) {
    super();
    this.dropout = new Dropout(rate, seeded);
  }
  forward(x: Tensor): Tensor {
    return this.outer.forward(this.dropout.forward(this.inner.forward(x).tanh()));
  }
}

function labelled(count: number): Labelled {
  const x = new Random(5).normal([count, 2]);
  return { x, y: x.sum({ axis: 1 }).greater(0).cast("int32") };
}

const classify = (rate: number, compiled: boolean) => {
  const model = new Classifier(rate);
  const options = {
    loss: ({ x, y }: Labelled) => crossEntropy(model.forward(x), y),
    optimizer: new Adam(model.parameters(), { learningRate: 0.05 }),
    metrics: { accuracy: ({ x, y }: Labelled) => accuracy(model.forward(x), y) },
    clipNorm: 1,
    compile: compiled,
  };
  return { model, options };
};

onEveryBackend("fit", (trial) => {
  const run = async (compiled: boolean) => {
    const { model, options } = classify(0.2, compiled);
    const history = await fit(model, batches(labelled(24), { size: 8 }), {
      ...options,
      epochs: 5,
      schedule: (step) => 0.05 / (1 + step),
      validation: batches(labelled(10), { size: 5 }),
    });
    return { history, state: await model.readState() };
  };
  trial.test("tells the losses, measures, and restores the best weights, as op by op", async () => {
    const [got, want] = [await run(true), await run(false)];
    expectNear([...got.history.losses], [...want.history.losses], 2e-5);
    expectNear([...got.history.gradientNorms], [...want.history.gradientNorms], 2e-5);
    const measured = ({ epochs }: typeof got.history): number[] =>
      epochs.flatMap(({ validationLoss, metrics, learningRate }) => [
        validationLoss ?? Number.NaN,
        metrics.accuracy,
        learningRate,
      ]);
    expectNear(measured(got.history), measured(want.history), 2e-5);
    expect(got.history.restoredEpoch).toBe(want.history.restoredEpoch);
    // The state of dropout is whole numbers, and equal.
    const [state, expected] = [numbersOf(got.state), numbersOf(want.state)];
    for (const name of Object.keys(expected))
      expectNear(state[name], expected[name], name.includes("dropout") ? 1e-9 : 2e-5);
  });
  trial.test(
    "leaves everything as it was where a loss is not finite, and says what of the batch",
    async () => {
      const { model, options } = classify(0, true);
      const wrong = {
        ...labelled(4),
        x: tensor([
          [1, 2],
          [3, Number.NaN],
          [5, 6],
          [7, 8],
        ]),
      };
      const before = numbersOf(await model.readState());
      const told: string[] = [];
      const warn = console.warn;
      console.warn = (text: string) => void told.push(text);
      let reason: string | null = null;
      try {
        const history = await fit(model, [wrong], { ...options, epochs: 2 });
        reason = history.notFiniteReason;
        expect(history.stopped).toBe("not-finite");
      } finally {
        console.warn = warn;
      }
      expect(told.length).toBe(1);
      expect(reason).toContain("batch.x has NaN at [1, 1] (1 of 8 are not finite)");
      expect(numbersOf(await model.readState())).toEqual(before);
    },
  );
});

onEveryBackend("a Trainer", (trial) => {
  trial.test("is read by await, with the numbers of one that runs op by op", async () => {
    const run = async (compiled: boolean): Promise<number[]> => {
      const { model, options } = classify(0.3, compiled);
      const trainer = new Trainer(model, options);
      const numbers: number[] = [];
      for (let k = 0; k < 4; k++) {
        const { loss, gradientNorm, taken } = await trainer.readStep(labelled(12));
        numbers.push(loss, gradientNorm, Number(taken));
      }
      const { loss, accuracy } = await trainer.readMeasures(labelled(9));
      const means = await trainer.readEvaluation([labelled(9), labelled(3)]);
      expect(model.training).toBe(false);
      return [...numbers, loss, accuracy, means.loss, means.accuracy];
    };
    expectNear(await run(true), await run(false), 2e-5);
  });
  trial.test("answers at once where the host sees the memory, and else says what does", async () => {
    const { model, options } = classify(0.3, true);
    const trainer = new Trainer(model, options);
    const batch = labelled(6);
    if (trial.isDevice) {
      expect(() => trainer.step(batch)).toThrow(
        expect.objectContaining({ code: "device/read", mend: expect.stringContaining("readStep") }),
      );
      expect(() => trainer.measure(batch)).toThrow(/readMeasures/);
      expect(() => trainer.evaluate([batch])).toThrow(/readMeasures/);
    } else {
      const { loss } = trainer.step(batch);
      expect(Number.isFinite(loss)).toBe(true);
      const other = classify(0.3, true);
      expect((await new Trainer(other.model, other.options).readStep(batch)).loss).toBe(loss);
    }
  });
});

onEveryBackend("a state dict", (trial) => {
  trial.test(
    "is a snapshot, goes through JSON, and a training goes on from it as if it had not ended",
    async () => {
      const { model, options } = classify(0.4, true);
      const data = labelled(12);
      const trainer = new Trainer(model, options);
      for (let k = 0; k < 3; k++) await trainer.readStep(data);
      const [saved, optimizer] = [await model.readState(), await options.optimizer.readState()];
      expect(Object.values(saved).every(({ device }) => device === null)).toBe(true);
      const [text, first] = [JSON.stringify({ saved, optimizer }), numbersOf(saved)];
      const going: number[] = [];
      for (let k = 0; k < 3; k++) going.push((await trainer.readStep(data)).loss);
      expect(numbersOf(saved)).toEqual(first);
      expect(numbersOf(await model.readState())).not.toEqual(first);

      const again = classify(0.4, true);
      const read = JSON.parse(text);
      again.model.loadStateDict(read.saved);
      again.options.optimizer.loadStateDict(read.optimizer);
      const other = new Trainer(again.model, again.options);
      const gone: number[] = [];
      for (let k = 0; k < 3; k++) gone.push((await other.readStep(data)).loss);
      expect(gone).toEqual(going);
      // Loading into a model whose state is in a program's memory.
      model.loadStateDict(saved);
      expect(numbersOf(await model.readState())).toEqual(first);
      expect((await trainer.readStep(data)).taken).toBe(true);
    },
  );
  trial.test("is had at once where the host sees the memory, and else refused in words", async () => {
    const { model, options } = classify(0, true);
    await new Trainer(model, options).readStep(labelled(6));
    if (trial.isDevice) {
      for (const state of [model, options.optimizer])
        expect(() => state.stateDict()).toThrow(
          expect.objectContaining({ code: "device/read", mend: expect.stringContaining("readState()") }),
        );
      expect(model.inner.weight.value.device).toBe(trial.name);
      await model.readState();
    }
    const state = model.stateDict();
    expect(numbersOf(state)).toEqual(numbersOf(await model.readState()));
    const before = numbersOf(state);
    await new Trainer(model, options).readStep(labelled(6));
    expect(numbersOf(state)).toEqual(before);
  });
});

onEveryBackend("an index out of range", (trial) => {
  trial.test("is told in the name of the layer, and the training goes on from before it", async () => {
    const model = new (class Words extends Module {
      readonly embedding = new Embedding(4, 3, seeded);
      readonly head = new Linear(3, 4, seeded);
      readonly seen = new Variable(zeros([]));
      forward(x: Tensor): Tensor {
        this.seen.value = add(this.seen.value, 1);
        return this.head.forward(this.embedding.forward(x));
      }
    })();
    const options = {
      loss: ({ x, y }: Labelled) => crossEntropy(model.forward(x), y),
      optimizer: new Adam(model.parameters(), { learningRate: 0.1 }),
    };
    const trainer = new Trainer(model, options);
    const ids = (...values: number[]): Labelled => {
      const x = tensor(values, { dtype: "int32" });
      return { x, y: x };
    };
    const wrong = { x: tensor([0, 4], { dtype: "int32" }), y: tensor([0, 1], { dtype: "int32" }) };
    const first = (await trainer.readStep(ids(0, 1, 2))).loss;
    const state = async () =>
      numbersOf({ ...(await model.readState()), ...(await options.optimizer.readState()) });
    const before = await state();
    const refusal = expect.objectContaining({ name: "IndexError", op: "Embedding", got: "4" });
    await expect(trainer.readStep(wrong)).rejects.toEqual(refusal);
    expect(await state()).toEqual(before);
    await expect(fit(model, [ids(0, 1), wrong], { ...options, epochs: 1 })).rejects.toEqual(refusal);
    await expect(trainer.readEvaluation([wrong])).rejects.toEqual(refusal);
    for (let k = 0; k < 5; k++) await trainer.readStep(ids(0, 1, 2));
    expect((await trainer.readStep(ids(0, 1, 2))).loss).toBeLessThan(first);
    expect((await state()).seen).toEqual([8]);
  });
});

onEveryBackend("truncated backpropagation", (trial) => {
  trial.test("carries the state from step to step, as results or in Variables", async () => {
    const run = async (compiled: boolean, inVariables: boolean): Promise<number[]> => {
      const random = new Random(11);
      const lstm = new LSTM(2, 4, seeded);
      const head = new Linear(4, 1, seeded);
      const parameters = [...lstm.parameters(), ...head.parameters()];
      const optimizer = new SGD(parameters, { learningRate: 0.1 });
      const start = lstm.initialState(3);
      const kept = { h: new Variable(start.h), c: new Variable(start.c) };
      const train = (xs: Tensor, ys: Tensor, h: Tensor, c: Tensor) => {
        const state = inVariables ? { h: kept.h.value, c: kept.c.value } : { h, c };
        const [loss, gradients, last] = lossAndGradients(() => {
          const [outputs, after] = lstm.forward(xs, state);
          return [meanSquaredError(head.forward(outputs), ys), after] as const;
        }, parameters);
        optimizer.step(gradients);
        const next = detach(last);
        if (inVariables) [kept.h.value, kept.c.value] = [next.h, next.c];
        return { loss, next };
      };
      const step = compiled ? compile(train) : train;
      let { h, c } = start;
      const losses: Tensor[] = [];
      for (let k = 0; k < 5; k++) {
        const { loss, next } = step(random.normal([3, 4, 2]), random.normal([3, 4, 1]), h, c);
        ({ h, c } = next);
        losses.push(loss);
      }
      const last = compile((a: Tensor, b: Tensor) => mul(mean(a), mean(b)))(h, c);
      const numbers: number[] = [];
      for (const t of [...losses, ...(compiled ? [last] : [])]) numbers.push(...(await t.read()));
      return numbers.slice(0, 5);
    };
    for (const inVariables of [false, true])
      expectNear(await run(true, inVariables), await run(false, inVariables), 2e-5);
  });
});
