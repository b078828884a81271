/** @throws `RangeError` for an empty list */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError("median of nothing");
  return (low + high) / 2;
}

/** @throws `RangeError` for an empty list */
export function minimum(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("minimum of nothing");
  return values.reduce((a, b) => Math.min(a, b));
}
