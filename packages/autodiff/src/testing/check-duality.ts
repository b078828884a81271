import { checkNumber, checkOptions } from "../base/checks.js";
import { DerivativeError } from "../base/errors.js";
import type { Tensor } from "../tensor/tensor.js";
import { jvp, vjp } from "../transforms/products.js";
import { flatFunction, inner, weightsFor } from "./scalar-function.js";

/** Holds the two modes against each other: ⟨vjp(c), u⟩ = ⟨c, jvp(u)⟩ for a random cotangent c and a random tangent u, in float64.
 * @param f - takes and returns trees of tensors
 * @param inputs - the list of arguments
 * @param options - `tolerance` (1e-12, relative to the size of the terms), `seed` (0)
 * @throws {@link DerivativeError} with both numbers; {@link DTypeError} if no input is float
 * @example
 * checkDuality((x, y) => mul(sin(x), y), [tensor([1, 2]), tensor(3)]) // => undefined
 */
export function checkDuality<Args extends readonly unknown[] = Tensor[]>(
  f: (...args: Args) => unknown,
  inputs: Args,
  options: { readonly tolerance?: number; readonly seed?: number } = {},
): void {
  checkOptions("checkDuality", options, ["tolerance", "seed"]);
  const { tolerance = 1e-12, seed = 0 } = options;
  checkNumber("checkDuality", "tolerance", tolerance, 0);
  checkNumber("checkDuality", "seed", seed);
  const { at, run } = flatFunction("checkDuality", f, inputs);
  const flat = (...leaves: Tensor[]): readonly Tensor[] => run(leaves);
  const [value, pullback] = vjp(flat, ...at);
  const cotangents = weightsFor(value, seed);
  const tangents = weightsFor(at, seed + 1);
  const back = pullback(cotangents);
  const forth = jvp(flat, [...at], [...tangents])[1];
  const left = inner(back, tangents).item();
  const right = inner(cotangents, forth).item();
  const size = [...back, ...forth].reduce(
    (most, t) => t.data.reduce((m, v) => Math.max(m, Math.abs(v)), most),
    1,
  );
  const count = [...at, ...value].reduce((n, t) => n + t.size, 1);
  // Written so that NaN fails, and an infinite number, which would allow any difference.
  if (size < Number.POSITIVE_INFINITY && Math.abs(left - right) <= tolerance * size * count) return;
  throw new DerivativeError({
    code: "derivative/duality",
    op: "checkDuality",
    problem: `forward and reverse mode of ${f.name === "" ? "the function" : f.name} disagree.`,
    got: `${left} by reverse mode, ⟨vjp(c), u⟩`,
    expected: `${right} by forward mode, ⟨c, jvp(u)⟩`,
    mend: "one of the two rules is wrong: checkGradients says which",
  });
}
