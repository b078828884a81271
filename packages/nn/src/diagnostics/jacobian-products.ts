import { at, broadcastTo, eye, mul, ShapeError, sum, type Tensor } from "@scope/autodiff/functions";
import { showShape } from "../option-checks.js";
import { gradientsOverTime, type NamedGradients, type Observed, outputSize } from "./gradients-over-time.js";

/** How the last output depends on the state at every time step: the products of Jacobians ∂y_T/∂sₜ = ∂y_T/∂s_T · ∂s_T/∂s_{T−1} ⋯ ∂s_{t+1}/∂sₜ, for all t in one run.
 * Their singular values say in which directions the past still matters: see {@link singularValues}.
 * @param layer - a cell, Recurrent, RNN, LSTM or GRU; not bidirectional
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
  const timeFirst = "timeFirst" in layer && layer.timeFirst;
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
  const outputs = outputSize(op, layer);
  const shape = xs.shape.map((size, axis) => (axis === batchAxis ? outputs : size));
  return gradientsOverTime(op, layer, broadcastTo(xs, shape), (ys) => {
    const last = at(ys, -1, { axis: timeFirst ? 0 : 1 });
    return sum(mul(last, eye(outputs, { dtype: last.dtype })));
  });
}
