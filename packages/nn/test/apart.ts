import { abs, max, sub, type Tensor } from "@scope/autodiff";
import { expect } from "vitest";

/** The largest difference of two tensors, which must be of one shape. */
export const apart = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return max(abs(sub(a, b))).item();
};
