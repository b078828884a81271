import type { TypedArray } from "../../base/dtype.js";
import { selectsFirst } from "../../kernel/lowering.js";
import { argSelect, keyBefore } from "./arg-select.js";

/** Elements of an array in the order of an index space: element (i, j, …) lies at `offset + i·strides[0] + j·strides[1] + …`. */
export interface Elements {
  readonly data: TypedArray;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Position of the first greatest (or least) of `n` elements; the first NaN wins. */
export function argExtreme(n: number, a: TypedArray, p: number, s: number, largest: boolean): number {
  let best = 0;
  let y = a[p];
  for (let i = 0, j = p; i < n; i++, j += s) {
    const x = a[j];
    if (Number.isNaN(x)) return i;
    if (largest ? x > y : x < y) {
      best = i;
      y = x;
    }
  }
  return best;
}

/** Running sum of `n` elements, from the last one when `reverse`; in double precision, rounded at each store. */
export function cumulativeSum(
  n: number,
  out: TypedArray,
  o: number,
  a: TypedArray,
  p: number,
  s: number,
  reverse: boolean,
): void {
  // Sums of int32 are exact in a double only up to 2⁵³; cut at each step, they wrap for any length.
  const whole = out instanceof Int32Array;
  let y = 0;
  for (let i = 0; i < n; i++) {
    const k = reverse ? n - 1 - i : i;
    y += a[p + k * s];
    if (whole) y |= 0;
    out[o + k] = y;
  }
}

/** The first `limit` positions that put `n` elements in order, ties as they came. Ascending puts NaN last, descending first. Bottom-up merge sort, unless few are asked for. */
export function argSort(
  n: number,
  out: TypedArray,
  o: number,
  a: TypedArray,
  p: number,
  s: number,
  descending: boolean,
  limit: number,
): void {
  if (selectsFirst(n, limit)) {
    argSelect(n, out, o, a, p, s, descending, limit);
    return;
  }
  const keys = new Float64Array(n);
  for (let i = 0, j = p; i < n; i++, j += s) keys[i] = a[j];
  let from = new Int32Array(n);
  let to = new Int32Array(n);
  for (let i = 0; i < n; i++) from[i] = i;
  for (let width = 1; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(start + width, n);
      const end = Math.min(start + 2 * width, n);
      let left = start;
      let right = middle;
      for (let k = start; k < end; k++) {
        let takeRight = left === middle;
        if (!takeRight && right < end) {
          const x = keys[from[left]];
          const y = keys[from[right]];
          // The right one goes first only where it is strictly earlier: this is what keeps ties in order.
          takeRight = keyBefore(y, x, descending);
        }
        to[k] = takeRight ? from[right++] : from[left++];
      }
    }
    [from, to] = [to, from];
  }
  for (let i = 0; i < limit; i++) out[o + i] = from[i];
}

/** `out[b, m, r] = x[b, index[b, m], r]` for `[B, M, R]`; strides of `x` are over (B, N, R), of `index` over (B, M). */
export function gather(
  [batch, count, row]: readonly [number, number, number],
  out: Elements,
  x: Elements,
  index: Elements,
): void {
  for (let b = 0; b < batch; b++) {
    for (let m = 0; m < count; m++) {
      const i = index.data[index.offset + b * index.strides[0] + m * index.strides[1]];
      let p = x.offset + b * x.strides[0] + i * x.strides[1];
      let o = out.offset + b * out.strides[0] + m * out.strides[1];
      for (let r = 0; r < row; r++, p += x.strides[2], o += out.strides[2]) out.data[o] = x.data[p];
    }
  }
}

/** Terms of float32 that may be added up one after the other in float32. */
const chainLength = 64;

/** `target[b, index[b, m], r] += source[b, m, r]` for `[B, M, R]`, in the order of m; strides of `target` are over (B, N, R), of `index` over (B, M). */
export function scatterAdd(
  shape: readonly [number, number, number],
  rows: number,
  target: Elements,
  index: Elements,
  source: Elements,
): void {
  const grouped = target.data instanceof Float32Array && shape[1] > chainLength;
  for (let b = 0; b < shape[0]; b++) {
    const to = { ...target, offset: target.offset + b * target.strides[0] };
    const at = { ...index, offset: index.offset + b * index.strides[0] };
    const from = { ...source, offset: source.offset + b * source.strides[0] };
    if (grouped) addGroups(shape, rows, to, at, from);
    else addInTurn(shape, to, at, from);
  }
}

function addInTurn(
  [, count, row]: readonly [number, number, number],
  target: Elements,
  index: Elements,
  source: Elements,
): void {
  for (let m = 0; m < count; m++) {
    let o = target.offset + index.data[index.offset + m * index.strides[1]] * target.strides[1];
    let p = source.offset + m * source.strides[1];
    for (let r = 0; r < row; r++, p += source.strides[2], o += target.strides[2]) {
      target.data[o] += source.data[p];
    }
  }
}

/** Lists for each row of the target which rows of the source go there, then adds each list in double precision. */
function addGroups(
  [, count, row]: readonly [number, number, number],
  rows: number,
  target: Elements,
  index: Elements,
  source: Elements,
): void {
  const first = new Int32Array(rows).fill(-1);
  const next = new Int32Array(count);
  for (let m = count - 1; m >= 0; m--) {
    const n = index.data[index.offset + m * index.strides[1]];
    next[m] = first[n];
    first[n] = m;
  }
  const sums = new Float64Array(row);
  for (let n = 0; n < rows; n++) {
    if (first[n] < 0) continue;
    sums.fill(0);
    for (let m = first[n]; m >= 0; m = next[m]) {
      let p = source.offset + m * source.strides[1];
      for (let r = 0; r < row; r++, p += source.strides[2]) sums[r] += source.data[p];
    }
    let o = target.offset + n * target.strides[1];
    for (let r = 0; r < row; r++, o += target.strides[2]) target.data[o] += sums[r];
  }
}

/** The two words of Threefry-2x32 with 20 rounds, written to `out[o]` and, if `both`, `out[o + 1]`.
 * @source Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC11) */
export function threefry(
  out: TypedArray,
  o: number,
  both: boolean,
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): void {
  const key2 = 0x1bd11bda ^ key0 ^ key1;
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  for (let group = 1; group <= 5; group++) {
    const odd = (group & 1) === 1;
    x = (x + y) | 0;
    y = (odd ? (y << 13) | (y >>> 19) : (y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = (odd ? (y << 15) | (y >>> 17) : (y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = (odd ? (y << 26) | (y >>> 6) : (y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = (odd ? (y << 6) | (y >>> 26) : (y << 24) | (y >>> 8)) ^ x;
    // The keys are injected in the cycle key0, key1, key2.
    const turn = group % 3;
    x = (x + (turn === 0 ? key0 : turn === 1 ? key1 : key2)) | 0;
    y = (y + (turn === 0 ? key1 : turn === 1 ? key2 : key0) + group) | 0;
  }
  out[o] = x;
  if (both) out[o + 1] = y;
}

/** `n` words of random bits as int32: elements 2i and 2i + 1 are the two words for the counter (state[2], i) under the key (state[0], state[1]). */
export function randomBits(
  n: number,
  out: TypedArray,
  o: number,
  state: TypedArray,
  p: number,
  first: number = 0,
): void {
  const key0 = state[p];
  const key1 = state[p + 1];
  const counter = state[p + 2];
  for (let i = 0; i < n; i += 2) threefry(out, o + i, i + 1 < n, key0, key1, counter, (first + i) >> 1);
}
