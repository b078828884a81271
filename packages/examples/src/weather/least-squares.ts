/** The weights w that make Σ (rows·w − targets)² least, exactly: Householder's QR in double precision.
 * Throws if there are fewer rows than weights, or columns depend on each other. */
export function leastSquares(rows: readonly (readonly number[])[], targets: readonly number[]): number[] {
  const m = rows.length;
  const n = rows[0]?.length ?? 0;
  if (m < n || targets.length !== m)
    throw new Error(`least squares needs at least ${n} rows with one target each, got ${m}`);
  const a = rows.map((row) => Float64Array.from(row));
  const b = Float64Array.from(targets);
  for (let k = 0; k < n; k++) {
    let length = 0;
    for (let i = k; i < m; i++) length = Math.hypot(length, a[i][k]);
    if (length < 1e-12) throw new Error(`least squares: column ${k} depends on those before it`);
    const alpha = a[k][k] > 0 ? -length : length;
    const v = Float64Array.from({ length: m - k }, (_, i) => a[k + i][k]);
    v[0] -= alpha;
    const scale = 2 / v.reduce((sum, each) => sum + each * each, 0);
    const reflect = (get: (i: number) => number, add: (i: number, by: number) => void): void => {
      let dot = 0;
      for (let i = k; i < m; i++) dot += v[i - k] * get(i);
      for (let i = k; i < m; i++) add(i, -scale * dot * v[i - k]);
    };
    for (let j = k; j < n; j++) {
      reflect(
        (i) => a[i][j],
        (i, by) => {
          a[i][j] += by;
        },
      );
    }
    reflect(
      (i) => b[i],
      (i, by) => {
        b[i] += by;
      },
    );
  }
  const w = new Array<number>(n).fill(0);
  for (let k = n - 1; k >= 0; k--) {
    let rest = b[k];
    for (let j = k + 1; j < n; j++) rest -= a[k][j] * w[j];
    w[k] = rest / a[k][k];
  }
  return w;
}
