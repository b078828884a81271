import { add, at, mul, type Random, reshape, type Tensor } from "@scope/autodiff";
import { GRU, Linear, LSTM, Module, Normalizer, RNN } from "@scope/nn";
import { featureCount } from "./weather-data.js";

/** The recurrent layers that are compared. */
export const cellNames = ["rnn", "lstm", "gru"] as const;
export type CellName = (typeof cellNames)[number];

/** A recurrent layer by its name. */
export function makeLayer(
  cell: CellName,
  inputSize: number,
  hiddenSize: number,
  random: Random,
): RNN | LSTM | GRU {
  switch (cell) {
    case "rnn":
      return new RNN(inputSize, hiddenSize, { random });
    case "lstm":
      return new LSTM(inputSize, hiddenSize, { random });
    case "gru":
      return new GRU(inputSize, hiddenSize, { random });
  }
}

/** Runs a layer over a batch of sequences and gives its outputs, whichever it is. */
export const outputsOf = (layer: RNN | LSTM | GRU, xs: Tensor): Tensor =>
  layer instanceof LSTM
    ? layer.forward(xs)[0]
    : layer instanceof GRU
      ? layer.forward(xs)[0]
      : layer.forward(xs)[0];

/** Forecasts tomorrow's highest temperature from the days before: it predicts the change from today, in units of the usual change. Both
 * normalisations are part of the model, and are saved with it. */
export class Forecaster extends Module {
  readonly inputs = new Normalizer(featureCount);
  readonly change = new Normalizer(1);
  readonly recurrent: RNN | LSTM | GRU;
  readonly head: Linear;

  constructor(cell: CellName, hiddenSize: number, random: Random) {
    super();
    this.recurrent = makeLayer(cell, featureCount, hiddenSize, random);
    this.head = new Linear(hiddenSize, 1, { random });
  }

  /** @param days - `[batch, days, 6]`; returns °C, `[batch]` */
  forward(days: Tensor): Tensor {
    return this.fromOutputs(days, outputsOf(this.recurrent, this.inputs.forward(days)));
  }

  /** The forecast, given what the recurrent layer made of the days. */
  fromOutputs(days: Tensor, outputs: Tensor): Tensor {
    const last = at(outputs, -1, { axis: 1 });
    const today = at(at(days, -1, { axis: 1 }), 0, { axis: 1 });
    const change = mul(reshape(this.head.forward(last), today.shape), at(this.change.deviation.value, 0));
    return add(today, change);
  }
}
