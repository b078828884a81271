import { at, concat, expandDims, mul, Random, reshape, sum, type Tensor, tensor } from "@scope/autodiff";
import {
  Adam,
  type FitReporter,
  fit,
  type GRU,
  type GradientFlow,
  gradientFlow,
  type History,
  Linear,
  LSTM,
  Module,
  meanSquaredError,
  type RNN,
} from "@scope/nn";
import { type CellName, makeLayer, outputsOf } from "../weather/forecaster.js";

/** Sequences of numbers, two of them marked: the answer is the sum of the marked ones. */
export interface AddingBatch {
  /** `[batch, length, 2]`: a number between 0 and 1, and whether it is marked. */
  readonly xs: Tensor;
  /** `[batch]` */
  readonly answer: Tensor;
}

/** The mean squared error of always answering 1: the variance of a sum of two uniform numbers. */
export const guessingError = 1 / 6;

/** Draws sequences for the adding problem: one mark in the first half, one in the second, so that the first has a long way to go.
 * Hochreiter and Schmidhuber, doi:10.1162/neco.1997.9.8.1735, experiment 4. */
export function addingBatch(size: number, length: number, random: Random): AddingBatch {
  const numbers = random.uniform([size, length]);
  const half = Math.floor(length / 2);
  const first = random.randint([size], { low: 0, high: half }).data;
  const second = random.randint([size], { low: half, high: length }).data;
  const marks = new Float32Array(size * length);
  for (let row = 0; row < size; row++) {
    marks[row * length + first[row]] = 1;
    marks[row * length + second[row]] = 1;
  }
  const marked = tensor(marks, { shape: [size, length] });
  return {
    xs: concat([expandDims(numbers, 2), expandDims(marked, 2)], { axis: 2 }),
    answer: sum(mul(numbers, marked), { axis: 1 }),
  };
}

/** Reads the whole sequence, then answers. */
export class Adder extends Module {
  readonly recurrent: RNN | LSTM | GRU;
  readonly head: Linear;

  constructor(cell: CellName, hiddenSize: number, random: Random) {
    super();
    // A forget gate that starts half open lets a gradient die before there is anything to remember.
    this.recurrent =
      cell === "lstm"
        ? new LSTM(2, hiddenSize, { random, forgetBias: 2 })
        : makeLayer(cell, 2, hiddenSize, random);
    this.head = new Linear(hiddenSize, 1, { random });
  }

  /** @param xs - `[batch, length, 2]`; returns `[batch]` */
  forward(xs: Tensor): Tensor {
    return this.answer(outputsOf(this.recurrent, xs));
  }

  /** The answer, from what the recurrent layer put out. */
  answer(outputs: Tensor): Tensor {
    return reshape(this.head.forward(at(outputs, -1, { axis: 1 })), [outputs.shape[0]]);
  }
}

/** What a network made of the adding problem. */
export interface AddingResult {
  readonly cell: CellName;
  readonly history: History;
  /** Mean squared error on sequences that it has not seen. */
  readonly error: number;
  /** The gradient that reached each step, before training and after. */
  readonly before: GradientFlow;
  readonly after: GradientFlow;
}

/** How long and on what networks try. */
export interface AddingOptions {
  readonly length: number;
  readonly hidden: number;
  readonly steps: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly reporter?: FitReporter;
}

const batchSize = 32;

/** Trains one network on sequences that never come twice. */
export async function learnAdding(cell: CellName, options: AddingOptions): Promise<AddingResult> {
  const { length, hidden, steps, seed, signal, reporter } = options;
  const model = new Adder(cell, hidden, new Random(seed));
  const random = new Random(seed + 1);
  const unseen = addingBatch(256, length, new Random(seed + 2));
  const flow = (): GradientFlow =>
    gradientFlow(model.recurrent, unseen.xs, (outputs) =>
      meanSquaredError(model.answer(outputs), unseen.answer),
    );
  function* sequences(): Generator<AddingBatch> {
    for (;;) yield addingBatch(batchSize, length, random);
  }
  const before = flow();
  const stepsPerEpoch = Math.min(100, steps);
  const history = await fit(model, sequences(), {
    loss: ({ xs, answer }) => meanSquaredError(model.forward(xs), answer),
    optimizer: new Adam(model.parameters(), { learningRate: 5e-3 }),
    epochs: Math.ceil(steps / stepsPerEpoch),
    stepsPerEpoch,
    steps,
    clipNorm: 1,
    validation: [unseen],
    signal,
    reporter,
  });
  // What follows computes on the host: weights that are on a device are brought from there.
  await model.readState();
  return {
    cell,
    history,
    error: meanSquaredError(model.forward(unseen.xs), unseen.answer).item(),
    before,
    after: flow(),
  };
}
