import { checkFunction, checkOptions } from "../base/checks.js";
import { ShapeError, TreeError, ValueError, VariableError } from "../base/errors.js";
import { normalizeAxis, showSpec } from "../base/shape.js";
import { describe } from "../base/show.js";
import { batchedUp } from "../ops/batching.js";
import { permute } from "../ops/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Maybe } from "../trace/op.js";
import { checkNoMore } from "./argument-checks.js";
import { batchGraph } from "./batch-graph.js";
import { close, commitAssignments, hiddenInputValues } from "./close.js";
import { leaf, leafPaths, type Outline, rebuild, showPath, type TreePath, walkOutline } from "./outline.js";
import { flattenArguments, onLeaves } from "./tree.js";
import type { Axes, InAxes, Passed, Result, Unannotated } from "./types.js";

/** A function of single examples as a function of batches: written for one, run for all at once.
 * Variables are shared by all examples (random numbers too: every example draws the same ones, unless a state is mapped over).
 * @param f - takes and returns trees for one example
 * @param options - `inAxes`: the axis of each argument that holds the examples (0), null for what is shared, or a tree of them;
 * `outAxes`: the axis of the results that will hold them (0)
 * @returns a function of the same arguments with a batch axis
 * @throws {@link ShapeError} if the batch axes differ in size; {@link VariableError} if a Variable is assigned a value that differs between examples
 * @example
 * vmap((x: Tensor) => sum(x.mul(x)))(tensor([[1, 2], [3, 4]])).toArray() // => [5, 25]
 * vmap((w: Tensor, x: Tensor) => sum(w.mul(x)), { inAxes: [null, 0] })(tensor([1, 2]), tensor([[1, 1], [2, 0]])).toArray() // => [3, 2]
 */
export function vmap<Args extends readonly unknown[] = Unannotated[], R extends Result = Tensor>(
  f: (...args: Args) => R,
  options?: { readonly inAxes?: number | NoInfer<InAxes<Args>>; readonly outAxes?: Axes<NoInfer<R>> },
  ...more: readonly never[]
): (...args: Passed<Args>) => R {
  checkFunction("vmap", "f", f, "write vmap((x) => …)(xs)");
  checkNoMore("vmap", more, "name the axes in one object: vmap(f, { inAxes: [0, null], outAxes: 0 })");
  checkOptions("vmap", options, ["inAxes", "outAxes"]);
  return (...args) => {
    const given = flattenArguments("vmap", args);
    const axes = axesOf(given.outline, options?.inAxes, "inAxes");
    const inputs = given.leaves.map((t, i) => {
      const axis = axes[i];
      return axis === null ? t : moveAxis(t, normalizeAxis("vmap", axis, t.sizes.length), 0);
    });
    const n = batchSize(inputs, axes, given.outline);
    const batched = axes.map((axis) => axis !== null);

    const flat = onLeaves("vmap", (all: Args) => f(...all), given.outline);
    const closed = close(
      flat.run,
      inputs.map((t, i) => (batched[i] ? { shape: t.sizes.slice(1), dtype: t.dtype } : t)),
    );
    const hidden = hiddenInputValues(closed);
    const [outputs, flags] = batchGraph(
      closed.graph,
      [...inputs, ...hidden],
      [...batched, ...hidden.map(() => false)],
      n,
    );
    const results = outputs.length - closed.assigned.length;
    closed.assigned.forEach((_, i) => {
      if (flags[results + i]) throw differs(closed.graph.outputs[results + i]);
    });
    const { outline } = flat;
    const outAxes = axesOf(outline, options?.outAxes, "outAxes");
    const placed = commitAssignments(closed, outputs).map((t, i) =>
      place(t, flags[i], outAxes[i], n, () => leafPaths(outline, "result")[i]),
    );
    return rebuild(outline, placed) as R;
  };
}

/** Moves one axis, the others keep their order. */
export function moveAxis(t: Tensor, from: number, to: number): Tensor {
  const order = t.sizes.map((_, k) => k);
  order.splice(from, 1);
  order.splice(to, 0, from);
  return permute(t, order);
}

function place(t: Tensor, batched: boolean, axis: Maybe<number>, n: number, path: () => string): Tensor {
  if (axis !== null)
    return moveAxis(
      batchedUp(t, batched, n),
      0,
      normalizeAxis("vmap", axis, t.sizes.length + (batched ? 0 : 1)),
    );
  if (!batched) return t;
  throw new ValueError({
    code: "value/out-axes",
    op: "vmap",
    problem: "a result that differs between examples is said to be shared.",
    got: `outAxes null for ${path()}`,
    expected: "the axis that shall hold the examples",
    mend: "give it an axis, or reduce over the examples after vmap",
  });
}

function batchSize(inputs: readonly Tensor[], axes: readonly Maybe<number>[], outline: Outline): number {
  const mapped = inputs.map((_, i) => i).filter((i) => axes[i] !== null);
  if (mapped.length === 0) {
    throw new ValueError({
      code: "value/in-axes",
      op: "vmap",
      problem: "no argument is mapped over.",
      got: inputs.length === 0 ? "no tensors among the arguments" : "inAxes null for every tensor",
      expected: "an axis for at least one tensor",
      mend: "call the function itself, or give the axis that holds the examples",
    });
  }
  const size = (i: number): number => inputs[i].sizes[0];
  const [first] = mapped;
  const odd = mapped.find((i) => size(i) !== size(first));
  if (odd === undefined) return size(first);
  const paths = leafPaths(outline, "arguments");
  throw new ShapeError({
    code: "shape/batch",
    op: "vmap",
    problem: "the batch axes differ in size.",
    got: `${size(first)} along axis ${axes[first]} of ${paths[first]}, ${size(odd)} along axis ${axes[odd]} of ${paths[odd]}`,
    expected: "one size for all",
    mend: "pass null in inAxes for what all examples share",
  });
}

/** An axis per leaf, from a tree of axes in which one value may stand for a whole branch, and nothing for 0. */
function axesOf(outline: Outline, axes: unknown, root: string): Maybe<number>[] {
  const out: Maybe<number>[] = [];
  const whole = (axis: unknown): axis is Maybe<number> => axis === null || typeof axis === "number";
  walkOutline<unknown>(outline, root, axes, {
    enter({ isList, keys }, value, path) {
      if (value === undefined || whole(value)) return keys.map(() => value);
      if (typeof value !== "object" || (Array.isArray(value) && !(isList && value.length <= keys.length)))
        throw badAxes(path, value);
      return keys.map((key) => (value as { readonly [key: PropertyKey]: unknown })[key]);
    },
    visit(part, value, path) {
      if (part !== leaf) return;
      const axis = value === undefined ? 0 : value;
      if (!whole(axis)) throw badAxes(path, axis);
      out.push(axis);
    },
  });
  return out;
}

const badAxes = (path: TreePath, got: unknown): TreeError =>
  new TreeError({
    code: "tree/axes",
    op: "vmap",
    problem: "the axes are not built like what they belong to.",
    got: `${showPath(path)}: ${describe(got)}`,
    expected: "a number, null, or a tree of them like the arguments",
    mend: "inAxes: [null, 0] maps over axis 0 of the second argument only",
  });

const differs = (t: Tensor): VariableError =>
  new VariableError({
    code: "variable/differs-between-examples",
    op: "vmap",
    problem: "a Variable is assigned a value that differs between examples.",
    got: `a ${showSpec(t)} per example`,
    expected: "one value for all examples",
    mend: "return it, and assign it or its mean after vmap",
  });
