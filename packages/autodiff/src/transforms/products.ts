import { checkFunction } from "../base/checks.js";
import { TreeError } from "../base/errors.js";
import { describe } from "../base/show.js";
import { checkNoMore } from "./argument-checks.js";
import { jvpFlat } from "./forward.js";
import { zerosWhereNull } from "./lists.js";
import { rebuild } from "./outline.js";
import { vjpFlat } from "./sweep.js";
import { flatten, flattenArguments, onLeaves } from "./tree.js";
import { flattenDerivatives } from "./tree-likeness.js";
import type { AnyTree, Direction, Directions, Result, TensorsOfAll } from "./types.js";

/** Reverse mode: the value of a function, and a function from a cotangent of the value to the cotangents of the arguments (vᵀJ).
 * @param f - takes and returns trees
 * @param at - the arguments; numbers are scalars; tensors that are not float get zeros
 * @returns `[value, pullback]`; `pullback` may be called again, takes a tree like the value (null stands for zero) and returns a list like the arguments
 * @throws {@link TreeError} if the cotangent is not built like the value; {@link ShapeError} or {@link DTypeError} if one of its tensors differs
 * @example
 * const [y, pullback] = vjp((x: Tensor) => x.mul(x), tensor([1, 2]))
 * y.toArray() // => [1, 4]
 * pullback(tensor([1, 10]))[0].toArray() // => [2, 40]
 */
export function vjp<Args extends readonly AnyTree[], R extends Result>(
  f: (...args: TensorsOfAll<Args>) => R,
  ...at: Args
): [value: R, pullback: (cotangent: Direction<R>) => TensorsOfAll<Args>] {
  checkFunction("vjp", "f", f, "write vjp((x) => …, x)");
  const given = flattenArguments("vjp", at, "leaf");
  const flat = onLeaves("vjp", (args: TensorsOfAll<Args>) => f(...args), given.outline);
  const { outputs, pull } = vjpFlat(flat.run, given.leaves);
  const { outline } = flat;
  const pullback = (cotangent: Direction<R>): TensorsOfAll<Args> => {
    const cotangents = flattenDerivatives("vjp", cotangent, outline, outputs, "cotangent");
    return rebuild(given.outline, zerosWhereNull(pull(cotangents), given.leaves)) as TensorsOfAll<Args>;
  };
  return [rebuild(outline, outputs) as R, pullback];
}

/** Forward mode: the value of a function and its derivative along a direction (Jv), in one run that keeps nothing.
 * @param f - takes and returns trees
 * @param at - the list of arguments; numbers are scalars
 * @param tangents - a list like the arguments: the direction (null stands for zero)
 * @returns `[value, tangent]`, both like the value
 * @throws {@link TreeError} if the tangents are not built like the arguments; {@link ShapeError} or {@link DTypeError} if a tensor differs
 * @example
 * const [y, tangent] = jvp((x: Tensor) => x.mul(x), [tensor([1, 2])], [tensor([1, 10])])
 * tangent.toArray() // => [2, 40]
 */
export function jvp<Args extends readonly [] | readonly AnyTree[], R extends Result>(
  f: (...args: TensorsOfAll<Args>) => R,
  at: Args,
  tangents: Directions<Args>,
  ...more: readonly never[]
): [value: R, tangent: R] {
  checkFunction("jvp", "f", f, "write jvp((x) => …, [x], [tangent])");
  checkNoMore("jvp", more, "write jvp(f, [x, y], [tangentOfX, tangentOfY])");
  if (!Array.isArray(at)) throw notAList("jvp", at);
  const given = flatten("jvp", at, "leaf", "arguments");
  const directions = flattenDerivatives("jvp", tangents, given.outline, given.leaves, "tangents");
  const flat = onLeaves("jvp", (args: TensorsOfAll<Args>) => f(...args), given.outline);
  const [outputs, made] = jvpFlat(flat.run, given.leaves, directions);
  return [rebuild(flat.outline, outputs) as R, rebuild(flat.outline, zerosWhereNull(made, outputs)) as R];
}

/** Forward mode in two steps: runs the function once and returns its derivative as a function of the direction, for many directions.
 * @param f - takes and returns trees
 * @param at - the arguments
 * @returns `[value, pushforward]`; `pushforward(...tangents)` takes one tree per argument and returns a tree like the value
 * @throws {@link TreeError} if the tangents are not built like the arguments
 * @example
 * const [y, pushforward] = linearize((x: Tensor) => x.mul(x), tensor([1, 2]))
 * pushforward(tensor([1, 10])).toArray() // => [2, 40]
 */
export function linearize<Args extends readonly AnyTree[], R extends Result>(
  f: (...args: TensorsOfAll<Args>) => R,
  ...at: Args
): [value: R, pushforward: (...tangents: Directions<Args>) => R] {
  checkFunction("linearize", "f", f, "write linearize((x) => …, x)");
  const given = flattenArguments("linearize", at, "leaf");
  const flat = onLeaves("linearize", (args: TensorsOfAll<Args>) => f(...args), given.outline);
  const { outputs, push } = vjpFlat(flat.run, given.leaves, true);
  const { outline } = flat;
  const pushforward = (...tangents: Directions<Args>): R => {
    const directions = flattenDerivatives("linearize", tangents, given.outline, given.leaves, "tangents");
    return rebuild(outline, zerosWhereNull(push(directions), outputs)) as R;
  };
  return [rebuild(outline, outputs) as R, pushforward];
}

const notAList = (op: string, got: unknown): TreeError =>
  new TreeError({
    code: "tree/arguments",
    op,
    problem: "the arguments are not a list.",
    got: describe(got),
    expected: "a list of arguments and a list of tangents",
    mend: "write jvp(f, [x], [tangent])",
  });
