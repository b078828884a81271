import { checkNumber } from "@scope/autodiff/checks";
import { add, div, mul, sqrt, square, sub, type Tensor } from "@scope/autodiff/functions";
import { Optimizer, type OptimizerOptions, type Trained, type UpdateRule } from "./optimizer.js";

/** Options of {@link RMSProp}. */
export interface RMSPropOptions extends OptimizerOptions {
  /** Size of a step (0.01). */
  readonly learningRate?: number;
  /** How much of the mean of squares stays (0.99). */
  readonly smoothing?: number;
  /** Added to the root that is divided by (1e-8). */
  readonly epsilon?: number;
  /** How much of the last velocity stays (0). */
  readonly momentum?: number;
  /** Whether the variance of the gradients is used instead of their mean square (false). */
  readonly centered?: boolean;
  /** Factor of the parameter that is added to its gradient (0). */
  readonly weightDecay?: number;
}

const rule: UpdateRule<RMSPropOptions, Tensor> = {
  complete(options) {
    const {
      learningRate = 0.01,
      smoothing = 0.99,
      epsilon = 1e-8,
      momentum = 0,
      centered = false,
      weightDecay = 0,
    } = options;
    checkNumber("RMSProp", "learningRate", learningRate, 0);
    checkNumber("RMSProp", "smoothing", smoothing, 0, 1, true);
    checkNumber("RMSProp", "epsilon", epsilon, 0);
    checkNumber("RMSProp", "momentum", momentum, 0);
    checkNumber("RMSProp", "weightDecay", weightDecay, 0);
    return { learningRate, smoothing, epsilon, momentum, centered, weightDecay };
  },
  moments: ({ momentum, centered }) => ({
    square: 0,
    ...(centered && { mean: 0 }),
    ...(momentum > 0 && { velocity: 0 }),
  }),
  scalars: (_options, rate) => rate,
  update({ smoothing, epsilon, momentum, centered, weightDecay }, rate, value, gradient, [squares, ...rest]) {
    const g = weightDecay === 0 ? gradient : add(gradient, mul(value, weightDecay));
    const mixed = (old: Tensor, now: Tensor): Tensor => add(mul(old, smoothing), mul(now, 1 - smoothing));
    const nextSquares = mixed(squares, square(g));
    const mean = centered ? [mixed(rest[0], g)] : [];
    const power = centered ? sub(nextSquares, square(mean[0])) : nextSquares;
    const direction = div(g, add(sqrt(power), epsilon));
    if (momentum === 0) return [sub(value, mul(direction, rate)), nextSquares, ...mean];
    const velocity = add(mul(rest[rest.length - 1], momentum), direction);
    return [sub(value, mul(velocity, rate)), nextSquares, ...mean, velocity];
  },
};

/** Steps divided by the root of the mean square of the gradients.
 * v' = α v + (1 − α) g²; p' = p − η g / (√v' + ε)
 * @source torch.optim.RMSprop
 * @example
 * const w = new Parameter(tensor([1]))
 * new RMSProp([w], { learningRate: 0.1, smoothing: 0.75 }).step([tensor([3])])
 * w.value.toArray() // => [0.8]
 */
export class RMSProp extends Optimizer<RMSPropOptions, Tensor> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "RMSProp";
  }

  /** @param parameters - in an array or a record, or groups with options of their own
   * @param options - `learningRate` (0.01), `smoothing` (0.99), `epsilon` (1e-8), `momentum` (0), `centered` (false), `weightDecay` (0)
   * @throws {@link ValueError} if an option is out of range */
  constructor(parameters: Trained<RMSPropOptions>, options?: RMSPropOptions) {
    super(parameters, options, rule);
  }
}
