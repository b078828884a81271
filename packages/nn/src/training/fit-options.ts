import type { Tensor } from "@scope/autodiff/functions";
import type { Direction } from "../metrics/direction.js";
import type { Schedule } from "../schedules/schedule.js";
import type { StepTaker } from "./guarded-step.js";
import type { FitReporter } from "./history.js";

/** Options of {@link Trainer}, and of {@link fit}. */
export interface TrainerOptions<Batch> {
  /** The scalar to be minimised, from one batch: a mean over its examples. It may assign Variables, such as a carried state. What it closes over is a constant of its program,
   * which is kept with model, optimiser and this function: what changes belongs into the batch or a Variable. */
  readonly loss: (batch: Batch) => Tensor;
  /** What takes the steps. */
  readonly optimizer: StepTaker;
  /** Scalars to measure beside the loss, each a mean over a batch. */
  readonly metrics?: Readonly<Record<string, (batch: Batch) => Tensor>>;
  /** Scales gradients whose global norm is larger down to this norm. */
  readonly clipNorm?: number;
  /** Whether steps and measurements run as compiled programs (true). */
  readonly compile?: boolean;
}

/** What is watched, and which way it gets better. */
export interface Watch {
  /** `"loss"` (on the validation data if there is any), or the name of a metric. */
  readonly metric: string;
  /** `"min"` where smaller is better, `"max"` where larger is. */
  readonly mode?: Direction;
}

/** What tells a training to end: an AbortSignal, or anything that says so. */
export interface StopSignal {
  readonly aborted: boolean;
}

/** Options of {@link fit}. */
export interface FitOptions<Batch> extends TrainerOptions<Batch> {
  /** Passes over the data. */
  readonly epochs: number;
  /** An epoch is this many batches, and the next goes on where it ended; the whole data if left out. */
  readonly stepsPerEpoch?: number;
  /** The training ends after this many steps, even within an epoch, which is then measured as usual. */
  readonly steps?: number;
  /** Batches to measure on after every epoch: an array, or another iterable that can be gone through again and again. */
  readonly validation?: Iterable<Batch>;
  /** The learning rate at every step, counted from 0. */
  readonly schedule?: Schedule;
  /** Epochs without improvement after which the training ends; it goes on if left out. */
  readonly patience?: number;
  /** What counts as improvement: better than the best by more than this (0). NaN is never better. */
  readonly minimumImprovement?: number;
  /** What is watched: `"loss"` (on the validation data if there is any; the default), the name of a metric, or `{ metric, mode: "min" | "max" }`. Losses are minimised;
   * what the library's own losses and metrics return knows its direction; of other metrics, say the mode: without one it is taken from the name, and a warning says how. */
  readonly watch?: string | Watch;
  /** Whether the model ends with the weights of its best epoch (true if there is validation data). */
  readonly restoreBest?: boolean;
  /** Ends the training after the step that is under way: an `AbortSignal`, or an object whose `aborted` becomes true. */
  readonly signal?: StopSignal;
  /** Where progress is shown. */
  readonly reporter?: FitReporter;
}
