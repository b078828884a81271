import { lossAndGradients, type Tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { Adam, crossEntropy, Embedding, GRU, Linear, LSTM, Module, RNN, SGD } from "@scope/nn";
import type { Runner } from "../child/serve.js";
import { characterStride, ids, learningRates, type SequenceSizes, targetStride } from "../work-data.js";
import { initialState, recurrentShapes, shaped, waveTensor } from "./arrays.js";

const layers = { rnn: RNN, lstm: LSTM, gru: GRU } as const;
const gateCount = { rnn: 1, lstm: 4, gru: 3 } as const;

class SequenceModel extends Module {
  readonly embedding: Embedding | null;
  readonly recurrent: RNN | LSTM | GRU;
  readonly head: Linear;

  constructor({ kind, input, hidden, classes, embedding }: SequenceSizes) {
    super();
    this.embedding = embedding ? new Embedding(classes, input) : null;
    this.recurrent = new layers[kind](input, hidden, { timeFirst: true });
    this.head = new Linear(hidden, classes);
  }

  /** `x` `[T, B, input]`, or characters `[T, B]`; logits `[T, B, classes]`. */
  forward(x: Tensor): Tensor {
    const [hidden] = this.recurrent.forward(this.embedding === null ? x : this.embedding.forward(x));
    return this.head.forward(hidden);
  }
}

export interface SequenceTask {
  readonly train: (x: Tensor, y: Tensor) => Tensor;
  /** `[T, B, input]`, or characters `[T, B]`. */
  readonly x: Tensor;
  /** `[T, B]`, int32. */
  readonly y: Tensor;
}

/** One step of forward, BPTT and update, not yet compiled, and its batch. */
export function sequenceTask(sizes: SequenceSizes): SequenceTask {
  const { kind, input, hidden, batch, time, classes, embedding } = sizes;
  const model = new SequenceModel(sizes);
  model.loadStateDict(
    initialState([
      ...(embedding ? ([["embedding.weight", [classes, input]]] as const) : []),
      ...recurrentShapes("recurrent.", gateCount[kind], input, hidden),
      ["head.weight", [classes, hidden]],
      ["head.bias", [classes]],
    ]),
  );
  const parameters = model.parameters();
  const optimizer = embedding
    ? new SGD(parameters, { learningRate: learningRates.sgd })
    : new Adam(parameters, { learningRate: learningRates.adam });
  const train = (x: Tensor, y: Tensor): Tensor => {
    const [loss, gradients] = lossAndGradients(() => crossEntropy(model.forward(x), y), parameters);
    optimizer.step(gradients);
    return loss;
  };
  const x = embedding
    ? shaped(ids(time * batch, characterStride, classes), [time, batch])
    : waveTensor([time, batch, input]);
  const y = shaped(ids(time * batch, targetStride, classes), [time, batch]);
  return { train, x, y };
}

/** rnn-train, lstm-train and gru-train. */
export function sequenceTrain(sizes: SequenceSizes, compiled: boolean): Runner {
  const { train, x, y } = sequenceTask(sizes);
  const step = compiled ? compile(train) : train;
  return { step: () => step(x, y).item() };
}
