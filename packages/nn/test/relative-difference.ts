import type { Tensor } from "@scope/autodiff";

/** Largest difference between two tensors, relative to the largest element of the second; infinite where shapes differ or a number is NaN. */
export function relativeDifference(actual: Tensor, expected: Tensor): number {
  if (actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  const [values, wanted] = [actual.data, expected.data];
  let [worst, scale] = [0, 0];
  wanted.forEach((want, k) => {
    const off = Math.abs(values[k] - want);
    worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
    scale = Math.max(scale, Math.abs(want));
  });
  return scale === 0 ? worst : worst / scale;
}
