import { type ScopeError, ShapeError, Tensor, ValueError } from "@scope/autodiff";

/** A shape as text: `[2, 3]`. */
export const showShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** Whether two shapes are the same. */
export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, k) => size === b[k]);

/** The error for an option outside of its range. */
export const invalidOption = (op: string, name: string, got: unknown, expected: string): ScopeError =>
  new ValueError({
    code: "option/range",
    op,
    problem: `${name} is out of range.`,
    got: `${name}: ${String(got)}`,
    expected,
    mend: `pass a ${name} in this range`,
  });

/** Throws unless `value` is a whole number ≥ `least`. */
export function checkCount(op: string, name: string, value: unknown, least: 0 | 1 = 1): void {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value < 2 ** 31) return;
  throw new ValueError({
    code: "option/count",
    op,
    problem: `${name} is not a count.`,
    got: `${name}: ${String(value)}`,
    expected: `a whole number ≥ ${least}`,
    mend: `pass ${name} as a whole number`,
  });
}

/** Throws unless `value` is a finite number with `low ≤ value ≤ high` (`< high` where `open`). */
export function checkNumber(
  op: string,
  name: string,
  value: unknown,
  low: number,
  high: number = Number.POSITIVE_INFINITY,
  open = false,
): void {
  const within = typeof value === "number" && Number.isFinite(value) && value >= low;
  if (within && (open ? value < high : value <= high)) return;
  const range = Number.isFinite(high)
    ? `${low} ≤ ${name} ${open ? "<" : "≤"} ${high}`
    : `a finite number ≥ ${low}`;
  throw invalidOption(op, name, value, range);
}

/** How many axes an input may have. */
export interface RankRange {
  readonly least: number;
  readonly most?: number;
}

/** Throws unless the last axis of `x` has `size` features, and the number of axes is in range. */
export function checkFeatures(
  op: string,
  x: Tensor,
  size: number,
  { least, most }: RankRange = { least: 1 },
): void {
  if (!(x instanceof Tensor)) {
    throw new ValueError({
      code: "input/type",
      op,
      problem: "the input is not a tensor.",
      got: x === null ? "null" : typeof x,
      expected: `a tensor whose last axis has ${size} features`,
      mend: "make a tensor of it first: tensor([[1, 2], [3, 4]])",
    });
  }
  if (x.rank >= least && (most === undefined || x.rank <= most) && x.shape[x.rank - 1] === size) return;
  const form = least === 1 ? "..." : least === 2 ? "batch" : "..., batch";
  throw new ShapeError({
    code: "input/features",
    op,
    problem: "the input does not fit the layer.",
    got: `input ${showShape(x.shape)}`,
    expected: `[${form}, ${size}]`,
    mend: `make the layer with the input's size, or the input with ${size} features`,
  });
}
