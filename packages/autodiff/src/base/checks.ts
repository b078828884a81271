import { type ScopeError, ValueError } from "./errors.js";
import { mostElements } from "./limits.js";
import { show } from "./show.js";

/** Options that are true or false, wherever they stand. */
const switches =
  " affine amsgrad bias bidirectional centered compile descending dropLast everyStep flushSubnormals keepDims largest logTarget nesterov restoreBest reverse shuffle strict threePhases timeFirst ";

/** What other libraries call an option in a word of their own, in camelCase, and Scope's word for it. */
const otherNames: Readonly<Record<string, string>> = {
  dim: "axis",
  dims: "axis",
  axes: "axis",
  keepdim: "keepDims",
  keepdims: "keepDims",
  keepDim: "keepDims",
  ddof: "correction",
  p: "order",
  ord: "order",
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
  const meant = known.includes(own)
    ? own
    : known.find((option) => near(option) || (own.length > 1 && option.startsWith(own)));
  if (meant === undefined) return "leave it out, or name one of these";
  return meant === "timeFirst"
    ? "batch is the first axis already; { timeFirst: true } makes it time"
    : `${name} is called ${meant} here`;
}

/** The option that a bare value was probably meant for: a dtype is a text, all others are anything else. */
function namedOption(value: unknown, known: readonly string[]): string {
  const isText = typeof value === "string";
  const name = known.length === 1 ? known[0] : known.find((option) => (option === "dtype") === isText);
  if (name === undefined) return `name the option that is meant: { ${known.join(": … } or { ")}: … }`;
  const fits = (isText || name !== "dtype") && (typeof value !== "object" || Array.isArray(value));
  return `name the option: { ${name}: ${fits ? show(value) : "…"} }`;
}

/** Whether a value is an object with properties, as options are: no array, no tensor, no Map.
 * @example
 * isRecord({ axis: 0 }) // => true
 * isRecord(tensor([1, 2])) // => false
 * @internal
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return true;
    return (
      Object.prototype.toString.call(value) === "[object Object]" && !("shape" in value && "dtype" in value)
    );
  } catch {
    return false;
  }
}

/** Throws unless options are left out or an object of known names; plain JavaScript gets no such word from a compiler.
 * @example
 * checkOptions("f", { axes: 0 }, ["axis"]) // throws ValueError: axes is called axis here
 * @internal
 */
export function checkOptions(op: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (!isRecord(options)) {
    throw new ValueError({
      code: "option/object",
      op,
      problem: "options are not an object.",
      got: show(options),
      expected: `{ ${known.join(", ")} }`,
      mend: namedOption(options, known),
    });
  }
  for (const name in options) {
    if (known.includes(name)) {
      if (switches.includes(` ${name} `)) checkBoolean(op, name, options[name]);
      continue;
    }
    throw new ValueError({
      code: "option/unknown",
      op,
      problem: `there is no option ${show(name).slice(1, -1)}.`,
      got: show(name).slice(1, -1),
      expected: `{ ${known.join(", ")} }`,
      mend: renaming(name, known),
    });
  }
}

/** How to put an argument right: where it came as an option of its own name, by its place. */
export function mendOf(op: string, name: string, value: unknown, otherwise: string): string {
  if (!isRecord(value)) return otherwise;
  try {
    const values = Object.values(value);
    const meant = Object.hasOwn(value, name) ? value[name] : values.length === 1 ? values[0] : undefined;
    return typeof meant === "number"
      ? `${name} is no option but an argument in its own place: ${meant} instead of ${show(value)} in ${op}`
      : otherwise;
  } catch {
    return otherwise;
  }
}

/** The error for a number outside of its range.
 * @example
 * outOfRange("f", "rate", 2, "0 to 1").got // => "rate: 2"
 * @internal
 */
export const outOfRange = (
  op: string,
  name: string,
  value: unknown,
  expected: string,
  mend = `pass a ${name} in this range`,
): ScopeError =>
  new ValueError({
    code: "value/range",
    op,
    problem: `${name} is out of range.`,
    got: `${name}: ${show(value)}`,
    expected,
    mend: mendOf(op, name, value, mend),
  });

/** Throws unless a count is a whole number from `least` to `most`, which is lower where something is made for each.
 * @example
 * checkCount("f", "depth", 1.5) // throws ValueError: a whole number ≥ 1
 * @internal
 */
export function checkCount(
  op: string,
  name: string,
  value: unknown,
  least = 1,
  most: number = mostElements,
): asserts value is number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return;
  throw new ValueError({
    code: "value/count",
    op,
    problem: `${name} is not a count.`,
    got: `${name}: ${show(value)}`,
    expected: `a whole number ≥ ${least}${typeof value === "number" && value > most ? `, at most ${most}` : ""}`,
    mend: mendOf(op, name, value, `pass ${name} as a whole number`),
  });
}

/** Throws unless `value` is a finite number with `low ≤ value ≤ high` (`< high` where `open`).
 * @example
 * checkNumber("f", "rate", 2, 0, 1) // throws ValueError: 0 ≤ rate ≤ 1
 * @internal
 */
export function checkNumber(
  op: string,
  name: string,
  value: unknown,
  low: number = Number.NEGATIVE_INFINITY,
  high: number = Number.POSITIVE_INFINITY,
  open = false,
): asserts value is number {
  const within = typeof value === "number" && Number.isFinite(value) && value >= low;
  if (within && (open ? value < high : value <= high)) return;
  const range = Number.isFinite(high)
    ? `${low} ≤ ${name} ${open ? "<" : "≤"} ${high}`
    : Number.isFinite(low)
      ? `a finite number ≥ ${low}`
      : "a finite number";
  throw outOfRange(op, name, value, range);
}

/** Throws unless a switch is left out, true or false.
 * @example
 * checkBoolean("f", "keepDims", "no") // throws ValueError: neither true nor false
 * @internal
 */
export function checkBoolean(op: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new ValueError({
    code: "value/boolean",
    op,
    problem: `${name} is neither true nor false.`,
    got: `${name}: ${show(value)}`,
    expected: "true or false",
    mend: `pass { ${name}: true } or { ${name}: false }`,
  });
}

/** Throws unless a value is one of the names that there are.
 * @example
 * checkChoice("f", "reduction", "max", ["mean", "sum"]) // throws ValueError: "mean" or "sum"
 * @internal
 */
export function checkChoice<T extends string>(
  op: string,
  name: string,
  value: unknown,
  choices: readonly T[],
): asserts value is T {
  if (choices.some((choice) => choice === value)) return;
  throw new ValueError({
    code: "value/choice",
    op,
    problem: `there is no such ${name}.`,
    got: show(value),
    expected: choices.map((choice) => JSON.stringify(choice)).join(" or "),
    mend: `name one of these, or leave ${name} out`,
  });
}

/** Throws unless `value` can be called.
 * @example
 * checkFunction("f", "body", 3) // throws ValueError: body is not a function
 * @internal
 */
export function checkFunction(op: string, name: string, value: unknown, example = `${op}((x) => …)`): void {
  if (typeof value === "function") return;
  throw new ValueError({
    code: "value/function",
    op,
    problem: `${name} is not a function.`,
    got: `${name}: ${show(value)}`,
    expected: "a function",
    mend: example,
  });
}

/** Throws unless `value` is an array without holes.
 * @example
 * checkList("f", "sizes", new Array(2), "an array of sizes") // throws ValueError: sizes is not a list
 * @internal
 */
export function checkList(
  op: string,
  name: string,
  value: unknown,
  expected: string,
): asserts value is readonly unknown[] {
  if (isList(value)) return;
  throw new ValueError({
    code: "value/list",
    op,
    problem: `${name} is not a list.`,
    got: `${name}: ${show(value)}`,
    expected,
    mend: mendOf(op, name, value, "pass an array, and nothing undefined in it"),
  });
}

/** Whether a value is an array without holes.
 * @example
 * isList([1, 2]) // => true
 * isList(new Array(2)) // => false
 * @internal
 */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    if (!Array.isArray(value)) return false;
    // Only what reads as undefined can be a hole: asking after each is slow.
    for (let i = 0; i < value.length; i++) if (value[i] === undefined && !(i in value)) return false;
    return true;
  } catch {
    return false;
  }
}

/** Throws if a result would have more elements than a tensor may have, before anything is computed.
 * @example
 * checkSize("f", [1e5, 1e5]) // throws ValueError: 100000 × 100000
 * @internal
 */
export function checkSize(op: string, shape: readonly number[]): void {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i];
  if (size <= mostElements) return;
  throw tooLarge(op, `a result of ${shape.join(" × ")} = ${size} elements`);
}

/** The error for a tensor of too many elements.
 * @example
 * tooLarge("f", "1e10 elements").code // => "value/too-large"
 * @internal
 */
export const tooLarge = (op: string, got: string): ScopeError =>
  new ValueError({
    code: "value/too-large",
    op,
    problem: "too many elements.",
    got,
    expected: `at most ${mostElements} elements (2³¹ − 1)`,
    mend: "work on smaller pieces",
  });
