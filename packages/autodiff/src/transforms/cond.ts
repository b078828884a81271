import { checkFunction } from "../base/checks.js";
import { DTypeError, ShapeError } from "../base/errors.js";
import { sameShape, showShape } from "../base/shape.js";
import { notEqual } from "../ops/comparison.js";
import { Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { current } from "../trace/context.js";
import type { Graph } from "../trace/op.js";
import { notPromise } from "../trace/trace.js";
import type { Variable } from "../trace/variable.js";
import { pair } from "./branch-operands.js";
import { assignVariables, type ClosedGraph, close, hiddenInputValues } from "./close.js";
import { condOp } from "./cond-op.js";
import { leafPaths, type Outline, rebuild } from "./outline.js";
import { flatten } from "./tree.js";
import { flattenLike } from "./tree-likeness.js";
import type { AnyTree, Result } from "./types.js";

/** One of two functions, by a tensor: a branch that can be traced, compiled and differentiated.
 * Outside of traces only the chosen one runs. Where examples of a {@link vmap} choose differently, both run and each example takes its own result.
 * @param predicate - a scalar tensor, or a JavaScript boolean
 * @param whenTrue - takes the operands, returns a tree
 * @param whenFalse - takes the operands, returns a tree built like the other's, with the same shapes and dtypes
 * @param operands - any trees
 * @returns the result of one of the two
 * @throws {@link ShapeError} if the predicate is not a scalar or the results differ in shape; {@link DTypeError} or {@link TreeError} if they differ otherwise
 * @example
 * const half = (x: Tensor) => cond(x.greater(1), (y: Tensor) => y.mul(0.5), (y: Tensor) => y, x)
 * half(tensor(4)).item() // => 2
 * grad(half)(tensor(4)).item() // => 0.5
 */
export function cond<Args extends readonly AnyTree[], R extends Result>(
  predicate: Tensor | boolean,
  whenTrue: (...operands: Args) => R,
  whenFalse: (...operands: Args) => NoInfer<R>,
  ...operands: Args
): R {
  for (const branch of [whenTrue, whenFalse])
    checkFunction("cond", "a branch", branch, "write cond(predicate, (x) => …, (x) => …, x)");
  if (typeof predicate === "boolean") return (predicate ? whenTrue : whenFalse)(...operands);
  const scalar = predicateOf("cond", predicate);
  if (current().trace === null) return (scalar.item() !== 0 ? whenTrue : whenFalse)(...operands);

  const given = flatten("cond", operands, "static", "operands");
  let outline: Outline | undefined;
  const traced = (f: (...operands: Args) => R): ClosedGraph =>
    close((leaves) => {
      const result = notPromise(f(...(rebuild(given.outline, leaves) as Args)), "cond");
      if (outline !== undefined) return flattenLike("cond", result, outline, "result of whenFalse");
      const value = flatten("cond", result, "leaf", "result of whenTrue");
      outline = value.outline;
      return value.leaves;
    }, given.leaves);
  const a = traced(whenTrue);
  const b = traced(whenFalse);
  const shape = outline as unknown as Outline;
  const results = a.graph.outputs.length - a.assigned.length;
  checkBranches(a.graph.outputs.slice(0, results), b.graph.outputs, leafPaths(shape, "result"));

  const assigned = [...new Set([...a.assigned, ...b.assigned])];
  const count = given.leaves.length;
  // A Variable that only one side assigns keeps its value on the other.
  const outputs = (own: ClosedGraph, other: ClosedGraph): Graph => ({
    ...own.graph,
    outputs: [
      ...own.graph.outputs.slice(0, results),
      ...assigned.map(
        (variable) =>
          lastOf(own, variable, results) ??
          inputOf(own, variable, count) ??
          (inputOf(other, variable, count) as Tensor),
      ),
    ],
  });
  const attributes = pair(outputs(a, b), outputs(b, a), count);
  const made = apply(
    condOp,
    [scalar, ...given.leaves, ...hiddenInputValues(a), ...hiddenInputValues(b)],
    attributes,
  );
  assignVariables(assigned, made, results);
  return rebuild(shape, made.slice(0, results)) as R;
}

const lastOf = (
  { graph, assigned }: ClosedGraph,
  variable: Variable,
  results: number,
): Tensor | undefined => {
  const at = assigned.indexOf(variable);
  return at < 0 ? undefined : graph.outputs[results + at];
};
const inputOf = (
  { graph, captures, variables }: ClosedGraph,
  variable: Variable,
  count: number,
): Tensor | undefined => {
  const at = variables.indexOf(variable);
  return at < 0 ? undefined : graph.inputs[count + captures.length + at];
};

/** A bool scalar from what a user gave as a condition. */
export function predicateOf(op: string, predicate: unknown): Tensor {
  if (!(predicate instanceof Tensor) || predicate.sizes.length !== 0) {
    throw new ShapeError({
      code: "shape/predicate",
      op,
      problem: "the condition is not a scalar.",
      got: predicate instanceof Tensor ? `shape ${showShape(predicate.sizes)}` : typeof predicate,
      expected: "a tensor of shape []",
      mend: "reduce it with all or any; choose element by element with where(condition, a, b)",
    });
  }
  return predicate.dtype === "bool" ? predicate : notEqual(predicate, 0);
}

function checkBranches(a: readonly Tensor[], b: readonly Tensor[], paths: readonly string[]): void {
  a.forEach((t, i) => {
    const other = b[i];
    if (t.dtype === other.dtype && sameShape(t.sizes, other.sizes)) return;
    const data = {
      op: "cond",
      got: `${paths[i]}: ${t.dtype}${showShape(t.sizes)} from whenTrue, ${other.dtype}${showShape(other.sizes)} from whenFalse`,
      expected: "the same shape and dtype from both",
    };
    if (t.dtype === other.dtype) {
      const mend = "broadcast or reshape one of them";
      throw new ShapeError({
        ...data,
        code: "shape/branches",
        problem: "the two results differ in shape.",
        mend,
      });
    }
    throw new DTypeError({
      ...data,
      code: "dtype/branches",
      problem: "the two results differ in dtype.",
      mend: "cast one of them",
    });
  });
}
