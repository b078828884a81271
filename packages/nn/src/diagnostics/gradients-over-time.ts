import { grad, Tensor, ValueError, zeros } from "@scope/autodiff/functions";
import { Cell } from "../cells/cell.js";
import { mapStates } from "../cells/state-tree.js";
import { checkSequence, type TappedLayer } from "../layers/over-time.js";
import { Recurrent } from "../layers/recurrent.js";
import { Module } from "../modules/module.js";
import { trainingModes } from "../modules/training-modes.js";
import { kindOf } from "../option-checks.js";

/** What gradients over time are measured in: a cell, or any layer of cells. */
export type Observed = Cell<object> | TappedLayer;

/** Gradients by the name of the part of the state: `h`, `c`; `h_l0`, `h_l0_reverse`, `h_l1`, … where there are several cells. */
export type NamedGradients = { readonly [state: string]: Tensor };

/** The layer, or one of a cell alone. */
export function layerOf(op: string, layer: Observed): TappedLayer {
  if (layer instanceof Cell) return new Recurrent(layer);
  const given: unknown = layer;
  const isLayer =
    typeof given === "object" &&
    given !== null &&
    "cells" in given &&
    Array.isArray(given.cells) &&
    given.cells.length > 0 &&
    given.cells.every((cell) => cell instanceof Cell) &&
    "forward" in given &&
    typeof given.forward === "function";
  if (isLayer) return layer;
  throw new ValueError({
    code: "diagnostics/layer",
    op,
    problem: "this is no layer over time.",
    got: kindOf(given),
    expected: "a Cell, or a layer with cells and forward: Recurrent, RecurrentLayers, RNN, LSTM, GRU",
    mend: "pass the recurrent layer of the model by itself; a layer of one's own has cells, and a forward that hands the option taps on",
  });
}

/** Runs something while a layer is in evaluation mode, where nothing is dropped. */
function inEvaluation<R>(layer: unknown, run: () => R): R {
  if (!(layer instanceof Module)) return run();
  const restoreModes = trainingModes(layer);
  layer.eval();
  try {
    return run();
  } finally {
    restoreModes();
  }
}

/** The gradient of a loss that reaches the state at every time step: zeros are added to every state, and the loss is differentiated by them.
 * Nothing else is needed, because a state that was nudged goes everywhere where the state went.
 * @param xs - in the layout of the layer
 * @param loss - a scalar of the outputs, which are in the layout of the layer
 * @returns tensors `[time, batch, features]` */
export function gradientsOverTime(
  op: string,
  layer: TappedLayer,
  xs: Tensor,
  loss: (outputs: Tensor) => Tensor,
): NamedGradients {
  const { cells, timeFirst } = layer;
  checkSequence(op, xs, timeFirst);
  const [time, batch] = timeFirst ? xs.shape : [xs.shape[1], xs.shape[0]];
  const taps = cells.map((cell) =>
    mapStates([cell.initialState(batch)], ([leaf]) => zeros([time, ...leaf.shape], { dtype: leaf.dtype })),
  );
  const gradients: readonly unknown[] = inEvaluation(layer, () =>
    grad((added: object[]) => loss(layer.forward(xs, undefined, { taps: added })[0]))(taps),
  );
  const names = layer.cellNames ?? cells.map((_, k) => `l${k}`);
  const named = gradients.flatMap((tree, k) =>
    leavesOf(tree, "").map(([name, leaf]): [string, Tensor] => [
      cells.length === 1 ? name : `${name}_${names[k]}`,
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
