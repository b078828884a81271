import type { Tensor } from "@scope/autodiff/functions";
import { commonLength } from "../data/tensor-tree.js";
import type { Direction } from "../metrics/direction.js";
import { placeInModel } from "../modules/error-place.js";
import type { Module } from "../modules/module.js";
import { checkBatches, checkTrainer, noData } from "./fit-checks.js";
import type { TrainerOptions } from "./fit-options.js";
import type { StepTaker } from "./guarded-step.js";
import { type Measurement, measurementOf, type StepProgram, stepProgramOf } from "./kept-programs.js";
import { WeightedMean } from "./weighted-mean.js";

/** What a step of a {@link Trainer} came to. */
export interface StepResult {
  /** Before the step. */
  readonly loss: number;
  /** Of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** False if loss or gradient is not finite: model and optimiser are then as they were. */
  readonly taken: boolean;
}

/** Means over data: `loss`, and each metric under its name. */
export type Measures = { readonly loss: number } & { readonly [metric: string]: number };

/** Steps and measurements of one training. Whoever makes one has checked the options: {@link Trainer} its own, `fit` all of its at once.
 * @internal */
export class TrainingSteps<Batch> {
  readonly model: Module;
  readonly optimizer: StepTaker;
  readonly #program: StepProgram<Batch>;
  readonly #measurement: Measurement<Batch>;

  /** @param op - who is named in errors */
  constructor(op: string, model: Module, options: TrainerOptions<Batch>) {
    this.model = model;
    this.optimizer = options.optimizer;
    this.#program = stepProgramOf(op, model, options);
    this.#measurement = measurementOf(op, this.#program, options);
  }

  /** Takes one step, in training mode.
   * @param batch - a tree of tensors whose first axes count the examples
   * @throws {@link ValueError} if the loss is no scalar, or reads none of the parameters that the optimiser trains; {@link AsyncError} if it is asynchronous; nothing is then changed.
   * {@link DeviceError} if the step, which has then been taken, is on a device that cannot be read at once: {@link TrainingSteps.readStep} works everywhere */
  step(batch: Batch): StepResult {
    return stepResult(numbersNow("step", "readStep", this.#step(batch)));
  }

  /** What {@link TrainingSteps.step} does, with any backend.
   * @throws {@link IndexError} (the promise rejects) also for an index that the program found out of range; what else {@link TrainingSteps.step} throws */
  async readStep(batch: Batch): Promise<StepResult> {
    return this.startStep(batch);
  }

  /** The same, as a promise only where the result has to be waited for.
   * @internal */
  startStep(batch: Batch): StepResult | Promise<StepResult> {
    return withNumbers(this.#step(batch), stepResult);
  }

  #step(batch: Batch): readonly Tensor[] {
    if (!this.model.training) this.model.train();
    return placed(this.model, () => this.#program.step(batch));
  }

  /** The loss and the metrics of one batch, in evaluation mode, in which the model stays.
   * @throws {@link ValueError} if one is no scalar; {@link AsyncError} if one is asynchronous;
   * {@link DeviceError} if they are on a device that cannot be read at once: {@link TrainingSteps.readMeasures} works everywhere */
  measure(batch: Batch): Measures {
    const [names, values] = this.#measure(batch);
    return named(names, numbersNow("measure", "readMeasures", values));
  }

  /** What {@link TrainingSteps.measure} does, with any backend. */
  async readMeasures(batch: Batch): Promise<Measures> {
    return this.startMeasures(batch);
  }

  /** The same, as a promise only where the result has to be waited for.
   * @internal */
  startMeasures(batch: Batch): Measures | Promise<Measures> {
    const [names, values] = this.#measure(batch);
    return withNumbers(values, (numbers) => named(names, numbers));
  }

  #measure(batch: Batch): readonly [names: readonly string[], values: readonly Tensor[]] {
    if (this.model.training) this.model.eval();
    const measured = placed(this.model, () => this.#measurement.measure(batch));
    return [Object.keys(measured), Object.values(measured)];
  }

  /** The means of loss and metrics over the examples of some batches, in evaluation mode; the model is then in the mode in which it was.
   * @param data - batches, at least one
   * @throws {@link ValueError} if there is no batch;
   * {@link DeviceError} if they are on a device that cannot be read at once: {@link TrainingSteps.readEvaluation} works everywhere */
  evaluate(data: Iterable<Batch>): Measures {
    checkBatches("Trainer", data);
    const wasTraining = this.model.training;
    const mean = new WeightedMean();
    try {
      for (const batch of data) mean.add(this.measure(batch), commonLength("Trainer", batch));
    } finally {
      if (wasTraining) this.model.train();
    }
    return allMeans(mean);
  }

  /** What {@link TrainingSteps.evaluate} does, with any backend. */
  async readEvaluation(data: Iterable<Batch>): Promise<Measures> {
    checkBatches("Trainer", data);
    const wasTraining = this.model.training;
    const mean = new WeightedMean();
    try {
      for (const batch of data) mean.add(await this.startMeasures(batch), commonLength("Trainer", batch));
    } finally {
      if (wasTraining) this.model.train();
    }
    return allMeans(mean);
  }

  /** Which way a metric gets better, if it is what one of the library's losses or metrics returned; null if that is not known, as before the first measurement. */
  directionOf(metric: string): Direction | null {
    return metric === "loss" ? "min" : (this.#measurement.directions.get(metric) ?? null);
  }
}

/** Takes steps of training and measures, one batch at a time, for loops of one's own; {@link fit} is built on it.
 * Steps and measurements are compiled once and kept with model, optimiser and loss: another Trainer of the same three goes on with the same program. A step whose loss or
 * gradient is not finite is not taken, and nothing is half done when one throws.
 * @example
 * const line = new Linear(1, 1)
 * const trainer = new Trainer(line, {
 *   loss: ({ x, y }: { x: Tensor; y: Tensor }) => meanSquaredError(line.forward(x), y),
 *   optimizer: new SGD(line.parameters(), { learningRate: 0.1 }),
 * })
 * const batch = { x: tensor([[1], [2]]), y: tensor([[3], [5]]) }
 * for (let k = 0; k < 200; k++) trainer.step(batch);
 * trainer.evaluate([batch]).loss < 0.01 // => true
 */
export class Trainer<Batch> extends TrainingSteps<Batch> {
  /** @param model - goes into training mode for steps and evaluation mode for measurements
   * @param options - `loss`, `optimizer`, `metrics`, `clipNorm`, `compile` (true)
   * @throws {@link ValueError} if an option is out of range */
  constructor(model: Module, options: TrainerOptions<Batch>) {
    checkTrainer("Trainer", model, options);
    super("Trainer", model, options);
  }
}

function allMeans(mean: WeightedMean): Measures {
  if (mean.isEmpty) throw noData("Trainer", "measure on");
  return mean.all() as Measures;
}

const stepResult = ([loss, gradientNorm]: readonly number[]): StepResult => ({
  loss,
  gradientNorm,
  taken: Number.isFinite(loss + gradientNorm),
});

/** The loss is among what is measured. */
const named = (names: readonly string[], numbers: readonly number[]): Measures =>
  Object.fromEntries(names.map((name, k) => [name, numbers[k]])) as Measures;

/** Scalars as numbers. */
function numbersNow(method: string, instead: string, values: readonly Tensor[]): readonly number[] {
  return values.map((t) => {
    t.hostStorage(`Trainer.${method}`, `await trainer.${instead}(…), which works with every backend`);
    return t.item();
  });
}

/** What follows from scalars: at once, or as a promise where one is on a device. */
function withNumbers<R>(
  values: readonly Tensor[],
  result: (numbers: readonly number[]) => R,
): R | Promise<R> {
  if (values.every(({ device }) => device === null)) return result(values.map((t) => t.item()));
  return Promise.all(values.map((t) => t.read())).then((read) => result(read.map(([value]) => value)));
}

/** Runs a part of the training; an error says in which part of the model it arose. */
function placed<R>(model: Module, run: () => R): R {
  try {
    return run();
  } catch (error) {
    placeInModel(error, model);
    throw error;
  }
}
