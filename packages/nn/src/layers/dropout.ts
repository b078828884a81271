import { checkNumber, checkOptions } from "@scope/autodiff/checks";
import { cast, mul, type Random, type Tensor, where } from "@scope/autodiff/functions";
import { ownRandom, type SeedOptions } from "../initializers/random-laws.js";
import { Module } from "../modules/module.js";
import { checkTensor } from "../option-checks.js";

/** Sets elements to 0 at random while training, and makes the others larger, so that the mean stays; identity in evaluation.
 * y = x ∘ m / (1 − rate), m = 1 with probability 1 − rate
 * The random state is a Variable: saved with the module, and advanced by compiled programs as well.
 * @source arXiv:1207.0580
 * @example
 * const dropout = new Dropout(0.5, { seed: 1 })
 * dropout.forward(ones([1000])).data.every((y) => y === 0 || y === 2) // => true
 * dropout.eval().forward(ones([2])).toArray() // => [1, 1]
 */
export class Dropout extends Module {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "Dropout";
  }

  /** The probability of an element to become 0. */
  readonly rate: number;
  readonly random: Random;

  /** @param rate - probability of an element to become 0, 0 ≤ rate < 1 (0.5)
   * @param options - `random` or `seed`; of its own if left out
   * @throws {@link ValueError} if the rate is out of range */
  constructor(rate = 0.5, options?: SeedOptions) {
    super();
    checkOptions("Dropout", options, ["seed", "random"]);
    checkNumber("Dropout", "rate", rate, 0, 1, true);
    this.rate = rate;
    this.random = ownRandom(options);
  }

  /** @param x - any shape; whole numbers and booleans become float32
   * @returns the shape of `x`, of the same dtype in training and in evaluation */
  forward(x: Tensor): Tensor {
    checkTensor("Dropout", "input", x, "a tensor");
    const input = cast(x, x.dtype === "float64" ? "float64" : "float32");
    if (!this.training || this.rate === 0) return input;
    const keep = 1 - this.rate;
    return where(this.random.bernoulli(input.shape, { p: keep }), mul(input, 1 / keep), 0);
  }
}
