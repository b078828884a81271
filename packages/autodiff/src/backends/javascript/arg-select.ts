import type { TypedArray } from "../../base/dtype.js";

/** Whether key x comes before key y: NaN last ascending, first descending. */
export const keyBefore = (x: number, y: number, descending: boolean): boolean =>
  descending
    ? x > y || (Number.isNaN(x) && !Number.isNaN(y))
    : x < y || (Number.isNaN(y) && !Number.isNaN(x));

/** The first `limit` positions of a stable order, without the rest of it: a heap of the best so far, the last of them at its root. */
export function argSelect(
  n: number,
  out: TypedArray,
  o: number,
  a: TypedArray,
  p: number,
  s: number,
  descending: boolean,
  limit: number,
): void {
  if (limit === 0) return;
  const keys = new Float64Array(limit);
  const positions = new Int32Array(limit);
  /** Whether the entry (x, i) comes after (y, j). */
  const after = (x: number, i: number, y: number, j: number): boolean =>
    keyBefore(y, x, descending) || (i > j && !keyBefore(x, y, descending));
  /** Puts an entry into the heap of `size` entries, from the hole down. */
  const sift = (hole: number, size: number, x: number, position: number): void => {
    for (let child = 2 * hole + 1; child < size; child = 2 * hole + 1) {
      const other = child + 1;
      if (other < size && after(keys[other], positions[other], keys[child], positions[child])) child = other;
      if (!after(keys[child], positions[child], x, position)) break;
      keys[hole] = keys[child];
      positions[hole] = positions[child];
      hole = child;
    }
    keys[hole] = x;
    positions[hole] = position;
  };
  for (let i = 0; i < limit; i++) {
    keys[i] = a[p + i * s];
    positions[i] = i;
  }
  for (let i = (limit >> 1) - 1; i >= 0; i--) sift(i, limit, keys[i], positions[i]);
  let worst = keys[0];
  for (let i = limit, j = p + limit * s; i < n; i++, j += s) {
    const x = a[j];
    // Later ones are no better than equal ones before them; false for NaN, which goes the long way.
    if (descending ? x <= worst : x >= worst) continue;
    if (!keyBefore(x, worst, descending)) continue;
    sift(0, limit, x, i);
    worst = keys[0];
  }
  // The root is the last of all that are left: it goes behind them.
  for (let size = limit - 1; size > 0; size--) {
    const [x, position] = [keys[size], positions[size]];
    keys[size] = keys[0];
    positions[size] = positions[0];
    sift(0, size, x, position);
  }
  for (let i = 0; i < limit; i++) out[o + i] = positions[i];
}
