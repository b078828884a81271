/** What is left of a tree when its tensors are taken out: a list of marks and values, the parts of each branch behind it in order.
 * An array is `listMark, length`; an object is its mark, the number of its keys, and the keys; then come their parts. */
export type Outline = readonly unknown[];

/** Stands where a tensor was. */
export const leaf: symbol = /* @__PURE__ */ Symbol("leaf");
/** Stands where an array has no element, which is not the same as one that is undefined. */
export const hole: symbol = /* @__PURE__ */ Symbol("hole");
export const listMark: symbol = /* @__PURE__ */ Symbol("array");
export const recordMark: symbol = /* @__PURE__ */ Symbol("object");
/** An object without a prototype. */
export const bareMark: symbol = /* @__PURE__ */ Symbol("object without prototype");

/** The outline of a tensor alone. */
export const oneLeaf: Outline = /* @__PURE__ */ Object.freeze([leaf]);

/** An array or an object of an outline. */
export interface Branch {
  readonly isList: boolean;
  readonly keys: readonly PropertyKey[];
}

/** Where a walk is: the name of the root, and the keys on the way. */
export type TreePath = readonly PropertyKey[];

/** What is done with the parts of an outline: `enter` gives what goes with each part of a branch, in the order of its keys. */
export interface OutlineVisitor<S> {
  enter(branch: Branch, state: S, path: TreePath): readonly S[];
  visit(value: unknown, state: S, path: TreePath): void;
}

/** Visits the parts of an outline in order. */
export function walkOutline<S>(
  outline: Outline,
  root: string,
  start: S,
  { enter, visit }: OutlineVisitor<S>,
): void {
  const path: PropertyKey[] = [root];
  let at = 0;
  const walk = (state: S): void => {
    const token = outline[at++];
    if (!isBranch(token)) {
      visit(token, state, path);
      return;
    }
    const isList = token === listMark;
    const count = outline[at++] as number;
    const keys = isList
      ? Array.from({ length: count }, (_, i) => i)
      : (outline.slice(at, at + count) as PropertyKey[]);
    if (!isList) at += count;
    const inner = enter({ isList, keys }, state, path);
    for (let i = 0; i < count; i++) {
      path.push(keys[i]);
      walk(inner[i]);
      path.pop();
    }
  };
  walk(start);
}

const isBranch = (token: unknown): boolean =>
  token === listMark || token === recordMark || token === bareMark;

/** Whether two outlines say the same; NaN is NaN, and −0 is not 0. */
export function sameOutline(a: Outline, b: Outline): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** What is still to be put into a tree. */
interface Remaining {
  readonly outline: Outline;
  readonly leaves: readonly unknown[];
  at: number;
  nextLeaf: number;
}

/** The tree of this outline with these things in place of its tensors. */
export function rebuild(outline: Outline, leaves: readonly unknown[]): unknown {
  return build({ outline, leaves, at: 0, nextLeaf: 0 });
}

function build(from: Remaining): unknown {
  const { outline, leaves } = from;
  const token = outline[from.at++];
  if (token === leaf) return leaves[from.nextLeaf++];
  if (!isBranch(token)) return token;
  const count = outline[from.at++] as number;
  if (token === listMark) {
    const list: unknown[] = [];
    for (let i = 0; i < count; i++) {
      const part = build(from);
      if (part === hole) list.length = i + 1;
      else list[i] = part;
    }
    return list;
  }
  const record = token === recordMark ? {} : Object.create(null);
  const firstKey = from.at;
  from.at += count;
  for (let i = firstKey; i < firstKey + count; i++) {
    const key = outline[i] as PropertyKey;
    const value = build(from);
    // Assigned, this one would set the prototype.
    if (key === "__proto__")
      Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
    else record[key] = value;
  }
  return record;
}

const longestPath = 160;

/** A path as text: `carry.h[0]`. */
export function showPath([root, ...keys]: TreePath): string {
  let text = String(root);
  for (const key of keys) text += typeof key === "string" ? `.${key}` : `[${String(key)}]`;
  return text.length <= longestPath
    ? text
    : `${text.slice(0, longestPath / 2)}…${text.slice(-longestPath / 2)}`;
}

/** The names of the leaves, in order: `carry.h`, `carry[0]`. */
export function leafPaths(outline: Outline, root: string): string[] {
  const paths: string[] = [];
  walkOutline(outline, root, null, {
    enter: ({ keys }) => keys.map(() => null),
    visit(value, _state, path) {
      if (value === leaf) paths.push(showPath(path));
    },
  });
  return paths;
}
