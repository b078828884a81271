import { checkRoutine } from "../backends/javascript/eager.js";
import * as loops from "../backends/javascript/instruction-loops.js";
import { checkCount, checkNumber, checkOptions, outOfRange } from "../base/checks.js";
import { IndexError } from "../base/errors.js";
import { buildExpression } from "../kernel/expression.js";
import type { IndexRange } from "../kernel/lowering.js";
import { contiguousArray, type Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import { current } from "../trace/context.js";
import type { Op } from "../trace/op.js";
import { asIndices } from "./argument-checks.js";
import { zeroDerivative } from "./fill.js";
import type { TensorLike } from "./operands.js";

/** Whether a whole number is one of those that a range allows. */
export const isWithin = ({ size, wraps, ignored }: IndexRange, at: number): boolean =>
  (at >= (wraps ? -size : 0) && at < size) || at === ignored;

/** What is said of an index out of range, in the name of the function that the user called. */
export function indexError(range: IndexRange, at: number): IndexError {
  const { op, what, size, wraps, ignored } = range;
  const besides = ignored === null ? "" : `, or ${ignored}, which is ignored`;
  return new IndexError({
    code: "index/value",
    op,
    problem: what === null ? "an index is out of range." : `one of the ${what} is out of range.`,
    got: what === null ? `index ${at} along an axis of size ${size}` : String(at),
    expected:
      size === 0
        ? "no index: the axis is empty"
        : `whole numbers from ${wraps ? -size : 0} to ${size - 1}${besides}`,
    mend:
      what === null
        ? "correct the data, or clip(indices, 0, size - 1)"
        : "look for the wrong one in the data",
  });
}

/** Throws for the first index out of range. */
export function checkRange(index: Tensor, range: IndexRange): void {
  const values = contiguousArray(index);
  for (let i = 0; i < values.length; i++) if (!isWithin(range, values[i])) throw indexError(range, values[i]);
}

/** An index with the range that it was, or is to be, found in. */
interface IndexAttributes extends IndexRange {
  /** Whether somebody has looked already; then nothing is left to do but to count from the start. */
  readonly checked: boolean;
}

const expressionOf = ({ size, wraps, ignored }: IndexRange): ReturnType<typeof buildExpression> =>
  buildExpression(["int32"], (kernel, index) => {
    const whole = (value: number): typeof index => kernel.constant(value, "int32");
    const counted = wraps
      ? kernel.select(kernel.lt(index, whole(0)), kernel.add(index, whole(size)), index)
      : index;
    return ignored === null ? counted : kernel.select(kernel.eq(index, whole(ignored)), whole(0), counted);
  });

/** Whole numbers that point into an axis: refused out of range, counted from the start otherwise (ignored ones become 0).
 * Every op that looks something up reads its indices from one of these: the one place where they are checked. */
export const indexOp: Op<IndexAttributes> = {
  name: "index",
  effect: ({ checked }) => !checked,
  infer: ([{ sizes: shape, dtype }]) => [{ shape, dtype }],
  eager: /* @__PURE__ */ checkRoutine({ lt: loops.lt, add: loops.add, eq: loops.eq }),
  lower: (_inputs, attributes) => {
    const expression = expressionOf(attributes);
    return attributes.checked
      ? { kind: "map", expression }
      : { kind: "check", range: attributes, expression };
  },
  check: ([index], range) => checkRange(index, range),
  .../* @__PURE__ */ zeroDerivative<"indices are whole numbers">(),
  batch: ([index], batched, attributes) => [apply(indexOp, [index], attributes), batched],
  show: ({ op, size }) => `of=${op} size=${size}`,
};

/** Indices that were found in range, counted from the start; eagerly at once, under a trace when it runs. */
export function indicesWithin(indices: Tensor, range: IndexRange): Tensor {
  // Under a trace those of a device are for the program to check.
  const known = indices.storage !== null || (current().trace === null && !indices.isSymbolic);
  if (known) checkRange(indices, range);
  if (known && current().trace === null && !needsCounting(indices, range)) return indices;
  return applyOne(indexOp, [indices], { ...range, checked: known });
}

/** Whether some of the indices are not yet what a look-up reads. */
const needsCounting = (indices: Tensor, { wraps, ignored }: IndexRange): boolean =>
  (wraps || ignored !== null) && contiguousArray(indices).some((at) => at < 0 || at === ignored);

/** Indices of a look-up along an axis, as int32, counted from the start; negative ones count from the end. */
export const axisIndices = (op: string, indices: TensorLike, size: number): Tensor =>
  indicesWithin(asIndices(op, indices), { op, what: null, size, wraps: true, ignored: null });

/** Options of {@link checkedIndices}. */
export interface IndexOptions {
  /** In whose name an error speaks ("checkedIndices"). */
  readonly op?: string;
  /** What the numbers are, in the plural, for an error. */
  readonly what?: string;
  /** A number that is allowed beside; it becomes 0. */
  readonly ignored?: number;
}

/** Whole numbers from 0 to `size` − 1, for functions of your own that look something up: `take` of the result cannot fail. Eagerly a wrong one is refused at
 * once; a compiled function refuses it at the latest while it runs, and then returns nothing and leaves every Variable as it was.
 * @param indices - any shape, int32
 * @param size - how many there are to choose from
 * @param options - `op`, `what`, `ignored`
 * @returns the same numbers, in the same shape; 0 for ignored ones
 * @throws {@link DTypeError} if `indices` is not int32; {@link IndexError} if one is out of range
 * @example
 * checkedIndices(tensor([2, 0], { dtype: "int32" }), 3).toArray() // => [2, 0]
 * checkedIndices(tensor([3], { dtype: "int32" }), 3) // throws IndexError
 */
export function checkedIndices(indices: TensorLike, size: number, options: IndexOptions = {}): Tensor {
  checkOptions("checkedIndices", options, ["op", "what", "ignored"]);
  checkCount("checkedIndices", "size", size, 0);
  const { op = "checkedIndices", what = null, ignored = null } = options;
  for (const [name, text] of [
    ["op", op],
    ["what", what ?? ""],
  ] as const)
    if (typeof text !== "string") throw outOfRange("checkedIndices", name, text, "a text");
  if (ignored !== null) checkNumber("checkedIndices", "ignored", ignored);
  return indicesWithin(asIndices(op, indices), { op, what, size, wraps: false, ignored });
}
