import { InternalError, type Tensor, ValueError } from "@scope/autodiff/functions";
import { matrixElements } from "./square-matrix.js";

/** A complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** The eigenvalues of a square matrix, complex ones included: the shifted QR algorithm on its Hessenberg form, in double precision.
 * @param matrix - `[n, n]`
 * @returns n values, the largest in modulus first; complex ones in conjugate pairs
 * @throws {@link ShapeError} if the matrix is not square; {@link ValueError} if an element is not finite
 * @source EISPACK hqr: Martin, Peters, Wilkinson, doi:10.1007/BF02163027
 * @example
 * eigenvalues(tensor([[0, -1], [1, 0]])) // => [{ re: 0, im: 1 }, { re: 0, im: -1 }]
 */
export function eigenvalues(matrix: Tensor): Complex[] {
  return eigenvaluesFor("eigenvalues", matrix);
}

function eigenvaluesFor(op: string, matrix: Tensor): Complex[] {
  const { rows: n, elements } = matrixElements(op, matrix, true);
  checkFinite(op, elements);
  toHessenberg(elements, n);
  const found = eigenvaluesOfHessenberg(elements, n);
  return found.sort((a, b) => modulus(b) - modulus(a) || b.im - a.im);
}

/** The spectral radius of a square matrix: the largest modulus among its eigenvalues, by which repeated multiplication grows in the end.
 * @param matrix - `[n, n]`; 0 × 0 gives 0
 * @throws {@link ShapeError} if the matrix is not square; {@link ValueError} if an element is not finite
 * @example
 * spectralRadius(tensor([[0, 4], [1, 0]])) // => 2
 */
export function spectralRadius(matrix: Tensor): number {
  const [largest] = eigenvaluesFor("spectralRadius", matrix);
  return largest === undefined ? 0 : modulus(largest);
}

/** The modulus of a complex number. */
export const modulus = ({ re, im }: Complex): number => Math.hypot(re, im);

export function checkFinite(op: string, elements: Float64Array): void {
  if (elements.every(Number.isFinite)) return;
  throw new ValueError({
    code: "diagnostics/not-finite",
    op,
    problem: "the matrix is not finite.",
    got: "an element that is NaN or infinite",
    expected: "finite elements",
    mend: "find where it comes from with detectAnomalies(() => …)",
  });
}

/** Householder reflections bring zeros below the first subdiagonal; eigenvalues stay. */
function toHessenberg(a: Float64Array, n: number): void {
  const v = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    let length = 0;
    for (let i = k + 1; i < n; i++) length = Math.hypot(length, a[i * n + k]);
    if (length === 0) continue;
    const head = a[(k + 1) * n + k];
    const alpha = head > 0 ? -length : length;
    v[k + 1] = head - alpha;
    for (let i = k + 2; i < n; i++) v[i] = a[i * n + k];
    let square = 0;
    for (let i = k + 1; i < n; i++) square += v[i] * v[i];
    if (square === 0) continue;
    reflectRows(a, n, v, k + 1, 2 / square);
    reflectColumns(a, n, v, k + 1, 2 / square);
    for (let i = k + 2; i < n; i++) a[i * n + k] = 0;
  }
}

function reflectRows(a: Float64Array, n: number, v: Float64Array, from: number, scale: number): void {
  for (let j = 0; j < n; j++) {
    let dot = 0;
    for (let i = from; i < n; i++) dot += v[i] * a[i * n + j];
    for (let i = from; i < n; i++) a[i * n + j] -= scale * dot * v[i];
  }
}

function reflectColumns(a: Float64Array, n: number, v: Float64Array, from: number, scale: number): void {
  for (let i = 0; i < n; i++) {
    let dot = 0;
    for (let j = from; j < n; j++) dot += a[i * n + j] * v[j];
    for (let j = from; j < n; j++) a[i * n + j] -= scale * dot * v[j];
  }
}

const mostSweeps = 300;

/** Francis's double-shift steps, splitting off one or two eigenvalues at the bottom whenever a subdiagonal element vanishes. */
function eigenvaluesOfHessenberg(h: Float64Array, n: number): Complex[] {
  const found: Complex[] = [];
  let norm = 0;
  for (let i = 0; i < n * n; i++) norm = Math.max(norm, Math.abs(h[i]));
  let bottom = n - 1;
  let sweeps = 0;
  let shift = 0;
  while (bottom >= 0) {
    const top = blockStart(h, n, bottom, norm);
    const x = h[bottom * n + bottom];
    if (top === bottom) {
      found.push({ re: x + shift, im: 0 });
      bottom--;
      sweeps = 0;
      continue;
    }
    const y = h[(bottom - 1) * n + bottom - 1];
    const w = h[bottom * n + bottom - 1] * h[(bottom - 1) * n + bottom];
    if (top === bottom - 1) {
      found.push(...pairOf(x, y, w, shift));
      bottom -= 2;
      sweeps = 0;
      continue;
    }
    if (++sweeps > mostSweeps) throw new InternalError("the QR algorithm did not converge");
    if (sweeps % 10 === 0) {
      // An exceptional shift breaks cycles, as those of a rotation of the axes.
      shift += x;
      for (let i = 0; i <= bottom; i++) h[i * n + i] -= x;
      const s = Math.abs(h[bottom * n + bottom - 1]) + Math.abs(h[(bottom - 1) * n + bottom - 2]);
      doubleStep(h, n, top, bottom, 0.75 * s, 0.75 * s, -0.4375 * s * s);
    } else doubleStep(h, n, top, bottom, x, y, w);
  }
  return found;
}

/** The first row of the unreduced block that ends at `bottom`. */
function blockStart(h: Float64Array, n: number, bottom: number, norm: number): number {
  for (let i = bottom; i > 0; i--) {
    const around = Math.abs(h[(i - 1) * n + i - 1]) + Math.abs(h[i * n + i]);
    const small = Math.abs(h[i * n + i - 1]) <= Number.EPSILON * (around === 0 ? norm : around);
    if (!small) continue;
    h[i * n + i - 1] = 0;
    return i;
  }
  return 0;
}

/** The two eigenvalues of a 2 × 2 block with diagonal y, x and product w of the others. */
function pairOf(x: number, y: number, w: number, shift: number): Complex[] {
  const half = (y - x) / 2;
  const square = half * half + w;
  const root = Math.sqrt(Math.abs(square));
  if (square < 0) {
    const re = x + half + shift;
    return [
      { re, im: root },
      { re, im: -root },
    ];
  }
  const far = half + (half < 0 ? -root : root);
  return [
    { re: x + far + shift, im: 0 },
    { re: (far === 0 ? x : x - w / far) + shift, im: 0 },
  ];
}

/** One implicit double shift: a bulge of 3 × 3 reflections is chased down the block. */
function doubleStep(
  h: Float64Array,
  n: number,
  top: number,
  bottom: number,
  x: number,
  y: number,
  w: number,
): void {
  for (let k = top; k < bottom; k++) {
    const last = k === bottom - 1;
    let p: number;
    let q: number;
    let r: number;
    if (k === top) {
      // The first column of (H − x)(H − y) − w.
      const z = h[k * n + k];
      p = ((x - z) * (y - z) - w) / h[(k + 1) * n + k] + h[k * n + k + 1];
      q = h[(k + 1) * n + k + 1] - z - (x - z) - (y - z);
      r = last ? 0 : h[(k + 2) * n + k + 1];
    } else {
      p = h[k * n + k - 1];
      q = h[(k + 1) * n + k - 1];
      r = last ? 0 : h[(k + 2) * n + k - 1];
    }
    const length = Math.hypot(p, q, r);
    if (length === 0) continue;
    const alpha = p > 0 ? -length : length;
    const v = [p - alpha, q, r];
    const scale = 2 / (v[0] * v[0] + q * q + r * r);
    const size = last ? 2 : 3;
    for (let j = Math.max(top, k - 1); j <= bottom; j++) {
      let dot = 0;
      for (let i = 0; i < size; i++) dot += v[i] * h[(k + i) * n + j];
      for (let i = 0; i < size; i++) h[(k + i) * n + j] -= scale * dot * v[i];
    }
    for (let i = top; i <= Math.min(bottom, k + 3); i++) {
      let dot = 0;
      for (let j = 0; j < size; j++) dot += v[j] * h[i * n + k + j];
      for (let j = 0; j < size; j++) h[i * n + k + j] -= scale * dot * v[j];
    }
    if (k > top) {
      h[(k + 1) * n + k - 1] = 0;
      if (!last) h[(k + 2) * n + k - 1] = 0;
    }
  }
}
