import { chunk, type Tensor, ValueError, type Variable } from "@scope/autodiff/functions";

/** What {@link recurrentMatrices} reads of a cell. */
export interface MatrixCell {
  readonly weightHh: Variable;
  readonly hiddenSize: number;
}

const gateNames: { readonly [gates: number]: readonly string[] } = {
  1: ["hidden"],
  3: ["reset", "update", "new"],
  4: ["input", "forget", "cell", "output"],
};

/** The square matrices by which a cell multiplies its hidden state, one for each gate: what {@link spectralRadius} and {@link eigenvalues} take.
 * @param layer - an RNNCell, GRUCell or LSTMCell, or a layer of one of them, of which the first cell is taken
 * @returns `[hidden, hidden]` for `hidden` (RNN), `reset`, `update` and `new` (GRU), `input`, `forget`, `cell` and `output` (LSTM)
 * @throws {@link ValueError} if the cell is another
 * @example
 * Object.keys(recurrentMatrices(new GRUCell(2, 3))) // => ["reset", "update", "new"]
 * recurrentMatrices(new RNN(2, 3)).hidden.shape // => [3, 3]
 */
export function recurrentMatrices(layer: MatrixCell | { readonly cells: readonly MatrixCell[] }): {
  readonly [gate: string]: Tensor;
} {
  const cell = "cells" in layer ? layer.cells[0] : layer;
  const weights = cell.weightHh.value;
  const names = gateNames[weights.shape[0] / cell.hiddenSize];
  if (names === undefined) {
    throw new ValueError({
      code: "diagnostics/gates",
      op: "recurrentMatrices",
      problem: "the gates of this cell have no names.",
      got: `${cell.constructor.name} with ${weights.shape[0] / cell.hiddenSize} gates`,
      expected: "an RNNCell, GRUCell or LSTMCell",
      mend: "split its weights yourself: chunk(cell.weightHh.value, gates)",
    });
  }
  return Object.fromEntries(chunk(weights, names.length).map((matrix, k) => [names[k], matrix]));
}
