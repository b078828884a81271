import { ScopeError, tensor, zeros } from "@scope/autodiff";
import {
  Adagrad,
  Adam,
  AdamW,
  batches,
  binaryCrossEntropyWithLogits,
  bucketByLength,
  clipByGlobalNorm,
  constantRate,
  cosineRate,
  crossEntropy,
  Dropout,
  Embedding,
  exponentialRate,
  fit,
  GRU,
  GRUCell,
  globalNorm,
  huber,
  kaimingNormal,
  kaimingUniform,
  klDivergence,
  LayerNorm,
  Linear,
  LSTM,
  LSTMCell,
  meanAbsoluteError,
  meanSquaredError,
  Normalizer,
  nll,
  normal,
  oneCycleRate,
  orthogonal,
  Parameter,
  padSequences,
  Recurrent,
  RMSProp,
  RNN,
  RNNCell,
  Scheduler,
  SGD,
  scaledIdentity,
  stepRate,
  uniform,
  warmUp,
  windows,
  xavierNormal,
  xavierUniform,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { thrownError } from "./thrown-code.js";

// Options reach these as plain JavaScript passes them: no compiler has looked at them.
type Maker = new (...given: never[]) => object;

const complaint = (of: Maker, ...given: readonly unknown[]): Partial<ScopeError> =>
  thrownError(() => Reflect.construct(of, given));

const w = [new Parameter(tensor([1]))];

describe("options that plain JavaScript gets wrong", () => {
  test.each([Adagrad, Adam, AdamW, RMSProp, SGD])("%o: lr, and a bare rate", (of: Maker) => {
    expect(complaint(of, w, { lr: 0.1 })).toMatchObject({
      code: "option/unknown",
      op: of.name,
      mend: "lr is called learningRate here",
    });
    expect(complaint(of, w, 0.1)).toMatchObject({
      code: "option/object",
      mend: "name the option: { learningRate: 0.1 }",
    });
    expect(complaint(of, [{ parameters: w, lr: 0.1 }]).code).toBe("option/unknown");
  });
  test("groups keep options of their own", () => {
    expect(new Adam([{ parameters: w, learningRate: 0.5 }]).learningRate).toBe(0.5);
  });
  test.each([RNN, LSTM, GRU])("%o: num_layers, batch_first, a bare number", (of: Maker) => {
    expect(complaint(of, 3, 4, { numLayers: 2 }).mend).toBe("numLayers is called layers here");
    expect(complaint(of, 3, 4, { num_layers: 2 }).mend).toBe("num_layers is called layers here");
    expect(complaint(of, 3, 4, { batch_first: true }).mend).toContain("timeFirst");
    expect(complaint(of, 3, 4, 2).mend).toBe("name the option: { layers: 2 }");
  });
  test("each recurrent layer has its own options", () => {
    expect(new RNN(3, 4, { nonlinearity: "relu" }).cells.length).toBe(1);
    expect(new LSTM(3, 4, { forgetBias: 1 }).cells.length).toBe(1);
    expect(complaint(GRU, 3, 4, { forgetBias: 1 }).code).toBe("option/unknown");
  });
  test("layers of one step", () => {
    expect(complaint(Linear, 3, 4, false).mend).toBe("name the option: { bias: false }");
    expect(complaint(Linear, 3, 4, { use_bias: false }).code).toBe("option/unknown");
    expect(complaint(Embedding, 3, 4, { padding_idx: 0 }).mend).toBe(
      "padding_idx is called paddingIndex here",
    );
    expect(complaint(Dropout, 0.5, 1).mend).toBe("name the option: { seed: 1 }");
  });
  test("fit", async () => {
    const data: unknown[] = [];
    const run = async (options: unknown): Promise<unknown> =>
      Reflect.apply(fit, undefined, [new Linear(1, 1), data, options]);
    await expect(run({ loss: () => tensor(0), epoch: 3 })).rejects.toMatchObject({
      code: "option/unknown",
      got: "epoch",
    });
    await expect(run(3)).rejects.toMatchObject({ code: "option/object" });
  });
  test.each([RNNCell, LSTMCell, GRUCell])("%o: no options of layers", (of: Maker) => {
    expect(complaint(of, 3, 4, { layers: 2 })).toMatchObject({ code: "option/unknown", op: of.name });
    expect(complaint(of, 3, 4, false).mend).toBe("name the option: { bias: false }");
  });
  test("each cell has its own options", () => {
    expect(new RNNCell(3, 4, { nonlinearity: "relu" }).nonlinearity).toBe("relu");
    expect(new LSTMCell(3, 4, { forgetBias: 1, bias: true, dtype: "float64", seed: 1 }).dtype).toBe(
      "float64",
    );
    expect(complaint(GRUCell, 3, 4, { forgetBias: 1 }).code).toBe("option/unknown");
  });
  test("LayerNorm, Recurrent, Normalizer, Scheduler", () => {
    expect(complaint(LayerNorm, 3, { elementwise_affine: false }).mend).toBe(
      "elementwise_affine is called affine here",
    );
    expect(complaint(LayerNorm, 3, 1e-6).mend).toBe("name the option: { epsilon: 0.000001 }");
    const cell = new GRUCell(3, 4);
    expect(complaint(Recurrent, cell, { bidirectional: true })).toMatchObject({
      code: "option/unknown",
      op: "Recurrent",
    });
    expect(complaint(Normalizer, 3, { eps: 1 })).toMatchObject({ code: "option/unknown", op: "Normalizer" });
    const optimizer = new SGD(w);
    expect(complaint(Scheduler, optimizer, constantRate(1), { last_epoch: 3 })).toMatchObject({
      code: "option/unknown",
      op: "Scheduler",
    });
  });
  test("a call's own options: lengths of sequences, strictness of loading", () => {
    const xs = zeros([2, 5, 3]);
    const wrong: object = { length: [1, 2] };
    expect(thrownError(() => new GRU(3, 4).forward(xs, undefined, wrong))).toMatchObject({
      code: "option/unknown",
      op: "GRU",
      expected: "{ lengths, taps }",
    });
    const recurrent = new Recurrent(new GRUCell(3, 4));
    expect(thrownError(() => recurrent.forward(xs, undefined, wrong)).op).toBe("Recurrent");
    const linear = new Linear(1, 1);
    const state = linear.stateDict();
    expect(thrownError(() => Reflect.apply(linear.loadStateDict, linear, [state, false]))).toMatchObject({
      code: "option/object",
      op: "Linear.loadStateDict",
      mend: "name the option: { strict: false }",
    });
  });
});

type Plain = (...given: never[]) => unknown;
const x = zeros([2, 3]);
const classes = tensor([0, 1], { dtype: "int32" });
const functions: readonly (readonly [f: Plain, before: readonly unknown[], good: object])[] = [
  [meanSquaredError, [x, x], { reduction: "sum" }],
  [meanAbsoluteError, [x, x], { reduction: "sum" }],
  [huber, [x, x], { delta: 2, reduction: "none" }],
  [
    crossEntropy,
    [x, classes],
    { ignoreIndex: 0, labelSmoothing: 0.1, weights: zeros([3]), reduction: "sum" },
  ],
  [nll, [x, classes], { ignoreIndex: 0, weights: zeros([3]), reduction: "sum" }],
  [binaryCrossEntropyWithLogits, [x, x], { positiveWeight: 2, reduction: "sum" }],
  [klDivergence, [x, x], { logTarget: true, reduction: "batchMean" }],
  [batches, [x], { size: 2, shuffle: true, dropLast: true, seed: 1 }],
  [windows, [x], { length: 1, horizon: 1, stride: 1, targets: x, everyStep: true }],
  [padSequences, [[x]], { padding: 1 }],
  [bucketByLength, [[x]], { size: 1, padding: 1, shuffle: true, seed: 1 }],
  [stepRate, [1], { every: 2, factor: 0.5 }],
  [exponentialRate, [1], { factor: 0.5 }],
  [cosineRate, [1], { steps: 2, minimum: 0.1 }],
  [warmUp, [constantRate(1)], { steps: 2, startFactor: 0.5 }],
  [
    oneCycleRate,
    [1],
    { steps: 9, riseFraction: 0.3, startDivisor: 5, endDivisor: 9, shape: "linear", threePhases: true },
  ],
  [uniform, [[2, 2]], { low: 0, high: 1, dtype: "float64", seed: 1 }],
  [normal, [[2, 2]], { mean: 0, std: 1, dtype: "float64", seed: 1 }],
  [xavierUniform, [[2, 2]], { gain: 2, dtype: "float64", seed: 1 }],
  [xavierNormal, [[2, 2]], { gain: 2, dtype: "float64", seed: 1 }],
  [
    kaimingUniform,
    [[2, 2]],
    { mode: "fanOut", nonlinearity: "leakyRelu", slope: 0.1, dtype: "float64", seed: 1 },
  ],
  [
    kaimingNormal,
    [[2, 2]],
    { mode: "fanOut", nonlinearity: "leakyRelu", slope: 0.1, dtype: "float64", seed: 1 },
  ],
  [orthogonal, [[2, 2]], { gain: 2, dtype: "float64", seed: 1 }],
  [scaledIdentity, [2], { gain: 2, dtype: "float64" }],
  [globalNorm, [[x]], { order: 1 }],
  [clipByGlobalNorm, [[x], 1], { order: Number.POSITIVE_INFINITY }],
];

describe("functions know their options", () => {
  test.each(functions)("%o", (f, before, good) => {
    const call = (options: unknown): unknown => Reflect.apply(f, undefined, [...before, options]);
    expect(() => call(good)).not.toThrow();
    expect(thrownError(() => call({ ...good, colour: 1 }))).toMatchObject({
      code: "option/unknown",
      op: f.name,
      got: "colour",
    });
    expect(thrownError(() => call(32.5))).toMatchObject({ code: "option/object", op: f.name });
    // What must be given is missed by a typed error too, where JavaScript leaves out all options.
    try {
      call(undefined);
    } catch (error) {
      expect(error).toBeInstanceOf(ScopeError);
    }
  });
  test("PyTorch's names lead to Scope's", () => {
    const mend = (f: Plain, before: readonly unknown[], options: object): string | undefined =>
      thrownError(() => Reflect.apply(f, undefined, [...before, options])).mend;
    expect(mend(crossEntropy, [x, classes], { ignore_index: 0 })).toBe(
      "ignore_index is called ignoreIndex here",
    );
    expect(mend(crossEntropy, [x, classes], { weight: x })).toBe("weight is called weights here");
    expect(mend(batches, [x], { batch_size: 2 })).toBe("batch_size is called size here");
    expect(mend(batches, [x], { batchSize: 2 })).toBe("batchSize is called size here");
    expect(mend(stepRate, [1], { step_size: 2 })).toBe("step_size is called every here");
    expect(mend(stepRate, [1], { every: 2, gamma: 0.5 })).toBe("gamma is called factor here");
    expect(mend(klDivergence, [x, x], { log_target: true })).toBe("log_target is called logTarget here");
    expect(thrownError(() => Reflect.apply(batches, undefined, [x, 32])).mend).toBe(
      "name the option: { size: 32 }",
    );
  });
  test("a norm of another order is refused", () => {
    expect(thrownError(() => globalNorm([x], { order: 3 }))).toMatchObject({
      code: "value/range",
      op: "globalNorm",
    });
    expect(thrownError(() => clipByGlobalNorm([], 1)).op).toBe("clipByGlobalNorm");
  });
});
