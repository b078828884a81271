import type { Tensor } from "@scope/autodiff/functions";
import { checkFinite } from "./eigenvalues.js";
import { matrixElements } from "./square-matrix.js";

/** The singular values of a matrix, largest first: one-sided Jacobi rotations in double precision, which get small ones relatively right.
 * @param matrix - `[rows, columns]`
 * @returns min(rows, columns) numbers ≥ 0
 * @throws {@link ShapeError} if the tensor is not a matrix; {@link ValueError} if an element is not finite
 * @source Demmel and Veselić, doi:10.1137/0613074
 * @example
 * singularValues(tensor([[3, 0], [0, -4]])) // => [4, 3]
 */
export function singularValues(matrix: Tensor): number[] {
  const { rows, columns, elements } = matrixElements("singularValues", matrix, false);
  checkFinite("singularValues", elements);
  // The shorter side's vectors are rotated until they are orthogonal; their lengths are the singular values.
  const byRows = rows <= columns;
  const count = byRows ? rows : columns;
  const length = byRows ? columns : rows;
  const vectors = Array.from({ length: count }, (_, i) =>
    Float64Array.from({ length }, (_, k) => (byRows ? elements[i * columns + k] : elements[k * columns + i])),
  );
  for (let sweep = 0; sweep < 60; sweep++) {
    let rotated = false;
    for (let i = 1; i < count; i++)
      for (let j = 0; j < i; j++) rotated = orthogonalize(vectors[i], vectors[j]) || rotated;
    if (!rotated) break;
  }
  return vectors
    .map((vector) => vector.reduce((sofar, each) => Math.hypot(sofar, each), 0))
    .sort((a, b) => b - a);
}

/** Rotates two vectors in their plane so that they become orthogonal; says whether they were not. */
function orthogonalize(a: Float64Array, b: Float64Array): boolean {
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let k = 0; k < a.length; k++) {
    aa += a[k] * a[k];
    bb += b[k] * b[k];
    ab += a[k] * b[k];
  }
  if (Math.abs(ab) <= Number.EPSILON * Math.sqrt(aa * bb)) return false;
  const zeta = (bb - aa) / (2 * ab);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = cosine * tangent;
  for (let k = 0; k < a.length; k++) {
    const before = a[k];
    a[k] = cosine * before - sine * b[k];
    b[k] = sine * before + cosine * b[k];
  }
  return true;
}
