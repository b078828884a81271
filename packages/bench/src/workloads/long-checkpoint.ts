import {
  checkpoint,
  lossAndGradients,
  mean,
  reshape,
  scan,
  square,
  type Tensor,
  zeros,
} from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { RNN } from "@scope/nn";
import type { Runner } from "../child/serve.js";
import { longSizes } from "../work-data.js";
import { initialState, recurrentShapes, waveTensor } from "./arrays.js";

/** long-bptt over `chunks · chunkLength` steps, compiled; each chunk keeps its first state only and is run again on
 * the way back. */
export function longCheckpoint(chunks: number, chunkLength: number): Runner {
  const { input, hidden, batch } = longSizes;
  const rnn = new RNN(input, hidden, { timeFirst: true });
  rnn.loadStateDict(initialState(recurrentShapes("", 1, input, hidden)));
  const overChunk = checkpoint((h: Tensor, xs: Tensor): Tensor => rnn.forward(xs, { h })[1].h);
  const run = compile((xs: Tensor): [loss: Tensor, gradients: readonly Tensor[]] =>
    lossAndGradients(() => {
      const start = zeros([1, batch, hidden]);
      const split = reshape(xs, [chunks, chunkLength, batch, input]);
      const [last] = scan((h: Tensor, chunk: Tensor) => [overChunk(h, chunk), null] as const, start, split);
      return mean(square(last));
    }, rnn.parameters()),
  );
  const xs = waveTensor([chunks * chunkLength, batch, input]);
  return { step: () => run(xs)[0].item() };
}
