import type { Tensor } from "../tensor/tensor.js";
import { broadcastTo } from "./shape.js";

/** A tensor with the batch axis in front, stretched over it if it is shared by all examples. */
export const batchedUp = (t: Tensor, batched: boolean, n: number): Tensor =>
  batched ? t : broadcastTo(t, [n, ...t.shape]);
