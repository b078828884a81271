import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "./apply.js";
import { identityOp } from "./identity.js";
import type { Op } from "./op.js";

/** Identity that no pass may look through: what is computed again behind it stays computed again (checkpoint). */
export const barrierOp: Op<null> = {
  ...identityOp,
  name: "barrier",
  cheap: false,
  opaque: true,
  batch: (inputs, batched) => [apply(barrierOp, inputs, null), batched],
};

export const barrier = (t: Tensor): Tensor => applyOne(barrierOp, [t], null);
