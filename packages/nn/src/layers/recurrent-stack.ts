import { at, Random, stack, type Tensor } from "@scope/autodiff/functions";
import type { CellOptions, GatedCell } from "../cells/gated-weights.js";
import { mapStates, misfit } from "../cells/state-tree.js";
import { ownRandom } from "../initializers/random-laws.js";
import { Module } from "../modules/module.js";
import {
  checkCount,
  checkDraw,
  checkFeatures,
  checkNumber,
  checkPrecision,
  classOf,
} from "../option-checks.js";
import { namesOfCells, noSteps, runLayers, stepLayers } from "./cell-layers.js";
import { Dropout } from "./dropout.js";
import {
  checkedTaps,
  checkSequence,
  checkState,
  type SequenceOptions,
  swapBatchAndTime,
  validSteps,
} from "./over-time.js";

/** Options of {@link RNN}, {@link LSTM} and {@link GRU}. */
export interface StackOptions extends CellOptions {
  /** Layers on top of each other (1). */
  readonly layers?: number;
  /** Whether each layer also reads the sequence from its end; outputs of both directions stand side by side (false). */
  readonly bidirectional?: boolean;
  /** Rate of dropout between layers, while training (0). */
  readonly dropout?: number;
  /** Whether time is the first axis of input and output (false: batch is). */
  readonly timeFirst?: boolean;
}

/** What RNN, LSTM and GRU share: cells of several layers and directions, under PyTorch's names.
 * Each leaf of a state is `[layers·directions, batch, hidden]`, layer by layer, forwards before backwards.
 * @example
 * const gru = new GRU(3, 4, { layers: 2 })
 * gru instanceof RecurrentStack // => true
 * gru.initialState(5).h.shape // => [2, 5, 4]
 */
export abstract class RecurrentStack<State extends object> extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly timeFirst: boolean;
  /** Layer by layer, forwards before backwards. */
  readonly cells: readonly GatedCell<State>[];
  /** Between layers; null where the rate is 0. */
  readonly dropout: Dropout | null;

  constructor(
    inputSize: number,
    hiddenSize: number,
    options: StackOptions | undefined,
    makeCell: (inputSize: number, options: CellOptions) => GatedCell<State>,
    ownOptions: readonly string[] = [],
  ) {
    super();
    const op = new.target.name;
    checkDraw(op, options, ["layers", "bidirectional", "dropout", "bias", "timeFirst", ...ownOptions]);
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.layers = options?.layers ?? 1;
    this.bidirectional = options?.bidirectional ?? false;
    this.timeFirst = options?.timeFirst ?? false;
    checkCount(op, "inputSize", inputSize);
    checkCount(op, "hiddenSize", hiddenSize);
    checkCount(op, "layers", this.layers, 1, 2 ** 16);
    const rate = options?.dropout ?? 0;
    checkNumber(op, "dropout", rate, 0, 1, true);
    const directions = this.bidirectional ? 2 : 1;
    // One generator for all cells: a seed for each would give them the same weights.
    const seed = options?.seed;
    const random = options?.random ?? (seed === undefined ? undefined : new Random(seed));
    const shared = { bias: options?.bias, dtype: options?.dtype, random };
    this.cells = Array.from({ length: this.layers * directions }, (_, k) =>
      makeCell(k < directions ? inputSize : hiddenSize * directions, shared),
    );
    this.dropout = rate === 0 || this.layers === 1 ? null : new Dropout(rate, { random: ownRandom(options) });
  }

  protected override nameInState(path: string): string {
    const cell = /^cells\.(\d+)\.(.*)$/.exec(path);
    return cell === null ? path : `${cell[2]}_${this.cellNames[Number(cell[1])]}`;
  }

  /** What the cells are called: `l0`, `l0_reverse`, `l1`, …. */
  get cellNames(): readonly string[] {
    return namesOfCells(this.cells.length, this.bidirectional);
  }

  /** Zeros; each leaf is `[layers·directions, batch, hidden]`. */
  initialState(batchSize: number): State {
    return stackStates(this.cells.map((cell) => cell.initialState(batchSize)));
  }

  /** Runs the layers over whole sequences.
   * @param xs - `[batch, time, inputSize]`, or `[time, batch, inputSize]` with `timeFirst`
   * @param state - the state before the first step, leaves `[layers·directions, batch, hidden]`; zeros if left out
   * @param options - `lengths`: valid steps of each sequence; `taps`: what is added to the states
   * @returns outputs of the last layer in the layout of `xs`, `hidden·directions` features (0 after a sequence's length), and the state of
   * every layer after each sequence's last valid step (backwards: after its first)
   * @throws {@link ShapeError} if input, state or lengths do not fit */
  forward(xs: Tensor, state?: State, options?: SequenceOptions<State>): [outputs: Tensor, state: State] {
    const op = classOf(this);
    checkSequence(op, xs, this.timeFirst, 3);
    checkFeatures(op, xs, this.inputSize);
    checkPrecision(op, xs, this.cells[0].dtype);
    const inTime = this.timeFirst ? xs : swapBatchAndTime(xs);
    const [time, batch] = inTime.shape;
    const starts = this.cells.map((cell) => cell.initialState(batch));
    const valid = validSteps(op, options, time, batch);
    const taps = checkedTaps(op, options, starts, time);
    if (state !== undefined) this.splitState(op, state, starts);
    const [outputs, last] = runLayers(this, inTime, starts, valid, taps);
    return [this.timeFirst ? outputs : swapBatchAndTime(outputs), stackStates(last)];
  }

  /** One step, for inference as the data comes in; in evaluation the numbers are those of the whole sequence.
   * @param x - `[batch, inputSize]`
   * @param state - leaves `[layers, batch, hidden]`: `initialState(batch)`, or what the last step returned
   * @returns the output `[batch, hidden]`, and the next state
   * @throws {@link ModuleError} if the layer is bidirectional; {@link ShapeError} if input or state do not fit */
  step(x: Tensor, state: State): [output: Tensor, state: State] {
    const op = classOf(this);
    if (this.bidirectional) throw noSteps(op, "it is bidirectional, and needs the end of the sequence first");
    checkFeatures(op, x, this.inputSize, { least: 2, most: 2, timeAxis: this.timeFirst ? 0 : 1 });
    checkPrecision(op, x, this.cells[0].dtype);
    const states = this.cells.map((cell) => cell.initialState(x.shape[0]));
    this.splitState(op, state, states);
    const [output, next] = stepLayers(this, x, states);
    return [output, stackStates(next)];
  }

  /** Replaces the cells' initial states by the parts of a given state. */
  private splitState(op: string, state: State, states: State[]): void {
    const count = states.length;
    for (let k = 0; k < count; k++) {
      const part = mapStates(
        [state],
        ([leaf], path) => {
          if (leaf.rank === 3 && leaf.shape[0] === count) return at(leaf, k);
          throw misfit(
            op,
            path,
            leaf,
            `[${count}, batch, ${this.hiddenSize}]: one entry for each layer and direction`,
          );
        },
        op,
      );
      checkState(op, part, states[k]);
      states[k] = part;
    }
  }
}

const stackStates = <State>(states: readonly State[]): State => mapStates(states, (leaves) => stack(leaves));
