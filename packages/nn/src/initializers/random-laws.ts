import { checkNumber, drawNormal, drawUniform, forkOf, Generator, outOfRange } from "@scope/autodiff/checks";
import { Random, type Tensor } from "@scope/autodiff/functions";
import { checkDraw } from "../option-checks.js";

/** Where random numbers come from. */
export interface SeedOptions {
  /** The generator to draw from. */
  readonly random?: Random;
  /** The seed of a new generator, if none is given; the package's own generator if both are left out. */
  readonly seed?: number;
}

/** Dtypes that can be trained. */
export type FloatDType = "float32" | "float64";

/** Options of everything that is drawn. */
export interface DrawOptions extends SeedOptions {
  /** Dtype of the result (`"float32"`). */
  readonly dtype?: FloatDType;
}

// The generator of everything that is drawn without one; made at first use, so that importing has no effect.
let shared: Generator | null = null;

/** Starts the package's own generator again, from a seed: parameters drawn from now on are the same in every run.
 * It starts from seed 0 by itself.
 * @param seed - a whole number
 * @example
 * setSeed(7)
 * const first = new Linear(2, 2).weight.value
 * setSeed(7)
 * const second = new Linear(2, 2).weight.value
 * first.sub(second).toArray() // => [[0, 0], [0, 0]]
 */
export function setSeed(seed: number): void {
  shared = new Generator(seed);
}

/** The generator that options name. */
function generatorOf(options: SeedOptions | undefined): Generator {
  if (options?.random !== undefined) {
    if (options.random instanceof Generator) return options.random;
    throw outOfRange(
      "random numbers",
      "random",
      options.random,
      "a Random",
      "pass { random: new Random(42) } or { seed: 42 }",
    );
  }
  if (options?.seed !== undefined) return new Generator(options.seed);
  shared ??= new Generator(0);
  return shared;
}

/** The generator that options name, or one that nobody else draws from: forked from it. */
export const ownRandom = (options: SeedOptions | undefined): Random =>
  options?.random === undefined && options?.seed !== undefined
    ? new Random(options.seed)
    : forkOf(generatorOf(options));

/** What draws: the options that every law has, and no others. */
export const drawOf = (
  options: DrawOptions | undefined,
): { readonly dtype: FloatDType; readonly random: Random } => ({
  dtype: options?.dtype ?? "float32",
  // Only for the laws below, which draw with functions of a generator: the methods of Random would weigh on every layer.
  random: generatorOf(options) as Random,
});

/** Options of {@link uniform}. */
export interface UniformOptions extends DrawOptions {
  /** Least value (−1). */
  readonly low?: number;
  /** Bound that is not reached (1). */
  readonly high?: number;
}

/** Values that are equally likely between `low` and `high`.
 * @param shape - of the result
 * @param options - `low` (−1), `high` (1), `dtype`, `random` or `seed`
 * @throws {@link ValueError} if an option is unknown or out of range
 * @example
 * uniform([100], { low: 0, high: 0.5, seed: 1 }).data.every((x) => x >= 0 && x < 0.5) // => true
 */
export function uniform(shape: readonly number[], options?: UniformOptions): Tensor {
  checkDraw("uniform", options, ["low", "high"]);
  const low = options?.low ?? -1;
  const high = options?.high ?? 1;
  checkNumber("uniform", "low", low, -Number.MAX_VALUE);
  checkNumber("uniform", "high", high, low);
  const { random, dtype } = drawOf(options);
  return drawUniform(random, shape, { low, high, dtype });
}

/** Options of {@link normal}. */
export interface NormalOptions extends DrawOptions {
  /** Mean (0). */
  readonly mean?: number;
  /** Standard deviation (1). */
  readonly std?: number;
}

/** Values of a normal law.
 * @param shape - of the result
 * @param options - `mean` (0), `std` (1), `dtype`, `random` or `seed`
 * @throws {@link ValueError} if an option is unknown or out of range
 * @example
 * normal([2, 3], { std: 0.02 }).shape // => [2, 3]
 */
export function normal(shape: readonly number[], options?: NormalOptions): Tensor {
  checkDraw("normal", options, ["mean", "std"]);
  const mean = options?.mean ?? 0;
  const std = options?.std ?? 1;
  checkNumber("normal", "mean", mean, -Number.MAX_VALUE);
  checkNumber("normal", "std", std, 0);
  const { random, dtype } = drawOf(options);
  return drawNormal(random, shape, { mean, std, dtype });
}
