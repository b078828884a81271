import type { Lowering, Spec } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import { javascriptEager } from "./javascript/eager.js";

/** How the lowering of an op is run in plain JavaScript; it is only ever given the op's own lowerings. */
export type EagerRoutine = {
  // A method, so that a routine for one kind of lowering is one.
  run(lowering: Lowering, inputs: readonly Tensor[], outputs: readonly Spec[]): readonly Tensor[];
}["run"];

/** Runs one op at once, on tensors with values. */
export interface EagerBackend {
  readonly name: string;
  /** @param routine - the op's own, which a backend without a table of all kinds of lowerings falls back on */
  execute(
    lowering: Lowering,
    inputs: readonly Tensor[],
    outputs: readonly Spec[],
    routine?: EagerRoutine,
  ): readonly Tensor[];
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
