import { DTypeError, type ScopeError, ShapeError, Tensor, ValueError } from "@scope/autodiff/functions";

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

/** What other libraries call an option in a word of their own, in camelCase, and Scope's word for it. */
const otherNames: Readonly<Record<string, string>> = {
  lr: "learningRate",
  lrDecay: "learningRateDecay",
  alpha: "smoothing",
  batchFirst: "timeFirst",
  paddingIdx: "paddingIndex",
  gamma: "factor",
  stepSize: "every",
  posWeight: "positiveWeight",
};

/** How to put an option right that is called something else here: in Scope's own word, with a word more (numLayers), or with less of it (eps). */
function renaming(name: string, known: readonly string[]): string {
  const camel = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const own = Object.hasOwn(otherNames, camel) ? otherNames[camel] : camel;
  const near = (option: string): boolean =>
    own.toLowerCase().endsWith(option.toLowerCase()) || own.startsWith(option);
  const meant = known.includes(own) ? own : known.find((option) => near(option) || option.startsWith(own));
  if (meant === undefined) return "leave it out, or name one of these";
  return meant === "timeFirst"
    ? "batch is the first axis already; { timeFirst: true } makes it time"
    : `${name} is called ${meant} here`;
}

/** Throws unless options are left out or an object of known names; plain JavaScript gets no such word from a compiler. */
export function checkOptions(op: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  const expected = `{ ${known.join(", ")} }`;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new ValueError({
      code: "option/object",
      op,
      problem: "options are not an object.",
      got: typeof options === "object" ? kindOf(options) : String(options),
      expected,
      mend: `name the option: { ${known[0]}: ${Array.isArray(options) ? "…" : String(options)} }`,
    });
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new ValueError({
      code: "option/unknown",
      op,
      problem: `there is no option ${name}.`,
      got: name,
      expected,
      mend: renaming(name, known),
    });
  }
}

/** As {@link checkOptions}, for what is drawn at random. */
export const checkDraw = (op: string, options: unknown, own: readonly string[]): void =>
  checkOptions(op, options, [...own, "dtype", "random", "seed"]);

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
