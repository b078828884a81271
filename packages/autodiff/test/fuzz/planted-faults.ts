// Functions with a fault each, which the fuzzer must find: an entry beside those of the packages.

/** Throws what the library never throws. */
export function plantedRawError(x: unknown): unknown {
  return (x as { readonly missing: { readonly deeper: unknown } }).missing.deeper;
}
/** Never returns. */
export function plantedHang(): void {
  for (;;);
}
/** Ends the process. */
export function plantedCrash(): void {
  process.abort();
}
/** Takes all memory, outside of the heap. */
export function plantedHunger(): void {
  const kept: Uint8Array[] = [];
  for (;;) kept.push(new Uint8Array(2 ** 27).fill(1));
}
/** Says too much. */
export function plantedLongText(): void {
  throw new Error("x".repeat(5000));
}
/** Fails when nobody listens any more. */
export function plantedRejection(): void {
  void Promise.reject(new RangeError("late"));
}
