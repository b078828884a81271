import { checkCount, checkNumber, checkOptions } from "../base/checks.js";
import { DerivativeError } from "../base/errors.js";
import { contiguousArray, fromArray, type Tensor } from "../tensor/tensor.js";
import { jvp, vjp } from "../transforms/products.js";
import { flatFunction, inner, weightsFor } from "./scalar-function.js";

/** Options of {@link checkGradients}. */
export interface CheckGradientsOptions {
  /** How far a derivative may be from the difference, relative to the greater of the two (1e-6). */
  readonly tolerance?: number;
  /** Added to that for derivatives near 0 (1e-8). */
  readonly absoluteTolerance?: number;
  /** Step of the central differences, relative to elements over 1 (1e-5). */
  readonly step?: number;
  /** 2 (the default) checks second derivatives as well. */
  readonly order?: 1 | 2;
  /** Decides the weights of the results and the directions of second derivatives (0). */
  readonly seed?: number;
}

type Flat = (leaves: readonly Tensor[]) => Tensor;

/** Holds the derivatives of a function against central differences, in float64: reverse and forward mode, element by element, and
 * second derivatives three ways (forward over reverse, reverse over reverse, reverse over forward).
 * @param f - takes and returns trees of tensors; must be smooth around `inputs`
 * @param inputs - the list of arguments; float tensors are checked, in float64
 * @param options - `tolerance` (1e-6), `absoluteTolerance` (1e-8), `step` (1e-5), `order` (2), `seed` (0)
 * @throws {@link DerivativeError} that says which mode, which input, which element, and both numbers; {@link DTypeError} if no input is float
 * @example
 * checkGradients((x, y) => mul(sin(x), y), [tensor([1, 2]), tensor(3)]) // => undefined
 * checkGradients((x) => mul(x, stopGradient(x)), [tensor([1, 2])]) // throws DerivativeError
 */
export function checkGradients<Args extends readonly unknown[] = Tensor[]>(
  f: (...args: Args) => unknown,
  inputs: Args,
  options: CheckGradientsOptions = {},
): void {
  const { tolerance = 1e-6, absoluteTolerance = 1e-8, step = 1e-5, order = 2, seed = 0 } = options;
  checkOptions("checkGradients", options, ["tolerance", "absoluteTolerance", "step", "order", "seed"]);
  for (const [name, value] of Object.entries({ tolerance, absoluteTolerance, step }))
    checkNumber("checkGradients", name, value, 0);
  checkCount("checkGradients", "order", order);
  checkNumber("checkGradients", "seed", seed);
  const { at, paths, run } = flatFunction("checkGradients", f, inputs);
  const weights = weightsFor(run(at), seed);
  const loss: Flat = (leaves) => inner(run(leaves), weights);
  const name = f.name === "" ? "the function" : f.name;
  const compare = (
    mode: string,
    i: number,
    element: number,
    derivative: number,
    difference: number,
  ): void => {
    const allowed = absoluteTolerance + tolerance * Math.max(Math.abs(derivative), Math.abs(difference));
    // Written so that NaN fails, and an infinite number, which would allow any difference.
    if (allowed < Number.POSITIVE_INFINITY && Math.abs(derivative - difference) <= allowed) return;
    throw new DerivativeError({
      code: "derivative/check",
      op: "checkGradients",
      problem: `the derivative of ${name} is not its slope.`,
      got: `${derivative} by ${mode}, at ${place(paths[i], at[i], element)}`,
      expected: `${difference} by central differences`,
      mend: "look at the rule for this input; near a kink, a pole or a jump move the input away from it",
    });
  };

  const reverse = gradientOf(loss)(at);
  at.forEach((x, i) => {
    const direction = new Float64Array(x.size);
    for (let k = 0; k < x.size; k++) {
      const h = step * Math.max(1, Math.abs(x.data[k]));
      const moved = (by: number): number => loss(at.map((t, j) => (j === i ? movedAt(t, k, by) : t))).item();
      const difference = (moved(h) - moved(-h)) / (2 * h);
      compare("reverse mode", i, k, reverse[i].data[k], difference);
      direction.fill(0)[k] = 1;
      const tangents = at.map((t, j) =>
        fromArray(j === i ? direction.slice() : new Float64Array(t.size), t.sizes, "float64"),
      );
      compare("forward mode", i, k, slopeOf(loss, tangents)(at).item(), difference);
    }
  });
  if (order === 1) return;

  const along = weightsFor(at, seed + 1);
  const shifted = (by: number): readonly Tensor[] =>
    gradientOf(loss)(at.map((t, i) => combine(t, along[i], by)));
  const [up, down] = [shifted(step), shifted(-step)];
  const ways: readonly (readonly [string, readonly Tensor[]])[] = [
    ["forward over reverse mode", jvp((...l: Tensor[]) => gradientOf(loss)(l), [...at], [...along])[1]],
    ["reverse over reverse mode", gradientOf((l) => inner(gradientOf(loss)(l), along))(at)],
    ["reverse over forward mode", gradientOf(slopeOf(loss, along))(at)],
  ];
  for (const [mode, second] of ways) {
    at.forEach((x, i) => {
      for (let k = 0; k < x.size; k++)
        compare(mode, i, k, second[i].data[k], (up[i].data[k] - down[i].data[k]) / (2 * step));
    });
  }
}

const gradientOf =
  (loss: Flat) =>
  (at: readonly Tensor[]): readonly Tensor[] => {
    const [value, pullback] = vjp((...leaves: Tensor[]) => loss(leaves), ...at);
    return pullback(fromArray(new Float64Array([1]), value.sizes, "float64"));
  };
const slopeOf =
  (loss: Flat, tangents: readonly Tensor[]): Flat =>
  (at) =>
    jvp((...leaves: Tensor[]) => loss(leaves), [...at], [...tangents])[1];

/** A copy with one element changed. */
function movedAt(t: Tensor, element: number, by: number): Tensor {
  const copy = Float64Array.from(contiguousArray(t));
  copy[element] += by;
  return fromArray(copy, t.sizes, "float64");
}
/** t + by · u. */
function combine(t: Tensor, u: Tensor, by: number): Tensor {
  const direction = u.data;
  return fromArray(
    Float64Array.from(contiguousArray(t), (v, i) => v + by * direction[i]),
    t.sizes,
    "float64",
  );
}
/** `inputs[0] element [1, 2]`. */
function place(path: string, t: Tensor, element: number): string {
  const index: number[] = [];
  let rest = element;
  for (let k = t.rank - 1; k >= 0; k--) {
    index.unshift(rest % t.sizes[k]);
    rest = Math.floor(rest / t.sizes[k]);
  }
  return `${path} element [${index.join(", ")}] (${t.data[element]})`;
}
