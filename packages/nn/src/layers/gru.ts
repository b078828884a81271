import { GRUCell, type GRUState } from "../cells/gru-cell.js";
import { RecurrentStack, type StackOptions } from "./recurrent-stack.js";

/** Options of {@link GRU}. */
export interface GRUOptions extends StackOptions {}

/** A gated recurrent unit over whole sequences; the reset gate acts after the matmul.
 * r, z = σ(W xₜ + b + U hₜ₋₁ + d); n = tanh(W xₜ + b + r ∘ (U hₜ₋₁ + d)); hₜ = (1 − z) ∘ n + z ∘ hₜ₋₁; every parameter is drawn uniformly from ±1/√hidden
 * @source arXiv:1406.1078; torch.nn.GRU, whose names its state dict has (`weight_ih_l0`, …)
 * @example
 * const gru = new GRU(3, 4, { bidirectional: true })
 * const [ys, { h }] = gru.forward(zeros([8, 5, 3]))
 * ys.shape // => [8, 5, 8]
 * h.shape // => [2, 8, 4]
 */
export class GRU extends RecurrentStack<GRUState> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "GRU";
  }

  /** @param inputSize - features of the input
   * @param hiddenSize - features of the state, and of each direction's output
   * @param options - `layers` (1), `bidirectional` (false), `dropout` (0), `bias` (true), `timeFirst` (false), `dtype` ("float32"), `random` or `seed`
   * @throws {@link ValueError} if an option is out of range */
  constructor(inputSize: number, hiddenSize: number, options?: GRUOptions) {
    super(inputSize, hiddenSize, options, (size, shared) => new GRUCell(size, hiddenSize, shared));
  }
}
