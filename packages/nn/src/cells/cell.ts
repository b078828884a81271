import type { Tensor } from "@scope/autodiff/functions";
import { Module } from "../modules/module.js";

/** What a cell does at one time step, made ready for a whole sequence. */
export type PreparedSteps<State> = readonly [inputs: Tensor, step: Stepper<State>["step"]];

// A method, so that every cell is a Cell<object>: parameters of methods may be narrower.
interface Stepper<State> {
  step(input: Tensor, state: State): State;
}

/** One step of a recurrence: it takes a state and returns the next, and says what of it is the output.
 * A state is a tree of tensors `[batch, …]`. {@link Recurrent} runs a cell over time; nothing about time is written in a cell.
 * @example
 * class Sum extends Cell<{ total: Tensor }> {
 *   initialState(batchSize: number) { return { total: zeros([batchSize, 2]) }; }
 *   step(x: Tensor, { total }: { total: Tensor }) { return { total: total.add(x) }; }
 *   output({ total }: { total: Tensor }) { return total; }
 * }
 * const [sums] = new Recurrent(new Sum()).forward(ones([1, 3, 2]))
 * sums.toArray() // => [[[1, 1], [2, 2], [3, 3]]]
 */
export abstract class Cell<State extends object> extends Module {
  /** The state before the first step. */
  abstract initialState(batchSize: number): State;
  /** The next state, from one input `[batch, features]` and the state before. */
  abstract step(x: Tensor, state: State): State;
  /** What of a state the layer above sees: `[batch, outputs]`. */
  abstract output(state: State): Tensor;

  /** Does for all time steps at once what depends on the inputs alone, and returns what is left for each step; override it where that is faster.
   * @param xs - `[..., features]`, any number of leading axes
   * @returns the prepared inputs, with the same leading axes, and the step that takes one of them */
  prepare(xs: Tensor): PreparedSteps<State> {
    return [xs, (x, state) => this.step(x, state)];
  }
}
