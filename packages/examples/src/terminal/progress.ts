import type { EpochRecord, FitReporter, History, StepReport } from "@scope/nn";
import { SingleBar } from "cli-progress";

/** Where progress goes: a bar on a terminal, plain lines elsewhere. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** How a training is shown. */
export interface ProgressOptions {
  /** What is trained. */
  readonly label: string;
  /** What is said about an epoch beside where it stands. */
  readonly describe: (record: EpochRecord) => string;
  /** Where an epoch stands (`epoch 3/60`). */
  readonly position?: (record: { readonly epoch: number; readonly steps: number }, epochs: number) => string;
  /** Elsewhere than on a terminal: a line for every so many epochs, and for the last (1). */
  readonly linesEvery?: number;
}

const epochOf = ({ epoch }: { readonly epoch: number }, epochs: number): string => `epoch ${epoch}/${epochs}`;

/** Shows a training on a stream: a bar on a terminal, plain lines elsewhere. */
export function progressReporter(
  stream: NodeJS.WriteStream | ProgressStream,
  options: ProgressOptions,
): FitReporter {
  const isTerminal = stream.isTTY === true && "cursorTo" in stream;
  return isTerminal ? barReporter(stream, options) : lineReporter(stream, options);
}

function barReporter(
  stream: NodeJS.WriteStream,
  { label, describe, position = epochOf }: ProgressOptions,
): FitReporter {
  const bar = new SingleBar({
    stream,
    format: `${label} {bar} {percentage}% | {place} | {text}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
  });
  let epochs = 0;
  let text = "";
  return {
    started: (plan) => {
      epochs = plan.epochs;
      bar.start(epochs * (plan.stepsPerEpoch ?? 1), 0, {
        place: position({ epoch: 1, steps: 0 }, epochs),
        text,
      });
    },
    stepped: ({ epoch, step, stepsPerEpoch, loss }: StepReport) => {
      if (stepsPerEpoch !== null) bar.setTotal(epochs * stepsPerEpoch);
      const place = position({ epoch, steps: step }, epochs);
      bar.update(step, { place, text: text === "" ? `loss ${loss.toFixed(4)}` : text });
    },
    epochEnded: (record) => {
      text = describe(record);
      bar.update({ text });
    },
    ended: (history) => {
      bar.update({ text: [text, ending(history)].filter((part) => part !== "").join(" | ") });
      bar.stop();
    },
  };
}

function lineReporter(stream: ProgressStream, options: ProgressOptions): FitReporter {
  const { label, describe, position = epochOf, linesEvery = 1 } = options;
  let epochs = 0;
  let last: EpochRecord | null = null;
  const show = (): void => {
    if (last !== null) stream.write(`${label}  ${position(last, epochs)}  ${describe(last)}\n`);
    last = null;
  };
  return {
    started: (plan) => {
      epochs = plan.epochs;
    },
    epochEnded: (record) => {
      last = record;
      if (record.epoch % linesEvery === 0) show();
    },
    ended: (history) => {
      show();
      const text = ending(history);
      if (text !== "") stream.write(`${label}  ${text}\n`);
    },
  };
}

/** How a training ended, if not in the ordinary way. */
function ending({ stopped, notFiniteStep, restoredEpoch, epochs }: History): string {
  const kept = restoredEpoch === null ? "" : `, weights of epoch ${restoredEpoch} kept`;
  if (stopped === "early") return `stopped after epoch ${epochs.length}${kept}`;
  if (stopped === "aborted") return `stopped on request${kept}`;
  if (stopped === "not-finite")
    return `stopped: step ${notFiniteStep} was not finite and was not taken${kept}`;
  return kept.slice(2);
}
