import { checkChoice, checkFunction, checkOptions } from "../base/checks.js";
import { isFloatDType } from "../base/dtype.js";
import { DTypeError } from "../base/errors.js";
import { sizeOf } from "../base/shape.js";
import { eye } from "../ops/creation.js";
import { zerosOf } from "../ops/fill.js";
import { permute, reshape } from "../ops/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkNoMore, firstArgument } from "./argument-checks.js";
import { checkFloat, grad } from "./gradient.js";
import { zerosWhereNull } from "./lists.js";
import { leafPaths, rebuild } from "./outline.js";
import { vjpFlat } from "./sweep.js";
import { flatten, onLeaves } from "./tree.js";
import type { Gradient, HessianFunction, Jacobian, JacobianFunction, Result, Unannotated } from "./types.js";
import { vmap } from "./vmap.js";

/** Options of {@link jacobian}. */
export interface JacobianOptions {
  /** `"forward"` takes one pass per element of the argument, `"reverse"` one per element of the result; the cheaper one if left out. */
  readonly mode?: "forward" | "reverse";
}

const modes: readonly NonNullable<JacobianOptions["mode"]>[] = ["forward", "reverse"];

/** All partial derivatives of a function with respect to its first argument.
 * @param f - takes and returns trees; runs once
 * @param options - `mode`: by the shapes if left out
 * @returns a function of the same arguments; for each tensor of the result, for each of the argument, a tensor `[...result.shape, ...argument.shape]`
 * @throws {@link DTypeError} if an argument or a result is not float
 * @example
 * jacobian((v) => stack([v.at(0).mul(v.at(1)), sin(v.at(0))]))(tensor([0, 2])).toArray() // => [[2, 0], [1, 0]]
 */
export function jacobian<
  P = Unannotated,
  Rest extends readonly unknown[] = Unannotated[],
  R extends Result = Tensor,
>(
  f: (x: P, ...rest: Rest) => R,
  options?: JacobianOptions,
  ...more: readonly never[]
): JacobianFunction<P, Rest, R> {
  checkFunction("jacobian", "f", f, "write jacobian((x) => …)(x)");
  checkNoMore("jacobian", typeof options === "number" ? [options, ...more] : more, firstArgument);
  checkOptions("jacobian", options, ["mode"]);
  if (options?.mode !== undefined) checkChoice("jacobian", "mode", options.mode, modes);
  const derivatives = (x: P, ...rest: Rest): Jacobian<R, P> => {
    const given = flatten("jacobian", x, "leaf", "argument");
    const { leaves } = given;
    checkFloat("jacobian", given);
    const flat = onLeaves("jacobian", (all: P) => f(all, ...rest), given.outline, "leaf");
    const { outputs, pull, push } = vjpFlat(flat.run, leaves, true);
    const { outline } = flat;
    checkResults(outputs, leafPaths(outline, "result"));
    const elements = (list: readonly Tensor[]): number => list.reduce((n, t) => n + sizeOf(t.sizes), 0);
    const forward =
      (options?.mode ?? (elements(leaves) <= elements(outputs) ? "forward" : "reverse")) === "forward";
    // One tensor per output and leaf, either way.
    const blocks = forward
      ? columns((i, t) => zerosWhereNull(push(only(leaves, i, t)), outputs), leaves, outputs)
      : outputs.map((y, j) => rowsOf((c) => zerosWhereNull(pull(only(outputs, j, c)), leaves), y, leaves));
    const trees = blocks.map((row) => rebuild(given.outline, row));
    return rebuild(outline, trees) as Jacobian<R, P>;
  };
  // The type says more of arguments only where f leaves their types out.
  return derivatives as JacobianFunction<P, Rest, R>;
}

/** All second derivatives of a function with a scalar result with respect to its first argument: forward mode over reverse.
 * @param f - takes a tree; returns a scalar tensor of shape `[]`
 * @returns a function of the same arguments; for each pair of tensors of the argument, a tensor `[...first.shape, ...second.shape]`
 * @throws {@link ShapeError} if the result is not a scalar
 * @example
 * hessian((x) => sum(x.mul(x).mul(x)))(tensor([1, 2])).toArray() // => [[6, 0], [0, 12]]
 */
export function hessian<P = Unannotated, Rest extends readonly unknown[] = Unannotated[]>(
  f: (x: P, ...rest: Rest) => Tensor,
  ...more: readonly never[]
): HessianFunction<P, Rest> {
  checkFunction("hessian", "f", f, "write hessian((x) => …)(x)");
  checkNoMore("hessian", more, firstArgument);
  // A tree of gradients is an object in the sense of Result, whatever P is.
  const gradient = grad(f) as (x: P, ...rest: Rest) => Gradient<P> & object;
  return jacobian<P, Rest, Gradient<P> & object>(gradient, {
    mode: "forward",
  }) as unknown as HessianFunction<P, Rest>;
}

const only = (like: readonly Tensor[], at: number, t: Tensor): (Tensor | null)[] =>
  like.map((_, i) => (i === at ? t : null));

/** The unit vectors of a tensor's space: `[size, ...shape]`. */
const basis = ({ sizes: shape, dtype }: Tensor): Tensor =>
  reshape(eye(sizeOf(shape), { dtype }), [sizeOf(shape), ...shape]);

/** Derivatives of one output by all leaves, one pass per element of the output. */
function rowsOf(back: (cotangent: Tensor) => Tensor[], y: Tensor, leaves: readonly Tensor[]): Tensor[] {
  if (sizeOf(y.sizes) === 0)
    return leaves.map((x) => zerosOf({ shape: [...y.sizes, ...x.sizes], dtype: x.dtype }));
  return vmap(back)(basis(y)).map((t, i) => reshape(t, [...y.sizes, ...leaves[i].sizes]));
}

/** Derivatives of all outputs by each leaf, one pass per element of the leaf; as one list per output. */
function columns(
  forward: (i: number, tangent: Tensor) => Tensor[],
  leaves: readonly Tensor[],
  outputs: readonly Tensor[],
): Tensor[][] {
  const byLeaf = leaves.map((x, i) => {
    if (sizeOf(x.sizes) === 0)
      return outputs.map((y) => zerosOf({ shape: [...y.sizes, ...x.sizes], dtype: y.dtype }));
    return vmap((t: Tensor) => forward(i, t))(basis(x)).map((t, j) => {
      const last = permute(t, [...outputs[j].sizes.map((_, k) => k + 1), 0]);
      return reshape(last, [...outputs[j].sizes, ...x.sizes]);
    });
  });
  return outputs.map((_, j) => byLeaf.map((list) => list[j]));
}

function checkResults(outputs: readonly Tensor[], paths: readonly string[]): void {
  const odd = outputs.findIndex((t) => !isFloatDType(t.dtype));
  if (odd < 0) return;
  throw new DTypeError({
    code: "dtype/jacobian",
    op: "jacobian",
    problem: "only float results have derivatives.",
    got: `${paths[odd]}: ${outputs[odd].dtype}`,
    expected: "float32 or float64",
    mend: "return integers and booleans from another function",
  });
}
