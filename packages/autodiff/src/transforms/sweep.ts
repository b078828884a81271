import { isFloatDType } from "../base/dtype.js";
import type { Tensor } from "../tensor/tensor.js";
import { anomalies } from "../trace/anomaly-search.js";
import { current, type Recorder, within, withTapes } from "../trace/context.js";
import { alias } from "../trace/identity.js";
import type { Maybe, Node } from "../trace/op.js";
import { Tape } from "../trace/tape.js";
import { CotangentSums } from "./cotangent-sums.js";

type Leaves = readonly Tensor[];

/** Runs with one more tape, inside all others. */
export function withTape<T>(tape: Recorder, run: () => T): T {
  const outer = current();
  return within(withTapes(outer, [...outer.tapes, tape]), run);
}

/** A run that was recorded with respect to its arguments. */
export interface Recording<T> {
  readonly tape: Tape;
  readonly leaves: Leaves;
  readonly result: T;
}

/** Runs `f` on renamed inputs (a closure may hold the same tensors: only the new names are the arguments) and records what follows from them. */
export function record<T>(f: (leaves: Leaves) => T, inputs: Leaves, bothWays = false): Recording<T> {
  const tape = new Tape({ bothWays });
  const leaves = inputs.map(alias);
  for (const t of leaves) if (isFloatDType(t.dtype)) tape.watch(t);
  return { tape, leaves, result: withTape(tape, () => f(leaves)) };
}

/** Reverse mode: from cotangents of outputs to those of sources, through the list from its end.
 * @param release - lets go of each entry as it is passed: the list cannot be walked again */
export function sweep(
  tape: Tape,
  outputs: Leaves,
  cotangents: readonly Maybe<Tensor>[],
  sources: Leaves,
  release: boolean,
): Maybe<Tensor>[] {
  const { entries, first } = tape;
  const at: Maybe<Tensor>[] = [];
  const sums = new CotangentSums();
  const put = (t: Tensor, cotangent: Maybe<Tensor>): void => {
    if (cotangent === null || !tape.isWatched(t.id)) return;
    const place = t.id - first;
    const had = at[place];
    at[place] = had === undefined || had === null ? cotangent : sums.add(place, had, cotangent);
  };
  outputs.forEach((t, i) => {
    put(t, cotangents[i]);
  });
  for (let k = entries.length - 1; k >= 0; k--) {
    const node = entries[k];
    if (release) entries.pop();
    const { inputs } = node;
    const given = takeCotangents(node, at, first, sums);
    if (given === null) continue;
    const wanted = inputs.map((t) => tape.isWatched(t.id));
    const back = pullBack(node, given, wanted);
    for (let i = 0; i < inputs.length; i++) if (wanted[i]) put(inputs[i], back[i] ?? null);
  }
  return sources.map((t) => {
    const chain = at[t.id - first] ?? null;
    return chain && sums.total(t.id - first, chain);
  });
}

function takeCotangents(
  { outputs }: Node,
  at: Maybe<Tensor>[],
  first: number,
  sums: CotangentSums,
): Maybe<Tensor>[] | null {
  let given: Maybe<Tensor>[] | null = null;
  for (let i = 0; i < outputs.length; i++) {
    const slot = outputs[i].id - first;
    const cotangent = at[slot];
    if (cotangent === undefined || cotangent === null) continue;
    given ??= outputs.map(() => null);
    given[i] = sums.total(slot, cotangent);
    at[slot] = null;
  }
  return given;
}

function pullBack(
  node: Node,
  given: readonly Maybe<Tensor>[],
  wanted: readonly boolean[],
): readonly Maybe<Tensor>[] {
  const rule = node.pullback ?? node.op.pullback;
  if (anomalies.search === null) return rule(node, given, wanted);
  const before = anomalies.backward;
  anomalies.backward = node;
  try {
    return rule(node, given, wanted);
  } finally {
    anomalies.backward = before;
  }
}

/** Forward mode over a list that was kept for both ways: one run, many tangents. */
function push(
  tape: Tape,
  sources: Leaves,
  tangents: readonly Maybe<Tensor>[],
  outputs: Leaves,
): Maybe<Tensor>[] {
  const at = new Map<number, Tensor>();
  sources.forEach((t, i) => {
    const tangent = tangents[i];
    if (tangent !== null && isFloatDType(t.dtype)) at.set(t.id, tangent);
  });
  for (const node of tape.entries) {
    const given = node.inputs.map((t) => at.get(t.id) ?? null);
    if (given.every((t) => t === null)) continue;
    const made = node.op.pushforward(node, given);
    node.outputs.forEach((t, i) => {
      const tangent = made[i] ?? null;
      if (tangent !== null && isFloatDType(t.dtype)) at.set(t.id, tangent);
    });
  }
  return outputs.map((t) => at.get(t.id) ?? null);
}

export type Flat = (inputs: Leaves) => Leaves;

/** A recorded run over lists of tensors, and its derivative in both directions. */
export interface Differentiated {
  readonly outputs: Leaves;
  readonly pull: (cotangents: readonly Maybe<Tensor>[]) => Maybe<Tensor>[];
  /** For runs that were recorded for both ways. */
  readonly push: (tangents: readonly Maybe<Tensor>[]) => Maybe<Tensor>[];
}

/** {@link record}, {@link sweep} and {@link push} over lists of tensors. */
export function vjpFlat(f: Flat, inputs: Leaves, bothWays = false): Differentiated {
  const { tape, leaves, result } = record(f, inputs, bothWays);
  return {
    outputs: result,
    pull: (cotangents) => sweep(tape, result, cotangents, leaves, false),
    push: (tangents) => push(tape, leaves, tangents, result),
  };
}
