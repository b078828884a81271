import { lossAndGradients, type Tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { Adam, clipByGlobalNorm, crossEntropy, Linear, LSTM, Module } from "@scope/nn";
import { ids, targetStride, wave } from "../work-data.js";
import { shaped } from "./arrays.js";

const sizes = { input: 4, hidden: 8, classes: 4, batch: 2, time: 5 } as const;

class SmallModel extends Module {
  readonly lstm = new LSTM(sizes.input, sizes.hidden);
  readonly head = new Linear(sizes.hidden, sizes.classes);

  /** `x` `[B, T, input]`; logits `[B, T, classes]`. */
  forward(x: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(x)[0]);
  }
}

/** A training step of an LSTM so small that its bookkeeping is all there is to see: each call makes a batch of its
 * own, as a loader would, and nothing is disposed of. */
export function smallLstm(compiled: boolean): () => Tensor {
  const { input, classes, batch, time } = sizes;
  const model = new SmallModel();
  const parameters = model.parameters();
  const optimizer = new Adam(parameters);
  const train = (x: Tensor, y: Tensor): Tensor => {
    const [loss, gradients] = lossAndGradients(() => crossEntropy(model.forward(x), y), parameters);
    optimizer.step(clipByGlobalNorm(gradients, 1));
    return loss;
  };
  const step = compiled ? compile(train) : train;
  return () =>
    step(
      shaped(wave(batch * time * input), [batch, time, input]),
      shaped(ids(batch * time, targetStride, classes), [batch, time]),
    );
}
