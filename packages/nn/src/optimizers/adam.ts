import { checkNumber } from "@scope/autodiff/checks";
import {
  add,
  div,
  expm1,
  maximum,
  mul,
  neg,
  sqrt,
  square,
  sub,
  type Tensor,
} from "@scope/autodiff/functions";
import { Optimizer, type OptimizerOptions, type Trained, type UpdateRule } from "./optimizer.js";

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions extends OptimizerOptions {
  /** Size of a step (1e-3). */
  readonly learningRate?: number;
  /** How much of the means of gradients and of their squares stays ([0.9, 0.999]). */
  readonly betas?: readonly [mean: number, square: number];
  /** Added to the root that is divided by (1e-8). */
  readonly epsilon?: number;
  /** Adam: factor of the parameter that is added to its gradient (0). AdamW: how fast parameters shrink by themselves (0.01). */
  readonly weightDecay?: number;
  /** Whether the root never gets smaller (false). */
  readonly amsgrad?: boolean;
}

interface Scalars {
  readonly rate: Tensor;
  /** η / (1 − β₁ᵗ) */
  readonly stepSize: Tensor;
  /** 1 / √(1 − β₂ᵗ) */
  readonly rootScale: Tensor;
}

/** 1 − βᵗ without the cancellation that float32 would suffer in the first steps. */
const correction = (beta: number, count: Tensor): Tensor => neg(expm1(mul(count, Math.log(beta))));

const adamRule = (op: string, decay: number, decoupled: boolean): UpdateRule<AdamOptions, Scalars> => ({
  complete(options) {
    const {
      learningRate = 1e-3,
      betas = [0.9, 0.999],
      epsilon = 1e-8,
      weightDecay = decay,
      amsgrad = false,
    } = options;
    checkNumber(op, "learningRate", learningRate, 0);
    checkNumber(op, "betas[0]", betas[0], 0, 1, true);
    checkNumber(op, "betas[1]", betas[1], 0, 1, true);
    checkNumber(op, "epsilon", epsilon, 0);
    checkNumber(op, "weightDecay", weightDecay, 0);
    return { learningRate, betas, epsilon, weightDecay, amsgrad };
  },
  moments: ({ amsgrad }) => ({ mean: 0, square: 0, ...(amsgrad && { largest: 0 }) }),
  scalars: ({ betas }, rate, count) => ({
    rate,
    stepSize: div(rate, correction(betas[0], count)),
    rootScale: div(1, sqrt(correction(betas[1], count))),
  }),
  update(
    { betas, epsilon, weightDecay, amsgrad },
    { rate, stepSize, rootScale },
    value,
    gradient,
    [mean, squares, largest],
  ) {
    let start = value;
    let g = gradient;
    if (weightDecay !== 0 && decoupled) start = mul(value, sub(1, mul(rate, weightDecay)));
    if (weightDecay !== 0 && !decoupled) g = add(gradient, mul(value, weightDecay));
    const nextMean = add(mul(mean, betas[0]), mul(g, 1 - betas[0]));
    const nextSquares = add(mul(squares, betas[1]), mul(square(g), 1 - betas[1]));
    const top = amsgrad ? maximum(largest, nextSquares) : nextSquares;
    const root = add(mul(sqrt(top), rootScale), epsilon);
    const next = sub(start, div(mul(nextMean, stepSize), root));
    return amsgrad ? [next, nextMean, nextSquares, top] : [next, nextMean, nextSquares];
  },
});

/** Adam: steps whose size depends on the mean of the gradients over the root of the mean of their squares.
 * m' = β₁ m + (1 − β₁) g; v' = β₂ v + (1 − β₂) g²; p' = p − η m'/(1 − β₁ᵗ) / (√(v'/(1 − β₂ᵗ)) + ε)
 * @source arXiv:1412.6980; torch.optim.Adam
 * @example
 * const w = new Parameter(tensor([1, 2]))
 * const adam = new Adam([w], { learningRate: 0.1 })
 * adam.step([tensor([3, -4])])
 * w.value.toArray() // => [0.9, 2.1]
 */
export class Adam extends Optimizer<AdamOptions, Scalars> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "Adam";
  }

  /** @param parameters - in an array or a record, or groups with options of their own
   * @param options - `learningRate` (1e-3), `betas` ([0.9, 0.999]), `epsilon` (1e-8), `weightDecay` (0), `amsgrad` (false)
   * @throws {@link ValueError} if an option is out of range */
  constructor(parameters: Trained<AdamOptions>, options?: AdamOptions) {
    super(parameters, options, adamRule("Adam", 0, false));
  }
}

/** Adam whose weight decay acts on the parameters themselves, beside the step: p shrinks by η λ p.
 * @source arXiv:1711.05101; torch.optim.AdamW
 * @example
 * const w = new Parameter(tensor([1]))
 * new AdamW([w], { learningRate: 0.1, weightDecay: 0.5 }).step([tensor([0])])
 * w.value.toArray() // => [0.95]
 */
export class AdamW extends Optimizer<AdamOptions, Scalars> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "AdamW";
  }

  /** @param parameters - in an array or a record, or groups with options of their own
   * @param options - `learningRate` (1e-3), `betas` ([0.9, 0.999]), `epsilon` (1e-8), `weightDecay` (0.01), `amsgrad` (false)
   * @throws {@link ValueError} if an option is out of range */
  constructor(parameters: Trained<AdamOptions>, options?: AdamOptions) {
    super(parameters, options, adamRule("AdamW", 0.01, true));
  }
}
