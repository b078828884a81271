import { eagerCumulative } from "../backends/javascript/eager-routines.js";
import { checkOptions } from "../base/checks.js";
import { normalizeAxes, sizeOf } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { mul } from "./arithmetic.js";
import { counted } from "./conversion.js";
import { onesOf } from "./fill.js";
import { concat } from "./joining.js";
import { linearOp } from "./linear.js";
import { asTensor, type TensorLike } from "./operands.js";
import { axisLast, type ReduceOptions, reduceOptionNames } from "./reduction.js";
import { axisRegion } from "./region.js";
import { permute, reshaped } from "./shape.js";
import { type AxisOptions, sliceOp, withAxis } from "./slicing.js";

/** Running sum along the last axis, from its start, or from its end. */
export const cumsumOp: Op<{ readonly reverse: boolean }> = /* @__PURE__ */ linearOp<{
  readonly reverse: boolean;
}>({
  name: "cumsum",
  infer: ([x]) => [{ shape: x.sizes, dtype: x.dtype }],
  eager: eagerCumulative,
  lower: (_inputs, { reverse }) => ({ kind: "cumulative", combine: "sum", reverse }),
  transpose: ({ attributes }, [c]) => [applyOne(cumsumOp, [c], { reverse: !attributes.reverse })],
  batch: ([x], batched, attributes) => [apply(cumsumOp, [x], attributes), batched],
  show: ({ reverse }) => (reverse ? "reverse" : ""),
});

/** Running sum along an axis.
 * @param x - any shape but `[]`; bool counts as int32
 * @param options - `axis` (−1), `reverse`: from the end (false)
 * @returns the shape of `x`
 * @throws {@link IndexError} if the axis is out of range
 * @example
 * cumsum(tensor([1, 2, 3])).toArray() // => [1, 3, 6]
 * cumsum(tensor([1, 2, 3]), { reverse: true }).toArray() // => [6, 5, 3]
 */
export function cumsum(x: TensorLike, options?: AxisOptions & { readonly reverse?: boolean }): Tensor {
  const { last, restore } = axisLast(
    ...withAxis("cumsum", counted(asTensor("cumsum", x)), options, -1, ["axis", "reverse"]),
  );
  return restore(applyOne(cumsumOp, [last], { reverse: options?.reverse ?? false }));
}

/** Part of the last axis. */
const part = (t: Tensor, start: number, size: number): Tensor =>
  applyOne(sliceOp, [t], axisRegion(t.sizes, t.sizes.length - 1, start, size));

/** Running product along an axis; its derivative is right also where elements are 0.
 * @param x - any shape but `[]`; bool counts as int32
 * @param options - `axis` (−1)
 * @returns the shape of `x`
 * @throws {@link IndexError} if the axis is out of range
 * @example
 * cumprod(tensor([1, 2, 3])).toArray() // => [1, 2, 6]
 */
export function cumprod(x: TensorLike, options?: AxisOptions): Tensor {
  const { last, restore } = axisLast(...withAxis("cumprod", counted(asTensor("cumprod", x)), options, -1));
  const n = last.sizes[last.sizes.length - 1];
  // Products of 1, 2, 4, … elements: in log n steps, without the division that fails at 0.
  let products = last;
  for (let width = 1; width < n; width *= 2) {
    const shifted = mul(part(products, width, n - width), part(products, 0, n - width));
    products = concat([part(products, 0, width), shifted], { axis: -1 });
  }
  return restore(products);
}

/** Product over axes; its derivative is right also where elements are 0.
 * @param x - any shape; bool counts as int32
 * @param options - `axis` (all), `keepDims` (false)
 * @returns the shape without the reduced axes; of no elements 1
 * @throws {@link IndexError} if an axis is out of range
 * @example
 * prod(tensor([[1, 2], [3, 4]]), { axis: 0 }).toArray() // => [3, 8]
 * grad((x) => prod(x))(tensor([0, 2, 3])).toArray() // => [6, 0, 0]
 */
export function prod(x: TensorLike, options?: ReduceOptions): Tensor {
  checkOptions("prod", options, reduceOptionNames);
  const t = counted(asTensor("prod", x));
  const axes = normalizeAxes("prod", options?.axis, t.sizes.length);
  const kept = t.sizes.map((_, k) => k).filter((k) => !axes.includes(k));
  const outer = kept.map((k) => t.sizes[k]);
  const count = sizeOf(axes.map((k) => t.sizes[k]));
  // Products of halves, so that no factor is ever divided out.
  let factors = reshaped(permute(t, [...kept, ...axes]), [...outer, count]);
  for (let n = count; n > 1; n = Math.ceil(n / 2)) {
    const half = Math.floor(n / 2);
    const products = mul(part(factors, 0, half), part(factors, half, half));
    factors = n % 2 === 0 ? products : concat([products, part(factors, n - 1, 1)], { axis: -1 });
  }
  const shape = options?.keepDims === true ? t.sizes.map((d, k) => (axes.includes(k) ? 1 : d)) : outer;
  return count === 0 ? onesOf({ shape, dtype: t.dtype }) : reshaped(factors, shape);
}
