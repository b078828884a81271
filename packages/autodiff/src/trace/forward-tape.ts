import { isFloatDType } from "../base/dtype.js";
import type { Tensor } from "../tensor/tensor.js";
import { applyBelow } from "./apply.js";
import { current, type Recorder, within, withTapes } from "./context.js";
import type { Maybe, Op } from "./op.js";
import type { Variable } from "./variable.js";

/** Forward mode: the same walk, taken while the ops arrive, so that no list is kept. */
export class ForwardTape implements Recorder {
  // Weak: a tangent lives as long as its tensor.
  readonly tangents: WeakMap<Tensor, Tensor> = new WeakMap();
  readonly leaves: Map<Variable, Tensor> = new Map();
  readonly seeds: ReadonlyMap<Variable, Tensor>;
  constructor(seeds: ReadonlyMap<Variable, Tensor>) {
    this.seeds = seeds;
  }

  watches(inputs: readonly Tensor[]): boolean {
    for (let i = 0; i < inputs.length; i++) if (this.tangents.has(inputs[i])) return true;
    return false;
  }

  record(level: number, op: Op, inputs: readonly Tensor[], attributes: unknown): readonly Tensor[] {
    const given = inputs.map((t) => this.tangents.get(t) ?? null);
    // Derivative ops run with this tape and those inside it hidden: otherwise forward mode does not end.
    const outer = current();
    const below = withTapes(outer, outer.tapes.slice(0, level));
    const [outputs, tangents] = within(below, (): readonly [readonly Tensor[], readonly Maybe<Tensor>[]] => {
      if (op.joint !== undefined) return op.joint(inputs, attributes, given);
      const made = applyBelow(level, op, inputs, attributes);
      if (!made.some((t) => isFloatDType(t.dtype))) return [made, []];
      return [made, op.pushforward({ op, inputs, attributes, outputs: made }, given)];
    });
    for (let i = 0; i < outputs.length; i++) {
      const tangent = tangents[i] ?? null;
      if (tangent !== null && isFloatDType(outputs[i].dtype)) this.tangents.set(outputs[i], tangent);
    }
    return outputs;
  }

  adopt(variable: Variable, leaf: Tensor): void {
    this.leaves.set(variable, leaf);
    const seed = this.seeds.get(variable);
    if (seed !== undefined) this.tangents.set(leaf, seed);
  }
}
