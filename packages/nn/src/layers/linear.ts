import { checkCount } from "@scope/autodiff/checks";
import { add, matmul, permute, type Tensor } from "@scope/autodiff/functions";
import { type DrawOptions, drawOf, uniform } from "../initializers/random-laws.js";
import { Module } from "../modules/module.js";
import { Parameter } from "../modules/parameter.js";
import { checkDraw, checkFeatures, checkPrecision } from "../option-checks.js";

/** Options of {@link Linear}. */
export interface LinearOptions extends DrawOptions {
  /** Whether a bias is added (true). */
  readonly bias?: boolean;
}

/** An affine map of the last axis.
 * y = x Wᵀ + b; `weight` `[out, in]` and `bias` `[out]` are drawn uniformly from ±1/√in
 * @source torch.nn.Linear
 * @example
 * new Linear(3, 2).forward(zeros([5, 7, 3])).shape // => [5, 7, 2]
 */
export class Linear extends Module {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "Linear";
  }

  readonly inFeatures: number;
  readonly outFeatures: number;
  /** `[out, in]` */
  readonly weight: Parameter;
  /** `[out]`; null without bias. */
  readonly bias: Parameter | null;

  /** @param inFeatures - size of the last axis of the input
   * @param outFeatures - size of the last axis of the output
   * @param options - `bias` (true), `dtype` ("float32"), `random` or `seed`
   * @throws {@link ValueError} if a size is not a whole number ≥ 1 */
  constructor(inFeatures: number, outFeatures: number, options?: LinearOptions) {
    super();
    checkDraw("Linear", options, ["bias"]);
    checkCount("Linear", "inFeatures", inFeatures);
    checkCount("Linear", "outFeatures", outFeatures);
    const bound = 1 / Math.sqrt(inFeatures);
    const law = { ...drawOf(options), low: -bound, high: bound };
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = new Parameter(uniform([outFeatures, inFeatures], law));
    this.bias = (options?.bias ?? true) ? new Parameter(uniform([outFeatures], law)) : null;
  }

  /** @param x - `[..., in]`
   * @returns `[..., out]`
   * @throws {@link ShapeError} if the last axis of `x` is not `in`; {@link DTypeError} if `x` is float64 and the layer is not */
  forward(x: Tensor): Tensor {
    checkFeatures("Linear", x, this.inFeatures);
    checkPrecision("Linear", x, this.weight.dtype);
    const product = matmul(x, permute(this.weight.value, [1, 0]));
    return this.bias === null ? product : add(product, this.bias);
  }
}
