import { reshape, type Tensor, tensor } from "@scope/autodiff";
import { wave, weights } from "../work-data.js";

/** Data in a shape. */
export const shaped = (data: Float32Array | Int32Array, shape: readonly number[]): Tensor =>
  reshape(tensor(data), [...shape]);

export const waveTensor = (shape: readonly number[]): Tensor =>
  shaped(wave(shape.reduce((a, b) => a * b, 1)), shape);

/** The start of a training: a state dict whose entries are filled in PyTorch's order of parameters. */
export function initialState(
  shapes: readonly (readonly [name: string, shape: readonly number[]])[],
): Record<string, Tensor> {
  return Object.fromEntries(
    shapes.map(([name, shape], index) => [name, shaped(weights(shape, index), shape)]),
  );
}

/** The shapes of one recurrent layer's parameters, under PyTorch's names. */
export function recurrentShapes(
  prefix: string,
  gates: number,
  input: number,
  hidden: number,
): (readonly [name: string, shape: readonly number[]])[] {
  return [
    [`${prefix}weight_ih_l0`, [gates * hidden, input]],
    [`${prefix}weight_hh_l0`, [gates * hidden, hidden]],
    [`${prefix}bias_ih_l0`, [gates * hidden]],
    [`${prefix}bias_hh_l0`, [gates * hidden]],
  ];
}
