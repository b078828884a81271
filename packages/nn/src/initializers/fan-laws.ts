import { checkNumber, checkShape, outOfRange } from "@scope/autodiff/checks";
import { ShapeError, type Tensor } from "@scope/autodiff/functions";
import { checkDraw, showShape } from "../option-checks.js";
import { type DrawOptions, drawOf, normal, uniform } from "./random-laws.js";

/** Nonlinearities with a known gain. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/** How much a nonlinearity shrinks a signal, so that weights can make up for it: PyTorch's recommended values.
 * @param nonlinearity - what follows the weights
 * @param slope - negative slope of leakyRelu (0.01)
 * @throws {@link ValueError} for an unknown nonlinearity
 * @example
 * gainOf("tanh") // => 1.6666666666666667
 */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case "linear":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + slope * slope));
    case "selu":
      return 3 / 4;
    default:
      throw outOfRange(
        "gainOf",
        "nonlinearity",
        nonlinearity,
        "linear, sigmoid, tanh, relu, leakyRelu or selu",
      );
  }
}

/** Inputs and outputs of one unit, from a shape `[out, in, ...receptive field]`. */
export function fans(
  op: string,
  shape: readonly number[],
): { readonly fanIn: number; readonly fanOut: number } {
  checkShape(op, shape);
  if (shape.length < 2) {
    throw new ShapeError({
      code: "initializer/fan",
      op,
      problem: "the number of inputs and outputs needs two axes.",
      got: showShape(shape),
      expected: "[out, in, ...]",
      mend: "use uniform, normal or zeros for vectors",
    });
  }
  const field = shape.slice(2).reduce((a, b) => a * b, 1);
  return { fanIn: shape[1] * field, fanOut: shape[0] * field };
}

/** Options of {@link xavierUniform} and {@link xavierNormal}. */
export interface XavierOptions extends DrawOptions {
  /** Factor of the deviation (1); see {@link gainOf}. */
  readonly gain?: number;
}

function xavierDeviation(op: string, shape: readonly number[], options: XavierOptions | undefined): number {
  checkDraw(op, options, ["gain"]);
  const { fanIn, fanOut } = fans(op, shape);
  const factor = options?.gain ?? 1;
  checkNumber(op, "gain", factor, 0);
  return factor * Math.sqrt(2 / (fanIn + fanOut));
}

/** Uniform with variance gain²·2 / (in + out): keeps signals and gradients at one size through linear layers.
 * @param shape - `[out, in, ...]`
 * @param options - `gain` (1), `dtype`, `random` or `seed`
 * @throws {@link ShapeError} if there are fewer than two axes
 * @source Glorot and Bengio 2010
 * @example
 * xavierUniform([3, 3], { seed: 1 }).data.every((x) => Math.abs(x) <= 1) // => true
 */
export function xavierUniform(shape: readonly number[], options?: XavierOptions): Tensor {
  const bound = Math.sqrt(3) * xavierDeviation("xavierUniform", shape, options);
  return uniform(shape, { ...drawOf(options), low: -bound, high: bound });
}

/** Normal with variance gain²·2 / (in + out).
 * @param shape - `[out, in, ...]`
 * @param options - `gain` (1), `dtype`, `random` or `seed`
 * @throws {@link ShapeError} if there are fewer than two axes
 * @source Glorot and Bengio 2010
 * @example
 * xavierNormal([3, 2]).shape // => [3, 2]
 */
export function xavierNormal(shape: readonly number[], options?: XavierOptions): Tensor {
  return normal(shape, { ...drawOf(options), mean: 0, std: xavierDeviation("xavierNormal", shape, options) });
}

/** Options of {@link kaimingUniform} and {@link kaimingNormal}. */
export interface KaimingOptions extends DrawOptions {
  /** Whose size is kept: signals (`"fanIn"`) or gradients (`"fanOut"`). */
  readonly mode?: "fanIn" | "fanOut";
  /** What follows the weights (`"relu"`). */
  readonly nonlinearity?: Nonlinearity;
  /** Negative slope of leakyRelu (0.01). */
  readonly slope?: number;
}

function kaimingDeviation(op: string, shape: readonly number[], options: KaimingOptions | undefined): number {
  checkDraw(op, options, ["mode", "nonlinearity", "slope"]);
  const { fanIn, fanOut } = fans(op, shape);
  const mode = options?.mode ?? "fanIn";
  if (mode !== "fanIn" && mode !== "fanOut") throw outOfRange(op, "mode", mode, "fanIn or fanOut");
  return (
    gainOf(options?.nonlinearity ?? "relu", options?.slope) / Math.sqrt(mode === "fanIn" ? fanIn : fanOut)
  );
}

/** Uniform with variance gain² / fan: keeps signals at one size through layers with a nonlinearity.
 * @param shape - `[out, in, ...]`
 * @param options - `mode` ("fanIn"), `nonlinearity` ("relu"), `slope` (0.01), `dtype`, `random` or `seed`
 * @throws {@link ShapeError} if there are fewer than two axes
 * @source arXiv:1502.01852
 * @example
 * kaimingUniform([3, 6], { seed: 1 }).data.every((x) => Math.abs(x) <= 1) // => true
 */
export function kaimingUniform(shape: readonly number[], options?: KaimingOptions): Tensor {
  const bound = Math.sqrt(3) * kaimingDeviation("kaimingUniform", shape, options);
  return uniform(shape, { ...drawOf(options), low: -bound, high: bound });
}

/** Normal with variance gain² / fan.
 * @param shape - `[out, in, ...]`
 * @param options - `mode` ("fanIn"), `nonlinearity` ("relu"), `slope` (0.01), `dtype`, `random` or `seed`
 * @throws {@link ShapeError} if there are fewer than two axes
 * @source arXiv:1502.01852
 * @example
 * kaimingNormal([3, 2]).shape // => [3, 2]
 */
export function kaimingNormal(shape: readonly number[], options?: KaimingOptions): Tensor {
  return normal(shape, {
    ...drawOf(options),
    mean: 0,
    std: kaimingDeviation("kaimingNormal", shape, options),
  });
}
