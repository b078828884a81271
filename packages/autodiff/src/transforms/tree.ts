import { isFloatDType } from "../base/dtype.js";
import { DTypeError, ShapeError, TreeError } from "../base/errors.js";
import { sameShape, showSpec } from "../base/shape.js";
import type { Spec } from "../kernel/lowering.js";
import { scalar } from "../ops/operands.js";
import { Tensor } from "../tensor/tensor.js";
import type { Maybe } from "../trace/op.js";
import { notPromise } from "../trace/trace.js";
import { Variable } from "../trace/variable.js";
import type { Flat } from "./sweep.js";

declare const built: unique symbol;
/** A tree without its tensors: the same nested arrays and plain objects with `leaf` in place of each; everything else is passed through as it is. */
export interface Outline {
  readonly [built]: true;
}

/** Stands in an outline where a tensor was. */
export const leaf: Outline = /* @__PURE__ */ Symbol("leaf") as unknown as Outline;

/** The tensors of a tree in order, and what is left of it. */
export interface Flattened {
  readonly leaves: readonly Tensor[];
  readonly outline: Outline;
}

/** Whether numbers in a tree are scalars (weak: they take the dtype that is asked for) or pass through. */
export type Numbers = "leaf" | "static";

/** Whether a part of a tree or an outline has parts of its own. */
export const isBranch = (value: unknown): value is { readonly [key: string]: unknown } =>
  Array.isArray(value) || isRecord(value);

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Where something stands: under a key of a place, or at a root that has a name. Only errors make a text of it. */
interface TreePath {
  readonly above: TreePath | null;
  readonly key: string | number;
}
const rootAt = (key: string): TreePath => ({ above: null, key });
const pathOf = ({ above, key }: TreePath): string =>
  above === null ? String(key) : pathOf(above) + (typeof key === "number" ? `[${key}]` : `.${key}`);

/** A tree of the same arrays and objects, with what `visit` makes of everything else. */
function mapTree(
  tree: unknown,
  place: TreePath,
  visit: (value: unknown, place: TreePath) => unknown,
): unknown {
  if (Array.isArray(tree)) return tree.map((item, key) => mapTree(item, { above: place, key }, visit));
  if (!isRecord(tree)) return visit(tree, place);
  // A copy has the key __proto__, too, as a key of its own.
  const out: Record<string, unknown> = { ...tree };
  for (const key of Object.keys(out)) out[key] = mapTree(out[key], { above: place, key }, visit);
  return out;
}

/** Takes the tensors out of a tree. `root` names it in errors. */
export function flatten(op: string, tree: unknown, numbers: Numbers = "static", root = "tree"): Flattened {
  if (tree instanceof Tensor) return { leaves: [tree], outline: leaf };
  const leaves: Tensor[] = [];
  const outline = mapTree(tree, rootAt(root), (value, place) => {
    if (value instanceof Tensor) leaves.push(value);
    else if (typeof value === "number" && numbers === "leaf") leaves.push(scalar(value, "float32"));
    else if (holdsTensors(value)) throw cannotRebuild(op, value, place);
    else return value;
    return leaf;
  });
  return { leaves, outline: outline as Outline };
}

function holdsTensors(value: unknown): value is object {
  if (typeof value !== "object" || value === null || value instanceof Variable) return false;
  if (value instanceof Map || value instanceof Set)
    return [...value.values()].some((v) => v instanceof Tensor);
  return !ArrayBuffer.isView(value) && Object.values(value).some((v) => v instanceof Tensor);
}

const cannotRebuild = (op: string, value: object, place: TreePath): TreeError =>
  new TreeError({
    code: "tree/class",
    op,
    problem: "an object of a class cannot be rebuilt with other tensors.",
    got: `${pathOf(place)}: an instance of ${value.constructor.name}`,
    expected: "nested arrays and plain objects of tensors",
    mend: "pass { h: state.h, c: state.c }, for example; keep parameters in Variables",
  });

/** The tree of this outline with these tensors; numbers that were leaves come back as tensors. */
export function rebuild(outline: Outline, leaves: readonly unknown[]): unknown {
  if (outline === leaf) return leaves[0];
  let next = 0;
  return mapTree(outline, rootAt(""), (part) => (part === leaf ? leaves[next++] : part));
}

/** The names of the leaves, in order: `carry.h`, `carry[0]`. */
export function leafPaths(outline: Outline, root: string): string[] {
  const paths: string[] = [];
  mapTree(outline, rootAt(root), (part, place) => part === leaf && paths.push(pathOf(place)));
  return paths;
}

/** A function of a tree as a function of its tensors. */
export interface OnLeaves {
  readonly run: Flat;
  /** How the newest result is built. */
  outline: Outline;
}

/** `f` over the tensors of trees that are built like `given`, giving those of its result. */
export function onLeaves<T>(
  op: string,
  f: (tree: T) => unknown,
  given: Outline,
  numbers?: Numbers,
): OnLeaves {
  const made: OnLeaves = {
    outline: leaf,
    run(leaves) {
      const result = notPromise(f(rebuild(given, leaves) as T), op);
      const { leaves: outputs, outline } = flatten(op, result, numbers, "result");
      made.outline = outline;
      return outputs;
    },
  };
  return made;
}

/** The tensors of a tree that must look like another one: cotangents, tangents. Null stands for zero, at a leaf or for a whole branch;
 * numbers become scalars of the dtype asked for; what belongs to a leaf that is not float is ignored. */
export function flattenDerivatives(
  op: string,
  tree: unknown,
  outline: Outline,
  specs: readonly Spec[],
  root: string,
): Maybe<Tensor>[] {
  const out: Maybe<Tensor>[] = [];
  walkLike(op, tree, outline, root, (value, place) => {
    const empty = value === null || value === undefined;
    out.push(empty ? null : derivativeLeaf(op, value, specs[out.length], place));
  });
  return out;
}

/** The tensors of a tree that must be built like another one, in the other's order (keys may come in any). */
export function flattenLike(op: string, tree: unknown, outline: Outline, root: string): Tensor[] {
  const out: Tensor[] = [];
  walkLike(op, tree, outline, root, (value, place) => {
    if (value instanceof Tensor) out.push(value);
    else if (typeof value === "number") out.push(scalar(value, "float32"));
    else throw structureError(op, leaf, value, place);
  });
  return out;
}

function walkLike(
  op: string,
  tree: unknown,
  outline: Outline,
  root: string,
  visit: (value: unknown, place: TreePath) => void,
): void {
  const walk = (part: unknown, value: unknown, place: TreePath): void => {
    if (part === leaf) visit(value, place);
    else if (!isBranch(part)) return;
    else if (value === null || value === undefined) {
      mapTree(part, place, (each, where) => each === leaf && visit(null, where));
    } else if (Array.isArray(part)) {
      if (!Array.isArray(value) || value.length !== part.length) throw structureError(op, part, value, place);
      part.forEach((item, key) => {
        walk(item, value[key], { above: place, key });
      });
    } else {
      if (!isRecord(value) || !sameKeys(part, value)) throw structureError(op, part, value, place);
      for (const key of Object.keys(part)) walk(part[key], value[key], { above: place, key });
    }
  };
  walk(outline, tree, rootAt(root));
}

function sameKeys(a: object, b: object): boolean {
  const keys = Object.keys(a);
  return Object.keys(b).length === keys.length && keys.every((key) => Object.hasOwn(b, key));
}

function derivativeLeaf(op: string, value: unknown, spec: Spec, place: TreePath): Maybe<Tensor> {
  if (!isFloatDType(spec.dtype)) return null;
  const t =
    value instanceof Variable ? value.value : typeof value === "number" ? scalar(value, spec.dtype) : value;
  if (!(t instanceof Tensor)) throw structureError(op, leaf, value, place);
  const shape = sameShape(t.shape, spec.shape);
  if (shape && t.dtype === spec.dtype) return t;
  const data = {
    op,
    problem: "a derivative does not fit the value that it belongs to.",
    got: `${pathOf(place)}: ${showSpec(t)}`,
    expected: showSpec(spec),
    mend: "reshape, broadcast or cast it",
  };
  throw shape
    ? new DTypeError({ ...data, code: "dtype/derivative" })
    : new ShapeError({ ...data, code: "shape/derivative" });
}

/** What a value is, in a few words. */
export function describe(value: unknown): string {
  if (value === leaf) return "a tensor";
  if (value instanceof Tensor) return `a tensor ${showSpec(value)}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (isRecord(value)) return `an object { ${Object.keys(value).join(", ")} }`;
  return value === null ? "null" : typeof value;
}

const structureError = (op: string, part: unknown, value: unknown, place: TreePath): TreeError =>
  new TreeError({
    code: "tree/structure",
    op,
    problem: "two trees that belong together are not built alike.",
    got: `${pathOf(place)}: ${describe(value)}`,
    expected: describe(part),
    mend: "use the same nesting, lengths and keys on both sides",
  });
