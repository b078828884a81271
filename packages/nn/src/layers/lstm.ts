import { LSTMCell, type LSTMCellOptions, type LSTMState } from "../cells/lstm-cell.js";
import { RecurrentStack, type StackOptions } from "./recurrent-stack.js";

/** Options of {@link LSTM}. */
export interface LSTMOptions extends StackOptions, LSTMCellOptions {}

/** Long short-term memory over whole sequences.
 * i, f, o = σ(W xₜ + b + U hₜ₋₁ + d), g = tanh(…); cₜ = f ∘ cₜ₋₁ + i ∘ g; hₜ = o ∘ tanh(cₜ); every parameter is drawn uniformly from ±1/√hidden
 * @source doi:10.1162/neco.1997.9.8.1735 with forget gates; torch.nn.LSTM, whose names its state dict has (`weight_ih_l0`, …)
 * @example
 * const lstm = new LSTM(3, 4)
 * const [ys, state] = lstm.forward(zeros([8, 5, 3]))
 * ys.shape // => [8, 5, 4]
 * state.c.shape // => [1, 8, 4]
 * lstm.namedParameters().map(([name]) => name) // => ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
 */
export class LSTM extends RecurrentStack<LSTMState> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "LSTM";
  }

  /** @param inputSize - features of the input
   * @param hiddenSize - features of the state, and of each direction's output
   * @param options - `forgetBias`, `layers` (1), `bidirectional` (false), `dropout` (0), `bias` (true), `timeFirst` (false), `dtype` ("float32"),
   * `random` or `seed`
   * @throws {@link ValueError} if an option is out of range */
  constructor(inputSize: number, hiddenSize: number, options?: LSTMOptions) {
    super(
      inputSize,
      hiddenSize,
      options,
      (size, shared) => new LSTMCell(size, hiddenSize, { ...shared, forgetBias: options?.forgetBias }),
      ["forgetBias"],
    );
  }
}
