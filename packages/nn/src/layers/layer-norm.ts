import { checkCount, checkNumber, checkOptions, isList } from "@scope/autodiff/checks";
import {
  add,
  div,
  mean,
  mul,
  ones,
  ShapeError,
  sqrt,
  square,
  sub,
  type Tensor,
  zeros,
} from "@scope/autodiff/functions";
import type { FloatDType } from "../initializers/random-laws.js";
import { Module } from "../modules/module.js";
import { Parameter } from "../modules/parameter.js";
import { checkPrecision, checkTensor, checkTrainable, showShape } from "../option-checks.js";

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance (1e-5). */
  readonly epsilon?: number;
  /** Whether a learned weight and bias follow (true). */
  readonly affine?: boolean;
  /** Dtype of the parameters (`"float32"`). */
  readonly dtype?: FloatDType;
}

/** Mean 0 and variance 1 over the last axes, then a learned scale and shift.
 * y = (x − μ) / √(σ² + ε) ∘ w + b, σ² without Bessel's correction; w starts at 1, b at 0
 * @source arXiv:1607.06450; torch.nn.LayerNorm
 * @example
 * new LayerNorm(2, { epsilon: 0 }).forward(tensor([[1, 3]])).toArray() // => [[-1, 1]]
 */
export class LayerNorm extends Module {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "LayerNorm";
  }

  /** The axes that are normalised together: the last ones. */
  readonly shape: readonly number[];
  readonly epsilon: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;

  /** @param shape - sizes of the last axes, or the size of the last one
   * @param options - `epsilon` (1e-5), `affine` (true), `dtype` ("float32")
   * @throws {@link ValueError} if a size is not a whole number ≥ 1, or epsilon is negative */
  constructor(shape: number | readonly number[], options?: LayerNormOptions) {
    super();
    checkOptions("LayerNorm", options, ["epsilon", "affine", "dtype"]);
    checkTrainable("LayerNorm", options?.dtype);
    const sizes = isList(shape) ? [...shape] : [shape];
    checkCount("LayerNorm", "rank", sizes.length);
    for (const size of sizes) checkCount("LayerNorm", "size", size);
    this.shape = sizes;
    this.epsilon = options?.epsilon ?? 1e-5;
    checkNumber("LayerNorm", "epsilon", this.epsilon, 0);
    const affine = options?.affine ?? true;
    const dtype = options?.dtype ?? "float32";
    this.weight = affine ? new Parameter(ones(sizes, { dtype })) : null;
    this.bias = affine ? new Parameter(zeros(sizes, { dtype })) : null;
  }

  /** @param x - `[..., ...shape]`
   * @returns the shape of `x`
   * @throws {@link ShapeError} if the last axes of `x` are not `shape`; {@link DTypeError} if `x` is float64 and weight and bias are not */
  forward(x: Tensor): Tensor {
    const { shape, epsilon, weight, bias } = this;
    const rank = shape.length;
    checkTensor("LayerNorm", "input", x, `a tensor [..., ${shape.join(", ")}]`);
    if (x.rank < rank || shape.some((size, k) => x.shape[x.rank - rank + k] !== size)) {
      throw new ShapeError({
        code: "layer-norm/shape",
        op: "LayerNorm",
        problem: "the last axes do not have the sizes that are normalised.",
        got: showShape(x.shape),
        expected: `[..., ${shape.join(", ")}]`,
        mend: `new LayerNorm(${showShape(x.shape.slice(-rank))})`,
      });
    }
    if (weight !== null) checkPrecision("LayerNorm", x, weight.dtype);
    const over = { axis: shape.map((_, k) => k - rank), keepDims: true };
    const centred = sub(x, mean(x, over));
    const normal = div(centred, sqrt(add(mean(square(centred), over), epsilon)));
    const scaled = weight === null ? normal : mul(normal, weight);
    return bias === null ? scaled : add(scaled, bias);
  }
}
