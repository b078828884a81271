import { TreeError } from "../base/errors.js";
import { showSpec } from "../base/shape.js";
import { scalar } from "../ops/operands.js";
import { Tensor } from "../tensor/tensor.js";
import { notPromise } from "../trace/trace.js";
import { Variable } from "../trace/variable.js";
import {
  bareMark,
  hole,
  leaf,
  listMark,
  type Outline,
  oneLeaf,
  partPath,
  rebuild,
  recordMark,
} from "./outline.js";
import type { Flat } from "./sweep.js";

/** The tensors of a tree in order, and what is left of it. */
export interface Flattened {
  readonly leaves: readonly Tensor[];
  readonly outline: Outline;
}

/** Whether numbers in a tree are scalars (weak: they take the dtype that is asked for) or pass through. */
export type Numbers = "leaf" | "static";

/** Looks at an object or function that is neither tensor nor branch before it passes through as it is; `path` says where it is. */
export type Passing = (op: string, value: object, path: () => string) => void;

/** Deeper trees are taken for trees that hold themselves. */
const deepest = 1000;
/** Of an outline. A tree in which branches are shared may have any number of parts. */
const longest = 1_000_000;

// Among the parts still to be visited, the end of a branch.
const end = /* @__PURE__ */ Symbol("end of a branch");

/** Whether a value is an object whose fields are its parts: a literal, of any realm, or one without prototype. */
export function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || isRoot(prototype as object);
}

/** Whether an array is no instance of a class of one's own. */
export function isList(value: readonly unknown[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === Array.prototype ||
    (Array.isArray(prototype) && !Array.isArray(Object.getPrototypeOf(prototype)))
  );
}

/** Another realm's `Object.prototype`. */
const isRoot = (prototype: object): boolean =>
  Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "hasOwnProperty");

/** The keys of an object, symbols and hidden ones included: a function may read them. */
export function keysOf(record: object): PropertyKey[] {
  const keys: PropertyKey[] = Object.getOwnPropertyNames(record);
  const symbols = Object.getOwnPropertySymbols(record);
  return symbols.length === 0 ? keys : [...keys, ...symbols];
}

/** Takes the tensors out of a tree, each property read once. `root` names it in errors. */
export function flatten(
  op: string,
  tree: unknown,
  numbers: Numbers = "static",
  root = "tree",
  passing: Passing = refuseTensorsInside,
): Flattened {
  if (tree instanceof Tensor) return { leaves: [tree], outline: oneLeaf };
  const walk: TreeWalk = { op, root, numbers, passing, pending: [tree], leaves: [], outline: [], depth: 0 };
  walkTree(walk);
  return walk;
}

/** The same for the list of arguments of a call: an array of our own, which needs no look. */
export function flattenArguments(
  op: string,
  args: readonly unknown[],
  numbers: Numbers = "static",
  passing: Passing = refuseTensorsInside,
): Flattened {
  const n = args.length;
  const pending = new Array<unknown>(n);
  for (let i = 0; i < n; i++) pending[i] = args[n - 1 - i];
  const outline = [listMark, n];
  const walk: TreeWalk = { op, root: "arguments", numbers, passing, pending, leaves: [], outline, depth: 1 };
  walkTree(walk);
  return walk;
}

interface TreeWalk {
  readonly op: string;
  readonly root: string;
  readonly numbers: Numbers;
  readonly passing: Passing;
  /** Parts still to be visited, the next one last. */
  readonly pending: unknown[];
  readonly leaves: Tensor[];
  readonly outline: unknown[];
  depth: number;
}

function walkTree(walk: TreeWalk): void {
  const { pending, leaves, outline } = walk;
  while (pending.length > 0) {
    const value = pending.pop();
    if (value instanceof Tensor) {
      leaves.push(value);
      outline.push(leaf);
    } else if (typeof value === "object" && value !== null) visitObject(walk, value);
    else if (value === end) walk.depth--;
    else if (typeof value === "number" && walk.numbers === "leaf") {
      leaves.push(scalar(value, "float32"));
      outline.push(leaf);
    } else {
      if (typeof value === "function") walk.passing(walk.op, value, () => nextPath(walk));
      outline.push(value);
    }
  }
}

function visitObject(walk: TreeWalk, value: object): void {
  const { pending, outline } = walk;
  if (Array.isArray(value) ? !isList(value) : !isRecord(value)) {
    walk.passing(walk.op, value, () => nextPath(walk));
    outline.push(value);
    return;
  }
  const size = Array.isArray(value) ? value.length : 0;
  if (++walk.depth > deepest || outline.length + size > longest) throw tooLarge(walk.op, nextPath(walk));
  pending.push(end);
  if (Array.isArray(value)) {
    pushItems(walk.op, value, pending, () => nextPath(walk));
    outline.push(listMark, size);
    return;
  }
  const keys = keysOf(value);
  const fields = value as Readonly<Record<PropertyKey, unknown>>;
  for (let i = keys.length - 1; i >= 0; i--) pending.push(fields[keys[i]]);
  outline.push(Object.getPrototypeOf(value) === null ? bareMark : recordMark, keys.length);
  for (let i = 0; i < keys.length; i++) outline.push(keys[i]);
}

const nextPath = ({ outline, root }: TreeWalk): string => partPath(outline, "next", root);

/** Puts the items of an array on the list of parts to be visited, the first on top. */
export function pushItems(
  op: string,
  list: readonly unknown[],
  pending: unknown[],
  path: () => string,
): void {
  let holes = 0;
  for (let i = list.length - 1; i >= 0; i--) {
    const item = list[i];
    const missing = item === undefined && !Object.hasOwn(list, i);
    if (missing) holes++;
    pending.push(missing ? hole : item);
  }
  const named = Object.keys(list).length - list.length + holes;
  if (named === 0) return;
  throw new TreeError({
    code: "tree/array",
    op,
    problem: "an array has properties beside its items.",
    got: `${path()}: an array of ${list.length}, and ${named} further ${named === 1 ? "property" : "properties"}`,
    expected: "arrays of items, and objects of named parts",
    mend: "pass { items, name }, for example",
  });
}

const tooLarge = (op: string, path: string): TreeError =>
  new TreeError({
    code: "tree/size",
    op,
    problem: "the tree is too deep, or too large.",
    got: path,
    expected: `at most ${deepest} levels and ${longest} parts, and no branch that holds itself`,
    mend: "leave out references to parents; put rows of numbers into one tensor",
  });

/** What passes through must not hide tensors: they would be constants. */
const refuseTensorsInside: Passing = (op, value, path) => {
  if (!holdsTensors(value)) return;
  throw new TreeError({
    code: "tree/class",
    op,
    problem: "an object of a class cannot be rebuilt with other tensors.",
    got: `${path()}: ${describe(value)}`,
    expected: "nested arrays and plain objects of tensors",
    mend: "pass { h: state.h, c: state.c }, for example; keep parameters in Variables",
  });
};

function holdsTensors(value: object): boolean {
  if (typeof value === "function" || value instanceof Variable || ArrayBuffer.isView(value)) return false;
  const parts = value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
  return parts.some((part) => part instanceof Tensor);
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
  passing?: Passing,
): OnLeaves {
  const made: OnLeaves = {
    outline: oneLeaf,
    run(leaves) {
      const result = notPromise(f(rebuild(given, leaves) as T), op);
      const { leaves: outputs, outline } = flatten(op, result, numbers, "result", passing);
      made.outline = outline;
      return outputs;
    },
  };
  return made;
}

/** What a value is, in a few words. */
export function describe(value: unknown): string {
  if (value instanceof Tensor) return `a tensor ${showSpec(value)}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value === null) return "null";
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return typeof value;
  if (isRecord(value)) return describeKeys(keysOf(value));
  return `an instance of ${className(value)}`;
}

/** An object by its first keys. */
export function describeKeys(keys: readonly PropertyKey[]): string {
  const shown = keys.slice(0, 8).map((key) => String(key).slice(0, 30));
  if (keys.length === 0) return "an object without parts";
  return `an object { ${shown.join(", ")}${keys.length > shown.length ? ", …" : ""} }`;
}

/** The name of the class of an object, whatever it is made of. */
export function className(value: object): string {
  const { constructor: made } = value as { readonly constructor?: unknown };
  return typeof made === "function" && typeof made.name === "string" && made.name !== ""
    ? made.name
    : "a class";
}
