import { checkOptions } from "../base/checks.js";
import { ShapeError } from "../base/errors.js";
import { showShape } from "../base/shape.js";
import { show } from "../base/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import { asTensor, type TensorLike } from "./operands.js";
import { axisRegion } from "./region.js";
import { reshape } from "./shape.js";
import { sliceOp } from "./slicing.js";

/** The diagonal of the last two axes.
 * @param x - `[..., m, n]`, any dtype
 * @param options - `offset`: which one (0; positive is above the main diagonal)
 * @returns `[..., k]`, `k` as long as the diagonal is (0 if it lies outside)
 * @throws {@link ShapeError} if there are fewer than two axes, or the offset is not a whole number
 * @example
 * diagonal(tensor([[1, 2], [3, 4]])).toArray() // => [1, 4]
 * diagonal(tensor([[1, 2], [3, 4]]), { offset: 1 }).toArray() // => [2]
 */
export function diagonal(x: TensorLike, options?: { readonly offset?: number }): Tensor {
  const t = asTensor("diagonal", x);
  checkOptions("diagonal", options, ["offset"]);
  const offset = options?.offset ?? 0;
  const rank = t.sizes.length;
  if (rank < 2 || !Number.isInteger(offset)) {
    throw new ShapeError({
      code: "shape/diagonal",
      op: "diagonal",
      problem: "not a matrix with a whole offset.",
      got: `shape ${showShape(t.sizes)}, offset ${show(offset)}`,
      expected: "at least two axes, and a whole number",
      mend: "the main diagonal is 0, the one above it 1",
    });
  }
  const [m, n] = t.sizes.slice(-2);
  const size = Math.max(0, Math.min(m + Math.min(0, offset), n - Math.max(0, offset)));
  // In the row-major order of one matrix, neighbours on a diagonal are n + 1 apart.
  const flat = reshape(t, [...t.sizes.slice(0, -2), m * n]);
  const start = size === 0 ? 0 : offset >= 0 ? offset : -offset * n;
  return applyOne(sliceOp, [flat], axisRegion(flat.sizes, rank - 2, start, size, n + 1));
}
