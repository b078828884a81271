import { checkCount, checkSize, isList } from "../base/checks.js";
import { ValueError } from "../base/errors.js";
import { showShape } from "../base/shape.js";
import { show } from "../base/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { expandDims } from "./axes.js";
import { asTensor, type TensorLike } from "./operands.js";
import { broadcastTo, reshape } from "./shape.js";
import { type AxisOptions, withAxis } from "./slicing.js";

/** The whole tensor several times, side by side.
 * @param x - any shape, any dtype
 * @param counts - how often along each of the last axes; further ones in front make new axes
 * @returns every axis as often as asked for
 * @throws {@link ValueError} if a count is not a whole number ≥ 0
 * @example
 * tile(tensor([1, 2]), [2]).toArray() // => [1, 2, 1, 2]
 * tile(tensor([1, 2]), [2, 1]).toArray() // => [[1, 2], [1, 2]]
 */
export function tile(x: TensorLike, counts: readonly number[]): Tensor {
  const t = asTensor("tile", x);
  if (!isList(counts)) {
    throw new ValueError({
      code: "value/counts",
      op: "tile",
      problem: "not a list of counts.",
      got: `${show(counts)} for shape ${showShape(t.sizes)}`,
      expected: "an array of whole numbers ≥ 0, the last one for the last axis",
      mend: "tile(x, [2])",
    });
  }
  for (const count of counts) checkCount("tile", "each count", count, 0);
  const rank = Math.max(counts.length, t.sizes.length);
  const pad = (list: readonly number[]): number[] => [
    ...new Array<number>(rank - list.length).fill(1),
    ...list,
  ];
  const [shape, times] = [pad(t.sizes), pad(counts)];
  checkSize(
    "tile",
    shape.map((d, k) => d * times[k]),
  );
  // [d] becomes [1, d], then [n, d], then [n·d].
  const apart = reshape(
    t,
    shape.flatMap((d) => [1, d]),
  );
  const repeated = broadcastTo(
    apart,
    shape.flatMap((d, k) => [times[k], d]),
  );
  return reshape(
    repeated,
    shape.map((d, k) => d * times[k]),
  );
}

/** Each element several times in a row.
 * @param x - any shape but `[]`, any dtype
 * @param count - how often, a whole number ≥ 0
 * @param options - `axis` (−1)
 * @returns the shape of `x`, the axis `count` times as long
 * @throws {@link ValueError} if the count is not a whole number ≥ 0; {@link IndexError} if the axis is out of range
 * @example
 * repeat(tensor([1, 2]), 2).toArray() // => [1, 1, 2, 2]
 */
export function repeat(x: TensorLike, count: number, options?: AxisOptions): Tensor {
  const [t, axis] = withAxis("repeat", x, options, -1);
  checkCount("repeat", "count", count, 0);
  checkSize("repeat", [...t.sizes, count]);
  const repeated = [...t.sizes];
  repeated.splice(axis + 1, 0, count);
  return reshape(
    broadcastTo(expandDims(t, axis + 1), repeated),
    t.sizes.map((d, k) => (k === axis ? d * count : d)),
  );
}
