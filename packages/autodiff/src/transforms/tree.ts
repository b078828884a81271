import { isFloatDType } from "../base/dtype.js";
import { DTypeError, ShapeError, TreeError } from "../base/errors.js";
import { sameShape, showShape } from "../base/shape.js";
import type { Spec } from "../kernel/lowering.js";
import { scalar } from "../ops/operands.js";
import { Tensor } from "../tensor/tensor.js";
import type { Maybe } from "../trace/op.js";
import { Variable } from "../trace/variable.js";

/** A tree without its tensors: nested arrays and plain objects whose other leaves are passed through as they are. */
export type Outline =
  | { readonly kind: "leaf" }
  | { readonly kind: "static"; readonly value: unknown }
  | { readonly kind: "array"; readonly items: readonly Outline[] }
  | { readonly kind: "record"; readonly keys: readonly string[]; readonly items: readonly Outline[] };

/** The tensors of a tree in order, and what is left of it. */
export interface Flattened {
  readonly leaves: readonly Tensor[];
  readonly outline: Outline;
}

/** Whether numbers in a tree are scalars (weak: they take the dtype that is asked for) or pass through. */
export type Numbers = "leaf" | "static";

const leaf: Outline = { kind: "leaf" };
const oneLeaf = (t: Tensor): Flattened => ({ leaves: [t], outline: leaf });

/** Takes the tensors out of a tree. `root` names it in errors. */
export function flatten(op: string, tree: unknown, numbers: Numbers = "static", root = "tree"): Flattened {
  if (tree instanceof Tensor) return oneLeaf(tree);
  const leaves: Tensor[] = [];
  const outline = outlineOf(op, tree, numbers, leaves, root);
  return { leaves, outline };
}

function outlineOf(op: string, tree: unknown, numbers: Numbers, leaves: Tensor[], path: string): Outline {
  if (tree instanceof Tensor) {
    leaves.push(tree);
    return leaf;
  }
  if (typeof tree === "number" && numbers === "leaf") {
    leaves.push(scalar(tree, "float32"));
    return leaf;
  }
  if (Array.isArray(tree)) {
    const items = tree.map((item, i) => outlineOf(op, item, numbers, leaves, `${path}[${i}]`));
    return { kind: "array", items };
  }
  if (isRecord(tree)) {
    const keys = Object.keys(tree);
    const items = keys.map((key) => outlineOf(op, tree[key], numbers, leaves, `${path}.${key}`));
    return { kind: "record", keys, items };
  }
  if (holdsTensors(tree)) throw cannotRebuild(op, tree, path);
  return { kind: "static", value: tree };
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function holdsTensors(value: unknown): value is object {
  if (typeof value !== "object" || value === null || value instanceof Variable) return false;
  if (value instanceof Map || value instanceof Set)
    return [...value.values()].some((v) => v instanceof Tensor);
  return !ArrayBuffer.isView(value) && Object.values(value).some((v) => v instanceof Tensor);
}

const cannotRebuild = (op: string, value: object, path: string): TreeError =>
  new TreeError({
    code: "tree/class",
    op,
    problem: "an object of a class holds tensors, and cannot be rebuilt with others in their place.",
    got: `${path}: an instance of ${value.constructor.name}`,
    expected: "nested arrays and plain objects of tensors",
    mend: "pass its tensors as a plain object, such as { h: state.h, c: state.c }; keep parameters in Variables",
  });

/** The tree of this outline with these tensors; numbers that were leaves come back as tensors. */
export function rebuild(outline: Outline, leaves: readonly unknown[]): unknown {
  if (outline.kind === "leaf") return leaves[0];
  let next = 0;
  const build = (part: Outline): unknown => {
    if (part.kind === "leaf") return leaves[next++];
    if (part.kind === "static") return part.value;
    if (part.kind === "array") return part.items.map(build);
    return Object.fromEntries(part.keys.map((key, i) => [key, build(part.items[i])]));
  };
  return build(outline);
}

/** The names of the leaves, in order: `carry.h`, `carry[0]`. */
export function leafPaths(outline: Outline, root: string): string[] {
  if (outline.kind === "leaf") return [root];
  if (outline.kind === "static") return [];
  return outline.kind === "array"
    ? outline.items.flatMap((item, i) => leafPaths(item, `${root}[${i}]`))
    : outline.items.flatMap((item, i) => leafPaths(item, `${root}.${outline.keys[i]}`));
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
  walkLike(op, tree, outline, root, (value, path) => {
    const empty = value === null || value === undefined;
    out.push(empty ? null : derivativeLeaf(op, value, specs[out.length], path));
  });
  return out;
}

/** The tensors of a tree that must be built like another one, in the other's order (keys may come in any). */
export function flattenLike(op: string, tree: unknown, outline: Outline, root: string): Tensor[] {
  const out: Tensor[] = [];
  walkLike(op, tree, outline, root, (value, path) => {
    if (value instanceof Tensor) out.push(value);
    else if (typeof value === "number") out.push(scalar(value, "float32"));
    else throw structureError(op, leaf, value, path);
  });
  return out;
}

function walkLike(
  op: string,
  tree: unknown,
  outline: Outline,
  root: string,
  visit: (value: unknown, path: string) => void,
): void {
  const walk = (part: Outline, value: unknown, path: string): void => {
    if (part.kind === "static") return;
    if (part.kind === "leaf") visit(value, path);
    else if (value === null || value === undefined) {
      for (const name of leafPaths(part, path)) visit(null, name);
    } else if (part.kind === "array") {
      if (!Array.isArray(value) || value.length !== part.items.length)
        throw structureError(op, part, value, path);
      part.items.forEach((item, i) => {
        walk(item, value[i], `${path}[${i}]`);
      });
    } else {
      if (!isRecord(value) || !sameKeys(part.keys, value)) throw structureError(op, part, value, path);
      part.keys.forEach((key, i) => {
        walk(part.items[i], value[key], `${path}.${key}`);
      });
    }
  };
  walk(outline, tree, root);
}

const sameKeys = (keys: readonly string[], value: object): boolean =>
  Object.keys(value).length === keys.length && keys.every((key) => Object.hasOwn(value, key));

function derivativeLeaf(op: string, value: unknown, spec: Spec, path: string): Maybe<Tensor> {
  if (!isFloatDType(spec.dtype)) return null;
  const t =
    value instanceof Variable ? value.value : typeof value === "number" ? scalar(value, spec.dtype) : value;
  if (!(t instanceof Tensor)) throw structureError(op, leaf, value, path);
  const data = {
    op,
    got: `${path}: ${t.dtype}${showShape(t.shape)}`,
    expected: `${spec.dtype}${showShape(spec.shape)}`,
  };
  if (!sameShape(t.shape, spec.shape)) {
    const mend = "reshape or broadcast it to the shape of the value it belongs to";
    throw new ShapeError({
      ...data,
      code: "shape/derivative",
      problem: "a derivative has the wrong shape.",
      mend,
    });
  }
  if (t.dtype !== spec.dtype) {
    const mend = `cast it: cast(t, "${spec.dtype}")`;
    throw new DTypeError({
      ...data,
      code: "dtype/derivative",
      problem: "a derivative has the wrong dtype.",
      mend,
    });
  }
  return t;
}

function describe(value: unknown): string {
  if (value instanceof Tensor) return `a tensor ${value.dtype}${showShape(value.shape)}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (isRecord(value)) return `an object { ${Object.keys(value).join(", ")} }`;
  return value === null ? "null" : typeof value;
}
function describeOutline(part: Outline): string {
  if (part.kind === "leaf") return "a tensor";
  if (part.kind === "static") return part.value === null ? "null" : typeof part.value;
  return part.kind === "array" ? `an array of ${part.items.length}` : `an object { ${part.keys.join(", ")} }`;
}

function structureError(op: string, part: Outline, value: unknown, path: string): TreeError {
  return new TreeError({
    code: "tree/structure",
    op,
    problem: "two trees that belong together are not built alike.",
    got: `${path}: ${describe(value)}`,
    expected: describeOutline(part),
    mend: "use the same nesting, lengths and keys on both sides",
  });
}
