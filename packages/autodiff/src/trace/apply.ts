import { executeEagerly } from "../backends/eager.js";
import { checkSize } from "../base/checks.js";
import type { Spec } from "../kernel/lowering.js";
import { type Tensor, valueless } from "../tensor/tensor.js";
import { anomalies } from "./anomaly-search.js";
import { current, standIn } from "./context.js";
import type { Op } from "./op.js";

/** The one door: every operation of Scope passes here, and tapes and traces see it.
 * Inner tapes first; each may rewrite the op, and outer tapes see what it became. */
export function apply<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
  const { trace, tapes, substitute } = current();
  if (substitute !== null) inputs = inputs.map(standIn);
  if (trace !== null) {
    inputs = inputs.map((t) => trace.lift(t));
  } else {
    for (let i = 0; i < inputs.length; i++) if (inputs[i].storage === null) admit(op as Op, inputs[i]);
  }
  // An op is stored and handed on without its attributes' type; only its own record looks inside them.
  return applyBelow(tapes.length, op as Op, inputs, attributes);
}

/** What is no symbol is on a device: most ops need it here. */
function admit({ name, anywhere }: Op, t: Tensor): void {
  if (t.isSymbolic) throw valueless(name, t);
  if (anywhere !== true) t.hostStorage(name);
}

/** The only output of an op that has one. */
export const applyOne = <A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor =>
  apply(op, inputs, attributes)[0];

/** Applies an op where only the outermost `level` tapes may see it; recursion is as deep as tapes are nested. */
export function applyBelow(
  level: number,
  op: Op,
  inputs: readonly Tensor[],
  attributes: unknown,
): readonly Tensor[] {
  const { trace, tapes } = current();
  for (let i = level - 1; i >= 0; i--) {
    if (tapes[i].watches(inputs)) return tapes[i].record(i, op, inputs, attributes);
  }
  const specs = op.infer(inputs, attributes);
  return trace !== null ? trace.add(op, inputs, attributes, specs) : executeOp(op, inputs, attributes, specs);
}

/** Runs an op now, outside of all tapes and traces. */
export function executeOp(
  op: Op,
  inputs: readonly Tensor[],
  attributes: unknown,
  specs: readonly Spec[],
): readonly Tensor[] {
  if (op.check !== undefined) op.check(inputs, attributes);
  for (let i = 0; i < specs.length; i++) checkSize(op.name, specs[i].shape);
  const outputs =
    op.forward === undefined
      ? executeEagerly(op.lower!(inputs, attributes, specs), inputs, specs, op.eager)
      : op.forward(inputs, attributes, specs);
  anomalies.search?.inspect(op, inputs, outputs, anomalies.backward);
  return outputs;
}
