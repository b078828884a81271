import { split, type Tensor, ValueError } from "@scope/autodiff";
import { GatedCell } from "../cells/gated-weights.js";
import type { RecurrentStack } from "../layers/recurrent-stack.js";

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
export function recurrentMatrices(layer: GatedCell<object> | RecurrentStack<object>): { readonly [gate: string]: Tensor } {
  const cell = layer instanceof GatedCell ? layer : layer.cells[0];
  const weights = cell.weightHh.value;
  const names = gateNames[weights.shape[0] / cell.hiddenSize];
  if (names === undefined) {
    throw new ValueError({
      code: "diagnostics/gates",
      op: "recurrentMatrices",
      problem: "the gates of this cell have no names.",
      got: `${cell.constructor.name} with ${weights.shape[0] / cell.hiddenSize} gates`,
      expected: "an RNNCell, GRUCell or LSTMCell",
      mend: "split its weights yourself: split(cell.weightHh.value, gates)",
    });
  }
  return Object.fromEntries(split(weights, names.length).map((matrix, k) => [names[k], matrix]));
}
