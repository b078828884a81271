import type { Tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { LSTM, type LSTMState } from "@scope/nn";
import type { Runner } from "../child/serve.js";
import { streamSizes } from "../work-data.js";
import { initialState, recurrentShapes, waveTensor } from "./arrays.js";

/** Online inference: one step at a time, its output read before the next. */
export function lstmStream(compiled: boolean): Runner {
  const { input, hidden, steps } = streamSizes;
  const lstm = new LSTM(input, hidden);
  lstm.loadStateDict(initialState(recurrentShapes("", 4, input, hidden)));
  const advance = (x: Tensor, state: LSTMState): [output: Tensor, state: LSTMState] => lstm.step(x, state);
  const step = compiled ? compile(advance) : advance;
  const x = waveTensor([1, input]);
  return {
    units: steps,
    step: () => {
      let state = lstm.initialState(1);
      let output: Iterable<number> = [];
      for (let t = 0; t < steps; t++) {
        const [next, nextState] = step(x, state);
        output = next.data;
        state = nextState;
      }
      let sum = 0;
      for (const value of output) sum += value;
      return sum;
    },
  };
}
