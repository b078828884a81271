import { add, grad, scan, Tensor, ValueError, zeros } from "@scope/autodiff/functions";
import { Cell } from "../cells/cell.js";
import { mapStates } from "../cells/state-tree.js";
import { checkSequence, swapBatchAndTime } from "../layers/over-time.js";
import { Recurrent } from "../layers/recurrent.js";
import { RecurrentStack } from "../layers/recurrent-stack.js";

/** A cell, as far as gradients over time are concerned. */
export interface ObservedCell {
  /** The state before the first step. */
  initialState(batchSize: number): object;
  /** The next state. */
  step(x: Tensor, state: object): object;
  /** What of a state the layer above sees. */
  output(state: object): Tensor;
}

/** What gradients over time are measured in: a cell, {@link Recurrent}, or layers of cells that read forwards (RNN, LSTM, GRU). */
export type Observed =
  | ObservedCell
  | { readonly cell: ObservedCell; readonly timeFirst: boolean; readonly reverse: boolean }
  | { readonly cells: readonly ObservedCell[]; readonly timeFirst: boolean; readonly bidirectional: boolean };

/** Gradients by the name of the part of the state: `h`, `c`; `h_l0`, `h_l1`, … where there are several layers. */
export type NamedGradients = { readonly [state: string]: Tensor };

interface Recurrence {
  readonly cells: readonly ObservedCell[];
  readonly timeFirst: boolean;
  readonly reverse: boolean;
}

function recurrenceOf(op: string, layer: Observed): Recurrence {
  if (layer instanceof Cell) return { cells: [layer], timeFirst: false, reverse: false };
  if (layer instanceof Recurrent)
    return { cells: [layer.cell], timeFirst: layer.timeFirst, reverse: layer.reverse };
  if (layer instanceof RecurrentStack && !layer.bidirectional)
    return { cells: layer.cells, timeFirst: layer.timeFirst, reverse: false };
  throw new ValueError({
    code: "diagnostics/layer",
    op,
    problem: "this has no single direction of time.",
    got: layer instanceof RecurrentStack ? "a bidirectional layer" : layer === null ? "null" : typeof layer,
    expected: "a cell, Recurrent, or an RNN, LSTM or GRU that is not bidirectional",
    mend: "look at each direction by itself: new Recurrent(layer.cells[0])",
  });
}

/** How many numbers a layer puts out at each step. */
export function outputSize(op: string, layer: Observed): number {
  const { cells } = recurrenceOf(op, layer);
  const last = cells[cells.length - 1];
  return last.output(last.initialState(1)).shape[1];
}

/** The gradient of a loss that reaches the state at every time step: zeros are added to every state, and the loss is differentiated by them.
 * Nothing else is needed, because a state that was nudged goes everywhere where the state went.
 * @param xs - in the layout of the layer
 * @param loss - a scalar of the outputs, which are in the layout of the layer
 * @returns tensors `[time, batch, features]` */
export function gradientsOverTime(
  op: string,
  layer: Observed,
  xs: Tensor,
  loss: (outputs: Tensor) => Tensor,
): NamedGradients {
  const { cells, timeFirst, reverse } = recurrenceOf(op, layer);
  checkSequence(op, xs, timeFirst);
  const inTime = timeFirst ? xs : swapBatchAndTime(xs);
  const [time, batch] = inTime.shape;
  const start = cells.map((cell) => cell.initialState(batch));
  const taps = start.map((state) =>
    mapStates([state], ([leaf]) => zeros([time, ...leaf.shape], { dtype: leaf.dtype })),
  );
  const lossOf = (nudges: typeof taps): Tensor => {
    const body = (
      states: typeof start,
      { x, nudge }: { x: Tensor; nudge: typeof start },
    ): [typeof start, Tensor] => {
      let below = x;
      const next = cells.map((cell, k) => {
        const after = mapStates([cell.step(below, states[k]), nudge[k]], ([leaf, tap]) => add(leaf, tap));
        below = cell.output(after);
        return after;
      });
      return [next, below];
    };
    const [, outputs] = scan(body, start, { x: inTime, nudge: nudges }, { reverse });
    return loss(timeFirst ? outputs : swapBatchAndTime(outputs));
  };
  const gradients: readonly unknown[] = grad(lossOf)(taps);
  const named = gradients.flatMap((tree, k) =>
    leavesOf(tree, "").map(([name, leaf]): [string, Tensor] => [
      cells.length === 1 ? name : `${name}_l${k}`,
      leaf,
    ]),
  );
  return Object.fromEntries(named);
}

/** The tensors of a state with their paths; a state that is a tensor itself is called `state`. */
function leavesOf(tree: unknown, path: string): [name: string, leaf: Tensor][] {
  if (tree instanceof Tensor) return [[path === "" ? "state" : path, tree]];
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, part]) => leavesOf(part, path === "" ? key : `${path}.${key}`));
}
