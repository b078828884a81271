import { renamed, type Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "./apply.js";
import type { Op } from "./op.js";

/** A new name for the same value: what makes watching by identity safe. */
export const identityOp: Op<null> = {
  name: "identity",
  cheap: true,
  anywhere: true,
  infer: (inputs) => inputs,
  forward: (inputs) => inputs.map(renamed),
  lower: () => ({ kind: "view", layouts: (input) => [input] }),
  pullback: (_node, cotangents) => cotangents,
  pushforward: (_node, tangents) => tangents,
  reads: () => ({ inputs: false, outputs: false }),
  batch: (inputs, batched) => [apply(identityOp, inputs, null), batched],
};

/** The same tensor under a new name. */
export const alias = (t: Tensor): Tensor => applyOne(identityOp, [t], null);
