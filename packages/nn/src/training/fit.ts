import { commonLength } from "../data/tensor-tree.js";
import type { Direction } from "../metrics/direction.js";
import type { Module } from "../modules/module.js";
import { trainingModes } from "../modules/training-modes.js";
import { checkFit, noData, watchOf } from "./fit-checks.js";
import type { FitOptions } from "./fit-options.js";
import type { EpochRecord, History, StopReason } from "./history.js";
import { describeNotFinite } from "./not-finite.js";
import { type StepResult, TrainingSteps } from "./trainer.js";
import { guessDirection } from "./watched-direction.js";
import { WeightedMean } from "./weighted-mean.js";

/** Trains a model: epochs, validation, metrics, early stopping with the best weights restored, and a clean end when it is aborted or a number is not finite.
 * A step whose loss or gradient is not finite is not taken: model and optimiser keep the values before it. The model is in training mode for steps and in evaluation
 * mode for measurements, and ends in the mode in which it came.
 * @param model - whose weights are watched over; the optimiser may train others as well
 * @param data - batches: trees of tensors whose first axes count the examples; gone through once per epoch
 * @param options - `loss`, `optimizer`, `epochs`, and what {@link FitOptions} lists
 * @returns what happened, as plain numbers; the training ends early with {@link History.stopped} telling why
 * @throws {@link ValueError} if an option is out of range, there is no data, the loss or a metric is no scalar, or the loss reads none of the parameters that the optimiser trains; {@link AsyncError} if one of them is asynchronous
 * @example
 * const line = new Linear(1, 1)
 * const x = tensor([[0], [1], [2], [3]])
 * const data = batches({ x, y: x.mul(2).add(1) }, { size: 2, shuffle: true })
 * const history = await fit(line, data, {
 *   loss: ({ x, y }) => meanSquaredError(line.forward(x), y),
 *   optimizer: new Adam(line.parameters(), { learningRate: 0.1 }),
 *   epochs: 200,
 * })
 * history.stopped // => "finished"
 * history.losses[399] < 0.01 // => true
 */
export async function fit<Batch>(
  model: Module,
  data: Iterable<Batch>,
  options: FitOptions<Batch>,
): Promise<History> {
  checkFit(model, data, options);
  const restoreModes = trainingModes(model);
  try {
    const history = await new Training(model, data, options).run();
    await options.reporter?.ended?.(history);
    return history;
  } finally {
    restoreModes();
  }
}

/** How long a training may keep the event loop waiting: signals and timers are heard in between. */
const longestBlockMs = 30;

// Shared by all trainings: many short ones in a row do not keep it waiting either.
let lastPause = 0;
const isPauseDue = (): boolean => performance.now() - lastPause >= longestBlockMs;

/** Lets the event loop turn. */
async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  lastPause = performance.now();
}

interface Best {
  readonly score: number;
  readonly epoch: number;
  readonly values: (() => void) | null;
}

/** One run of `fit`. */
class Training<Batch> {
  private readonly model: Module;
  private readonly data: Iterable<Batch>;
  private readonly options: FitOptions<Batch>;
  private readonly steps: TrainingSteps<Batch>;
  private readonly epochs: EpochRecord[] = [];
  private readonly losses: number[] = [];
  private readonly gradientNorms: number[] = [];
  private source: Iterator<Batch> | null = null;
  private batchesSeen: number | null = null;
  private direction: Direction | null = null;
  private best: Best | null = null;
  private hasWarnedOfNaN = false;
  private stopped: StopReason | null = null;
  private notFinite: { readonly step: number; readonly reason: string } | null = null;

  constructor(model: Module, data: Iterable<Batch>, options: FitOptions<Batch>) {
    const { loss, optimizer, clipNorm, metrics, compile } = options;
    this.model = model;
    this.data = data;
    this.options = options;
    this.steps = new TrainingSteps("fit", model, { loss, optimizer, clipNorm, metrics, compile });
  }

  async run(): Promise<History> {
    const { epochs, reporter, signal } = this.options;
    await reporter?.started?.({ epochs, stepsPerEpoch: this.stepsPerEpoch() });
    if (signal?.aborted) this.stopped = "aborted";
    for (let epoch = 1; epoch <= epochs && this.stopped === null; epoch++) await this.runEpoch(epoch);
    const restore = this.best?.values ?? null;
    restore?.();
    return {
      epochs: this.epochs,
      losses: this.losses,
      gradientNorms: this.gradientNorms,
      stopped: this.stopped ?? "finished",
      notFiniteStep: this.notFinite?.step ?? null,
      notFiniteReason: this.notFinite?.reason ?? null,
      restoredEpoch: restore === null ? null : (this.best?.epoch ?? null),
    };
  }

  private stepsPerEpoch(): number | null {
    const { stepsPerEpoch } = this.options;
    if (stepsPerEpoch !== undefined) return stepsPerEpoch;
    if ("length" in this.data && typeof this.data.length === "number") return this.data.length;
    return this.batchesSeen;
  }

  /** The batches of one epoch: a pass over the data, or the next so many of pass after pass. */
  private *batchesOfEpoch(): Generator<Batch> {
    const { stepsPerEpoch } = this.options;
    if (stepsPerEpoch === undefined) {
      yield* this.data;
      return;
    }
    for (let k = 0; k < stepsPerEpoch; k++) {
      this.source ??= this.data[Symbol.iterator]();
      let next = this.source.next();
      if (next.done) {
        this.source = this.data[Symbol.iterator]();
        next = this.source.next();
        if (next.done) throw noData("fit", "train on");
      }
      yield next.value;
    }
  }

  private async runEpoch(epoch: number): Promise<void> {
    const { reporter, steps, signal } = this.options;
    const start = performance.now();
    const mean = new WeightedMean();
    this.model.train();
    let stepInEpoch = 0;
    for (const batch of this.batchesOfEpoch()) {
      const examples = commonLength("fit", batch);
      const step = this.takeStep(batch);
      // Awaiting what is there already would cost small steps a turn each.
      const { loss, gradientNorm, taken } = step instanceof Promise ? await step : step;
      if (!taken) {
        this.endNotFinite(epoch, await describeNotFinite(loss, gradientNorm, batch));
        break;
      }
      this.losses.push(loss);
      this.gradientNorms.push(gradientNorm);
      mean.add({ loss }, examples);
      stepInEpoch++;
      const count = this.losses.length;
      const stepsPerEpoch = this.stepsPerEpoch();
      const told = reporter?.stepped?.({
        epoch,
        step: count,
        stepInEpoch,
        stepsPerEpoch,
        loss,
        gradientNorm,
      });
      if (told !== undefined) await told;
      if (isPauseDue()) await pause();
      if (signal?.aborted) {
        this.stopped = "aborted";
        break;
      }
      if (count === steps) break;
    }
    if (this.stopped === null) {
      if (stepInEpoch === 0) throw noData("fit", "train on");
      this.batchesSeen = stepInEpoch;
    }
    const record = await this.endEpoch(epoch, mean.of("loss"), (performance.now() - start) / 1000);
    if (this.losses.length === steps) this.stopped ??= "finished";
    if (stepInEpoch === 0 && this.stopped !== null) return;
    this.epochs.push(record);
    await reporter?.epochEnded?.(record);
  }

  /** A step at the schedule's learning rate, which stays as it was if the step fails. */
  private takeStep(batch: Batch): StepResult | Promise<StepResult> {
    const { optimizer, schedule } = this.options;
    if (schedule === undefined) return this.steps.startStep(batch);
    const before = optimizer.learningRate;
    const settled = (result: StepResult): StepResult => {
      if (!result.taken) optimizer.learningRate = before;
      return result;
    };
    const failed = (error: unknown): never => {
      optimizer.learningRate = before;
      throw error;
    };
    try {
      optimizer.learningRate = schedule(this.losses.length);
      const result = this.steps.startStep(batch);
      return result instanceof Promise ? result.then(settled, failed) : settled(result);
    } catch (error) {
      return failed(error);
    }
  }

  private endNotFinite(epoch: number, reason: string): void {
    const step = this.losses.length + 1;
    this.stopped = "not-finite";
    this.notFinite = { step, reason };
    console.warn(
      `@scope/nn: fit ended at step ${step}, in epoch ${epoch}: ${reason}.\n` +
        "  The step was not taken; model and optimiser are as they were before it. detectAnomalies(() => …) around the loss of such a batch names the op.\n" +
        "  Values that are missing in the data, a learning rate that is too high (try clipNorm), or a log, a root or a quotient at 0 are the usual causes.",
    );
  }

  /** Measures after an epoch, remembers the best weights, and decides whether to go on. */
  private async endEpoch(epoch: number, trainingLoss: number, seconds: number): Promise<EpochRecord> {
    const { optimizer, validation, metrics, patience } = this.options;
    const record = {
      epoch,
      steps: this.losses.length,
      loss: trainingLoss,
      validationLoss: null,
      metrics: {},
      best: false,
      learningRate: optimizer.learningRate,
      seconds,
    };
    if (this.stopped !== null) return record;
    const isMeasured = validation !== undefined || metrics !== undefined;
    const measured = isMeasured ? await this.measureAll(validation ?? this.data) : null;
    const { metric } = watchOf(this.options);
    const score =
      metric === "loss" && validation === undefined ? trainingLoss : (measured?.of(metric) ?? trainingLoss);
    const best = this.isBest(metric, score);
    if (best) this.best = { score, epoch, values: this.snapshot() };
    if (patience !== undefined && epoch - (this.best?.epoch ?? 0) >= patience) this.stopped ??= "early";
    return {
      ...record,
      validationLoss: validation === undefined ? null : (measured?.of("loss") ?? null),
      metrics: Object.fromEntries(
        Object.keys(metrics ?? {}).map((name) => [name, measured?.of(name) ?? Number.NaN]),
      ),
      best,
    };
  }

  /** Whether what is watched is better than the best so far. */
  private isBest(metric: string, score: number): boolean {
    this.direction ??= watchOf(this.options).mode ?? this.steps.directionOf(metric) ?? guessDirection(metric);
    if (Number.isNaN(score)) {
      if (!this.hasWarnedOfNaN)
        console.warn(`@scope/nn: fit watches ${metric}, which is NaN: such an epoch is never the best.`);
      this.hasWarnedOfNaN = true;
      return false;
    }
    if (this.best === null) return true;
    const gain = this.direction === "max" ? score - this.best.score : this.best.score - score;
    return gain > (this.options.minimumImprovement ?? 0);
  }

  /** How to bring back the weights of now; null if they are not asked for. */
  private snapshot(): (() => void) | null {
    const { validation, optimizer, restoreBest = validation !== undefined } = this.options;
    if (!restoreBest) return null;
    const variables = new Set([...optimizer.parameters(), ...this.model.variables()]);
    const values = [...variables].map((variable) => [variable, variable.value] as const);
    return () => {
      for (const [variable, value] of values) variable.value = value;
    };
  }

  private async measureAll(data: Iterable<Batch>): Promise<WeightedMean> {
    const mean = new WeightedMean();
    this.model.eval();
    for (const batch of data) {
      const measures = this.steps.startMeasures(batch);
      mean.add(measures instanceof Promise ? await measures : measures, commonLength("fit", batch));
      if (isPauseDue()) await pause();
    }
    if (mean.isEmpty) throw noData("fit", data === this.data ? "measure on" : "validate on");
    return mean;
  }
}
