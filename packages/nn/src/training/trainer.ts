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
   * @throws {@link ValueError} if the loss is no scalar, or reads none of the parameters that the optimiser trains; {@link AsyncError} if it is asynchronous; nothing is then changed */
  step(batch: Batch): StepResult {
    if (!this.model.training) this.model.train();
    const [loss, gradientNorm] = placed(this.model, () => this.#program.step(batch)).map((t) => t.item());
    return { loss, gradientNorm, taken: Number.isFinite(loss + gradientNorm) };
  }

  /** The loss and the metrics of one batch, in evaluation mode, in which the model stays.
   * @throws {@link ValueError} if one is no scalar; {@link AsyncError} if one is asynchronous */
  measure(batch: Batch): Measures {
    if (this.model.training) this.model.eval();
    const values = placed(this.model, () => this.#measurement.measure(batch));
    const numbers = Object.entries(values).map(([name, value]) => [name, value.item()] as const);
    // The loss is among what is measured.
    return Object.fromEntries(numbers) as Measures;
  }

  /** The means of loss and metrics over the examples of some batches, in evaluation mode; the model is then in the mode in which it was.
   * @param data - batches, at least one
   * @throws {@link ValueError} if there is no batch */
  evaluate(data: Iterable<Batch>): Measures {
    checkBatches("Trainer", data);
    const wasTraining = this.model.training;
    const mean = new WeightedMean();
    try {
      for (const batch of data) mean.add(this.measure(batch), commonLength("Trainer", batch));
    } finally {
      if (wasTraining) this.model.train();
    }
    if (mean.isEmpty) throw noData("Trainer", "measure on");
    return mean.all() as Measures;
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

/** Runs a part of the training; an error says in which part of the model it arose. */
function placed<R>(model: Module, run: () => R): R {
  try {
    return run();
  } catch (error) {
    placeInModel(error, model);
    throw error;
  }
}
