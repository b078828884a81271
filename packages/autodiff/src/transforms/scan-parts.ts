import { concat } from "../ops/joining.js";
import { reshaped } from "../ops/shape.js";
import { slice } from "../ops/slicing.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Graph } from "../trace/op.js";
import { reach } from "./close.js";

/** A loop over time. Body inputs: [constants, carries, one slice of each x]; outputs: [carries, one slice of each y]. */
export interface ScanAttributes {
  readonly body: Graph;
  readonly constants: number;
  readonly carries: number;
  readonly length: number;
  readonly reverse: boolean;
}

/** A carry is active if its start is, or if the body makes it so from what is active: repeated until nothing changes. */
export function settleActive(attributes: ScanAttributes, active: readonly boolean[]): boolean[] {
  const { body, constants, carries } = attributes;
  const mask = [...active];
  for (let changed = true; changed; ) {
    changed = false;
    const reached = reach(body, mask);
    for (let i = 0; i < carries; i++) {
      if (mask[constants + i] || !reached.has(body.outputs[i].id)) continue;
      mask[constants + i] = true;
      changed = true;
    }
  }
  return mask;
}

/** What each step started from, when `after` holds what each step ended with: the same shifted by one step. */
export function shifted(start: Tensor, after: Tensor, reverse: boolean): Tensor {
  const length = after.shape[0];
  if (length === 0) return after;
  const first = reshaped(start, [1, ...start.shape]);
  return reverse
    ? concat([slice(after, [[1, null]]), first])
    : concat([first, slice(after, [[0, length - 1]])]);
}
