import { checkFunction } from "@scope/autodiff/checks";
import type { Tensor } from "@scope/autodiff/functions";
import type { Cell } from "../cells/cell.js";
import { outputOf } from "../cells/state-tree.js";
import { ownRandom, type SeedOptions } from "../initializers/random-laws.js";
import { Module } from "../modules/module.js";
import { checkCount, checkFeatures, checkNumber, checkOptions } from "../option-checks.js";
import { checkCell, namesOfCells, noSteps, runLayers, stepLayers } from "./cell-layers.js";
import { Dropout } from "./dropout.js";
import {
  checkedTaps,
  checkSequence,
  checkState,
  type SequenceOptions,
  swapBatchAndTime,
  validSteps,
} from "./over-time.js";

/** Options of {@link RecurrentLayers}. */
export interface LayersOptions extends SeedOptions {
  /** Layers on top of each other (1). */
  readonly layers?: number;
  /** Whether each layer also reads the sequence from its end; outputs of both directions stand side by side (false). */
  readonly bidirectional?: boolean;
  /** Rate of dropout between layers, while training (0). */
  readonly dropout?: number;
  /** Whether time is the first axis of input and output (false: batch is). */
  readonly timeFirst?: boolean;
}

/** Cells of any kind, stacked, in one or both directions: what LSTM is to LSTMCell, for a cell of one's own.
 * A state is an array with one state for each cell, layer by layer, forwards before backwards.
 * @example
 * class Leaky extends Cell<{ h: Tensor }> {
 *   readonly mix: Linear;
 *   constructor(inputSize: number) { super(); this.mix = new Linear(inputSize + 4, 4); }
 *   initialState(batchSize: number) { return { h: zeros([batchSize, 4]) }; }
 *   step(x: Tensor, { h }: { h: Tensor }) { return { h: h.add(tanh(this.mix.forward(concat([x, h], { axis: -1 })))).mul(0.5) }; }
 *   output({ h }: { h: Tensor }) { return h; }
 * }
 * const layers = new RecurrentLayers(3, (inputSize) => new Leaky(inputSize), { layers: 2, bidirectional: true })
 * const [ys, states] = layers.forward(zeros([5, 7, 3]))
 * ys.shape // => [5, 7, 8]
 * states.map(({ h }) => h.shape) // => [[5, 4], [5, 4], [5, 4], [5, 4]]
 */
export class RecurrentLayers<State extends object> extends Module {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "RecurrentLayers";
  }

  readonly inputSize: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly timeFirst: boolean;
  /** Layer by layer, forwards before backwards. */
  readonly cells: readonly Cell<State>[];
  /** Between layers; null where the rate is 0. */
  readonly dropout: Dropout | null;

  /** @param inputSize - features of the input, its last axis
   * @param makeCell - makes a cell for inputs of so many features; it is told the layer, and whether the cell reads backwards. The next layer's input is what its outputs say
   * @param options - `layers` (1), `bidirectional` (false), `dropout` (0), `timeFirst` (false), `random` or `seed` of the dropout
   * @throws {@link ModuleError} if what is made is not a cell; {@link ValueError} if an option is out of range */
  constructor(
    inputSize: number,
    makeCell: (inputSize: number, layer: number, backwards: boolean) => Cell<State>,
    options?: LayersOptions,
  ) {
    super();
    const op = "RecurrentLayers";
    checkOptions(op, options, ["layers", "bidirectional", "dropout", "timeFirst", "seed", "random"]);
    checkCount(op, "inputSize", inputSize);
    this.inputSize = inputSize;
    this.layers = options?.layers ?? 1;
    this.bidirectional = options?.bidirectional ?? false;
    this.timeFirst = options?.timeFirst ?? false;
    checkCount(op, "layers", this.layers, 1, 2 ** 16);
    const rate = options?.dropout ?? 0;
    checkNumber(op, "dropout", rate, 0, 1, true);
    checkFunction(op, "makeCell", makeCell, "new RecurrentLayers(3, (size) => new GRUCell(size, 5))");
    const cells: Cell<State>[] = [];
    let size = inputSize;
    for (let layer = 0; layer < this.layers; layer++) {
      let width = 0;
      for (const backwards of this.bidirectional ? [false, true] : [false]) {
        const cell = makeCell(size, layer, backwards);
        checkCell(op, cell);
        cells.push(cell);
        width += outputOf(cell, cell.initialState(1)).shape.at(-1) ?? 1;
      }
      size = width;
    }
    this.cells = cells;
    this.dropout = rate === 0 || this.layers === 1 ? null : new Dropout(rate, { random: ownRandom(options) });
  }

  /** What the cells are called: `l0`, `l0_reverse`, `l1`, …. */
  get cellNames(): readonly string[] {
    return namesOfCells(this.cells.length, this.bidirectional);
  }

  /** The states before the first step: each cell's own. */
  initialState(batchSize: number): State[] {
    return this.cells.map((cell) => cell.initialState(batchSize));
  }

  /** Runs the layers over whole sequences.
   * @param xs - `[batch, time, ..., inputSize]`, or `[time, batch, ..., inputSize]` with `timeFirst`
   * @param states - one for each cell, before the first step; their initial states if left out
   * @param options - `lengths`: valid steps of each sequence; `taps`: what is added to the states
   * @returns outputs of the last layer in the layout of `xs` (0 after a sequence's length), and the state of every cell after each sequence's last valid
   * step (backwards: after its first)
   * @throws {@link ShapeError} if input, states or lengths do not fit */
  forward(
    xs: Tensor,
    states?: readonly State[],
    options?: SequenceOptions<State>,
  ): [outputs: Tensor, states: State[]] {
    const op = "RecurrentLayers";
    checkSequence(op, xs, this.timeFirst);
    checkFeatures(op, xs, this.inputSize);
    const inTime = this.timeFirst ? xs : swapBatchAndTime(xs);
    const [time, batch] = inTime.shape;
    const starts = this.initialState(batch);
    if (states !== undefined) checkState<readonly State[]>(op, states, starts);
    const valid = validSteps(op, options, time, batch);
    const taps = checkedTaps(op, options, starts, time);
    const [outputs, last] = runLayers(this, inTime, states ?? starts, valid, taps);
    return [this.timeFirst ? outputs : swapBatchAndTime(outputs), last];
  }

  /** One step, for inference as the data comes in; in evaluation the numbers are those of the whole sequence.
   * @param x - `[batch, ..., inputSize]`
   * @param states - `initialState(batch)`, or what the last step returned
   * @returns the output of the last layer, and the next states
   * @throws {@link ModuleError} if the layers are bidirectional; {@link ShapeError} if input or states do not fit */
  step(x: Tensor, states: readonly State[]): [output: Tensor, states: State[]] {
    const op = "RecurrentLayers";
    if (this.bidirectional) throw noSteps(op, "it is bidirectional, and needs the end of the sequence first");
    checkFeatures(op, x, this.inputSize, { least: 2 });
    checkState<readonly State[]>(op, states, this.initialState(x.shape[0]));
    return stepLayers(this, x, states);
  }
}
