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
import { ModuleError } from "../errors.js";
import { type DrawOptions, drawOf, uniform } from "../initializers/random-laws.js";
import { Parameter } from "../modules/parameter.js";
import { checkCount, checkDraw, checkFeatures, classOf } from "../option-checks.js";
import { Cell, type PreparedSteps } from "./cell.js";
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

/** The weights as a step multiplies by them, read once for a whole sequence. */
export interface GateWeights {
  /** `[I, gates·H]`: what an input is multiplied by, from the right. */
  readonly W: Tensor;
  /** `[H, gates·H]`: what a state is multiplied by, from the right. */
  readonly U: Tensor;
  /** `bias_ih`, `[gates·H]`; null without bias. */
  readonly b: Tensor | null;
  /** `bias_hh`, `[gates·H]`; null without bias. */
  readonly d: Tensor | null;
}

/** What the three classic cells share: weights for input and state of all gates side by side, under PyTorch's names. A cell of one's own
 * says in `prepare` what becomes of them.
 * `weight_ih` `[gates·H, I]`, `weight_hh` `[gates·H, H]`, `bias_ih` and `bias_hh` `[gates·H]`, all drawn uniformly from ±1/√H.
 * @example
 * const cell = new LSTMCell(3, 5)
 * cell instanceof GatedCell // => true
 * cell.namedParameters().map(([name, { shape }]) => `${name} ${shape}`) // => ["weight_ih 20,3", "weight_hh 20,5", "bias_ih 20", "bias_hh 20"]
 */
export abstract class GatedCell<State extends object> extends Cell<State> {
  /** What the gates are called, in the order in which they stand in the weights. */
  readonly gateNames: readonly string[];
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

  /** @param gates - the names of the gates, or how many there are: gate 0, gate 1, …
   * @param inputSize - features of the input
   * @param hiddenSize - features of the state
   * @param options - `bias` (true), `dtype` ("float32"), `random` or `seed`
   * @param ownOptions - names of options that the subclass has beside them
   * @throws {@link ValueError} if a size is not a whole number ≥ 1; {@link ModuleError} if the class does not say how it steps */
  constructor(
    gates: number | readonly string[],
    inputSize: number,
    hiddenSize: number,
    options?: CellOptions,
    ownOptions: readonly string[] = [],
  ) {
    super();
    const op = new.target.name;
    checkDraw(op, options, ["bias", ...ownOptions]);
    if (typeof gates === "number") checkCount(op, "gates", gates, 1, 2 ** 16);
    if (this.prepare === Cell.prototype.prepare && this.step === GatedCell.prototype.step)
      throw noStepOfItsOwn(op);
    checkCount(op, "inputSize", inputSize);
    checkCount(op, "hiddenSize", hiddenSize);
    const bound = 1 / Math.sqrt(hiddenSize);
    const law = { ...drawOf(options), low: -bound, high: bound };
    const drawn = (shape: readonly number[]): Parameter => new Parameter(uniform(shape, law));
    const bias = options?.bias ?? true;
    this.gateNames =
      typeof gates === "number" ? Array.from({ length: gates }, (_, k) => `gate ${k}`) : [...gates];
    const width = this.gateNames.length * hiddenSize;
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.weightIh = drawn([width, inputSize]);
    this.weightHh = drawn([width, hiddenSize]);
    this.biasIh = bias ? drawn([width]) : null;
    this.biasHh = bias ? drawn([width]) : null;
  }

  /** The dtype of weights and states. */
  get dtype(): DType {
    return this.weightIh.dtype;
  }

  protected override nameInState(path: string): string {
    return namesInState[path] ?? path;
  }

  abstract override prepare(xs: Tensor): PreparedSteps<State>;

  /** The weights, for inputs `[..., inputSize]`.
   * @throws {@link ShapeError} if the inputs do not fit */
  protected weights(xs: Tensor): GateWeights {
    checkFeatures(classOf(this), xs, this.inputSize);
    return {
      W: transposed(this.weightIh.value),
      U: transposed(this.weightHh.value),
      b: this.biasIh?.value ?? null,
      d: this.biasHh?.value ?? null,
    };
  }

  /** The gates that stand side by side on the last axis: one tensor `[..., H]` for each. */
  protected gates(all: Tensor): readonly Tensor[] {
    const shape = [...all.shape.slice(0, -1), this.gateNames.length, this.hiddenSize];
    return unstack(reshape(all, shape), { axis: -2 });
  }

  /** Zeros `[batchSize, H]`. */
  protected zeroState(batchSize: number): Tensor {
    checkCount(`${classOf(this)}.initialState`, "batchSize", batchSize, 0);
    return zeros([batchSize, this.hiddenSize], { dtype: this.dtype });
  }

  /** One step of a single input: what a layer does at every time.
   * @param x - `[batch, inputSize]`
   * @param state - the state before; see the class
   * @throws {@link ShapeError} if input or state do not fit the cell */
  step(x: Tensor, state: State): State {
    const op = classOf(this);
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

/** `x W + b + d`; biases that are null are left out, and both are added to each other first: they are small. */
export function affine(x: Tensor, W: Tensor, b: Tensor | null, d: Tensor | null = null): Tensor {
  const bias = b === null || d === null ? (b ?? d) : add(b, d);
  return bias === null ? matmul(x, W) : add(matmul(x, W), bias);
}

/** A matrix with its axes exchanged. */
export const transposed = (matrix: Tensor): Tensor => permute(matrix, [1, 0]);

const noStepOfItsOwn = (op: string): ModuleError =>
  new ModuleError({
    code: "module/gated-cell",
    op,
    problem: "the cell does not say how it steps.",
    got: `a ${op} with neither prepare nor step`,
    expected: "a GatedCell that overrides prepare(xs), or step(x, state)",
    mend: "prepare(xs) { const { W, U, b, d } = this.weights(xs); return [xs.matmul(W), (wx, state) => …]; }",
  });
