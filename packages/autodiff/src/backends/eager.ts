import type { Lowering, Spec } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import { javascriptEager } from "./javascript/eager.js";

/** Runs one op at once, on tensors with values. */
export interface EagerBackend {
  readonly name: string;
  execute(lowering: Lowering, inputs: readonly Tensor[], outputs: readonly Spec[]): readonly Tensor[];
}

let active: EagerBackend = javascriptEager;
/** The backend of eager ops. */
export const eagerBackend = (): EagerBackend => active;
/** Replaces the backend of eager ops (the entry point installs the accelerated one; tests compare the two). */
export function setEagerBackend(backend: EagerBackend): EagerBackend {
  const before = active;
  active = backend;
  return before;
}
