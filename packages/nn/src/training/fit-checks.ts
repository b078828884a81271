import { checkCount, checkNumber, checkOptions, outOfRange } from "@scope/autodiff/checks";
import { AsyncError, Tensor, ValueError } from "@scope/autodiff/functions";
import { Module } from "../modules/module.js";
import { kindOf, showShape } from "../option-checks.js";
import type { FitOptions, TrainerOptions, Watch } from "./fit-options.js";
import type { FitReporter } from "./history.js";

const trainerOptions: readonly (keyof TrainerOptions<unknown>)[] = [
  "loss",
  "optimizer",
  "metrics",
  "clipNorm",
  "compile",
];

const fitOptions: readonly (keyof FitOptions<unknown>)[] = [
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
  <Batch>(op: string, name: string, f: (batch: Batch) => Tensor): ((batch: Batch) => Tensor) =>
  (batch) => {
    const value: unknown = f(batch);
    if (value instanceof Tensor && value.rank === 0) return value;
    if (value instanceof Promise) {
      // What is left of it fails later, on symbols whose trace has ended: this error is the one to see.
      value.catch(() => undefined);
      throw new AsyncError({
        code: "fit/async",
        op,
        problem: `${name} is asynchronous.`,
        got: "a Promise",
        expected: "a function that returns a scalar tensor at once",
        mend: "await what it needs before the training, and put it in the batches",
      });
    }
    throw new ValueError({
      code: "fit/scalar",
      op,
      problem: `${name} is not a scalar tensor.`,
      got: value instanceof Tensor ? showShape(value.shape) : kindOf(value),
      expected: "a tensor of shape []",
      mend: "reduce it with mean or sum, and return the tensor itself, not its item()",
    });
  };

/** Throws unless something is of the kind that is wanted. */
function checkKind(op: string, good: boolean, name: string, got: unknown, expected: string): void {
  if (good) return;
  throw new ValueError({
    code: "fit/kind",
    op,
    problem: `${name} is of another kind.`,
    got:
      typeof got === "object" && got !== null && Symbol.asyncIterator in got
        ? "an async iterable"
        : kindOf(got),
    expected,
    mend: got instanceof Promise ? "await it first" : `pass ${expected}`,
  });
}

// The numbers of a typed array are no batches; one whose memory went elsewhere cannot even be gone through.
const isIterable = (data: unknown): boolean =>
  typeof data === "object" && data !== null && Symbol.iterator in data && !ArrayBuffer.isView(data);

/** Throws unless data can be gone through. */
export const checkBatches = (op: "fit" | "Trainer", data: unknown): void =>
  checkKind(op, isIterable(data), "data", data, "an array of batches, or batches(data, { size })");

const reporterMethods: readonly (keyof FitReporter)[] = ["started", "stepped", "epochEnded", "ended"];

/** Throws if a reporter has a misspelt method: functions in a plain object are all called by `fit`, and one of a class has at least one that is.
 * Data may stand beside them. */
function checkReporter(reporter: unknown): void {
  if (reporter === undefined || reporter === null) return;
  const expected = `{ ${reporterMethods.join(", ")} }`;
  checkKind("fit", typeof reporter === "object", "reporter", reporter, expected);
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

const checkMeasure = (op: string, name: string, f: unknown): void =>
  checkKind(op, typeof f === "function", name, f, "a function of a batch that returns a scalar tensor");

/** Throws unless a training can be made of this. */
export function checkTrainer<Batch>(
  op: string,
  model: Module,
  options: TrainerOptions<Batch>,
  known: readonly string[] = trainerOptions,
): void {
  checkOptions(op, options, known);
  const { loss, optimizer, metrics, clipNorm } = options ?? {};
  checkKind(op, model instanceof Module, "the model", model, "a Module");
  for (const name in metrics) checkMeasure(op, name, metrics[name]);
  checkMeasure(op, "loss", loss);
  checkKind(
    op,
    typeof optimizer?.step === "function",
    "optimizer",
    optimizer,
    "an optimiser: new Adam(model.parameters())",
  );
  if (clipNorm !== undefined) checkNumber(op, "clipNorm", clipNorm, Number.MIN_VALUE);
  if (metrics !== undefined && Object.hasOwn(metrics, "loss"))
    throw outOfRange(op, "metrics", "loss", "names other than loss, which is measured anyway");
}

/** Throws unless `fit` can begin. */
export function checkFit<Batch>(model: Module, data: Iterable<Batch>, options: FitOptions<Batch>): void {
  const {
    epochs,
    stepsPerEpoch,
    steps,
    patience,
    minimumImprovement,
    metrics,
    validation,
    reporter,
    signal,
  } = options ?? {};
  checkTrainer("fit", model, options, fitOptions);
  checkBatches("fit", data);
  if (validation !== undefined)
    checkKind("fit", isIterable(validation), "validation", validation, "an array of batches");
  checkReporter(reporter);
  if (signal !== undefined)
    checkKind(
      "fit",
      typeof Object(signal).aborted === "boolean",
      "signal",
      signal,
      "an AbortSignal: new AbortController().signal",
    );
  checkCount("fit", "epochs", epochs);
  if (stepsPerEpoch !== undefined) checkCount("fit", "stepsPerEpoch", stepsPerEpoch);
  if (steps !== undefined) checkCount("fit", "steps", steps);
  if (patience !== undefined) checkCount("fit", "patience", patience);
  if (minimumImprovement !== undefined) checkNumber("fit", "minimumImprovement", minimumImprovement, 0);
  if (options.watch !== undefined) checkWatch(watchOf(options), Object.keys(metrics ?? {}));
  // The training data is gone through again by every epoch, unless epochs are cut out of it, and by metrics where there is no validation data.
  const isTrainedOnce = stepsPerEpoch !== undefined || epochs === 1;
  const isMeasured = metrics !== undefined && validation === undefined;
  if ((!isTrainedOnce || isMeasured) && isOneShot(data))
    throw noData("fit", "train on", "after the first epoch");
  if (validation !== undefined && isOneShot(validation))
    throw noData("fit", "validate on", "after the first epoch");
}

/** What is watched, in one form. */
export const watchOf = ({ watch }: Pick<FitOptions<never>, "watch">): Watch =>
  typeof watch === "object" && watch !== null ? watch : { metric: watch ?? "loss" };

function checkWatch(watch: Watch, metrics: readonly string[]): void {
  checkOptions("fit", watch, ["metric", "mode"]);
  const { metric, mode }: { readonly metric: unknown; readonly mode?: unknown } = watch;
  if (mode !== undefined && mode !== "min" && mode !== "max")
    throw outOfRange("fit", "watch.mode", mode, '"min" or "max"');
  if (typeof metric === "string" && ["loss", ...metrics].includes(metric)) return;
  const name = typeof metric === "string" ? metric.toLowerCase() : "";
  const near = metrics.find((each) => name !== "" && each.toLowerCase().startsWith(name));
  throw new ValueError({
    code: "fit/watch",
    op: "fit",
    problem: "what is watched is not measured.",
    got: `watch: ${typeof metric === "string" ? JSON.stringify(metric) : kindOf(metric)}`,
    expected: ["loss", ...metrics].join(" or "),
    mend:
      near !== undefined
        ? `watch: ${JSON.stringify(near)}`
        : "watch one of these, or measure it: metrics: { name: (batch) => … }",
  });
}

/** Whether an iterable can be gone through only once, as a generator object. Arrays and batches, whose length is known, are not asked. */
function isOneShot(data: Iterable<unknown>): boolean {
  if ("length" in data) return false;
  const iterator = data[Symbol.iterator]();
  return Object.is(iterator, data) || Object.is(iterator, data[Symbol.iterator]());
}

/** The error for data without a batch. */
export const noData = (op: string, purpose: string, when = ""): ValueError =>
  new ValueError({
    code: "fit/no-data",
    op,
    problem: `there is no batch to ${purpose}${when === "" ? "" : ` ${when}`}.`,
    got: when === "" ? "an iterable that gave none" : "an iterable that can be gone through only once",
    expected: "at least one batch in every epoch",
    mend: "pass an array of batches or batches(data, { size }): a generator object can be gone through only once",
  });
