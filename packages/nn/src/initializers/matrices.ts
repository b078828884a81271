import { checkCount, checkNumber, checkOptions } from "@scope/autodiff/checks";
import { cast, eye, mul, reshape, type Tensor, tensor } from "@scope/autodiff/functions";
import { checkDraw, checkTrainable } from "../option-checks.js";
import { fans } from "./fan-laws.js";
import { type DrawOptions, drawOf, type FloatDType, normal } from "./random-laws.js";

/** Options of {@link scaledIdentity}. */
export interface ScaledIdentityOptions {
  /** What stands on the diagonal (1). */
  readonly gain?: number;
  /** Dtype of the result (`"float32"`). */
  readonly dtype?: FloatDType;
}

/** A matrix with `gain` on its diagonal: recurrent weights that neither shrink nor grow a state.
 * @param size - rows and columns
 * @param options - `gain` (1), `dtype`
 * @throws {@link ValueError} if the size is not a whole number ≥ 1
 * @source arXiv:1504.00941
 * @example
 * scaledIdentity(2, { gain: 0.5 }).toArray() // => [[0.5, 0], [0, 0.5]]
 */
export function scaledIdentity(size: number, options?: ScaledIdentityOptions): Tensor {
  checkOptions("scaledIdentity", options, ["gain", "dtype"]);
  checkTrainable("scaledIdentity", options?.dtype);
  checkCount("scaledIdentity", "size", size);
  const factor = options?.gain ?? 1;
  checkNumber("scaledIdentity", "gain", factor, -Number.MAX_VALUE);
  return mul(eye(size, { dtype: options?.dtype ?? "float32" }), factor);
}

/** Options of {@link orthogonal}. */
export interface OrthogonalOptions extends DrawOptions {
  /** Length of every row or column (1). */
  readonly gain?: number;
}

/** A random matrix whose rows (or columns, whichever are fewer) are orthogonal and of length `gain`.
 * @param shape - `[rows, columns, ...]`; further axes count as columns
 * @param options - `gain` (1), `dtype`, `random` or `seed`
 * @throws {@link ShapeError} if there are fewer than two axes
 * @source arXiv:1312.6120
 * @example
 * const q = orthogonal([3, 3], { dtype: "float64", seed: 1 })
 * matmul(q, transpose(q)).data.every((x, i) => Math.abs(x - (i % 4 === 0 ? 1 : 0)) < 1e-12) // => true
 */
export function orthogonal(shape: readonly number[], options?: OrthogonalOptions): Tensor {
  checkDraw("orthogonal", options, ["gain"]);
  const { fanIn: columns } = fans("orthogonal", shape);
  const rows = shape[0];
  const factor = options?.gain ?? 1;
  checkNumber("orthogonal", "gain", factor, 0);
  const wide = rows < columns;
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  const drawn = normal([count, length], { ...drawOf(options), dtype: "float64" });
  const vectors = orthonormalRows(Float64Array.from(drawn.data), count, length);
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < length; j++)
      out[wide ? i * columns + j : j * columns + i] = factor * vectors[i * length + j];
  }
  return cast(reshape(tensor(out), [...shape]), options?.dtype ?? "float32");
}

/** Gram and Schmidt's method on the rows, twice each, which makes them orthogonal to rounding. */
function orthonormalRows(rows: Float64Array, count: number, length: number): Float64Array {
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * length, (i + 1) * length);
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        const other = rows.subarray(k * length, (k + 1) * length);
        let product = 0;
        for (let j = 0; j < length; j++) product += row[j] * other[j];
        for (let j = 0; j < length; j++) row[j] -= product * other[j];
      }
      let square = 0;
      for (let j = 0; j < length; j++) square += row[j] * row[j];
      const scale = 1 / Math.sqrt(square);
      for (let j = 0; j < length; j++) row[j] *= scale;
    }
  }
  return rows;
}
