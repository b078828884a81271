import type { Lowering, Spec } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import { type LoweringOf, plainEager } from "./javascript/eager.js";

/** How the lowering of an op is run in plain JavaScript; it is only ever given the op's own lowerings. */
export type EagerRoutine = {
  // A method, so that a routine for one kind of lowering is one.
  run(lowering: Lowering, inputs: readonly Tensor[], outputs: readonly Spec[]): readonly Tensor[];
}["run"];

/** Runs a lowering of one kind faster than its plain routine, or returns null: then that runs. */
export type Accelerator<K extends Lowering["kind"]> = (
  lowering: LoweringOf<K>,
  inputs: readonly Tensor[],
  outputs: readonly Spec[],
) => readonly Tensor[] | null;
/** What may be accelerated. */
export interface Accelerators {
  readonly map?: Accelerator<"map">;
  readonly gemm?: Accelerator<"gemm">;
}

let active: Accelerators = {};
/** Adds accelerators for all eager ops from here on (entry points do), or takes some away: a kind set to undefined runs plainly.
 * @returns those before, to go back to */
export function setAccelerators(added: Accelerators): Accelerators {
  const before = active;
  active = { ...before, ...added };
  return before;
}

/** Runs one op at once, on tensors with values.
 * @param routine - the op's own, for every kind but views and fills, which are always there */
export function executeEagerly(
  lowering: Lowering,
  inputs: readonly Tensor[],
  outputs: readonly Spec[],
  routine: EagerRoutine | undefined,
): readonly Tensor[] {
  const { kind } = lowering;
  const fast =
    kind === "map"
      ? active.map?.(lowering, inputs, outputs)
      : kind === "gemm"
        ? active.gemm?.(lowering, inputs, outputs)
        : null;
  return fast ?? plainEager(lowering, inputs, outputs, routine);
}
