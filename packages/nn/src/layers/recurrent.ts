import type { Tensor } from "@scope/autodiff/functions";
import type { Cell } from "../cells/cell.js";
import { outputOf } from "../cells/state-tree.js";
import { Module } from "../modules/module.js";
import { checkOptions, checkTensor } from "../option-checks.js";
import { checkCell, noSteps } from "./cell-layers.js";
import {
  checkedTaps,
  checkSequence,
  checkState,
  runOverTime,
  type SequenceOptions,
  swapBatchAndTime,
  validSteps,
} from "./over-time.js";

/** Options of {@link Recurrent}. */
export interface RecurrentOptions {
  /** Whether time is the first axis of input and output (false: batch is). */
  readonly timeFirst?: boolean;
  /** Whether the sequence is read from its end (false). */
  readonly reverse?: boolean;
}

/** Any cell, run over time; {@link RecurrentLayers} stacks several, and runs them in both directions.
 * sₜ = step(xₜ, sₜ₋₁), yₜ = output(sₜ)
 * @example
 * const rnn = new Recurrent(new RNNCell(3, 4))
 * const [ys, { h }] = rnn.forward(zeros([2, 5, 3]))
 * ys.shape // => [2, 5, 4]
 * h.shape // => [2, 4]
 */
export class Recurrent<State extends object> extends Module {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "Recurrent";
  }

  readonly cell: Cell<State>;
  readonly timeFirst: boolean;
  readonly reverse: boolean;

  /** @param cell - one of Scope's cells, or one of your own
   * @param options - `timeFirst` (false), `reverse` (false)
   * @throws {@link ModuleError} if `cell` is not a cell; {@link ValueError} if an option is unknown */
  constructor(cell: Cell<State>, options?: RecurrentOptions) {
    super();
    checkCell("Recurrent", cell);
    checkOptions("Recurrent", options, ["timeFirst", "reverse"]);
    this.cell = cell;
    this.timeFirst = options?.timeFirst ?? false;
    this.reverse = options?.reverse ?? false;
  }

  /** The cell, alone in a list, as other layers have theirs. */
  get cells(): readonly [Cell<State>] {
    return [this.cell];
  }

  /** The state before the first step: the cell's. */
  initialState(batchSize: number): State {
    return this.cell.initialState(batchSize);
  }

  /** Runs the cell over whole sequences.
   * @param xs - `[batch, time, ...features]`, or `[time, batch, ...features]` with `timeFirst`
   * @param state - the state before the first step; the cell's initial state if left out
   * @param options - `lengths`: valid steps of each sequence; `taps`: what is added to the states
   * @returns outputs in the layout of `xs` (0 after a sequence's length), and the state after each sequence's last valid step
   * @throws {@link ShapeError} if input, state or lengths do not fit */
  forward(xs: Tensor, state?: State, options?: SequenceOptions<State>): [outputs: Tensor, state: State] {
    checkSequence("Recurrent", xs, this.timeFirst);
    const inTime = this.timeFirst ? xs : swapBatchAndTime(xs);
    const [time, batch] = inTime.shape;
    const start = this.initialState(batch);
    if (state !== undefined) checkState("Recurrent", state, start);
    const valid = validSteps("Recurrent", options, time, batch);
    const [tap] = checkedTaps("Recurrent", options, [start], time);
    const run = { reverse: this.reverse, valid, tap };
    const [outputs, last] = runOverTime(this.cell, inTime, state ?? start, run);
    return [this.timeFirst ? outputs : swapBatchAndTime(outputs), last];
  }

  /** One step, for inference as the data comes in; the numbers are those of the whole sequence.
   * @param x - `[batch, ...features]`
   * @throws {@link ModuleError} if the layer reads sequences from their end */
  step(x: Tensor, state: State): [output: Tensor, state: State] {
    if (this.reverse) throw noSteps("Recurrent", "it reads sequences from their end");
    checkTensor("Recurrent", "input", x, "a tensor [batch, ...features]");
    checkState("Recurrent", state, this.initialState(x.shape[0]));
    const next = this.cell.step(x, state);
    return [outputOf(this.cell, next), next];
  }
}
