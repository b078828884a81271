import { RNNCell, type RNNCellOptions, type RNNState } from "../cells/rnn-cell.js";
import { RecurrentStack, type StackOptions } from "./recurrent-stack.js";

/** Options of {@link RNN}. */
export interface RNNOptions extends StackOptions, RNNCellOptions {}

/** An Elman network over whole sequences.
 * hₜ = tanh(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh), or relu of it; every parameter is drawn uniformly from ±1/√hidden
 * @source doi:10.1207/s15516709cog1402_1; torch.nn.RNN, whose names its state dict has (`weight_ih_l0`, …)
 * @example
 * const rnn = new RNN(3, 4, { layers: 2 })
 * const [ys, { h }] = rnn.forward(zeros([8, 5, 3]))
 * ys.shape // => [8, 5, 4]
 * h.shape // => [2, 8, 4]
 */
export class RNN extends RecurrentStack<RNNState> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "RNN";
  }

  /** @param inputSize - features of the input
   * @param hiddenSize - features of the state, and of each direction's output
   * @param options - `nonlinearity` ("tanh"), `layers` (1), `bidirectional` (false), `dropout` (0), `bias` (true), `timeFirst` (false), `dtype`
   * ("float32"), `random` or `seed`
   * @throws {@link ValueError} if an option is out of range */
  constructor(inputSize: number, hiddenSize: number, options?: RNNOptions) {
    super(
      inputSize,
      hiddenSize,
      options,
      (size, shared) => new RNNCell(size, hiddenSize, { ...shared, nonlinearity: options?.nonlinearity }),
      ["nonlinearity"],
    );
  }
}
