import { lossAndGradients, type Shape, sum, type Tensor, tensor, zeros } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import {
  AdamW,
  accuracy,
  binaryAccuracy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  Dropout,
  Embedding,
  GRU,
  GRUCell,
  globalNorm,
  huber,
  klDivergence,
  LayerNorm,
  Linear,
  LSTM,
  LSTMCell,
  type Module,
  meanAbsoluteError,
  meanSquaredError,
  Normalizer,
  nll,
  Recurrent,
  RecurrentLayers,
  RNN,
  RNNCell,
  Sequential,
} from "@scope/nn";
import { describe, expect, test } from "vitest";

const int = { dtype: "int32" } as const;

/** Value and gradients of a sum over what a module makes, eagerly and compiled. */
function shapesOf(module: Module, run: () => readonly Tensor[]): Shape[] {
  const parameters = module.parameters();
  const step = (): [readonly Tensor[], readonly Tensor[]] => {
    const [, gradients, outputs] = lossAndGradients(() => {
      const made = run();
      return [made.map((t) => sum(t)).reduce((a, b) => a.add(b)), made] as const;
    }, parameters);
    return [outputs, gradients];
  };
  const [outputs, gradients] = step();
  const [compiledOutputs, compiledGradients] = compile(step)();
  for (const all of [gradients, compiledGradients])
    for (const gradient of all) expect(gradient.data.every((x) => x === 0)).toBe(true);
  expect(compiledOutputs.map(({ shape }) => shape)).toEqual(outputs.map(({ shape }) => shape));
  return outputs.map(({ shape }) => shape);
}

describe("a batch of no sequences, and sequences of no steps", () => {
  const stacks = { RNN, GRU, LSTM } as const;
  for (const [name, Stack] of Object.entries(stacks)) {
    test.each([
      [0, 4],
      [3, 0],
      [0, 0],
    ])(`${name}: batch %i, time %i`, (batch, time) => {
      for (const options of [
        {},
        { layers: 2, dropout: 0.5 },
        { bidirectional: true },
        { layers: 2, bidirectional: true, bias: false },
        { timeFirst: true },
      ]) {
        const layer = new Stack(2, 3, options);
        const width = "bidirectional" in options ? 6 : 3;
        const xs = zeros("timeFirst" in options ? [time, batch, 2] : [batch, time, 2]);
        const expected = "timeFirst" in options ? [time, batch, width] : [batch, time, width];
        for (const lengths of [undefined, zeros([batch], int), new Array<number>(batch).fill(0)]) {
          const shapes = shapesOf(layer, () => {
            const [outputs, state] = layer.forward(xs, undefined, { lengths });
            return [outputs, state.h];
          });
          expect(shapes).toEqual([expected, [layer.cells.length, batch, 3]]);
        }
      }
    });
  }
  test.each([
    ["RNNCell", () => new RNNCell(2, 3)],
    ["GRUCell", () => new GRUCell(2, 3)],
    ["LSTMCell", () => new LSTMCell(2, 3)],
  ] as const)("%s, stepping and in general layers", (_name, make) => {
    // All three have an h, and are stepped alike.
    const cell = make() as RNNCell;
    expect(shapesOf(cell, () => [cell.step(zeros([0, 2]), cell.initialState(0)).h])).toEqual([[0, 3]]);
    const layer = new Recurrent(cell);
    expect(shapesOf(layer, () => [layer.forward(zeros([0, 4, 2]))[0]])).toEqual([[0, 4, 3]]);
    const layers = new RecurrentLayers(3, () => new GRUCell(3, 3), { layers: 2 });
    expect(shapesOf(layers, () => [layers.forward(zeros([0, 4, 3]))[0]])).toEqual([[0, 4, 3]]);
    expect(shapesOf(layers, () => [layers.step(zeros([0, 3]), layers.initialState(0))[0]])).toEqual([[0, 3]]);
  });
});

test("other layers", () => {
  const cases: readonly (readonly [module: Module, run: () => Tensor, shape: Shape])[] = [];
  const add = <M extends Module & { forward(x: Tensor): Tensor }>(
    module: M,
    x: Tensor,
    shape: Shape,
  ): void => {
    (cases as (readonly [Module, () => Tensor, Shape])[]).push([module, () => module.forward(x), shape]);
  };
  add(new Linear(2, 3), zeros([0, 2]), [0, 3]);
  add(new Linear(2, 3), zeros([4, 0, 2]), [4, 0, 3]);
  add(new Embedding(5, 3), zeros([0, 4], int), [0, 4, 3]);
  add(new Embedding(5, 3, { paddingIndex: 0 }), zeros([0], int), [0, 3]);
  add(new LayerNorm(3), zeros([0, 3]), [0, 3]);
  add(new LayerNorm([2, 3]), zeros([0, 2, 3]), [0, 2, 3]);
  add(new Sequential(new Linear(2, 3), new LayerNorm(3), new Linear(3, 1)), zeros([0, 2]), [0, 1]);
  for (const [module, run, shape] of cases) expect(shapesOf(module, () => [run()])).toEqual([shape]);
  expect(new Dropout(0.5).forward(zeros([0, 2])).shape).toEqual([0, 2]);
  expect(new Normalizer(2).forward(zeros([0, 2])).shape).toEqual([0, 2]);
});

describe("losses of a batch that says nothing are 0, and so are their gradients", () => {
  const head = new Linear(2, 3, { seed: 1 });
  const targets = zeros([0], int);
  const ignored = tensor([-1, -1], int);
  const weights = tensor([1, 2, 3]);
  const two = tensor([
    [1, 2],
    [3, 4],
  ]);
  const empty = zeros([0, 2]);
  const losses: readonly (readonly [name: string, loss: () => Tensor])[] = [
    ["meanSquaredError", () => meanSquaredError(head.forward(empty), zeros([0, 3]))],
    ["meanAbsoluteError", () => meanAbsoluteError(head.forward(empty), zeros([0, 3]))],
    ["huber", () => huber(head.forward(empty), zeros([0, 3]))],
    ["bce", () => binaryCrossEntropyWithLogits(head.forward(empty), zeros([0, 3]))],
    ["kl", () => klDivergence(head.forward(empty), zeros([0, 3]))],
    ["kl, batch mean", () => klDivergence(head.forward(empty), zeros([0, 3]), { reduction: "batchMean" })],
    ["crossEntropy", () => crossEntropy(head.forward(empty), targets)],
    ["nll", () => nll(head.forward(empty), targets)],
    ["crossEntropy, weights", () => crossEntropy(head.forward(empty), targets, { weights })],
    ["crossEntropy, all ignored", () => crossEntropy(head.forward(two), ignored, { ignoreIndex: -1 })],
    ["nll, all ignored", () => nll(head.forward(two), ignored, { ignoreIndex: -1 })],
    [
      "crossEntropy, all ignored, every option",
      () => crossEntropy(head.forward(two), ignored, { ignoreIndex: -1, weights, labelSmoothing: 0.1 }),
    ],
    [
      "crossEntropy, smoothing, all ignored",
      () => crossEntropy(head.forward(two), ignored, { ignoreIndex: -1, labelSmoothing: 1 }),
    ],
    [
      "crossEntropy, a class that is ignored",
      () => crossEntropy(head.forward(two), tensor([2, 2], int), { ignoreIndex: 2 }),
    ],
    [
      "crossEntropy, weights of 0",
      () => crossEntropy(head.forward(two), tensor([0, 0], int), { weights: tensor([0, 1, 1]) }),
    ],
    [
      "crossEntropy, sum, all ignored",
      () => crossEntropy(head.forward(two), ignored, { ignoreIndex: -1, reduction: "sum" }),
    ],
  ];
  test.each(losses)("%s", (_name, loss) => {
    const before = head.weight.value.toArray();
    const optimizer = new AdamW(head.parameters(), { weightDecay: 0 });
    const step = (): [Tensor, Tensor] => {
      const [value, gradients] = lossAndGradients(loss, head.parameters());
      optimizer.step(gradients);
      return [value, globalNorm(gradients)];
    };
    for (const run of [step, compile(step)]) {
      const [value, norm] = run();
      expect(value.item()).toBe(0);
      expect(norm.item()).toBe(0);
      expect(head.weight.value.toArray()).toEqual(before);
    }
  });
  test("some ignored: the others' mean", () => {
    const targets = tensor([-1, 2], int);
    const all = crossEntropy(head.forward(two), targets, { ignoreIndex: -1 });
    const one = crossEntropy(head.forward(two.slice([[1, 2]])), tensor([2], int));
    expect(all.item()).toBeCloseTo(one.item(), 6);
  });
  test("accuracy", () => {
    expect(accuracy(zeros([0, 3]), targets).item()).toBe(0);
    expect(binaryAccuracy(zeros([0]), zeros([0])).item()).toBe(0);
  });
});
