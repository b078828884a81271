/** Why a training ended: all epochs done, no more improvement, aborted by its signal, or a loss or gradient that is not finite. */
export type StopReason = "finished" | "early" | "aborted" | "not-finite";

/** What one epoch came to. */
export interface EpochRecord {
  /** Counted from 1. */
  readonly epoch: number;
  /** Steps taken since the start of the training. */
  readonly steps: number;
  /** Mean training loss over the examples of the epoch, each measured before its step; NaN if no step was taken. */
  readonly loss: number;
  /** Mean loss on the validation data after the epoch; null without validation, or if the epoch was broken off. */
  readonly validationLoss: number | null;
  /** Mean of each metric on the validation data (on the training data if there is none); empty if the epoch was broken off. */
  readonly metrics: { readonly [name: string]: number };
  /** Whether these weights are the best so far. */
  readonly best: boolean;
  readonly learningRate: number;
  readonly seconds: number;
}

/** The story of a training, as plain numbers. */
export interface History {
  readonly epochs: readonly EpochRecord[];
  /** The training loss of every step, before its update. */
  readonly losses: readonly number[];
  /** The global norm of the gradients of every step, before clipping. */
  readonly gradientNorms: readonly number[];
  readonly stopped: StopReason;
  /** The step, counted from 1, whose loss or gradient was not finite and was not taken; null if all were. */
  readonly notFiniteStep: number | null;
  /** What was not finite in that step, in words: loss or gradient, and which tensors of the batch; null if all were finite. */
  readonly notFiniteReason: string | null;
  /** The epoch whose weights the model has now, if the best were restored; null if it has those of the last step. */
  readonly restoredEpoch: number | null;
}

/** What a reporter is told after a step. */
export interface StepReport {
  /** Counted from 1. */
  readonly epoch: number;
  /** Steps taken since the start of the training. */
  readonly step: number;
  /** Steps taken in this epoch. */
  readonly stepInEpoch: number;
  /** Steps in an epoch; null while it is not known. */
  readonly stepsPerEpoch: number | null;
  readonly loss: number;
  readonly gradientNorm: number;
}

/** Where a training shows its progress; `fit` itself prints warnings only. What a method returns is awaited: it may be asynchronous, and where it throws or rejects, `fit` does. */
export interface FitReporter {
  /** Before the first step. */
  started?(plan: { readonly epochs: number; readonly stepsPerEpoch: number | null }): void | Promise<void>;
  /** After every step. */
  stepped?(report: StepReport): void | Promise<void>;
  /** After every epoch. */
  epochEnded?(record: EpochRecord): void | Promise<void>;
  /** At the end, however it came. */
  ended?(history: History): void | Promise<void>;
}
