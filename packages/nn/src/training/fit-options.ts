import { AsyncError, Tensor, ValueError } from "@scope/autodiff/functions";
import { Module } from "../modules/module.js";
import { checkCount, checkNumber, checkOptions, invalidOption, kindOf, showShape } from "../option-checks.js";
import type { Schedule } from "../schedules/schedule.js";
import type { StepTaker } from "./guarded-step.js";
import type { FitReporter } from "./history.js";

/** Options of {@link fit}. */
export interface FitOptions<Batch> {
  /** The scalar to be minimised, from one batch: a mean over its examples. It may assign Variables, such as a carried state. */
  readonly loss: (batch: Batch) => Tensor;
  /** What takes the steps. */
  readonly optimizer: StepTaker;
  /** Passes over the data. */
  readonly epochs: number;
  /** An epoch is this many batches, and the next goes on where it ended; the whole data if left out. */
  readonly stepsPerEpoch?: number;
  /** The training ends after this many steps, even within an epoch, which is then measured as usual. */
  readonly steps?: number;
  /** Batches to measure on after every epoch. */
  readonly validation?: Iterable<Batch>;
  /** Scalars to measure beside the loss, each a mean over a batch. */
  readonly metrics?: Readonly<Record<string, (batch: Batch) => Tensor>>;
  /** Scales gradients whose global norm is larger down to this norm. */
  readonly clipNorm?: number;
  /** The learning rate at every step, counted from 0. */
  readonly schedule?: Schedule;
  /** Epochs without improvement after which the training ends; it goes on if left out. */
  readonly patience?: number;
  /** What counts as improvement: less than the best by more than this (0). */
  readonly minimumImprovement?: number;
  /** What is watched: `"loss"` (on the validation data if there is any), or the name of a metric; smaller is better. */
  readonly watch?: string;
  /** Whether the model ends with the weights of its best epoch (true if there is validation data). */
  readonly restoreBest?: boolean;
  /** Ends the training after the step that is under way. */
  readonly signal?: AbortSignal;
  /** Where progress is shown. */
  readonly reporter?: FitReporter;
  /** Whether steps and measurements run as compiled programs (true). */
  readonly compile?: boolean;
}

const optionNames: readonly (keyof FitOptions<unknown>)[] = [
  "loss",
  "optimizer",
  "epochs",
  "stepsPerEpoch",
  "steps",
  "validation",
  "metrics",
  "clipNorm",
  "schedule",
  "patience",
  "minimumImprovement",
  "watch",
  "restoreBest",
  "signal",
  "reporter",
  "compile",
];

/** A loss or a metric that is held to what it must return. */
export const scalar =
  <Batch>(name: string, f: (batch: Batch) => Tensor): ((batch: Batch) => Tensor) =>
  (batch) => {
    const value: unknown = f(batch);
    if (value instanceof Tensor && value.rank === 0) return value;
    if (value instanceof Promise) {
      // What is left of it fails later, on symbols whose trace has ended: this error is the one to see.
      value.catch(() => undefined);
      throw new AsyncError({
        code: "fit/async",
        op: "fit",
        problem: `${name} is asynchronous.`,
        got: "a Promise",
        expected: "a function that returns a scalar tensor at once",
        mend: "await what it needs before fit, and put it in the batches",
      });
    }
    throw new ValueError({
      code: "fit/scalar",
      op: "fit",
      problem: `${name} is not a scalar tensor.`,
      got: value instanceof Tensor ? showShape(value.shape) : kindOf(value),
      expected: "a tensor of shape []",
      mend: "reduce it with mean or sum, and return the tensor itself, not its item()",
    });
  };

/** Throws unless something is of the kind that `fit` takes. */
function checkKind(good: boolean, name: string, got: unknown, expected: string): void {
  if (good) return;
  throw new ValueError({
    code: "fit/kind",
    op: "fit",
    problem: `${name} is of another kind.`,
    got:
      typeof got === "object" && got !== null && Symbol.asyncIterator in got
        ? "an async iterable"
        : kindOf(got),
    expected,
    mend: got instanceof Promise ? "await it first" : `pass ${expected}`,
  });
}

const isIterable = (data: unknown): boolean =>
  typeof data === "object" && data !== null && Symbol.iterator in data;

const reporterMethods: readonly (keyof FitReporter)[] = ["started", "stepped", "epochEnded", "ended"];

/** Throws if a reporter has a misspelt method: functions in a plain object are all called by `fit`, and one of a class has at least one that is.
 * Data may stand beside them. */
function checkReporter(reporter: unknown): void {
  if (reporter === undefined || reporter === null) return;
  const expected = `{ ${reporterMethods.join(", ")} }`;
  checkKind(typeof reporter === "object", "reporter", reporter, expected);
  const isKnown = (name: string): boolean => reporterMethods.some((method) => method === name);
  const odd = Object.entries(reporter).filter(
    ([name, value]) => value !== undefined && isKnown(name) !== (typeof value === "function"),
  );
  const isPlain = Object.getPrototypeOf(reporter) === Object.prototype;
  if (isPlain ? odd.length === 0 : reporterMethods.some((name) => name in Object(reporter))) return;
  throw new ValueError({
    code: "fit/reporter",
    op: "fit",
    problem: "the reporter is never told, or not by this name.",
    got: isPlain ? `reporter: ${odd.map(([name]) => name).join(", ")}` : "a reporter without these methods",
    expected,
    mend: "give it methods of these names; other functions belong outside of it, or in a class",
  });
}

/** Throws unless `fit` can begin. */
export function checkFit<Batch>(model: Module, data: Iterable<Batch>, options: FitOptions<Batch>): void {
  checkOptions("fit", options, optionNames);
  const {
    epochs,
    stepsPerEpoch,
    steps,
    clipNorm,
    patience,
    minimumImprovement,
    metrics,
    watch,
    loss,
    optimizer,
    validation,
    reporter,
  } = options ?? {};
  checkKind(model instanceof Module, "the model", model, "a Module");
  checkKind(isIterable(data), "data", data, "an array of batches, or batches(data, { size })");
  checkKind(
    validation === undefined || isIterable(validation),
    "validation",
    validation,
    "an array of batches",
  );
  for (const [name, f] of Object.entries({ ...metrics, loss }))
    checkKind(typeof f === "function", name, f, "a function of a batch that returns a scalar tensor");
  checkKind(
    typeof optimizer?.step === "function",
    "optimizer",
    optimizer,
    "an optimiser: new Adam(model.parameters())",
  );
  checkReporter(reporter);
  checkCount("fit", "epochs", epochs);
  if (stepsPerEpoch !== undefined) checkCount("fit", "stepsPerEpoch", stepsPerEpoch);
  if (steps !== undefined) checkCount("fit", "steps", steps);
  if (patience !== undefined) checkCount("fit", "patience", patience);
  if (clipNorm !== undefined) checkNumber("fit", "clipNorm", clipNorm, Number.MIN_VALUE);
  if (minimumImprovement !== undefined) checkNumber("fit", "minimumImprovement", minimumImprovement, 0);
  const names = Object.keys(metrics ?? {});
  if (names.includes("loss"))
    throw invalidOption("fit", "metrics", "loss", "names other than loss, which is measured anyway");
  if (watch !== undefined && watch !== "loss" && !names.includes(watch))
    throw invalidOption("fit", "watch", watch, ["loss", ...names].join(" or "));
}
