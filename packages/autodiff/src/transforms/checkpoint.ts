import { checkFunction } from "../base/checks.js";
import { InternalError } from "../base/errors.js";
import type { Spec } from "../kernel/lowering.js";
import { renamed, type Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { barrier } from "../trace/barrier.js";
import { current, standIn, within } from "../trace/context.js";
import { evaluate, interpret } from "../trace/evaluate.js";
import type { Graph, Maybe, Node, Op } from "../trace/op.js";
import type { Variable } from "../trace/variable.js";
import { checkNoMore } from "./argument-checks.js";
import { batchedOf } from "./batch-graph.js";
import { close, commitAssignments, hiddenInputValues } from "./close.js";
import { jvpFlat } from "./forward.js";
import { nonNull, placeByMask, presence } from "./lists.js";
import { Overlay, observed } from "./observer.js";
import { rebuild } from "./outline.js";
import { onlyUnchanging } from "./signature.js";
import { hiddenValues, jvpGraph, jvpGraphPush, jvpGraphSplit } from "./split.js";
import { type Flat, vjpFlat } from "./sweep.js";
import { flattenArguments, onLeaves } from "./tree.js";
import type { Passed, Result, Unannotated } from "./types.js";

interface CheckpointAttributes {
  readonly graph: Graph;
}

/** A graph of which tapes keep the inputs only: the way back runs it again, behind a barrier that no pass merges across. */
export const checkpointOp: Op<CheckpointAttributes> = {
  name: "checkpoint",
  infer: (_inputs, { graph }) => graph.outputs,
  forward: (inputs, { graph }) => interpret(graph, inputs).map(renamed),
  structure: ({ graph }) => ({ kind: "inline", graph, barrier: true }),
  reads: () => ({ inputs: true, outputs: false }),
  pullback: (node, cotangents, wanted) => {
    const { graph } = node.attributes as CheckpointAttributes;
    const { f, inputs, gradients } = recomputing((x) => evaluate(graph, x), node, cotangents, wanted);
    const closed = close(f, inputs);
    return gradients(apply(checkpointOp, [...inputs, ...hiddenValues(closed)], { graph: closed.graph }));
  },
  joint(inputs, { graph }, tangents) {
    const joint = jvpGraph(graph, presence(tangents));
    const all = [...inputs, ...nonNull(tangents), ...hiddenValues(joint)];
    return jvpGraphSplit(joint, apply(checkpointOp, all, { graph: joint.graph }));
  },
  pushforward: (node, tangents) => jvpGraphPush(checkpointOp, node, tangents),
  batch(inputs, batched, { graph }, n) {
    const made = batchedOf(graph, [n, ...batched]);
    return [apply(checkpointOp, [...inputs, ...hiddenValues(made)], { graph: made.graph }), made.batched];
  },
};

/** The pullback of `f` as one function of its inputs and the cotangents that exist, which runs `f` again. */
function recomputing(
  f: Flat,
  { inputs }: Node,
  cotangents: readonly Maybe<Tensor>[],
  wanted: readonly boolean[],
): { f: Flat; inputs: readonly Tensor[]; gradients: (made: readonly Tensor[]) => Maybe<Tensor>[] } {
  const n = inputs.length;
  const given = presence(cotangents);
  let arrived: readonly boolean[] = [];
  const back: Flat = (all) => {
    // The barrier keeps a pass from using the first run's values instead.
    const behind = all.map(barrier);
    const { pull } = vjpFlat(f, behind.slice(0, n));
    const gradients = pull(placeByMask(given, behind, n)).map((t, i) => (wanted[i] ? t : null));
    arrived = presence(gradients);
    return nonNull(gradients);
  };
  return {
    f: back,
    inputs: [...inputs, ...nonNull(cotangents)],
    gradients: (made) => placeByMask(arrived, made),
  };
}

interface ReplayAttributes {
  readonly replay: Flat;
  readonly specs: readonly Spec[];
  /** The outputs of the first run, until they have been handed out. */
  readonly first: { outputs: readonly Tensor[] };
}

/** The same without a trace: the function itself is run again. */
const replayOp: Op<ReplayAttributes> = {
  name: "checkpoint",
  infer: (_inputs, { specs }) => specs,
  forward(_inputs, { first }) {
    const outputs = first.outputs.map(renamed);
    first.outputs = [];
    return outputs;
  },
  reads: () => ({ inputs: true, outputs: false }),
  // Itself a checkpoint, or an outer tape would keep the interior.
  pullback: (node, cotangents, wanted) => {
    const { replay } = node.attributes as ReplayAttributes;
    const { f, inputs, gradients } = recomputing(replay, node, cotangents, wanted);
    return gradients(checkpointFlat(f)(inputs));
  },
  pushforward: ({ inputs, attributes }, tangents) =>
    jvpFlat((attributes as ReplayAttributes).replay, inputs, tangents)[1],
  batch: () => {
    throw new InternalError("replay: traced");
  },
};

/** {@link checkpoint} over lists of tensors. */
export const checkpointFlat =
  (f: Flat): Flat =>
  (inputs) => {
    const here = current();
    if (here.trace !== null) {
      const closed = close(f, inputs);
      return commitAssignments(
        closed,
        apply(checkpointOp, [...inputs, ...hiddenInputValues(closed)], { graph: closed.graph }),
      );
    }
    return here.tapes.length === 0 ? f(inputs) : replayed(f, inputs);
  };

function replayed(f: Flat, inputs: readonly Tensor[]): readonly Tensor[] {
  const { observer, overlay, made } = observed(f, inputs);
  const assigned = [...overlay.assigned];
  // A capture may be returned, or assigned to a Variable, as it is.
  const results = [...made, ...assigned.map((variable) => overlay.read(variable))].map(standIn);
  for (const t of results) observer.note(t);

  const captured = [...observer.captured.values()];
  // Inside of another replay the function names a capture by what it first was called; only that name is in its closure.
  const position = new Map(captured.map((t, i) => [t.id, i]));
  const named = [...(current().substitute ?? [])].flatMap(([id, t]): [number, number][] => {
    const i = position.get(t.id);
    return i === undefined ? [] : [[id, i]];
  });
  const outputs = apply(replayOp, [...inputs, ...captured, ...overlay.first.values()], {
    replay: replayWith(
      f,
      inputs.length,
      [...position, ...named],
      captured.length,
      [...overlay.first.keys()],
      assigned,
    ),
    specs: results.map(({ sizes: shape, dtype }) => ({ shape, dtype })),
    first: { outputs: results },
  });
  const count = made.length;
  assigned.forEach((variable, i) => {
    variable.value = outputs[count + i];
  });
  return outputs.slice(0, count);
}

/** Runs `f` again from its arguments, what it captured and the Variables it saw. Apart, so that the closure keeps no value of the first run. */
const replayWith =
  (
    f: Flat,
    count: number,
    names: readonly (readonly [id: number, capture: number])[],
    captures: number,
    seen: readonly Variable[],
    assigned: readonly Variable[],
  ): Flat =>
  (all) => {
    const now = current();
    const first = new Map(seen.map((variable, i) => [variable, all[count + captures + i]]));
    const substitute = new Map(now.substitute);
    for (const [id, i] of names) substitute.set(id, all[count + i]);
    const store = new Overlay(now, first);
    // The tapes that are open now have renamed these values already.
    return within({ ...now, store, substitute, firstOwnTape: now.tapes.length }, () => [
      ...f(all.slice(0, count)).map(standIn),
      ...assigned.map((variable) => standIn(store.read(variable))),
    ]);
  };

/** The same function, of which a derivative keeps the arguments only and computes the rest again: time for memory.
 * Variables and captured tensors have the values of the first run when it is run again.
 * @param f - takes and returns trees
 * @returns a function of the same arguments
 * @example
 * const block = checkpoint((x: Tensor) => exp(sin(exp(x))))
 * grad((x) => block(x))(tensor(0)).item() // => 1.253
 */
export function checkpoint<Args extends readonly unknown[] = Unannotated[], R extends Result = Tensor>(
  f: (...args: Args) => R,
  ...more: readonly never[]
): (...args: Passed<Args>) => R {
  checkFunction("checkpoint", "f", f, "write checkpoint((x) => …)(x)");
  checkNoMore("checkpoint", more, "call what it returns: checkpoint(f)(x)");
  return (...args) => {
    // It will be run again with these.
    const given = flattenArguments("checkpoint", args, "static", onlyUnchanging);
    const flat = onLeaves("checkpoint", (all: Args) => f(...all), given.outline);
    const outputs = checkpointFlat(flat.run)(given.leaves);
    return rebuild(flat.outline, outputs) as R;
  };
}
