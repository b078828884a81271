import {
  at,
  broadcastTo,
  eye,
  mul,
  ShapeError,
  sum,
  type Tensor,
  ValueError,
} from "@scope/autodiff/functions";
import { checkTensor, showShape } from "../option-checks.js";
import { gradientsOverTime, layerOf, type NamedGradients, type Observed } from "./gradients-over-time.js";

/** How the last output depends on the state at every time step: the products of Jacobians ∂y_T/∂sₜ = ∂y_T/∂s_T · ∂s_T/∂s_{T−1} ⋯ ∂s_{t+1}/∂sₜ, for all t in one run.
 * Their singular values say in which directions the past still matters: see {@link singularValues}.
 * @param layer - any cell, or layer that is not bidirectional
 * @param xs - one sequence, `[1, time, features]`, or `[time, 1, features]` where the layer has time first
 * @returns for each part of the state (`h`, `c`; `h_l0`, … with several layers) a tensor `[time, outputs, state]`
 * @throws {@link ShapeError} if `xs` is not one sequence that fits; {@link ValueError} if the layer is bidirectional
 * @example
 * const cell = new RNNCell(1, 3)
 * const { h } = jacobianProducts(cell, zeros([1, 5, 1]))
 * h.shape // => [5, 3, 3]
 * singularValues(h.at(4)) // => [1, 1, 1]
 */
export function jacobianProducts(layer: Observed, xs: Tensor): NamedGradients {
  const op = "jacobianProducts";
  const observed = layerOf(op, layer);
  const { cells, timeFirst } = observed;
  if (observed.bidirectional === true) {
    throw new ValueError({
      code: "diagnostics/direction",
      op,
      problem: "this has no single direction of time.",
      got: "a bidirectional layer",
      expected: "a cell, or a layer that reads in one direction",
      mend: "look at each direction by itself: new Recurrent(layer.cells[0])",
    });
  }
  checkTensor(op, "xs", xs, timeFirst ? "a tensor [time, 1, features]" : "a tensor [1, time, features]");
  const batchAxis = timeFirst ? 1 : 0;
  if (xs.rank < 3 || xs.shape[batchAxis] !== 1) {
    throw new ShapeError({
      code: "diagnostics/one-sequence",
      op,
      problem: "Jacobians are those of one sequence.",
      got: showShape(xs.shape),
      expected: timeFirst ? "[time, 1, features]" : "[1, time, features]",
      mend: "pick one of the batch: slice(xs, [[0, 1]])",
    });
  }
  // Rows of a batch do not see each other: copy i of the sequence gives the gradient of output i, which is row i.
  const last = cells[cells.length - 1];
  const outputs = last.output(last.initialState(1)).shape[1];
  const shape = xs.shape.map((size, axis) => (axis === batchAxis ? outputs : size));
  return gradientsOverTime(op, observed, broadcastTo(xs, shape), (ys) => {
    const end = at(ys, -1, { axis: timeFirst ? 0 : 1 });
    return sum(mul(end, eye(outputs, { dtype: end.dtype })));
  });
}
