import { concat, type Tensor } from "@scope/autodiff/functions";
import { Cell } from "../cells/cell.js";
import { outputOf } from "../cells/state-tree.js";
import { ModuleError } from "../errors.js";
import { kindOf } from "../option-checks.js";
import type { Dropout } from "./dropout.js";
import { runOverTime } from "./over-time.js";

/** Cells of one or more layers: layer by layer, forwards before backwards. */
export interface CellLayers<State extends object> {
  readonly cells: readonly Cell<State>[];
  readonly bidirectional: boolean;
  /** Between layers; null where there is none. */
  readonly dropout: Dropout | null;
}

/** Runs layers over the first axis of `xs` `[time, batch, ...]`; both directions' outputs stand side by side. */
export function runLayers<State extends object>(
  { cells, bidirectional, dropout }: CellLayers<State>,
  xs: Tensor,
  starts: readonly State[],
  valid: Tensor | null,
  taps: readonly (State | null)[],
): [outputs: Tensor, last: State[]] {
  const directions = bidirectional ? 2 : 1;
  const last: State[] = [];
  let layer = xs;
  for (let first = 0; first < cells.length; first += directions) {
    if (first > 0 && dropout !== null) layer = dropout.forward(layer);
    const outputs: Tensor[] = [];
    for (let k = first; k < first + directions; k++) {
      const run = { reverse: k > first, valid, tap: taps[k] };
      const [output, end] = runOverTime(cells[k], layer, starts[k], run);
      outputs.push(output);
      last.push(end);
    }
    layer = outputs.length === 1 ? outputs[0] : concat(outputs, { axis: -1 });
  }
  return [layer, last];
}

/** One step through layers that read forwards. */
export function stepLayers<State extends object>(
  { cells, dropout }: CellLayers<State>,
  x: Tensor,
  states: readonly State[],
): [output: Tensor, next: State[]] {
  let layer = x;
  const next = cells.map((cell, k) => {
    if (k > 0 && dropout !== null) layer = dropout.forward(layer);
    const [input, step] = cell.prepare(layer);
    const after = step(input, states[k]);
    layer = outputOf(cell, after);
    return after;
  });
  return [layer, next];
}

/** What the cells of layers are called: `l0`, `l0_reverse`, `l1`, …. */
export const namesOfCells = (count: number, bidirectional: boolean): string[] =>
  Array.from({ length: count }, (_, k) =>
    bidirectional ? `l${k >> 1}${k % 2 === 1 ? "_reverse" : ""}` : `l${k}`,
  );

/** Throws unless something is a cell with all that a cell needs; plain JavaScript may leave something out. */
export function checkCell(op: string, cell: unknown): void {
  const isCell = cell instanceof Cell;
  const missing = ["initialState", "step", "output"].filter(
    (name) => !isCell || typeof Reflect.get(cell, name) !== "function",
  );
  if (missing.length === 0) return;
  throw new ModuleError({
    code: "module/cell",
    op,
    problem: "not a cell.",
    got: isCell ? `a Cell without ${missing.join(", ")}` : kindOf(cell),
    expected: "an object whose class extends Cell",
    mend: "new Recurrent(new LSTMCell(8, 16)), or extend Cell with initialState, step and output",
  });
}

/** The error for stepping through a layer that needs the whole sequence. */
export const noSteps = (op: string, reason: string): ModuleError =>
  new ModuleError({
    code: "module/step",
    op: `${op}.step`,
    problem: `this layer has no single steps: ${reason}.`,
    got: "a call of step(x, state)",
    expected: "a layer that reads forwards only",
    mend: "use forward on the whole sequence, or make the layer without reverse or bidirectional",
  });
