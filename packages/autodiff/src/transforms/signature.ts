import { TreeError } from "../base/errors.js";
import { className, describe } from "../base/show.js";
import { Tensor } from "../tensor/tensor.js";
import type { InSignature } from "../trace/static-value.js";
import { Variable } from "../trace/variable.js";
import { type Outline, recordMark, showPath, type TreePath } from "./outline.js";
import {
  type Flattened,
  flattenArguments,
  isList,
  isRecord,
  keysOf,
  type Passing,
  visitFields,
  visitItems,
  type Walk,
} from "./tree.js";

/** A call's arguments without the values of their tensors: how they are built, and what the fields of objects in them hold. */
export interface Signed extends Flattened {
  readonly fields: Outline;
}

const none: Outline = /* @__PURE__ */ Object.freeze([]);

/** Takes the tensors out of arguments of a function that is kept: everything else in them is noted, or refused. */
export function sign(op: string, args: readonly unknown[]): Signed {
  let noted: FieldNotes | null = null;
  const { leaves, outline } = flattenArguments(op, args, "static", (_op, value, path) => {
    if (value instanceof Variable) return;
    noted ??= { op, path, outline: [], seen: new Set() };
    noteFields(noted, value);
  });
  // Assigned in the callback, which the compiler does not see.
  return { leaves, outline, fields: (noted as FieldNotes | null)?.outline ?? none };
}

/** Lets through what may be part of a result that is handed out again and again. */
export const onlyUnchanging: Passing = (op, value, path) => {
  if (value instanceof Variable || fieldsOf(value) !== null) return;
  throw changeable(op, value, path);
};

interface FieldNotes extends Walk {
  /** Objects whose fields are noted: an object may hold its parent. */
  readonly seen: Set<object>;
}

/** Notes an object and all that its fields hold. */
function noteFields(notes: FieldNotes, part: unknown): void {
  const { op, path, outline, seen } = notes;
  if (
    (typeof part !== "function" && (typeof part !== "object" || part === null)) ||
    part instanceof Tensor ||
    part instanceof Variable ||
    seen.has(part)
  ) {
    outline.push(part);
    return;
  }
  seen.add(part);
  if (Array.isArray(part) && isList(part)) {
    visitItems(notes, part, noteFields);
    return;
  }
  const plain = typeof part === "object" && isRecord(part);
  const held = plain ? part : fieldsOf(part);
  if (held === null) throw changeable(op, part, path);
  const keys = keysOf(held);
  // An object of a class counts by itself, too: its methods and hidden fields are those of this one.
  if (plain) outline.push(recordMark, keys.length, ...keys);
  else outline.push(recordMark, keys.length + 1, "itself", ...keys, part);
  visitFields(notes, held, keys, noteFields);
}

/** The object that holds the plain fields of a function, or of an object whose class shows them. */
function fieldsOf(value: object): object | null {
  if (typeof value === "function") return Object.fromEntries(Object.entries(value));
  const show = (value as Partial<InSignature>).fieldsInSignature;
  return typeof show === "function" ? show.call(value) : null;
}

const changeable = (op: string, value: object, path: TreePath): TreeError =>
  new TreeError({
    code: "tree/signature",
    op,
    problem: "this object could change without being noticed, and the program would not follow.",
    got: `${showPath(path)}: ${describe(value)}`,
    expected: "tensors, plain values, Variables and modules, in arrays and plain objects",
    mend: mendOf(value),
  });

function mendOf(value: object): string {
  if (value instanceof DataView || value instanceof ArrayBuffer)
    return "make a tensor of it: tensor(new Float32Array(buffer))";
  if (ArrayBuffer.isView(value))
    return "make it a tensor: pass tensor(a), and a tensor of the right dtype is an input";
  if (value instanceof Map) return "pass a plain object: Object.fromEntries(map)";
  if (value instanceof Set) return "pass an array: [...set]";
  if (value instanceof Date) return "pass a number, date.getTime(), in a tensor if it changes often";
  if (value instanceof RegExp) return "pass its source as a string, or let the function close over it";
  if (typeof (value as { readonly then?: unknown }).then === "function") return "await it before the call";
  return `pass what it holds in a plain object, let the function close over it, or give ${className(value)} a method fieldsInSignature()`;
}
