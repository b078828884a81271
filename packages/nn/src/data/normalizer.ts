import { checkCount, checkOptions } from "@scope/autodiff/checks";
import {
  add,
  type DType,
  div,
  mul,
  ones,
  sub,
  type Tensor,
  tensor,
  ValueError,
  Variable,
  zeros,
} from "@scope/autodiff/functions";
import { Module } from "../modules/module.js";
import { checkFeatures } from "../option-checks.js";

/** Brings every feature to mean 0 and standard deviation 1, with statistics that are measured, not trained. They are Variables of the
 * module, so that a model that holds a Normalizer saves them in its state dict and gets them back with it.
 * y = (x − mean) / deviation, feature by feature
 * @example
 * const normalizer = new Normalizer(1).measure(tensor([[1], [3]]))
 * normalizer.forward(tensor([[1], [3], [5]])).toArray() // => [[-1], [1], [3]]
 * normalizer.inverse(tensor([[-1]])).toArray() // => [[1]]
 * Object.keys(normalizer.stateDict()) // => ["mean", "deviation"]
 * normalizer.parameters().length // => 0
 */
export class Normalizer extends Module {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "Normalizer";
  }

  /** `[features]`; zeros until measured. */
  readonly mean: Variable;
  /** `[features]`; ones until measured. */
  readonly deviation: Variable;

  /** @param features - size of the last axis
   * @param options - `dtype` ("float32") of the statistics
   * @throws {@link ValueError} if `features` is not a whole number ≥ 1 */
  constructor(features: number, options?: { readonly dtype?: DType }) {
    super();
    checkOptions("Normalizer", options, ["dtype"]);
    checkCount("Normalizer", "features", features);
    this.mean = new Variable(zeros([features], options));
    this.deviation = new Variable(ones([features], options));
  }

  /** Takes mean and standard deviation (of the whole population) from data; a feature that never changes keeps deviation 1. Measure the training part only.
   * @param data - `[..., features]`
   * @throws {@link ShapeError} if the last axis does not fit; {@link ValueError} if there is no data or it is not finite */
  measure(data: Tensor): this {
    const features = this.mean.shape[0];
    checkFeatures("Normalizer.measure", data, features);
    const count = data.size / features;
    const mean = new Float64Array(features);
    data.data.forEach((value, k) => {
      mean[k % features] += value / count;
    });
    const variance = new Float64Array(features);
    data.data.forEach((value, k) => {
      variance[k % features] += (value - mean[k % features]) ** 2 / count;
    });
    if (count === 0 || !variance.every(Number.isFinite)) {
      throw new ValueError({
        code: "data/not-finite",
        op: "Normalizer.measure",
        problem: "the data has no mean.",
        got: count === 0 ? "no data" : "values that are not finite",
        expected: "at least one entry, all values finite",
        mend: "fill or leave out missing values first",
      });
    }
    const dtype = this.mean.dtype;
    this.mean.value = tensor(mean, { dtype });
    // A feature that never changes has a variance of rounding errors only.
    const constant = (k: number): boolean => Math.sqrt(variance[k]) <= 1e-10 * Math.abs(mean[k]);
    const deviation = variance.map((each, k) => (constant(k) ? 1 : Math.sqrt(each)));
    this.deviation.value = tensor(deviation, { dtype });
    return this;
  }

  /** Normalises.
   * @param x - `[..., features]`
   * @throws {@link ShapeError} if the last axis does not fit */
  forward(x: Tensor): Tensor {
    checkFeatures("Normalizer", x, this.mean.shape[0]);
    return div(sub(x, this.mean.value), this.deviation.value);
  }

  /** Back to the units of the data.
   * @param y - `[..., features]`
   * @throws {@link ShapeError} if the last axis does not fit */
  inverse(y: Tensor): Tensor {
    checkFeatures("Normalizer.inverse", y, this.mean.shape[0]);
    return add(mul(y, this.deviation.value), this.mean.value);
  }
}
