import { Random, stopGradient, type Tensor, tensor, Variable } from "@scope/autodiff";
import { Adam, cosineRate, crossEntropy, type FitReporter, fit, type History } from "@scope/nn";
import { UsageError } from "../usage-error.js";
import type { CellName } from "../weather/forecaster.js";
import { CharModel, type TextState } from "./char-model.js";

/** How a character model is trained. */
export interface TextTraining {
  readonly cell: CellName;
  readonly hidden: number;
  readonly seed: number;
  readonly steps: number;
  /** Characters that the gradient goes back through. */
  readonly length: number;
  /** Steps between two reports. */
  readonly reportEvery: number;
  readonly learningRate?: number;
  readonly signal?: AbortSignal;
  readonly reporter?: FitReporter;
}

/** Characters and the ones that follow them, both `[streams, length]`, int32. */
interface TextBatch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** A trained model with what it has been measured on. */
export interface TrainedText {
  readonly model: CharModel;
  readonly history: History;
  /** Bits per character on text that was held out; null if the text is too short to hold some out. */
  readonly heldOutBits: number | null;
}

/** Nats to bits. */
export const bits = (nats: number): number => nats / Math.LN2;

const mostStreams = 32;
const heldOutFraction = 0.05;
const mostHeldOutBatches = 8;

/** Trains on ids of characters by truncated backpropagation through time: the text runs as parallel streams, and each step goes on with the
 * state that the last one left, which is outside of its gradient. */
export async function trainText(
  ids: Int32Array,
  characters: number,
  options: TextTraining,
): Promise<TrainedText> {
  const { cell, hidden, seed, steps, length, reportEvery, learningRate = 4e-3 } = options;
  checkLength(ids, length);
  const heldOut =
    Math.floor(ids.length * heldOutFraction) > length ? Math.floor(ids.length * heldOutFraction) : 0;
  const training = streamBatches(ids.subarray(0, ids.length - heldOut), length, Number.POSITIVE_INFINITY);
  const validation =
    heldOut === 0 ? undefined : streamBatches(ids.subarray(ids.length - heldOut), length, mostHeldOutBatches);
  const random = new Random(seed);
  const model = new CharModel(cell, characters, hidden, random);
  const carried = carriedState(model, training[0].x.shape[0]);
  const loss = ({ x, y }: TextBatch): Tensor => {
    const start = model.training ? carried.read() : model.initialState(x.shape[0]);
    const [scores, next] = model.forward(x, start);
    if (model.training) carried.write(next);
    return crossEntropy(scores, y);
  };
  const stepsPerEpoch = Math.min(reportEvery, steps);
  const history = await fit(model, training, {
    loss,
    optimizer: new Adam(model.parameters(), { learningRate }),
    epochs: Math.ceil(steps / stepsPerEpoch),
    stepsPerEpoch,
    steps,
    schedule: cosineRate(learningRate, { steps, minimum: learningRate / 20 }),
    clipNorm: 1,
    validation,
    restoreBest: false,
    signal: options.signal,
    reporter: options.reporter,
  });
  const measured = history.epochs.flatMap(({ validationLoss }) =>
    validationLoss === null ? [] : [validationLoss],
  );
  return { model, history, heldOutBits: measured.length === 0 ? null : bits(measured[measured.length - 1]) };
}

/** Throws unless a text has a whole step in it. */
export function checkLength(ids: Int32Array, length: number): void {
  if (ids.length >= length + 2) return;
  throw new UsageError(
    `the text is too short: ${ids.length} characters, and --length ${length} needs at least ${length + 2}`,
  );
}

/** Cuts a text into parallel streams, and those into batches that follow each other. */
function streamBatches(ids: Int32Array, length: number, most: number): TextBatch[] {
  const streams = Math.max(1, Math.min(mostStreams, Math.floor((ids.length - 1) / length)));
  const each = Math.floor((ids.length - 1) / streams);
  const count = Math.min(Math.floor(each / length), most);
  const block = (start: number): Tensor => {
    const values = new Int32Array(streams * length);
    for (let s = 0; s < streams; s++)
      values.set(ids.subarray(s * each + start, s * each + start + length), s * length);
    return tensor(values, { shape: [streams, length] });
  };
  return Array.from({ length: count }, (_, k) => ({ x: block(k * length), y: block(k * length + 1) }));
}

/** The state that goes from step to step: Variables, so that a compiled step keeps it to itself. */
function carriedState(
  model: CharModel,
  streams: number,
): { read(): TextState; write(next: TextState): void } {
  const start = model.initialState(streams);
  const h = new Variable(start.h);
  const c = "c" in start ? new Variable(start.c) : null;
  return {
    read: () => (c === null ? { h: h.value } : { h: h.value, c: c.value }),
    write: (next) => {
      h.value = stopGradient(next.h);
      if (c !== null && "c" in next) c.value = stopGradient(next.c);
    },
  };
}
