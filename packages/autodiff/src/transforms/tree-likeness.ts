import { isFloatDType } from "../base/dtype.js";
import { DTypeError, ShapeError, TreeError } from "../base/errors.js";
import { sameShape, showSpec } from "../base/shape.js";
import { describe, show } from "../base/show.js";
import type { Spec } from "../kernel/lowering.js";
import { scalar } from "../ops/operands.js";
import { Tensor } from "../tensor/tensor.js";
import type { Maybe } from "../trace/op.js";
import { Variable } from "../trace/variable.js";
import { type Branch, hole, leaf, type Outline, showPath, type TreePath, walkOutline } from "./outline.js";

/** The tensors of a tree that must look like another one: cotangents, tangents. Null stands for zero, at a leaf or for a whole branch;
 * numbers become scalars of the dtype asked for; what belongs to anything that is not a float tensor is ignored. */
export function flattenDerivatives(
  op: string,
  tree: unknown,
  outline: Outline,
  specs: readonly Spec[],
  root: string,
): Maybe<Tensor>[] {
  const out: Maybe<Tensor>[] = [];
  walkLike(op, tree, outline, root, (part, value, path) => {
    if (part !== leaf) return;
    const empty = value === null || value === undefined;
    out.push(empty ? null : derivativeLeaf(op, value, specs[out.length], path));
  });
  return out;
}

/** The tensors of a tree that must be built like another one, in the other's order (keys may come in any); what is not a tensor must be the same. */
export function flattenLike(op: string, tree: unknown, outline: Outline, root: string): Tensor[] {
  const out: Tensor[] = [];
  walkLike(op, tree, outline, root, (part, value, path) => {
    if (part !== leaf) {
      if (Object.is(part === hole ? undefined : part, value)) return;
      throw changedPart(op, part, value, path);
    }
    if (value instanceof Tensor) out.push(value);
    else if (typeof value === "number") out.push(scalar(value, "float32"));
    else throw structureError(op, "a tensor", value, path);
  });
  return out;
}

/** Visits the parts of an outline with what a tree has in their places; nothing, where the tree has null for a whole branch. */
function walkLike(
  op: string,
  tree: unknown,
  outline: Outline,
  root: string,
  visit: (part: unknown, value: unknown, path: TreePath) => void,
): void {
  walkOutline<unknown>(outline, root, tree, {
    enter(branch, value, path) {
      if (value === null || value === undefined) return branch.keys.map(() => null);
      if (!isLike(branch, value)) {
        const expected = branch.isList
          ? `an array of ${branch.keys.length}`
          : `{ ${branch.keys.map(String).join(", ")} }`;
        throw structureError(op, expected, value, path);
      }
      return branch.keys.map((key) => value[key]);
    },
    visit,
  });
}

function isLike({ isList, keys }: Branch, value: unknown): value is { readonly [key: PropertyKey]: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value) !== isList) return false;
  if (isList) return (value as unknown as readonly unknown[]).length === keys.length;
  if (value instanceof Tensor || value instanceof Variable) return false;
  const named = Object.getOwnPropertyNames(value).length;
  if (!keys.every((key) => Object.hasOwn(value, key))) return false;
  return named === keys.length || named + Object.getOwnPropertySymbols(value).length === keys.length;
}

function derivativeLeaf(op: string, value: unknown, spec: Spec, path: TreePath): Maybe<Tensor> {
  if (!isFloatDType(spec.dtype)) return null;
  const t =
    value instanceof Variable ? value.value : typeof value === "number" ? scalar(value, spec.dtype) : value;
  if (!(t instanceof Tensor)) throw structureError(op, "a tensor", value, path);
  const shape = sameShape(t.sizes, spec.shape);
  if (shape && t.dtype === spec.dtype) return t;
  const data = {
    op,
    problem: "a derivative does not fit the value that it belongs to.",
    got: `${showPath(path)}: ${showSpec(t)}`,
    expected: showSpec(spec),
    mend: "reshape, broadcast or cast it",
  };
  throw shape
    ? new DTypeError({ ...data, code: "dtype/derivative" })
    : new ShapeError({ ...data, code: "shape/derivative" });
}

const structureError = (op: string, expected: string, value: unknown, path: TreePath): TreeError =>
  new TreeError({
    code: "tree/structure",
    op,
    problem: "two trees that belong together are not built alike.",
    got: `${showPath(path)}: ${describe(value)}`,
    expected,
    mend: "use the same nesting, lengths and keys on both sides",
  });

const changedPart = (op: string, part: unknown, value: unknown, path: TreePath): TreeError =>
  new TreeError({
    code: "tree/static",
    op,
    problem: "what is not a tensor must stay the same.",
    got: `${showPath(path)}: ${show(value)}`,
    expected: show(part),
    mend: "what changes from step to step, or differs between branches, is a tensor",
  });
