// Layers multiply matrices eagerly, too, and a browser gets fast products only from this entry.
import "@scope/autodiff/accelerate";
import {
  add,
  type DType,
  matmul,
  permute,
  reshape,
  type Tensor,
  unstack,
  zeros,
} from "@scope/autodiff/functions";
import { type DrawOptions, drawOf, uniform } from "../initializers/random-laws.js";
import { Parameter } from "../modules/parameter.js";
import { checkCount, checkDraw, checkFeatures } from "../option-checks.js";
import { Cell } from "./cell.js";
import { checkLeaf, mapStates } from "./state-tree.js";

/** Options of cells and recurrent layers. */
export interface CellOptions extends DrawOptions {
  /** Whether there are bias vectors (true). */
  readonly bias?: boolean;
}

const namesInState: { readonly [property: string]: string } = {
  weightIh: "weight_ih",
  weightHh: "weight_hh",
  biasIh: "bias_ih",
  biasHh: "bias_hh",
};

/** What the three classic cells share: weights for input and state of all gates side by side, under PyTorch's names.
 * `weight_ih` `[gates·H, I]`, `weight_hh` `[gates·H, H]`, `bias_ih` and `bias_hh` `[gates·H]`, all drawn uniformly from ±1/√H.
 * @example
 * const cell = new LSTMCell(3, 5)
 * cell instanceof GatedCell // => true
 * cell.namedParameters().map(([name, { shape }]) => `${name} ${shape}`) // => ["weight_ih 20,3", "weight_hh 20,5", "bias_ih 20", "bias_hh 20"]
 */
export abstract class GatedCell<State extends object> extends Cell<State> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** `[gates·H, I]`, `weight_ih` in the state dict. */
  readonly weightIh: Parameter;
  /** `[gates·H, H]`, `weight_hh` in the state dict. */
  readonly weightHh: Parameter;
  /** `[gates·H]`, `bias_ih` in the state dict; null without bias. */
  readonly biasIh: Parameter | null;
  /** `[gates·H]`, `bias_hh` in the state dict; null without bias. */
  readonly biasHh: Parameter | null;

  constructor(
    gates: number,
    inputSize: number,
    hiddenSize: number,
    options?: CellOptions,
    ownOptions: readonly string[] = [],
  ) {
    super();
    const op = new.target.name;
    checkDraw(op, options, ["bias", ...ownOptions]);
    checkCount(op, "inputSize", inputSize);
    checkCount(op, "hiddenSize", hiddenSize);
    const bound = 1 / Math.sqrt(hiddenSize);
    const law = { ...drawOf(options), low: -bound, high: bound };
    const drawn = (shape: readonly number[]): Parameter => new Parameter(uniform(shape, law));
    const bias = options?.bias ?? true;
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.weightIh = drawn([gates * hiddenSize, inputSize]);
    this.weightHh = drawn([gates * hiddenSize, hiddenSize]);
    this.biasIh = bias ? drawn([gates * hiddenSize]) : null;
    this.biasHh = bias ? drawn([gates * hiddenSize]) : null;
  }

  /** The dtype of weights and states. */
  get dtype(): DType {
    return this.weightIh.dtype;
  }

  protected override nameInState(path: string): string {
    return namesInState[path] ?? path;
  }

  /** What the gates get from the input: `xs·W_ihᵀ + b`, for any leading axes. */
  protected fromInput(xs: Tensor, bias: Tensor | null): Tensor {
    checkFeatures(this.constructor.name, xs, this.inputSize);
    const product = matmul(xs, transposed(this.weightIh.value));
    return bias === null ? product : add(product, bias);
  }

  /** Both biases, where they may be added at once. */
  protected bothBiases(): Tensor | null {
    return this.biasIh === null || this.biasHh === null ? null : add(this.biasIh, this.biasHh);
  }

  /** Zeros `[batchSize, H]`. */
  protected zeroState(batchSize: number): Tensor {
    checkCount(`${this.constructor.name}.initialState`, "batchSize", batchSize, 0);
    return zeros([batchSize, this.hiddenSize], { dtype: this.dtype });
  }

  /** One step of a single input: what a layer does at every time.
   * @param x - `[batch, inputSize]`
   * @param state - the state before; see the class
   * @throws {@link ShapeError} if input or state do not fit the cell */
  step(x: Tensor, state: State): State {
    const op = this.constructor.name;
    checkFeatures(op, x, this.inputSize, { least: 2, most: 2 });
    const shape = [x.shape[0], this.hiddenSize];
    mapStates(
      [state],
      ([leaf], path) => {
        checkLeaf(op, path, leaf, shape);
        return leaf;
      },
      op,
    );
    const [input, step] = this.prepare(x);
    return step(input, state);
  }
}

/** The gates that stand side by side on the last axis: `count` tensors `[batch, hidden]`. */
export const gates = (both: Tensor, count: number): readonly Tensor[] =>
  unstack(reshape(both, [...both.shape.slice(0, -1), count, -1]), { axis: -2 });

/** A matrix with its axes exchanged. */
export const transposed = (matrix: Tensor): Tensor => permute(matrix, [1, 0]);
