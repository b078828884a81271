import { Random, type Tensor } from "@scope/autodiff";
import {
  Adam,
  batches,
  type FitReporter,
  fit,
  type History,
  huber,
  meanAbsoluteError,
  splitInTime,
  windows,
} from "@scope/nn";
import { type CellName, Forecaster } from "./forecaster.js";
import { type Day, features, type Split } from "./weather-data.js";

/** Days as examples, `[examples, history, 6]`, and the highest temperature of the day after, `[examples]`. */
export interface Examples {
  readonly days: Tensor;
  readonly highest: Tensor;
}

/** The examples of each part of the data, in time order. */
export interface ExampleSets {
  readonly training: Examples;
  readonly validation: Examples;
  readonly test: Examples;
}

/** Cuts the days into examples; example i forecasts day i + history, so that every part may look back into the one before, never ahead. */
export function examplesOf(days: readonly Day[], split: Split, history: number): ExampleSets {
  const series = features(days);
  const { inputs, targets } = windows(series, { length: history });
  const all: Examples = { days: inputs, highest: targets.at(0, { axis: 1 }) };
  const cuts = [split.validation[0] - history, split.test[0] - history];
  const [training, validation, test] = splitInTime(all, cuts);
  return { training, validation, test };
}

/** How networks are trained. */
export interface TrainingOptions {
  readonly hiddenSize: number;
  readonly epochs: number;
  readonly seed: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly patience?: number;
  readonly signal?: AbortSignal;
  readonly reporter?: FitReporter;
  readonly compile?: boolean;
}

/** A trained network and how it came about. */
export interface Trained {
  readonly cell: CellName;
  readonly seed: number;
  readonly model: Forecaster;
  readonly history: History;
}

/** Trains one network; it ends with the weights of the epoch that was best on the validation year. */
export async function train(cell: CellName, sets: ExampleSets, options: TrainingOptions): Promise<Trained> {
  const { hiddenSize, epochs, seed, batchSize = 32, learningRate = 3e-3, patience = 12 } = options;
  const random = new Random(seed);
  const model = new Forecaster(cell, hiddenSize, random);
  normalize(model, sets.training);
  const unit = model.change.deviation.value.data[0];
  const loss = ({ days, highest }: Examples): Tensor =>
    huber(model.forward(days).div(unit), highest.div(unit));
  const history = await fit(model, batches(sets.training, { size: batchSize, shuffle: true, random }), {
    loss,
    optimizer: new Adam(model.parameters(), { learningRate }),
    epochs,
    clipNorm: 1,
    validation: batches(sets.validation, { size: sets.validation.highest.size }),
    metrics: { error: ({ days, highest }) => meanAbsoluteError(model.forward(days), highest) },
    watch: "error",
    patience,
    signal: options.signal,
    reporter: options.reporter,
    compile: options.compile,
  });
  // What follows computes on the host: weights that are on a device are brought from there.
  await model.readState();
  return { cell, seed, model, history };
}

/** Measures the training part only: what comes later is not known yet. */
function normalize(model: Forecaster, { days, highest }: Examples): void {
  model.inputs.measure(days);
  const today = days.at(-1, { axis: 1 }).at(0, { axis: 1 });
  model.change.measure(highest.sub(today).reshape([-1, 1]));
}

/** Forecasts in °C. */
export function forecast(model: Forecaster, { days }: Examples): number[] {
  model.eval();
  const predictions = Array.from(model.forward(days).data);
  model.train();
  return predictions;
}
