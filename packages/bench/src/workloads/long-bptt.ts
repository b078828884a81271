import { lossAndGradients, mean, square, type Tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { RNN } from "@scope/nn";
import type { Runner } from "../child/serve.js";
import { longSizes } from "../work-data.js";
import { initialState, recurrentShapes, waveTensor } from "./arrays.js";

/** A thousand steps forward and back; nothing is updated. */
export function longBptt(compiled: boolean): Runner {
  const { input, hidden, batch, time } = longSizes;
  const rnn = new RNN(input, hidden, { timeFirst: true });
  rnn.loadStateDict(initialState(recurrentShapes("", 1, input, hidden)));
  const parameters = rnn.parameters();
  const backward = (xs: Tensor): [loss: Tensor, gradients: readonly Tensor[]] =>
    lossAndGradients(() => {
      const [, { h }] = rnn.forward(xs);
      return mean(square(h));
    }, parameters);
  const run = compiled ? compile(backward) : backward;
  const xs = waveTensor([time, batch, input]);
  return { step: () => run(xs)[0].item() };
}
