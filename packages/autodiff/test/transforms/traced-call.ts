import type { Tensor } from "../../src/tensor/tensor.js";
import { apply } from "../../src/trace/apply.js";
import { current } from "../../src/trace/context.js";
import { interpret } from "../../src/trace/evaluate.js";
import { callOp, type Runner } from "../../src/transforms/call.js";
import { type ClosedGraph, close, commitAssignments, hiddenInputValues } from "../../src/transforms/close.js";
import { type Outline, rebuild } from "../../src/transforms/outline.js";
import { flatten, onLeaves } from "../../src/transforms/tree.js";

type Trees<Args extends readonly unknown[], R> = (...args: Args) => R;

/** Op by op, on the eager backend. */
export const interpreter: Runner = { run: interpret };

/** What compile is to tapes, without a compiler: traced once per signature, then applied as one call that the interpreter runs. */
export function tracedCall<Args extends readonly unknown[] = Tensor[], R = Tensor>(
  f: Trees<Args, R>,
): Trees<Args, R> & { traces: number } {
  const cache = new Map<string, { closed: ClosedGraph; outline: Outline }>();
  const call = (...args: Args): R => {
    if (current().trace !== null) return f(...args);
    const { leaves, outline: given } = flatten("tracedCall", args);
    const key = leaves.map((t) => `${t.dtype}[${t.shape}]`).join();
    let hit = cache.get(key);
    if (hit === undefined) {
      call.traces++;
      const flat = onLeaves("tracedCall", (all: Args) => f(...all), given);
      const closed = close(flat.run, leaves);
      hit = { closed, outline: flat.outline };
      const tracked = closed.captures.some((t) => current().tapes.some((tape) => tape.watches([t])));
      if (!tracked) cache.set(key, hit);
    }
    const made = apply(callOp, [...leaves, ...hiddenInputValues(hit.closed)], {
      graph: hit.closed.graph,
      runner: interpreter,
    });
    return rebuild(hit.outline, commitAssignments(hit.closed, made)) as R;
  };
  call.traces = 0;
  return call;
}
