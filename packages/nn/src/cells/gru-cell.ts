import { add, matmul, mul, sigmoid, sub, type Tensor, tanh } from "@scope/autodiff/functions";
import type { PreparedSteps } from "./cell.js";
import { type CellOptions, GatedCell, gates, transposed } from "./gated-weights.js";

/** The state of {@link GRUCell} and {@link GRU}. */
export interface GRUState {
  /** Hidden state: `[batch, hidden]` of a cell, `[layers·directions, batch, hidden]` of a layer. */
  readonly h: Tensor;
}

/** One step of a gated recurrent unit; the reset gate acts after the matmul.
 * r, z = σ(W x + b + U h + d); n = tanh(W x + b + r ∘ (U h + d)); h' = (1 − z) ∘ n + z ∘ h
 * @source arXiv:1406.1078; gate order r, z, n as in torch.nn.GRUCell
 * @example
 * const cell = new GRUCell(3, 4)
 * cell.step(zeros([2, 3]), cell.initialState(2)).h.shape // => [2, 4]
 */
export class GRUCell extends GatedCell<GRUState> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "GRUCell";
  }

  /** @param inputSize - features of the input
   * @param hiddenSize - features of the state
   * @param options - `bias` (true), `dtype` ("float32"), `random` or `seed`
   * @throws {@link ValueError} if a size is not a whole number ≥ 1 */
  constructor(inputSize: number, hiddenSize: number, options?: CellOptions) {
    super(3, inputSize, hiddenSize, options);
  }

  /** Zeros. */
  initialState(batchSize: number): GRUState {
    return { h: this.zeroState(batchSize) };
  }

  override prepare(xs: Tensor): PreparedSteps<GRUState> {
    const recurrent = transposed(this.weightHh.value);
    const bias = this.biasHh?.value ?? null;
    const step = (input: Tensor, { h }: GRUState): GRUState => {
      const product = matmul(h, recurrent);
      const [rx, zx, nx] = gates(input, 3);
      const [rh, zh, nh] = gates(bias === null ? product : add(product, bias), 3);
      const z = sigmoid(add(zx, zh));
      const n = tanh(add(nx, mul(sigmoid(add(rx, rh)), nh)));
      // (1 − z) ∘ n + z ∘ h with one product
      return { h: add(n, mul(z, sub(h, n))) };
    };
    return [this.fromInput(xs, this.biasIh?.value ?? null), step];
  }

  /** The hidden state. */
  output({ h }: GRUState): Tensor {
    return h;
  }
}
