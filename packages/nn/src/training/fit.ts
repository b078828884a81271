import { type Tensor, ValueError } from "@scope/autodiff/functions";
import { commonLength } from "../data/tensor-tree.js";
import { placeInModel } from "../modules/error-place.js";
import type { Module } from "../modules/module.js";
import type { StateDict } from "../state-dict/state-dict.js";
import { checkFit, type FitOptions, scalar } from "./fit-options.js";
import { compiledIf, guardedStep } from "./guarded-step.js";
import type { EpochRecord, History, StopReason } from "./history.js";

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
  const wasTraining = model.training;
  try {
    const history = await new Training(model, data, options).run();
    options.reporter?.ended?.(history);
    return history;
  } catch (error) {
    placeInModel(error, model);
    throw error;
  } finally {
    if (wasTraining) model.train();
    else model.eval();
  }
}

/** How long a training may keep the event loop waiting: signals and timers are heard in between. */
const longestBlockMs = 30;

/** One run of `fit`. */
class Training<Batch> {
  private readonly model: Module;
  private readonly data: Iterable<Batch>;
  private readonly options: FitOptions<Batch>;
  private readonly step: (batch: Batch) => [loss: Tensor, gradientNorm: Tensor];
  private readonly measure: (batch: Batch) => { readonly [name: string]: Tensor };
  private readonly epochs: EpochRecord[] = [];
  private readonly losses: number[] = [];
  private readonly gradientNorms: number[] = [];
  private source: Iterator<Batch> | null = null;
  private batchesSeen: number | null = null;
  private best: {
    readonly score: number;
    readonly epoch: number;
    readonly weights: StateDict | null;
  } | null = null;
  private stopped: StopReason | null = null;
  private notFiniteStep: number | null = null;
  private lastPause = performance.now();

  constructor(model: Module, data: Iterable<Batch>, options: FitOptions<Batch>) {
    const { loss, optimizer, clipNorm, metrics, compile = true } = options;
    this.model = model;
    this.data = data;
    this.options = options;
    this.step = compiledIf(
      compile,
      guardedStep(model, optimizer, scalar("loss", loss), clipNorm ?? null),
      "training step",
    );
    const measured = Object.entries({ ...metrics, loss }).map(
      ([name, f]) => [name, scalar(name, f)] as const,
    );
    this.measure = compiledIf(
      compile,
      (batch: Batch) => Object.fromEntries(measured.map(([name, f]) => [name, f(batch)])),
      "measurement",
    );
  }

  async run(): Promise<History> {
    const { epochs, reporter, signal } = this.options;
    reporter?.started?.({ epochs, stepsPerEpoch: this.stepsPerEpoch() });
    if (signal?.aborted) this.stopped = "aborted";
    for (let epoch = 1; epoch <= epochs && this.stopped === null; epoch++) await this.runEpoch(epoch);
    const restored = this.best?.weights ?? null;
    if (restored !== null) this.model.loadStateDict(restored);
    return {
      epochs: this.epochs,
      losses: this.losses,
      gradientNorms: this.gradientNorms,
      stopped: this.stopped ?? "finished",
      notFiniteStep: this.notFiniteStep,
      restoredEpoch: restored === null ? null : (this.best?.epoch ?? null),
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
        if (next.done) throw noData();
      }
      yield next.value;
    }
  }

  private async runEpoch(epoch: number): Promise<void> {
    const { optimizer, schedule, reporter, steps } = this.options;
    const start = performance.now();
    const mean = new WeightedMean();
    this.model.train();
    let stepInEpoch = 0;
    for (const batch of this.batchesOfEpoch()) {
      const step = this.losses.length;
      const examples = commonLength("fit", batch);
      if (schedule !== undefined) optimizer.learningRate = schedule(step);
      const [loss, gradientNorm] = this.step(batch).map((t) => t.item());
      if (!Number.isFinite(loss + gradientNorm)) {
        this.stopped = "not-finite";
        this.notFiniteStep = step + 1;
        break;
      }
      this.losses.push(loss);
      this.gradientNorms.push(gradientNorm);
      mean.add("loss", loss, examples);
      stepInEpoch++;
      reporter?.stepped?.({
        epoch,
        step: step + 1,
        stepInEpoch,
        stepsPerEpoch: this.stepsPerEpoch(),
        loss,
        gradientNorm,
      });
      await this.pause();
      if (this.options.signal?.aborted) {
        this.stopped = "aborted";
        break;
      }
      if (this.losses.length === steps) break;
    }
    if (this.stopped === null) {
      if (stepInEpoch === 0) throw noData();
      this.batchesSeen = stepInEpoch;
    }
    const record = await this.endEpoch(epoch, mean.of("loss"), (performance.now() - start) / 1000);
    if (this.losses.length === steps) this.stopped ??= "finished";
    if (stepInEpoch === 0 && this.stopped !== null) return;
    this.epochs.push(record);
    reporter?.epochEnded?.(record);
  }

  /** Measures after an epoch, remembers the best weights, and decides whether to go on. */
  private async endEpoch(epoch: number, trainingLoss: number, seconds: number): Promise<EpochRecord> {
    const { optimizer, validation, metrics, watch = "loss", patience, minimumImprovement = 0 } = this.options;
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
    const measured =
      validation !== undefined || metrics !== undefined
        ? await this.measureAll(validation ?? this.data)
        : null;
    const score = (watch === "loss" && validation === undefined ? null : measured?.of(watch)) ?? trainingLoss;
    const best = this.best === null || score < this.best.score - minimumImprovement;
    const keep = this.options.restoreBest ?? validation !== undefined;
    if (best) this.best = { score, epoch, weights: keep ? this.model.stateDict() : null };
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

  private async measureAll(data: Iterable<Batch>): Promise<WeightedMean> {
    const mean = new WeightedMean();
    this.model.eval();
    for (const batch of data) {
      const examples = commonLength("fit", batch);
      for (const [name, value] of Object.entries(this.measure(batch))) mean.add(name, value.item(), examples);
      await this.pause();
    }
    return mean;
  }

  /** Lets the event loop turn now and then. */
  private async pause(): Promise<void> {
    if (performance.now() - this.lastPause < longestBlockMs) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.lastPause = performance.now();
  }
}

/** Means of named numbers over examples, where batches differ in size. */
class WeightedMean {
  private readonly sums = new Map<string, number>();
  private readonly weights = new Map<string, number>();

  add(name: string, value: number, weight: number): void {
    this.sums.set(name, (this.sums.get(name) ?? 0) + value * weight);
    this.weights.set(name, (this.weights.get(name) ?? 0) + weight);
  }

  of(name: string): number {
    return (this.sums.get(name) ?? Number.NaN) / (this.weights.get(name) ?? 1);
  }
}

const noData = (): ValueError =>
  new ValueError({
    code: "fit/no-data",
    op: "fit",
    problem: "there is no batch to train on.",
    got: "an iterable that gave none in this epoch",
    expected: "at least one batch in every epoch",
    mend: "pass an array of batches or batches(data, { size }): a generator object can be gone through only once",
  });
