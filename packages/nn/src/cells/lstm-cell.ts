import { checkNumber, outOfRange } from "@scope/autodiff/checks";
import {
  add,
  concat,
  full,
  matmul,
  mul,
  sigmoid,
  slice,
  type Tensor,
  tanh,
  zeros,
} from "@scope/autodiff/functions";
import type { Parameter } from "../modules/parameter.js";
import type { PreparedSteps } from "./cell.js";
import { affine, type CellOptions, GatedCell } from "./gated-weights.js";
import { hiddenOf } from "./state-tree.js";

/** The state of {@link LSTMCell} and {@link LSTM}. */
export interface LSTMState {
  /** Hidden state: `[batch, hidden]` of a cell, `[layers·directions, batch, hidden]` of a layer. */
  readonly h: Tensor;
  /** Cell state, in the same shape. */
  readonly c: Tensor;
}

/** Options of {@link LSTMCell}. */
export interface LSTMCellOptions extends CellOptions {
  /** What the forget gate's two biases add up to at the start; 1 or 2 helps long memories. Drawn like the others if left out. */
  readonly forgetBias?: number;
}

/** One step of long short-term memory, without peepholes.
 * i, f, o = σ(x W + b + d + h U), g = tanh(x W + b + d + h U); c' = f ∘ c + i ∘ g; h' = o ∘ tanh(c')
 * @source doi:10.1162/neco.1997.9.8.1735 with forget gates; gate order i, f, g, o as in torch.nn.LSTMCell
 * @example
 * const cell = new LSTMCell(3, 4)
 * cell.step(zeros([2, 3]), cell.initialState(2)).c.shape // => [2, 4]
 */
export class LSTMCell extends GatedCell<LSTMState> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "LSTMCell";
  }

  /** @param inputSize - features of the input
   * @param hiddenSize - features of the state
   * @param options - `forgetBias`, `bias` (true), `dtype` ("float32"), `random` or `seed`
   * @throws {@link ValueError} if a size is not a whole number ≥ 1, or `forgetBias` is not finite */
  constructor(inputSize: number, hiddenSize: number, options?: LSTMCellOptions) {
    super(["input", "forget", "cell", "output"], inputSize, hiddenSize, options, ["forgetBias"]);
    const forgetBias = options?.forgetBias;
    if (forgetBias === undefined) return;
    checkNumber("LSTMCell", "forgetBias", forgetBias, -Number.MAX_VALUE);
    if (this.biasIh === null || this.biasHh === null)
      throw outOfRange("LSTMCell", "forgetBias", forgetBias, "no forgetBias where bias is false");
    this.setForgetGate(this.biasIh, full([hiddenSize], forgetBias, { dtype: this.dtype }));
    this.setForgetGate(this.biasHh, zeros([hiddenSize], { dtype: this.dtype }));
  }

  private setForgetGate(bias: Parameter, forget: Tensor): void {
    const size = this.hiddenSize;
    const now = bias.value;
    bias.value = concat([slice(now, [[0, size]]), forget, slice(now, [[2 * size, 4 * size]])]);
  }

  /** Zeros. */
  initialState(batchSize: number): LSTMState {
    return { h: this.zeroState(batchSize), c: this.zeroState(batchSize) };
  }

  override prepare(xs: Tensor): PreparedSteps<LSTMState> {
    const { W, U, b, d } = this.weights(xs);
    const step = (wx: Tensor, { h, c }: LSTMState): LSTMState => {
      const [i, f, g, o] = this.gates(add(wx, matmul(h, U)));
      const kept = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
      return { h: mul(sigmoid(o), tanh(kept)), c: kept };
    };
    return [affine(xs, W, b, d), step];
  }

  /** The hidden state. */
  output(state: LSTMState): Tensor {
    return hiddenOf("LSTMCell.output", state);
  }
}
