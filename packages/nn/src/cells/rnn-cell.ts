import { outOfRange } from "@scope/autodiff/checks";
import { add, matmul, relu, type Tensor, tanh } from "@scope/autodiff/functions";
import type { PreparedSteps } from "./cell.js";
import { affine, type CellOptions, GatedCell } from "./gated-weights.js";
import { hiddenOf } from "./state-tree.js";

/** The state of {@link RNNCell} and {@link RNN}. */
export interface RNNState {
  /** Hidden state: `[batch, hidden]` of a cell, `[layers·directions, batch, hidden]` of a layer. */
  readonly h: Tensor;
}

/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  /** What the sum passes through (`"tanh"`). */
  readonly nonlinearity?: "tanh" | "relu";
}

/** One step of an Elman network.
 * h' = tanh(x W + b + d + h U), or relu of it
 * @source doi:10.1207/s15516709cog1402_1; torch.nn.RNNCell
 * @example
 * const cell = new RNNCell(3, 4)
 * cell.step(zeros([2, 3]), cell.initialState(2)).h.shape // => [2, 4]
 */
export class RNNCell extends GatedCell<RNNState> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "RNNCell";
  }

  readonly nonlinearity: "tanh" | "relu";

  /** @param inputSize - features of the input
   * @param hiddenSize - features of the state
   * @param options - `nonlinearity` ("tanh"), `bias` (true), `dtype` ("float32"), `random` or `seed`
   * @throws {@link ValueError} if a size is not a whole number ≥ 1, or the nonlinearity is unknown */
  constructor(inputSize: number, hiddenSize: number, options?: RNNCellOptions) {
    super(["hidden"], inputSize, hiddenSize, options, ["nonlinearity"]);
    this.nonlinearity = options?.nonlinearity ?? "tanh";
    if (this.nonlinearity !== "tanh" && this.nonlinearity !== "relu")
      throw outOfRange("RNNCell", "nonlinearity", this.nonlinearity, '"tanh" or "relu"');
  }

  /** Zeros. */
  initialState(batchSize: number): RNNState {
    return { h: this.zeroState(batchSize) };
  }

  override prepare(xs: Tensor): PreparedSteps<RNNState> {
    const { W, U, b, d } = this.weights(xs);
    const squash = this.nonlinearity === "tanh" ? tanh : relu;
    const step = (wx: Tensor, { h }: RNNState): RNNState => ({ h: squash(add(wx, matmul(h, U))) });
    return [affine(xs, W, b, d), step];
  }

  /** The hidden state. */
  output(state: RNNState): Tensor {
    return hiddenOf("RNNCell.output", state);
  }
}
