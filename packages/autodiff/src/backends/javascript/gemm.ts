import type { TypedArray } from "../../base/dtype.js";

/** A matrix inside an array: element (i, j) lies at `offset + i·rowStride + j·columnStride`. */
export interface Matrix {
  readonly data: TypedArray;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Four rows of sums over at most this many columns stay in the first-level cache. */
const columnBlock = 512;
const sums0 = new Float64Array(columnBlock);
const sums1 = new Float64Array(columnBlock);
const sums2 = new Float64Array(columnBlock);
const sums3 = new Float64Array(columnBlock);
const sums: readonly Float64Array[] = [sums0, sums1, sums2, sums3];

/** `c = a·b` (`[m, k] × [k, n]`), plus what c holds if `accumulate`, plus `bias` (one per column) if there is one. Sums are kept in double
 * precision and rounded once at the store; int32 wraps. `c` must not overlap `a` or `b`. */
export function gemm(
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  accumulate: boolean,
  bias?: { readonly data: TypedArray; readonly offset: number; readonly stride: number },
): void {
  for (let j0 = 0; j0 < n; j0 += columnBlock) {
    const width = Math.min(columnBlock, n - j0);
    for (let i0 = 0; i0 < m; i0 += 4) {
      const height = Math.min(4, m - i0);
      for (let r = 0; r < height; r++) {
        const row = sums[r];
        for (let j = 0; j < width; j++) {
          let start = 0;
          if (accumulate) start = c.data[c.offset + (i0 + r) * c.rowStride + (j0 + j) * c.columnStride];
          else if (bias) start = bias.data[bias.offset + (j0 + j) * bias.stride];
          row[j] = start;
        }
      }
      if (c.data instanceof Int32Array) addIntRows(height, width, k, a, b, i0, j0);
      else if (height === 4) addFourRows(width, k, a, b, i0, j0);
      else for (let r = 0; r < height; r++) addRow(sums[r], width, k, a, b, i0 + r, j0);
      for (let r = 0; r < height; r++) {
        const row = sums[r];
        let o = c.offset + (i0 + r) * c.rowStride + j0 * c.columnStride;
        for (let j = 0; j < width; j++, o += c.columnStride) c.data[o] = row[j];
      }
    }
  }
}

/** Adds rows i0 … i0 + 3 of a·b to the four rows of sums: each element of b is loaded once for four products. */
function addFourRows(width: number, k: number, a: Matrix, b: Matrix, i0: number, j0: number): void {
  const p = a.data;
  const q = b.data;
  const { rowStride, columnStride } = a;
  for (let l = 0, pl = a.offset + i0 * rowStride; l < k; l++, pl += columnStride) {
    const x0 = p[pl];
    const x1 = p[pl + rowStride];
    const x2 = p[pl + 2 * rowStride];
    const x3 = p[pl + 3 * rowStride];
    let qj = b.offset + l * b.rowStride + j0 * b.columnStride;
    for (let j = 0; j < width; j++, qj += b.columnStride) {
      const y = q[qj];
      sums0[j] += x0 * y;
      sums1[j] += x1 * y;
      sums2[j] += x2 * y;
      sums3[j] += x3 * y;
    }
  }
}

function addRow(
  row: Float64Array,
  width: number,
  k: number,
  a: Matrix,
  b: Matrix,
  i: number,
  j0: number,
): void {
  for (let l = 0; l < k; l++) {
    const x = a.data[a.offset + i * a.rowStride + l * a.columnStride];
    let q = b.offset + l * b.rowStride + j0 * b.columnStride;
    for (let j = 0; j < width; j++, q += b.columnStride) row[j] += x * b.data[q];
  }
}

/** As {@link addRow}, with 32-bit wrap-around. */
function addIntRows(
  height: number,
  width: number,
  k: number,
  a: Matrix,
  b: Matrix,
  i0: number,
  j0: number,
): void {
  for (let r = 0; r < height; r++) {
    const row = sums[r];
    for (let l = 0; l < k; l++) {
      const x = a.data[a.offset + (i0 + r) * a.rowStride + l * a.columnStride];
      let q = b.offset + l * b.rowStride + j0 * b.columnStride;
      for (let j = 0; j < width; j++, q += b.columnStride) row[j] = (row[j] + Math.imul(x, b.data[q])) | 0;
    }
  }
}
