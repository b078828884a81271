import { chunk, type Tensor, ValueError, Variable } from "@scope/autodiff/functions";
import { kindOf } from "../option-checks.js";

/** What {@link recurrentMatrices} reads of a cell. */
export interface MatrixCell {
  /** `[gates·hidden, hidden]` */
  readonly weightHh: Variable;
  readonly hiddenSize: number;
  /** What the gates are called; gate 0, gate 1, … if left out. */
  readonly gateNames?: readonly string[];
}

/** The square matrices by which a cell multiplies its hidden state, one for each gate: what {@link spectralRadius} and {@link eigenvalues} take.
 * @param layer - a cell with `weightHh` `[gates·hidden, hidden]`, or a layer, of which the first cell is taken
 * @returns `[hidden, hidden]` under the cell's own `gateNames`: `hidden` (RNN), `reset`, `update` and `new` (GRU), `input`, `forget`, `cell` and `output` (LSTM); `gate 0`, … where it has none
 * @throws {@link ValueError} if the cell has no such weights, or not one name for each gate
 * @example
 * Object.keys(recurrentMatrices(new GRUCell(2, 3))) // => ["reset", "update", "new"]
 * recurrentMatrices(new RNN(2, 3)).hidden.shape // => [3, 3]
 */
export function recurrentMatrices(layer: MatrixCell | { readonly cells: readonly object[] }): {
  readonly [gate: string]: Tensor;
} {
  const cell: unknown =
    typeof layer === "object" && layer !== null && "cells" in layer ? layer.cells[0] : layer;
  if (!hasMatrices(cell)) throw noMatrices(cell, "no weightHh [gates·hiddenSize, hiddenSize]");
  const weights = cell.weightHh.value;
  const count = weights.shape[0] / cell.hiddenSize;
  const names = cell.gateNames ?? Array.from({ length: count }, (_, k) => `gate ${k}`);
  if (names.length !== count) throw noMatrices(cell, `${count} gates, and ${names.length} gateNames`);
  return Object.fromEntries(chunk(weights, count).map((matrix, k) => [names[k], matrix]));
}

function hasMatrices(cell: unknown): cell is MatrixCell {
  if (typeof cell !== "object" || cell === null || !("weightHh" in cell) || !("hiddenSize" in cell))
    return false;
  const { weightHh, hiddenSize } = cell;
  return (
    weightHh instanceof Variable &&
    typeof hiddenSize === "number" &&
    hiddenSize > 0 &&
    weightHh.shape.length === 2 &&
    weightHh.shape[1] === hiddenSize &&
    weightHh.shape[0] % hiddenSize === 0
  );
}

const noMatrices = (cell: unknown, got: string): ValueError =>
  new ValueError({
    code: "diagnostics/gates",
    op: "recurrentMatrices",
    problem: "the cell's recurrent weights are not one square matrix for each gate.",
    got:
      typeof cell === "object" && cell !== null
        ? `${cell.constructor?.name ?? "an object"} with ${got}`
        : kindOf(cell),
    expected: "an RNNCell, GRUCell, LSTMCell, or a cell with weightHh, hiddenSize and gateNames",
    mend: "split its weights yourself: chunk(weights, gates)",
  });
