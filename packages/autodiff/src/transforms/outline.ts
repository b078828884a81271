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

/** What is done with the parts of an outline: `enter` gives what goes with each part of a branch, in the order of its keys. */
export interface OutlineVisitor<S> {
  enter(branch: Branch, state: S, part: number): readonly S[];
  visit(value: unknown, state: S, part: number): void;
}

/** Visits the parts of an outline in order, without recursion: trees may be deep.
 * Returns what goes with the next part, if the outline is not written to its end. */
export function walkOutline<S>(
  outline: Outline,
  start: S,
  { enter, visit }: OutlineVisitor<S>,
): S | undefined {
  const states = [start];
  for (let at = 0, part = 0; at < outline.length; part++) {
    const state = states.pop() as S;
    const token = outline[at++];
    if (token !== listMark && token !== recordMark && token !== bareMark) {
      visit(token, state, part);
      continue;
    }
    const isList = token === listMark;
    const count = outline[at++] as number;
    const keys = new Array<PropertyKey>(count);
    for (let i = 0; i < count; i++) keys[i] = isList ? i : (outline[at++] as PropertyKey);
    const inner = enter({ isList, keys }, state, part);
    for (let i = count - 1; i >= 0; i--) states.push(inner[i]);
  }
  return states.pop();
}

/** Whether two outlines say the same; NaN is NaN, and −0 is not 0. */
export function sameOutline(a: Outline, b: Outline): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** An array or object that is being filled. */
interface Filling {
  readonly target: unknown[] | Record<PropertyKey, unknown>;
  readonly keys: Outline;
  /** Where its keys are in the outline; −1 for an array. */
  readonly firstKey: number;
  readonly count: number;
  next: number;
}

/** The tree of this outline with these things in place of its tensors. */
export function rebuild(outline: Outline, leaves: readonly unknown[]): unknown {
  if (outline.length === 1) return outline[0] === leaf ? leaves[0] : outline[0];
  const open: Filling[] = [];
  let nextLeaf = 0;
  let at = 0;
  for (;;) {
    const token = outline[at++];
    let made = token === leaf ? leaves[nextLeaf++] : token;
    if (token === listMark || token === recordMark || token === bareMark) {
      const isList = token === listMark;
      const count = outline[at++] as number;
      const target = isList ? [] : token === recordMark ? {} : Object.create(null);
      made = target;
      if (count > 0) {
        open.push({ target, keys: outline, firstKey: isList ? -1 : at, count, next: 0 });
        if (!isList) at += count;
        continue;
      }
    }
    // A part is done: it goes into its branch, and the branch into its own when it is full.
    for (;;) {
      const into = open[open.length - 1];
      if (into === undefined) return made;
      put(into, made);
      if (into.next < into.count) break;
      open.pop();
      made = into.target;
    }
  }
}

function put(into: Filling, value: unknown): void {
  const { target, keys, firstKey, next } = into;
  into.next++;
  if (Array.isArray(target)) {
    if (value === hole) target.length = next + 1;
    else target[next] = value;
    return;
  }
  const key = keys[firstKey + next] as PropertyKey;
  // Assigned, this one would set the prototype.
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else target[key] = value;
}

/** Where something stands: under a key of a place, or at a root that has a name. Only errors make a text of it. */
export interface TreePath {
  readonly above: TreePath | null;
  readonly key: PropertyKey;
}

const longestPath = 160;

/** A path as text: `carry.h[0]`. */
export function showPath(path: TreePath): string {
  let text = "";
  for (let at: TreePath | null = path; at !== null; at = at.above) {
    const key = String(at.key);
    text = (at.above === null ? key : typeof at.key === "string" ? `.${key}` : `[${key}]`) + text;
  }
  return text.length <= longestPath
    ? text
    : `${text.slice(0, longestPath / 2)}…${text.slice(-longestPath / 2)}`;
}

/** The names of all parts in order, and at the end of the one to come, if the outline is still being written. */
function pathsOf(outline: Outline, root: string): (readonly [path: TreePath, value?: unknown])[] {
  const paths: (readonly [TreePath, unknown?])[] = [];
  const next = walkOutline<TreePath>(
    outline,
    { above: null, key: root },
    {
      enter({ keys }, above) {
        paths.push([above]);
        return keys.map((key) => ({ above, key }));
      },
      visit: (value, path) => paths.push([path, value]),
    },
  );
  return next === undefined ? paths : [...paths, [next]];
}

/** The names of the leaves, in order: `carry.h`, `carry[0]`. */
export const leafPaths = (outline: Outline, root: string): string[] =>
  pathsOf(outline, root)
    .filter(([, value]) => value === leaf)
    .map(([path]) => showPath(path));

/** The name of a part; of an outline that is still being written, of the one to come. */
export const partPath = (outline: Outline, part: number | "next", root: string): string =>
  showPath(pathsOf(outline, root).at(part === "next" ? -1 : part)![0]);
