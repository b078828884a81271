import type { Random, Tensor } from "@scope/autodiff";
import {
  Embedding,
  type GRU,
  Linear,
  LSTM,
  type LSTMState,
  Module,
  type RNN,
  type RNNState,
} from "@scope/nn";
import { type CellName, makeLayer } from "../weather/forecaster.js";

/** The state of any of the three layers: `c` is there in an LSTM only. */
export type TextState = RNNState | LSTMState;

/** Predicts the next character: embedding, recurrent layer, scores. */
export class CharModel extends Module {
  readonly embedding: Embedding;
  readonly recurrent: RNN | LSTM | GRU;
  readonly head: Linear;

  constructor(cell: CellName, characters: number, hiddenSize: number, random: Random) {
    super();
    this.embedding = new Embedding(characters, hiddenSize, { random });
    this.recurrent = makeLayer(cell, hiddenSize, hiddenSize, random);
    this.head = new Linear(hiddenSize, characters, { random });
  }

  initialState(batchSize: number): TextState {
    return this.recurrent.initialState(batchSize);
  }

  /** @param ids - `[batch, time]`, int32; returns scores `[batch, time, characters]` and the last state */
  forward(ids: Tensor, state: TextState): [scores: Tensor, state: TextState] {
    const xs = this.embedding.forward(ids);
    const [outputs, next] =
      this.recurrent instanceof LSTM
        ? this.recurrent.forward(xs, lstmState(state))
        : this.recurrent.forward(xs, state);
    return [this.head.forward(outputs), next];
  }

  /** One character: `[batch]`, int32; returns scores `[batch, characters]` and the next state. */
  step(ids: Tensor, state: TextState): [scores: Tensor, state: TextState] {
    const x = this.embedding.forward(ids);
    const [output, next] =
      this.recurrent instanceof LSTM
        ? this.recurrent.step(x, lstmState(state))
        : this.recurrent.step(x, state);
    return [this.head.forward(output), next];
  }
}

function lstmState(state: TextState): LSTMState {
  if (!("c" in state)) throw new Error("an LSTM was given a state without c");
  return state;
}
