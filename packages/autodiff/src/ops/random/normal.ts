import { checkOptions } from "../../base/checks.js";
import type { Shape } from "../../base/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import {
  checkBounds,
  drawFloats,
  type FloatDrawOptions,
  type FloatOps,
  type Generator,
} from "./generator.js";
import { normalFloat32Op, normalFloat64Op } from "./normal-quantile.js";

/** Options of normal draws. */
export interface NormalDrawOptions extends FloatDrawOptions {
  readonly mean?: number;
  readonly std?: number;
}

const normalOps: FloatOps = [normalFloat32Op, normalFloat64Op];

/** Normally distributed numbers: `Random.normal`.
 * @example
 * drawNormal(new Generator(1), [8, 3]).shape // => [8, 3]
 * @internal */
export function drawNormal(generator: Generator, shape: Shape, options?: NormalDrawOptions): Tensor {
  checkOptions("normal", options, ["mean", "std", "dtype"]);
  const { mean = 0, std = 1, dtype = "float32" } = options ?? {};
  checkBounds("normal", mean, std, () => std >= 0, "a finite mean, and std ≥ 0");
  return drawFloats(generator, "normal", shape, dtype, normalOps, std, mean);
}
