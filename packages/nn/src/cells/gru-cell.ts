import { add, mul, sigmoid, sub, type Tensor, tanh } from "@scope/autodiff/functions";
import type { PreparedSteps } from "./cell.js";
import { affine, type CellOptions, GatedCell } from "./gated-weights.js";
import { hiddenOf } from "./state-tree.js";

/** The state of {@link GRUCell} and {@link GRU}. */
export interface GRUState {
  /** Hidden state: `[batch, hidden]` of a cell, `[layers·directions, batch, hidden]` of a layer. */
  readonly h: Tensor;
}

/** One step of a gated recurrent unit; the reset gate acts after the matmul.
 * r, z = σ(x W + b + h U + d); n = tanh(x W + b + r ∘ (h U + d)); h' = (1 − z) ∘ n + z ∘ h
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
    super(["reset", "update", "new"], inputSize, hiddenSize, options);
  }

  /** Zeros. */
  initialState(batchSize: number): GRUState {
    return { h: this.zeroState(batchSize) };
  }

  override prepare(xs: Tensor): PreparedSteps<GRUState> {
    const { W, U, b, d } = this.weights(xs);
    const step = (wx: Tensor, { h }: GRUState): GRUState => {
      const [rx, zx, nx] = this.gates(wx);
      const [rh, zh, nh] = this.gates(affine(h, U, d));
      const z = sigmoid(add(zx, zh));
      const n = tanh(add(nx, mul(sigmoid(add(rx, rh)), nh)));
      // (1 − z) ∘ n + z ∘ h with one product
      return { h: add(n, mul(z, sub(h, n))) };
    };
    return [affine(xs, W, b), step];
  }

  /** The hidden state. */
  output(state: GRUState): Tensor {
    return hiddenOf("GRUCell.output", state);
  }
}
