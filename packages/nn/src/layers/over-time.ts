import { checkList } from "@scope/autodiff/checks";
import {
  add,
  arange,
  checkedIndices,
  expandDims,
  less,
  permute,
  reshape,
  ShapeError,
  scan,
  Tensor,
  tensor,
  where,
} from "@scope/autodiff/functions";
import type { Cell } from "../cells/cell.js";
import { checkLeaf, mapStates, outputOf } from "../cells/state-tree.js";
import { checkOptions, checkTensor, kindOf, sameShape, showShape } from "../option-checks.js";

/** Options of a recurrent layer's `forward`. */
export interface SequenceOptions<State = unknown> {
  /** Valid steps of each sequence, `[batch]`, int32, 0 to the number of steps; all if left out.
   * Padding after them changes no state, no gradient, and gives outputs of 0. */
  readonly lengths?: Tensor | readonly number[];
  /** For each of the layer's `cells`, what is added to its state after every step, leaves `[time, batch, …]`. Zeros change nothing, and the derivative by them is the gradient
   * that reaches the state at that time: how {@link gradientFlow} looks inside. */
  readonly taps?: readonly State[];
}

/** A layer that can be looked into: any object with cells and a `forward` that takes `taps`, as {@link Recurrent}, {@link RecurrentLayers}, RNN, LSTM and GRU are. */
export interface TappedLayer<State extends object = object> {
  readonly cells: readonly Cell<State>[];
  /** What the cells are called in reports: `l0`, `l0_reverse`, …; one cell needs no name. */
  readonly cellNames?: readonly string[];
  readonly timeFirst: boolean;
  /** Whether it reads sequences from both ends. */
  readonly bidirectional?: boolean;
  /** Runs over sequences `[batch, time, features]` (`[time, batch, features]` with `timeFirst`) from the initial state; `options.taps` are applied at every step. */
  forward(
    xs: Tensor,
    state?: undefined,
    options?: SequenceOptions<State>,
  ): readonly [outputs: Tensor, state: unknown];
}

/** Exchanges the batch axis and the time axis. */
export const swapBatchAndTime = (xs: Tensor): Tensor =>
  permute(xs, [1, 0, ...xs.shape.slice(2).map((_, k) => k + 2)]);

/** How a cell is run over time. */
export interface Run<State> {
  readonly reverse: boolean;
  /** `[time, batch]`, false for padding; null if there is none. */
  readonly valid: Tensor | null;
  /** What is added to the state after each step, leaves `[time, batch, …]`; null if nothing is. */
  readonly tap: State | null;
}

/** Runs a cell over the first axis of `xs` `[time, batch, ...]`. The whole of BPTT is that `scan` has a derivative. */
export function runOverTime<State extends object>(
  cell: Cell<State>,
  xs: Tensor,
  start: State,
  { reverse, valid, tap }: Run<State>,
): [outputs: Tensor, last: State] {
  // Padding may hold anything, NaN included, so that it must not reach the cell: 0 · NaN would spoil the gradient.
  const [inputs, step] = cell.prepare(valid === null ? xs : keep(valid, xs, 0));
  const advance = (x: Tensor, state: State, added: State | undefined): State => {
    const next = step(x, state);
    return added === undefined ? next : mapStates([next, added], ([leaf, extra]) => add(leaf, extra));
  };
  if (valid === null && tap === null) {
    const body = (state: State, x: Tensor): [State, Tensor] => {
      const next = advance(x, state, undefined);
      return [next, outputOf(cell, next)];
    };
    const [last, outputs] = scan(body, start, inputs, { reverse });
    return [outputs, last];
  }
  interface Inputs {
    readonly x: Tensor;
    readonly on?: Tensor;
    readonly added?: State;
  }
  const body = (state: State, { x, on, added }: Inputs): [State, Tensor] => {
    const after = advance(x, state, added);
    if (on === undefined) return [after, outputOf(cell, after)];
    const next = mapStates([after, state], ([now, before]) => keep(on, now, before));
    return [next, keep(on, outputOf(cell, after), 0)];
  };
  const each: Inputs = {
    x: inputs,
    ...(valid !== null && { on: valid }),
    ...(tap !== null && { added: tap }),
  };
  const [last, outputs] = scan(body, start, each, { reverse });
  return [outputs, last];
}

/** What is to be added to the states of cells, one tree for each; nulls where nothing is.
 * @throws {@link ShapeError} or {@link TreeError} if a tap does not fit its cell's state */
export function checkedTaps<State extends object>(
  op: string,
  options: SequenceOptions<State> | undefined,
  starts: readonly State[],
  time: number,
): readonly (State | null)[] {
  const taps = options?.taps;
  if (taps === undefined) return starts.map(() => null);
  if (!Array.isArray(taps) || taps.length !== starts.length) {
    throw new ShapeError({
      code: "recurrent/taps",
      op,
      problem: "there is not one tap for each cell.",
      got: Array.isArray(taps) ? `${taps.length} taps` : kindOf(taps),
      expected: `an array of ${starts.length}: one for each of the layer's cells`,
      mend: "layer.cells.map(…): zeros [time, ...shape] for each leaf of the cell's initialState(batch)",
    });
  }
  starts.forEach((start, k) => {
    mapStates(
      [start, taps[k]],
      ([leaf, tap], path) => {
        checkLeaf(op, path, tap, [time, ...leaf.shape]);
        return tap;
      },
      op,
      `taps[${k}]`,
    );
  });
  return taps;
}

/** `x` where its first axes are valid, `otherwise` elsewhere. */
function keep(valid: Tensor, x: Tensor, otherwise: Tensor | 0): Tensor {
  const missing = x.rank - valid.rank;
  const mask =
    missing === 0 ? valid : reshape(valid, [...valid.shape, ...new Array<number>(missing).fill(1)]);
  return where(mask, x, otherwise);
}

/** Which steps are valid, `[time, batch]`; null where no lengths were given.
 * @throws {@link ShapeError}, {@link DTypeError} or {@link IndexError} if the lengths do not fit the input */
export function validSteps(
  op: string,
  options: SequenceOptions | undefined,
  time: number,
  batch: number,
): Tensor | null {
  checkOptions(op, options, ["lengths", "taps"]);
  const lengths = options?.lengths;
  if (lengths === undefined) return null;
  if (!(lengths instanceof Tensor)) checkList(op, "lengths", lengths, "a length for each sequence");
  const given = lengths instanceof Tensor ? lengths : tensor(lengths.map(whole), { dtype: "int32" });
  const each = checkedIndices(given, time + 1, { op, what: "lengths" });
  if (!sameShape(each.shape, [batch])) {
    throw new ShapeError({
      code: "recurrent/lengths-shape",
      op,
      problem: "there is not one length for each sequence.",
      got: `lengths ${showShape(each.shape)} for a batch of ${batch}`,
      expected: showShape([batch]),
      mend: "pass one length for each sequence of the batch",
    });
  }
  return less(expandDims(arange(time, undefined, { dtype: "int32" }), 1), expandDims(each, 0));
}

/** A number that no length has in place of those that are not whole: one check then refuses all that are wrong. */
const whole = (length: number): number => (length === (length | 0) ? length : -1);

/** Throws unless `xs` is `[batch, time, ...]` (or the other way round) with at least one axis of features, and at most `most` axes. */
export function checkSequence(op: string, xs: Tensor, timeFirst: boolean, most = 32): void {
  const form = timeFirst ? "[time, batch, features]" : "[batch, time, features]";
  checkTensor(op, "input", xs, form);
  if (xs.rank >= 3 && xs.rank <= most) return;
  throw new ShapeError({
    code: "recurrent/input",
    op,
    problem: "the input is not a batch of sequences.",
    got: showShape(xs.shape),
    expected: form,
    mend:
      xs.rank > 3
        ? "reshape(x, [...x.shape.slice(0, 2), -1]) puts the features on one axis"
        : xs.rank < 2
          ? `reshape(x, ${timeFirst ? "[-1, 1, 1]" : "[1, -1, 1]"}) makes a sequence of the numbers`
          : `expandDims(x, ${timeFirst ? 1 : 0}) makes a batch of one sequence, expandDims(x, -1) one feature of each number; one time step goes to step(x, state)`,
  });
}

/** Throws unless a given state has the form and shapes of `expected`. */
export function checkState<State>(op: string, state: State, expected: State): void {
  mapStates(
    [expected, state],
    ([want, got], path) => {
      checkLeaf(op, path, got, want.shape);
      return got;
    },
    op,
  );
}
