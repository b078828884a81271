import { eagerReduce } from "../backends/javascript/eager.js";
import { eagerArgExtreme } from "../backends/javascript/eager-routines.js";
import {
  max as maxReduction,
  min as minReduction,
  type Reduction,
} from "../backends/javascript/reductions.js";
import { checkOptions } from "../base/checks.js";
import { ValueError } from "../base/errors.js";
import { normalizeAxes, normalizeAxis, type Shape, showShape, sizeOf } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Maybe, Op } from "../trace/op.js";
import { div, mul } from "./arithmetic.js";
import { castOp } from "./cast.js";
import { equal } from "./comparison.js";
import { cast } from "./conversion.js";

import { zeroDerivative } from "./fill.js";
import { asFloat, asTensor, type TensorLike } from "./operands.js";
import { permute, reshaped, sumOp } from "./shape.js";
import type { AxisOptions } from "./slicing.js";

/** Options of reductions. */
export interface ReduceOptions {
  /** The axis or axes to reduce; negative ones count from the end. All if left out. */
  readonly axis?: number | readonly number[];
  /** Whether reduced axes stay with size 1 (false). */
  readonly keepDims?: boolean;
}

/** Names of {@link ReduceOptions}. */
export const reduceOptionNames: readonly string[] = ["axis", "keepDims"];

/** Applies an op that reduces `axes` to size 1, and drops them unless they are to be kept. */
export function reduceWith(
  op: Op<readonly number[]>,
  t: Tensor,
  options: ReduceOptions | undefined,
  name: string = op.name,
): Tensor {
  checkOptions(name, options, reduceOptionNames);
  const axes = normalizeAxes(name, options?.axis, t.sizes.length);
  const reduced = axes.length === 0 ? t : applyOne(op, [t], axes);
  return options?.keepDims === true
    ? reduced
    : reshaped(
        reduced,
        t.sizes.filter((_, k) => !axes.includes(k)),
      );
}

/** Sum over axes.
 * @param x - any shape; bool counts as int32
 * @param options - `axis` (all), `keepDims` (false)
 * @returns the shape without the reduced axes; of no elements 0
 * @throws {@link IndexError} if an axis is out of range
 * @example
 * sum(tensor([[1, 2], [3, 4]]), { axis: 0 }).toArray() // => [4, 6]
 */
export function sum(x: TensorLike, options?: ReduceOptions): Tensor {
  const t = asTensor("sum", x);
  return reduceWith(sumOp, t.dtype === "bool" ? applyOne(castOp, [t], "int32") : t, options);
}

/** Makes the record of max or min over axes, which stay with size 1. At a tie the derivative is the mean over the tied elements, as in torch.amax. */
function extremeOp(name: "max" | "min", reduction: Reduction): Op<readonly number[]> {
  // 1/(number of tied elements) where x is the extreme, 0 elsewhere.
  const share = (x: Tensor, y: Tensor, axes: readonly number[]): Tensor => {
    const mask = cast(equal(x, y), x.dtype);
    return div(mask, applyOne(sumOp, [mask], axes));
  };
  const op: Op<readonly number[]> = {
    name,
    infer: ([x], axes) => [{ shape: x.sizes.map((d, k) => (axes.includes(k) ? 1 : d)), dtype: x.dtype }],
    eager: eagerReduce(reduction),
    lower: (_inputs, axes) => ({ kind: "reduce", combine: name, axes }),
    pullback: ({ inputs: [x], outputs: [y], attributes }, [c]): readonly Maybe<Tensor>[] => [
      c === null ? null : mul(c, share(x, y, attributes as readonly number[])),
    ],
    pushforward: ({ inputs: [x], outputs: [y], attributes }, [t]): readonly Maybe<Tensor>[] => {
      const axes = attributes as readonly number[];
      return [t === null ? null : applyOne(sumOp, [mul(t, share(x, y, axes))], axes)];
    },
    batch: ([x], batched, axes) => [
      apply(
        op,
        [x],
        axes.map((k) => k + 1),
      ),
      batched,
    ],
    show: (axes) => `axes=[${axes.join(", ")}]`,
  };
  return op;
}

/** Greatest element over axes. */
export const maxOp: Op<readonly number[]> = /* @__PURE__ */ extremeOp("max", maxReduction);
/** Least element over axes. */
export const minOp: Op<readonly number[]> = /* @__PURE__ */ extremeOp("min", minReduction);

/** Position of the first greatest or least element along the last axis; a NaN counts as the extreme. */
export const argExtremeOp: Op<{ readonly largest: boolean }> = {
  name: "argExtreme",
  infer: ([x]) => [{ shape: x.sizes.slice(0, -1), dtype: "int32" }],
  eager: eagerArgExtreme,
  lower: (_inputs, { largest }) => ({ kind: "argExtreme", largest }),
  .../* @__PURE__ */ zeroDerivative<"positions are whole numbers">(),
  batch: ([x], batched, attributes) => [apply(argExtremeOp, [x], attributes), batched],
  show: ({ largest }) => (largest ? "largest" : "least"),
};

/** Throws if a reduction without a neutral element would run over nothing. */
export function checkNotEmpty(op: string, shape: Shape, axes: readonly number[]): void {
  if (axes.every((k) => shape[k] > 0)) return;
  throw new ValueError({
    code: "value/empty-reduction",
    op,
    problem: "nothing to choose from.",
    got: `shape ${showShape(shape)}, over axes [${axes.join(", ")}]`,
    expected: "at least one element along every reduced axis",
    mend: "test x.shape first, or concat a starting value",
  });
}

function extreme(op: Op<readonly number[]>, x: TensorLike, options: ReduceOptions | undefined): Tensor {
  const t = asTensor(op.name, x);
  checkOptions(op.name, options, reduceOptionNames);
  checkNotEmpty(op.name, t.sizes, normalizeAxes(op.name, options?.axis, t.sizes.length));
  return reduceWith(op, t, options);
}

/** Greatest element over axes; NaN if there is one. Elements that tie share the gradient evenly.
 * @param x - any shape, any dtype
 * @param options - `axis` (all), `keepDims` (false)
 * @returns the shape without the reduced axes, the dtype of `x`
 * @throws {@link ValueError} if an axis is empty; {@link IndexError} if one is out of range
 * @example
 * max(tensor([[1, 5], [3, 2]]), { axis: 1 }).toArray() // => [5, 3]
 */
export const max = (x: TensorLike, options?: ReduceOptions): Tensor => extreme(maxOp, x, options);
/** Least element over axes; NaN if there is one. Elements that tie share the gradient evenly.
 * @param x - any shape, any dtype
 * @param options - `axis` (all), `keepDims` (false)
 * @returns the shape without the reduced axes, the dtype of `x`
 * @throws {@link ValueError} if an axis is empty; {@link IndexError} if one is out of range
 * @example
 * min(tensor([[1, 5], [3, 2]]), { axis: 1 }).toArray() // => [1, 2]
 */
export const min = (x: TensorLike, options?: ReduceOptions): Tensor => extreme(minOp, x, options);

/** An axis in the last place, and how to put it back. */
export function axisLast(
  t: Tensor,
  axis: number,
): { readonly last: Tensor; readonly restore: (u: Tensor) => Tensor } {
  const order = t.sizes.map((_, k) => k).filter((k) => k !== axis);
  order.push(axis);
  return {
    last: permute(t, order),
    restore: (u) =>
      permute(
        u,
        order.map((_, k) => order.indexOf(k)),
      ),
  };
}

/** Options of argMax and argMin. */
export interface ArgOptions extends AxisOptions {
  /** Whether the axis stays with size 1 (false). */
  readonly keepDims?: boolean;
}

function argExtreme(op: string, largest: boolean, x: TensorLike, options: ArgOptions | undefined): Tensor {
  checkOptions(op, options, reduceOptionNames);
  const t = asTensor(op, x);
  const asked = options?.axis;
  const whole = asked === undefined;
  const over = whole ? reshaped(t, [t.size]) : t;
  const axis = normalizeAxis(op, whole ? 0 : asked, over.sizes.length);
  checkNotEmpty(op, over.sizes, [axis]);
  const found = applyOne(argExtremeOp, [axisLast(over, axis).last], { largest });
  if (options?.keepDims !== true) return found;
  return reshaped(
    found,
    t.sizes.map((d, k) => (whole || k === axis ? 1 : d)),
  );
}

/** Position of the greatest element along an axis, the first of several; NaN counts as greatest.
 * @param x - any shape, any dtype
 * @param options - `axis` (left out: the position in row-major order among all elements), `keepDims` (false)
 * @returns the shape without the axis, int32; it has no derivative
 * @throws {@link ValueError} if the axis is empty; {@link IndexError} if it is out of range
 * @example
 * argMax(tensor([[1, 5], [3, 2]]), { axis: 1 }).toArray() // => [1, 0]
 */
export const argMax = (x: TensorLike, options?: ArgOptions): Tensor => argExtreme("argMax", true, x, options);
/** Position of the least element along an axis, the first of several; NaN counts as least.
 * @param x - any shape, any dtype
 * @param options - `axis` (left out: the position in row-major order among all elements), `keepDims` (false)
 * @returns the shape without the axis, int32; it has no derivative
 * @throws {@link ValueError} if the axis is empty; {@link IndexError} if it is out of range
 * @example
 * argMin(tensor([[1, 5], [3, 2]]), { axis: 1 }).toArray() // => [0, 1]
 */
export const argMin = (x: TensorLike, options?: ArgOptions): Tensor =>
  argExtreme("argMin", false, x, options);

/** Mean over axes.
 * @param x - any shape; integers become float32
 * @param options - `axis` (all), `keepDims` (false)
 * @returns the shape without the reduced axes, float; NaN of no elements
 * @throws {@link IndexError} if an axis is out of range
 * @example
 * mean(tensor([[1, 2], [3, 4]]), { axis: 0 }).toArray() // => [2, 3]
 */
export function mean(x: TensorLike, options?: ReduceOptions): Tensor {
  const { t, count } = floatReduction("mean", x, options);
  return div(sum(t, options), count);
}

/** The operand of a float reduction, its axes, and how many elements each result is made of. */
export function floatReduction(
  op: string,
  x: TensorLike,
  options: ReduceOptions | undefined,
  optionNames: readonly string[] = reduceOptionNames,
): { readonly t: Tensor; readonly axes: readonly number[]; readonly count: number } {
  checkOptions(op, options, optionNames);
  const t = asFloat(op, x);
  const axes = normalizeAxes(op, options?.axis, t.sizes.length);
  return { t, axes, count: sizeOf(axes.map((k) => t.sizes[k])) };
}

const truths = (op: string, x: TensorLike): Tensor => cast(asTensor(op, x), "bool");

/** Whether any element is true (not 0) over axes.
 * @param x - any shape, any dtype
 * @param options - `axis` (all), `keepDims` (false)
 * @returns the shape without the reduced axes, bool; of no elements false
 * @throws {@link IndexError} if an axis is out of range
 * @example
 * any(tensor([[0, 1], [0, 0]]), { axis: 1 }).toArray() // => [true, false]
 */
export const any = (x: TensorLike, options?: ReduceOptions): Tensor =>
  reduceWith(maxOp, truths("any", x), options, "any");
/** Whether all elements are true (not 0) over axes.
 * @param x - any shape, any dtype
 * @param options - `axis` (all), `keepDims` (false)
 * @returns the shape without the reduced axes, bool; of no elements true
 * @throws {@link IndexError} if an axis is out of range
 * @example
 * all(tensor([[1, 1], [0, 1]]), { axis: 1 }).toArray() // => [true, false]
 */
export const all = (x: TensorLike, options?: ReduceOptions): Tensor =>
  reduceWith(minOp, truths("all", x), options, "all");
