import type { Tensor } from "../tensor/tensor.js";
import type { Node, Op } from "./op.js";

/** What `detectAnomalies` does at every op; only who calls that function carries its code. */
export interface AnomalySearch {
  /** Throws if an output is not finite; `backward` is the entry that a tape is going back through. */
  inspect(op: Op, inputs: readonly Tensor[], outputs: readonly Tensor[], backward: Node | null): void;
  /** The line of the user's program that is being executed. */
  userSource(): string;
}

/** The search that is on, and the entry that the innermost tape is going back through. */
export const anomalies: { search: AnomalySearch | null; backward: Node | null } = {
  search: null,
  backward: null,
};
