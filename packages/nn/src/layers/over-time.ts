import {
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
import { checkLeaf, mapStates } from "../cells/state-tree.js";
import { checkOptions, checkTensor, sameShape, showShape } from "../option-checks.js";

/** Options of a recurrent layer's `forward`. */
export interface SequenceOptions {
  /** Valid steps of each sequence, `[batch]`, int32, 0 to the number of steps; all if left out.
   * Padding after them changes no state, no gradient, and gives outputs of 0. */
  readonly lengths?: Tensor | readonly number[];
}

/** Exchanges the batch axis and the time axis. */
export const swapBatchAndTime = (xs: Tensor): Tensor =>
  permute(xs, [1, 0, ...xs.shape.slice(2).map((_, k) => k + 2)]);

/** Runs a cell over the first axis of `xs` `[time, batch, ...]`. The whole of BPTT is that `scan` has a derivative.
 * @param valid - `[time, batch]`, false for padding; null if there is none */
export function runOverTime<State extends object>(
  cell: Cell<State>,
  xs: Tensor,
  start: State,
  reverse: boolean,
  valid: Tensor | null,
): [outputs: Tensor, last: State] {
  if (valid === null) {
    const [inputs, step] = cell.prepare(xs);
    const body = (state: State, x: Tensor): [State, Tensor] => {
      const next = step(x, state);
      return [next, cell.output(next)];
    };
    const [last, outputs] = scan(body, start, inputs, { reverse });
    return [outputs, last];
  }
  // Padding may hold anything, NaN included, so that it must not reach the cell: 0 · NaN would spoil the gradient.
  const [inputs, step] = cell.prepare(keep(valid, xs, 0));
  const body = (state: State, { x, on }: { x: Tensor; on: Tensor }): [State, Tensor] => {
    const next = step(x, state);
    return [
      mapStates([next, state], ([after, before]) => keep(on, after, before)),
      keep(on, cell.output(next), 0),
    ];
  };
  const [last, outputs] = scan(body, start, { x: inputs, on: valid }, { reverse });
  return [outputs, last];
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
  checkOptions(op, options, ["lengths"]);
  const lengths = options?.lengths;
  if (lengths === undefined) return null;
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
