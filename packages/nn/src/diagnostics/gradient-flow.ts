import { checkFunction } from "@scope/autodiff/checks";
import type { Tensor } from "@scope/autodiff/functions";
import { gradientsOverTime, layerOf, type Observed } from "./gradients-over-time.js";

/** Norms at every time step, by the part of the state. */
export type GradientFlow = { readonly [state: string]: readonly number[] };

/** How much of a loss reaches back to each time step: ‖∂L/∂sₜ‖ for every t, over batch and features together. Where it falls towards the
 * past by orders of magnitude, the gradient vanishes, and what happened then cannot be learnt from.
 * Of an LSTM, `h` and `c` are taken as independent: the derivative by cₜ does not go through hₜ. Dropout is left out.
 * @param layer - any cell, Recurrent, RecurrentLayers, RNN, LSTM or GRU, in one or both directions; or a layer of one's own that is a {@link TappedLayer}
 * @param xs - `[batch, time, features]`, or with time first as the layer has it; float64 shows norms below 1e-38 as well
 * @param loss - a scalar of the outputs, which are in the layout of `xs`
 * @returns for each part of the state (`h`, `c`; `h_l0`, `h_l0_reverse`, … with several cells) one norm per step, the first step first
 * @throws {@link ShapeError} if the input does not fit; {@link ValueError} if it is no layer over time
 * @source Pascanu, Mikolov, Bengio: arXiv:1211.5063
 * @example
 * class Halving extends Cell<{ h: Tensor }> {
 *   initialState(batchSize: number) { return { h: zeros([batchSize, 1]) }; }
 *   step(x: Tensor, { h }: { h: Tensor }) { return { h: h.mul(0.5).add(x) }; }
 *   output({ h }: { h: Tensor }) { return h; }
 * }
 * const last = (outputs: Tensor) => sum(outputs.at(-1, { axis: 1 }))
 * gradientFlow(new Halving(), ones([1, 4, 1]), last).h // => [0.125, 0.25, 0.5, 1]
 */
export function gradientFlow(layer: Observed, xs: Tensor, loss: (outputs: Tensor) => Tensor): GradientFlow {
  checkFunction("gradientFlow", "loss", loss, "gradientFlow(layer, xs, (outputs) => outputs.sum())");
  const gradients = gradientsOverTime("gradientFlow", layerOf("gradientFlow", layer), xs, loss);
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => [name, normsOverTime(gradient)]),
  );
}

/** The norm of each entry of the first axis, in double precision. */
function normsOverTime(gradient: Tensor): number[] {
  const [time] = gradient.shape;
  const width = gradient.size / Math.max(time, 1);
  const squares = new Float64Array(time);
  gradient.data.forEach((value, k) => {
    squares[Math.floor(k / width)] += value * value;
  });
  return Array.from(squares, Math.sqrt);
}
