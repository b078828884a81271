import { checkNumber, checkOptions, isList, isRecord, outOfRange, show } from "@scope/autodiff/checks";
import {
  abs,
  add,
  cast,
  clip,
  div,
  max,
  maximum,
  minimum,
  mul,
  sqrt,
  square,
  sum,
  Tensor,
  TreeError,
} from "@scope/autodiff/functions";

/** Gradients in the order or under the names of the Variables that they belong to. */
export type Gradients = readonly Tensor[] | { readonly [name: string]: Tensor };

/** Which norm joins all gradients. */
export interface NormOptions {
  /** 2 (default): the root of the sum of squares; 1: the sum of absolute values; Infinity: the largest of them. */
  readonly order?: 1 | 2 | typeof Number.POSITIVE_INFINITY;
}

/** The norm of all gradients together, as if they were one vector.
 * @param gradients - in an array or a record
 * @param options - `order` (2): 1, 2 or Infinity
 * @returns a scalar
 * @throws {@link TreeError} if there are no gradients; {@link ValueError} for an unknown option or order
 * @example
 * globalNorm([tensor([3]), tensor([[4]])]).item() // => 5
 */
export function globalNorm(gradients: Gradients, options?: NormOptions): Tensor {
  return normOf("globalNorm", gradients, options);
}

function normOf(op: string, gradients: Gradients, options: NormOptions | undefined): Tensor {
  checkOptions(op, options, ["order"]);
  const order = options?.order ?? 2;
  const all = tensorsOf(op, gradients);
  if (all.length === 0) {
    throw new TreeError({
      code: "gradients/none",
      op,
      problem: "there are no gradients.",
      got: Array.isArray(gradients) ? "[]" : "{}",
      expected: "at least one tensor",
      mend: "pass what lossAndGradients returned; does the module have parameters?",
    });
  }
  if (order === Number.POSITIVE_INFINITY) return all.map((g) => max(abs(g))).reduce((a, b) => maximum(a, b));
  if (order !== 1 && order !== 2) throw outOfRange(op, "order", order, "1, 2 or Infinity");
  const total = all.map((g) => sum(order === 1 ? abs(g) : square(g))).reduce((a, b) => add(a, b));
  return order === 1 ? total : sqrt(total);
}

/** Scales all gradients by one factor, so that their global norm is at most `limit`: keeps the direction of a step that is too long.
 * The factor is min(1, limit / (norm + 1e-6)), as in PyTorch.
 * @param gradients - in an array or a record
 * @param limit - the norm that is allowed, > 0
 * @param options - `order` (2): 1, 2 or Infinity
 * @returns new gradients in the same form
 * @throws {@link ValueError} if the limit is not a finite number ≥ 0, or for an unknown option or order
 * @source arXiv:1211.5063
 * @example
 * clipByGlobalNorm([tensor([3]), tensor([4])], 1)[1].item() // => 0.8
 */
export function clipByGlobalNorm<G extends Gradients>(gradients: G, limit: number, options?: NormOptions): G {
  checkNumber("clipByGlobalNorm", "limit", limit, 0);
  const factor = minimum(div(limit, add(normOf("clipByGlobalNorm", gradients, options), 1e-6)), 1);
  const fitted = new Map([[factor.dtype, factor]]);
  return mapGradients(gradients, (g) => {
    const own = fitted.get(g.dtype) ?? cast(factor, g.dtype);
    fitted.set(g.dtype, own);
    return mul(g, own);
  });
}

/** Cuts every element of every gradient to ±limit.
 * @param gradients - in an array or a record
 * @param limit - the largest absolute value, ≥ 0
 * @returns new gradients in the same form
 * @throws {@link ValueError} if the limit is not a finite number ≥ 0
 * @example
 * clipByValue([tensor([3, -0.5])], 1)[0].toArray() // => [1, -0.5]
 */
export function clipByValue<G extends Gradients>(gradients: G, limit: number): G {
  checkNumber("clipByValue", "limit", limit, 0);
  tensorsOf("clipByValue", gradients);
  return mapGradients(gradients, (g) => clip(g, -limit, limit));
}

/** The tensors among gradients; throws if there is anything else. */
function tensorsOf(op: string, gradients: unknown): readonly Tensor[] {
  const all: readonly unknown[] | null = isList(gradients)
    ? gradients
    : isRecord(gradients)
      ? Object.values(gradients)
      : null;
  const wrong = all?.findIndex((each) => !(each instanceof Tensor)) ?? 0;
  if (all !== null && wrong < 0) return all as readonly Tensor[];
  throw new TreeError({
    code: "gradients/type",
    op,
    problem: "these are no gradients.",
    got: all === null ? show(gradients) : `${show(all[wrong])} among them`,
    expected: "an array or a record of tensors",
    mend: "pass what lossAndGradients returned",
  });
}

function mapGradients<G extends Gradients>(gradients: G, f: (gradient: Tensor) => Tensor): G {
  const mapped = Array.isArray(gradients)
    ? gradients.map(f)
    : Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, f(gradient)]));
  // The same keys, and tensors again.
  return mapped as unknown as G;
}
