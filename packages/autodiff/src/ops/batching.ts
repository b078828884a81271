import type { Tensor } from "../tensor/tensor.js";
import { stretched } from "./shape.js";

/** A tensor with the batch axis in front, stretched over it if it is shared by all examples. */
export const batchedUp = (t: Tensor, batched: boolean, n: number): Tensor =>
  batched ? t : stretched(t, [n, ...t.sizes]);
