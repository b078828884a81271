import { ShapeError, Tensor, TreeError, tensor } from "@scope/autodiff/functions";
import { kindOf, showShape } from "../option-checks.js";

/** What a data set and a batch are: a tensor, or arrays and plain objects of tensors. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [key: string]: TensorTree };

/** Applies `f` to every tensor of a tree. */
export function mapTree<T>(op: string, tree: T, f: (leaf: Tensor) => Tensor, path = "data"): T {
  const map = (part: unknown, where: string): unknown => {
    if (part instanceof Tensor) return f(part);
    // A path without end is that of a branch that holds itself.
    const isDeep = where.length > 1000;
    if (Array.isArray(part) && !isDeep) return part.map((item, i) => map(item, `${where}[${i}]`));
    if (isRecord(part) && !isDeep) {
      return Object.fromEntries(
        Object.entries(part).map(([key, value]) => [key, map(value, `${where}.${key}`)]),
      );
    }
    throw new TreeError({
      code: "data/tree",
      op,
      problem: "the data is not a tree of tensors.",
      got: `${where.slice(0, 100)}: ${kindOf(part)}`,
      expected: "a tensor, or arrays and plain objects of tensors",
      mend: "make tensors of the arrays first: tensor(values)",
    });
  };
  // The result is built like the tree, with tensors in place of tensors.
  return map(tree, path) as T;
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The size of the first axis, which all tensors of the tree share. */
export function commonLength(op: string, tree: unknown): number {
  return lengthOf(tree, 0, -1) ?? explainLength(op, tree);
}

/** Branches that are deeper are left to the walk that explains. */
const deepest = 100;

/** The common length of a part and of what came before it (−1 if nothing did); null if there is none. */
function lengthOf(part: unknown, depth: number, before: number): number | null {
  if (part instanceof Tensor) {
    const length = part.rank > 0 ? part.shape[0] : -1;
    return length >= 0 && (before < 0 || length === before) ? length : null;
  }
  if (depth > deepest || !(Array.isArray(part) || isRecord(part))) return null;
  let length: number | null = before;
  for (const inner of Object.values(part) as readonly unknown[]) {
    length = lengthOf(inner, depth + 1, length);
    if (length === null) return null;
  }
  return depth > 0 || length >= 0 ? length : null;
}

/** The same, from root to leaf with their names: throws where {@link lengthOf} found none. */
function explainLength(op: string, tree: unknown): number {
  const leaves: Tensor[] = [];
  mapTree(op, tree, (leaf) => {
    const first = leaves.length === 0 ? null : leaves[0];
    if (leaf.rank > 0 && (first === null || first.shape[0] === leaf.shape[0])) {
      leaves.push(leaf);
      return leaf;
    }
    throw new ShapeError({
      code: "data/length",
      op,
      problem: "the tensors do not have one entry per example.",
      got:
        first === null ? showShape(leaf.shape) : `${showShape(first.shape)} beside ${showShape(leaf.shape)}`,
      expected: "tensors whose first axis has the same size",
      mend: "put examples (or time) on the first axis of every tensor",
    });
  });
  if (leaves.length > 0) return leaves[0].shape[0];
  throw new TreeError({
    code: "data/empty",
    op,
    problem: "there is no tensor in the data.",
    got: "an empty tree",
    expected: "at least one tensor",
    mend: "pass the tensors themselves: { inputs, targets }",
  });
}

/** Entries of the first axis in the given order, copied; `leading` replaces the first axis (by default one axis as long as `indices`).
 * Data is prepared before anything is differentiated or traced, so that plain copying is enough. */
export function takeRows(
  t: Tensor,
  indices: ArrayLike<number>,
  leading: readonly number[] = [indices.length],
): Tensor {
  const entry = t.shape.slice(1);
  const width = entry.reduce((a, b) => a * b, 1);
  const from = t.data;
  // Doubles hold the elements of every dtype exactly.
  const values = new Float64Array(indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i] * width;
    for (let k = 0; k < width; k++) values[i * width + k] = from[start + k];
  }
  return tensor(values, { dtype: t.dtype, shape: [...leading, ...entry] });
}
