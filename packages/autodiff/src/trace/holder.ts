import type { Tensor } from "../tensor/tensor.js";

/** What can stand wherever a tensor can: a Variable. Ops know this much of it, so that programs without Variables do without their class.
 * @internal */
export abstract class TensorHolder {
  abstract get value(): Tensor;
}
