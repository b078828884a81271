import { isRecord, show } from "@scope/autodiff/checks";
import { ShapeError, stopGradient, Tensor, TreeError } from "@scope/autodiff/functions";
import { checkTensor, classOf, kindOf, sameShape, showShape } from "../option-checks.js";
import type { Cell } from "./cell.js";

/** Applies `f` to the tensors at the same place of several states of one form, and puts the results in a state of this form. */
export function mapStates<State>(
  states: readonly State[],
  f: (leaves: readonly Tensor[], path: string) => Tensor,
  op = "Recurrent",
  path = "state",
): State {
  // The result has the form of the states: the same keys with tensors at the leaves.
  return mapParts(states, f, op, path) as State;
}

// Where a state holds itself, its paths have no end.
const longestPath = 1000;

function mapParts(
  states: readonly unknown[],
  f: (leaves: readonly Tensor[], path: string) => Tensor,
  op: string,
  path: string,
): unknown {
  const [first] = states;
  if (areTensors(states)) return f(states, path);
  if (
    typeof first === "object" &&
    first !== null &&
    !(first instanceof Tensor) &&
    path.length < longestPath
  ) {
    const parts: [string, unknown][] = [];
    for (const key of Object.keys(first)) {
      // Where another state lacks the part, the recursion meets undefined and says so.
      const part = states.map((state) =>
        typeof state === "object" && state !== null ? Reflect.get(state, key) : undefined,
      );
      parts.push([key, mapParts(part, f, op, `${path}.${key}`)]);
    }
    return Array.isArray(first) ? parts.map(([, value]) => value) : Object.fromEntries(parts);
  }
  const kinds = states.map((state) => (state instanceof Tensor ? "a tensor" : kindOf(state)));
  throw new TreeError({
    code: "state/tree",
    op,
    problem: "a state is not a tree of tensors of the expected form.",
    got: `${path.slice(0, 100)}: ${[...new Set(kinds)].join(" beside ")}`,
    expected: "tensors, in arrays and plain objects, of the form of initialState(batchSize)",
    mend: "start with initialState(batchSize), and pass on what came back",
  });
}

/** What a cell says at a state. */
export function outputOf<State extends object>(cell: Cell<State>, state: State): Tensor {
  const output = cell.output(state);
  // The name is put together only where it is said: streaming comes here at every step.
  if (!(output instanceof Tensor))
    checkTensor(`${classOf(cell)}.output`, "output", output, "a tensor [batch, …]");
  return output;
}

/** The hidden state of a classic cell. */
export function hiddenOf(op: string, state: unknown): Tensor {
  const h: unknown = isRecord(state) ? state.h : undefined;
  if (h instanceof Tensor) return h;
  throw new TreeError({
    code: "state/tree",
    op,
    problem: "a state is not a tree of tensors of the expected form.",
    got: show(state),
    expected: "{ h } and whatever else initialState(batchSize) has",
    mend: "start with initialState(batchSize), and pass on what came back",
  });
}

const areTensors = (states: readonly unknown[]): states is readonly Tensor[] =>
  states.every((state) => state instanceof Tensor);

/** Throws unless a leaf of a state, such as `state.h`, is a tensor of this shape. */
export function checkLeaf(op: string, path: string, leaf: unknown, shape: readonly number[]): void {
  if (!(leaf instanceof Tensor) || !sameShape(leaf.shape, shape))
    throw misfit(op, path, leaf, showShape(shape));
}

/** The error for a leaf of a state that does not fit. */
export const misfit = (op: string, path: string, leaf: unknown, expected: string): ShapeError =>
  new ShapeError({
    code: "recurrent/state",
    op,
    problem: "the state does not fit.",
    got: `${path}: ${leaf instanceof Tensor ? showShape(leaf.shape) : kindOf(leaf)}`,
    expected,
    mend: "start with initialState(batchSize), and pass on what came back; expandDims(h, 0) makes a layer's state of a cell's",
  });

/** The same state outside of the gradient: what truncated BPTT carries from one piece of a sequence to the next.
 * A state that comes in as an argument of a compiled step is outside already.
 * @param state - a tree of tensors
 * @example
 * const lstm = new LSTM(2, 3)
 * detach(lstm.initialState(1)).h.shape // => [1, 1, 3]
 */
export const detach = <State>(state: State): State => stopGradient(state);
