import { isFloatDType } from "../base/dtype.js";
import { type Tensor, upcomingId, withoutValue } from "../tensor/tensor.js";
import { anomalies } from "./anomaly-search.js";
import { applyBelow } from "./apply.js";
import type { Recorder } from "./context.js";
import type { Node, Op, Prepared } from "./op.js";
import type { Variable } from "./variable.js";

/** Values below this size share slabs: keeping them costs nothing worth saving. */
const worthForgetting = 64;

/** Reverse mode: a list of what happened to the watched tensors. Walking it backwards is backpropagation, and through time if time was in it. */
export class Tape implements Recorder {
  readonly entries: Node[] = [];
  readonly leaves: Map<Variable, Tensor> = new Map();
  /** Everything watched is newer than the tape: arrays over ids start here. */
  readonly first: number;
  // Kept for walking forwards as well, where ops with a body read all their inputs.
  private readonly bothWays: boolean;
  // 64 bytes: larger arrays are slow to make, and most tapes are short.
  private marks = new Uint8Array(64);

  /** @param options - `since`: an id that everything watched is at least as new as; `bothWays`: the list will be walked forwards */
  constructor(options: { readonly since?: number; readonly bothWays?: boolean } = {}) {
    this.first = options.since ?? upcomingId();
    this.bothWays = options.bothWays ?? false;
  }

  isWatched(id: number): boolean {
    const at = id - this.first;
    return at >= 0 && at < this.marks.length && this.marks[at] === 1;
  }

  watch(t: Tensor): void {
    const at = t.id - this.first;
    if (at >= this.marks.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.marks.length * 4));
      grown.set(this.marks);
      this.marks = grown;
    }
    this.marks[at] = 1;
  }

  watches(inputs: readonly Tensor[]): boolean {
    for (let i = 0; i < inputs.length; i++) if (this.isWatched(inputs[i].id)) return true;
    return false;
  }

  record(level: number, op: Op, inputs: readonly Tensor[], attributes: unknown): readonly Tensor[] {
    let prepared: Prepared<unknown> | undefined;
    if (op.prepare !== undefined) {
      prepared = op.prepare(
        attributes,
        inputs.map((t) => this.isWatched(t.id)),
      );
      attributes = prepared.attributes;
    }
    const outputs = applyBelow(level, op, inputs, attributes);
    let float = false;
    for (let i = 0; i < outputs.length; i++) {
      if (isFloatDType(outputs[i].dtype)) {
        this.watch(outputs[i]);
        float = true;
      }
    }
    if (float) {
      const source = anomalies.search?.userSource();
      const kept = this.kept(op, inputs, outputs, prepared);
      this.entries.push({
        op,
        inputs: kept.inputs,
        attributes,
        outputs: kept.outputs,
        pullback: prepared?.pullback,
        source,
      });
    }
    return outputs;
  }

  adopt(variable: Variable, leaf: Tensor): void {
    this.leaves.set(variable, leaf);
    if (isFloatDType(leaf.dtype)) this.watch(leaf);
  }

  /** Inputs and outputs, without the values that the derivative does not read. */
  private kept(
    op: Op,
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    prepared: Prepared<unknown> | undefined,
  ): { inputs: readonly Tensor[]; outputs: readonly Tensor[] } {
    if (prepared === undefined ? op.reads === undefined : this.bothWays) return { inputs, outputs };
    if (!inputs.some(large) && !outputs.some(large)) return { inputs, outputs };
    const reads =
      prepared?.reads ??
      op.reads!(
        inputs.map((t) => this.isWatched(t.id)),
        inputs,
      );
    return { inputs: withoutUnread(inputs, reads.inputs), outputs: withoutUnread(outputs, reads.outputs) };
  }
}
const withoutUnread = (tensors: readonly Tensor[], read: readonly boolean[] | boolean): readonly Tensor[] =>
  read === true
    ? tensors
    : tensors.map((t, i) => ((read !== false && read[i]) || !large(t) ? t : withoutValue(t)));
const large = (t: Tensor): boolean => t.storage !== null && t.size > worthForgetting;
