import { checkNumber } from "@scope/autodiff/checks";
import { add, div, mul, sqrt, square, sub, type Tensor } from "@scope/autodiff/functions";
import { Optimizer, type OptimizerOptions, type Trained, type UpdateRule } from "./optimizer.js";

/** Options of {@link Adagrad}. */
export interface AdagradOptions extends OptimizerOptions {
  /** Size of a step (0.01). */
  readonly learningRate?: number;
  /** How the rate falls: η / (1 + (t − 1)·decay) (0). */
  readonly learningRateDecay?: number;
  /** What the sums of squares start from (0). */
  readonly initialAccumulator?: number;
  /** Added to the root that is divided by (1e-10). */
  readonly epsilon?: number;
  /** Factor of the parameter that is added to its gradient (0). */
  readonly weightDecay?: number;
}

const rule: UpdateRule<AdagradOptions, Tensor> = {
  complete(options) {
    const {
      learningRate = 0.01,
      learningRateDecay = 0,
      initialAccumulator = 0,
      epsilon = 1e-10,
      weightDecay = 0,
    } = options;
    const all = { learningRate, learningRateDecay, initialAccumulator, epsilon, weightDecay };
    for (const [name, value] of Object.entries(all)) checkNumber("Adagrad", name, value, 0);
    return all;
  },
  moments: ({ initialAccumulator }) => ({ sum: initialAccumulator }),
  scalars: ({ learningRateDecay }, rate, count) =>
    learningRateDecay === 0 ? rate : div(rate, add(mul(sub(count, 1), learningRateDecay), 1)),
  update({ epsilon, weightDecay }, rate, value, gradient, [sums]) {
    const g = weightDecay === 0 ? gradient : add(gradient, mul(value, weightDecay));
    const next = add(sums, square(g));
    return [sub(value, div(mul(g, rate), add(sqrt(next), epsilon))), next];
  },
};

/** Steps divided by the root of the sum of all squared gradients so far.
 * s' = s + g²; p' = p − η g / (√s' + ε)
 * @source Duchi, Hazan and Singer 2011; torch.optim.Adagrad
 * @example
 * const w = new Parameter(tensor([1]))
 * new Adagrad([w], { learningRate: 0.1 }).step([tensor([3])])
 * w.value.toArray() // => [0.9]
 */
export class Adagrad extends Optimizer<AdagradOptions, Tensor> {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "Adagrad";
  }

  /** @param parameters - in an array or a record, or groups with options of their own
   * @param options - `learningRate` (0.01), `learningRateDecay` (0), `initialAccumulator` (0), `epsilon` (1e-10), `weightDecay` (0)
   * @throws {@link ValueError} if an option is out of range */
  constructor(parameters: Trained<AdagradOptions>, options?: AdagradOptions) {
    super(parameters, options, rule);
  }
}
