import { TreeError } from "../base/errors.js";
import { describe } from "../base/show.js";
import { scalar } from "../ops/operands.js";
import { Tensor } from "../tensor/tensor.js";
import { TensorHolder } from "../trace/holder.js";
import { notPromise } from "../trace/trace.js";
import {
  bareMark,
  hole,
  leaf,
  listMark,
  type Outline,
  oneLeaf,
  rebuild,
  recordMark,
  showPath,
} from "./outline.js";
import type { Flat } from "./sweep.js";

/** The tensors of a tree in order, and what is left of it. */
export interface Flattened {
  readonly leaves: readonly Tensor[];
  readonly outline: Outline;
}

/** Whether numbers in a tree are scalars (weak: they take the dtype that is asked for) or pass through. */
export type Numbers = "leaf" | "static";

/** Looks at an object or function that is neither tensor nor branch before it passes through as it is; `path` says where it is, while it is looked at. */
export type Passing = (op: string, value: object, path: PropertyKey[]) => void;

/** Deeper trees are taken for trees that hold themselves. */
const deepest = 1000;
/** Of an outline. A tree in which branches are shared may have any number of parts. */
const longest = 1_000_000;

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
  const walk: TreeWalk = { op, path: [root], numbers, passing, leaves: [], outline: [] };
  visitPart(walk, tree);
  return walk;
}

/** The same for the list of arguments of a call: an array of our own, which needs no look. */
export function flattenArguments(
  op: string,
  args: readonly unknown[],
  numbers: Numbers = "static",
  passing: Passing = refuseTensorsInside,
): Flattened {
  const path: PropertyKey[] = ["arguments"];
  const walk: TreeWalk = { op, path, numbers, passing, leaves: [], outline: [listMark, args.length] };
  for (let i = 0; i < args.length; i++) {
    path.push(i);
    visitPart(walk, args[i]);
    path.pop();
  }
  return walk;
}

/** An outline that is being written. Trees are never so deep that recursion could not follow. */
export interface Walk {
  readonly op: string;
  readonly path: PropertyKey[];
  readonly outline: unknown[];
}

interface TreeWalk extends Walk {
  readonly numbers: Numbers;
  readonly passing: Passing;
  readonly leaves: Tensor[];
}

function visitPart(walk: TreeWalk, value: unknown): void {
  const { leaves, outline } = walk;
  if (value instanceof Tensor) {
    leaves.push(value);
    outline.push(leaf);
  } else if (typeof value === "number" && walk.numbers === "leaf") {
    leaves.push(scalar(value, "float32"));
    outline.push(leaf);
  } else if ((typeof value !== "object" || value === null) && typeof value !== "function")
    outline.push(value);
  else if (Array.isArray(value) && isList(value)) visitItems(walk, value, visitPart);
  else if (typeof value === "object" && !Array.isArray(value) && isRecord(value)) {
    const keys = keysOf(value);
    outline.push(Object.getPrototypeOf(value) === null ? bareMark : recordMark, keys.length);
    for (let i = 0; i < keys.length; i++) outline.push(keys[i]);
    visitFields(walk, value, keys, visitPart);
  } else {
    walk.passing(walk.op, value, walk.path);
    outline.push(value);
  }
}

/** Visits the fields of an object, whose keys are in the outline. */
export function visitFields<W extends Walk>(
  walk: W,
  record: object,
  keys: readonly PropertyKey[],
  visit: (walk: W, value: unknown) => void,
): void {
  checkExtent(walk, 0);
  const fields = record as Readonly<Record<PropertyKey, unknown>>;
  for (let i = 0; i < keys.length; i++) {
    walk.path.push(keys[i]);
    visit(walk, fields[keys[i]]);
    walk.path.pop();
  }
}

/** Visits the items of an array. */
export function visitItems<W extends Walk>(
  walk: W,
  list: readonly unknown[],
  visit: (walk: W, value: unknown) => void,
): void {
  const { op, path, outline } = walk;
  const { length } = list;
  checkExtent(walk, length);
  outline.push(listMark, length);
  let named = Object.keys(list).length - length;
  for (let i = 0; i < length; i++) {
    const item = list[i];
    const missing = item === undefined && !Object.hasOwn(list, i);
    if (missing) named++;
    path.push(i);
    visit(walk, missing ? hole : item);
    path.pop();
  }
  if (named === 0) return;
  throw new TreeError({
    code: "tree/array",
    op,
    problem: "an array has properties beside its items.",
    got: `${showPath(path)}: an array of ${length}, and ${named} further ${named === 1 ? "property" : "properties"}`,
    expected: "arrays of items, and objects of named parts",
    mend: "pass { items, name }, for example",
  });
}

function checkExtent({ op, path, outline }: Walk, more: number): void {
  if (path.length <= deepest && outline.length + more <= longest) return;
  throw new TreeError({
    code: "tree/size",
    op,
    problem: "the tree is too deep, or too large.",
    got: showPath(path),
    expected: `at most ${deepest} levels and ${longest} parts, and no branch that holds itself`,
    mend: "leave out references to parents; put rows of numbers into one tensor",
  });
}

/** What passes through must not hide tensors: they would be constants. */
const refuseTensorsInside: Passing = (op, value, path) => {
  if (!holdsTensors(value)) return;
  throw new TreeError({
    code: "tree/class",
    op,
    problem: "an object of a class cannot be rebuilt with other tensors.",
    got: `${showPath(path)}: ${describe(value)}`,
    expected: "nested arrays and plain objects of tensors",
    mend: "pass { h: state.h, c: state.c }, for example; keep parameters in Variables",
  });
};

function holdsTensors(value: object): boolean {
  if (typeof value === "function" || value instanceof TensorHolder || ArrayBuffer.isView(value)) return false;
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
