import { checkDType, checkFloatDType, checkOptions } from "@scope/autodiff/checks";
import { DTypeError, ShapeError, Tensor, ValueError } from "@scope/autodiff/functions";

export { checkCount, checkNumber, checkOptions, outOfRange as invalidOption } from "@scope/autodiff/checks";

/** A shape as text: `[2, 3]`. */
export const showShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** Whether two shapes are the same. */
export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, k) => size === b[k]);

/** What a value is that should have been another: for messages. */
export const kindOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "an array"
      : value instanceof Promise
        ? "a Promise"
        : typeof value;

/** What an object's class is called; a class without a name has that of the one that it extends. */
export function classOf(of: object): string {
  let prototype: unknown = Object.getPrototypeOf(of);
  while (typeof prototype === "object" && prototype !== null) {
    const { name } = prototype.constructor;
    if (name !== "") return name;
    prototype = Object.getPrototypeOf(prototype);
  }
  return "Object";
}

/** As {@link checkOptions}, for what is drawn at random. */
export function checkDraw(
  op: string,
  options: { readonly dtype?: unknown } | undefined,
  own: readonly string[],
): void {
  checkOptions(op, options, [...own, "dtype", "random", "seed"]);
  checkTrainable(op, options?.dtype);
}

/** Throws unless a dtype, if one is given, is that of parameters: float32 or float64. */
export function checkTrainable(op: string, dtype: unknown): void {
  if (dtype === undefined) return;
  checkDType(op, dtype);
  checkFloatDType(op, dtype);
}

/** Throws unless `x` is a tensor.
 * @param expected - which one, in a few signs */
export function checkTensor(op: string, name: string, x: unknown, expected: string): asserts x is Tensor {
  if (x instanceof Tensor) return;
  throw new ValueError({
    code: "input/type",
    op,
    problem: "not a tensor.",
    got: `${name}: ${kindOf(x)}`,
    expected,
    mend: "make a tensor of it first: tensor([[1, 2], [3, 4]])",
  });
}

/** How to give an input the axis that it lacks. */
const addAxis = "expandDims(x, 0) makes a batch of one, expandDims(x, -1) one feature of each number";

/** How many axes an input may have. */
export interface RankRange {
  readonly least: number;
  readonly most?: number;
  /** Which axis is time, where a sequence came instead of one step (1). */
  readonly timeAxis?: 0 | 1;
}

/** Throws unless the last axis of `x` has `size` features, and the number of axes is in range. */
export function checkFeatures(
  op: string,
  x: Tensor,
  size: number,
  { least, most = 32, timeAxis = 1 }: RankRange = { least: 1 },
): void {
  checkTensor(op, "input", x, `a tensor [..., ${size}]`);
  const { rank } = x;
  if (rank >= least && rank <= most && x.shape[rank - 1] === size) return;
  const form = least === 1 ? "..." : least === 2 ? "batch" : "..., batch";
  throw new ShapeError({
    code: "input/features",
    op,
    problem: "the input does not fit the layer.",
    got: `input ${showShape(x.shape)}`,
    expected: `[${form}, ${size}]`,
    mend:
      rank < least
        ? addAxis
        : rank > most
          ? `at(x, t, { axis: ${timeAxis} }) is one time step; a layer's forward takes the whole sequence`
          : `make the layer with the input's size, or the input with ${size === 1 ? "1 feature: expandDims(x, -1)" : `${size} features`}`,
  });
}

/** Throws if the input has more bits than a layer of this dtype computes with. */
export function checkPrecision(op: string, x: Tensor, dtype: string): void {
  if (x.dtype !== "float64" || dtype === "float64") return;
  throw new DTypeError({
    code: "input/dtype",
    op,
    problem: "the input is float64 and the layer is float32.",
    got: `float64${showShape(x.shape)}`,
    expected: "float32",
    mend: 'make the layer with { dtype: "float64" }, or cast(x, "float32")',
  });
}
