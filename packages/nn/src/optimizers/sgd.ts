import { checkNumber, outOfRange } from "@scope/autodiff/checks";
import { add, equal, mul, sub, type Tensor, where } from "@scope/autodiff/functions";
import { Optimizer, type OptimizerOptions, type Trained, type UpdateRule } from "./optimizer.js";

/** Options of {@link SGD}. */
export interface SGDOptions extends OptimizerOptions {
  /** Size of a step (0.01). */
  readonly learningRate?: number;
  /** How much of the last velocity stays (0). */
  readonly momentum?: number;
  /** How much of a gradient does not enter the velocity (0). */
  readonly dampening?: number;
  /** Whether the step looks ahead along the velocity (false). */
  readonly nesterov?: boolean;
  /** Factor of the parameter that is added to its gradient (0). */
  readonly weightDecay?: number;
}

interface Scalars {
  readonly rate: Tensor;
  /** How much of a gradient enters the velocity. */
  readonly share: Tensor | number;
}

const rule: UpdateRule<SGDOptions, Scalars> = {
  complete(options) {
    const { learningRate = 0.01, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
    checkNumber("SGD", "learningRate", learningRate, 0);
    checkNumber("SGD", "momentum", momentum, 0);
    checkNumber("SGD", "dampening", dampening, 0, 1);
    checkNumber("SGD", "weightDecay", weightDecay, 0);
    if (nesterov && (momentum === 0 || dampening !== 0))
      throw outOfRange("SGD", "nesterov", nesterov, "nesterov with momentum > 0 and dampening 0");
    return { learningRate, momentum, dampening, nesterov, weightDecay };
  },
  moments: ({ momentum }) => ({ ...(momentum > 0 && { velocity: 0 }) }),
  scalars: ({ dampening }, rate, count) => ({
    rate,
    // The first gradient becomes the velocity undamped, as in PyTorch; count is then the 1 that is needed, in the right dtype.
    share: dampening === 0 ? 1 : where(equal(count, 1), count, 1 - dampening),
  }),
  update({ momentum, dampening, nesterov, weightDecay }, { rate, share }, value, gradient, [velocity]) {
    const direction = weightDecay === 0 ? gradient : add(gradient, mul(value, weightDecay));
    if (momentum === 0) return [sub(value, mul(direction, rate))];
    const next = add(mul(velocity, momentum), dampening === 0 ? direction : mul(direction, share));
    const step = nesterov ? add(direction, mul(next, momentum)) : next;
    return [sub(value, mul(step, rate)), next];
  },
};

/** Stochastic gradient descent, with momentum.
 * v' = μ v + (1 − τ)(g + λ p); p' = p − η v' (Nesterov: p − η (g + λ p + μ v'))
 * @source torch.optim.SGD
 * @example
 * const w = new Parameter(tensor([1, 2]))
 * const optimizer = new SGD([w], { learningRate: 0.5 })
 * const [, gradients] = lossAndGradients(() => sum(square(w)), optimizer.parameters())
 * optimizer.step(gradients)
 * w.value.toArray() // => [0, 0]
 */
export class SGD extends Optimizer<SGDOptions, Scalars> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "SGD";
  }

  /** @param parameters - in an array or a record, or groups with options of their own
   * @param options - `learningRate` (0.01), `momentum` (0), `dampening` (0), `nesterov` (false), `weightDecay` (0)
   * @throws {@link ValueError} if an option is out of range */
  constructor(parameters: Trained<SGDOptions>, options?: SGDOptions) {
    super(parameters, options, rule);
  }
}
