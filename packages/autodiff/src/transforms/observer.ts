import { isFloatDType } from "../base/dtype.js";
import type { Tensor } from "../tensor/tensor.js";
import { executeOp } from "../trace/apply.js";
import { type Context, current, type Recorder, type Store, within, withTapes } from "../trace/context.js";
import { alias } from "../trace/identity.js";
import type { Op } from "../trace/op.js";
import type { Variable } from "../trace/variable.js";

/** Private copies of the Variables: first sight is read from outside, assignments stay inside. */
export class Overlay implements Store {
  readonly first: Map<Variable, Tensor>;
  readonly assigned: Set<Variable> = new Set();
  private readonly now = new Map<Variable, Tensor>();
  private readonly outer: Context;

  /** @param first - values that stand for those outside */
  constructor(outer: Context, first: Map<Variable, Tensor> = new Map()) {
    this.outer = outer;
    this.first = first;
  }

  read(variable: Variable): Tensor {
    const now = this.now.get(variable);
    if (now !== undefined) return now;
    let first = this.first.get(variable);
    if (first === undefined) {
      first = within(this.outer, () => variable.value);
      this.first.set(variable, first);
    }
    this.now.set(variable, first);
    return first;
  }

  write(variable: Variable, value: Tensor, assigned: boolean): void {
    this.read(variable);
    this.now.set(variable, value);
    if (assigned) this.assigned.add(variable);
  }
}

/** Runs a function where no tape of the surroundings sees it, and notes which tensors that they differentiate it uses. */
export class Observer implements Recorder {
  readonly leaves: Map<Variable, Tensor> = new Map();
  /** Differentiated tensors from outside, by id. */
  readonly captured: Map<number, Tensor> = new Map();
  private readonly made = new Set<number>();
  // Of what was made: what follows from something differentiated.
  private readonly dependent = new Set<number>();
  private readonly tapes: readonly Recorder[];

  constructor(tapes: readonly Recorder[]) {
    this.tapes = tapes;
  }

  /** Everything, to see what the function uses. */
  watches(): boolean {
    return true;
  }

  /** Whether a derivative that is taken outside would go through this tensor. */
  differentiates(t: Tensor): boolean {
    return this.made.has(t.id) ? this.dependent.has(t.id) : isDifferentiated(this.tapes, t);
  }

  /** Counts a new name of an argument as the function's own. */
  own(name: Tensor, argument: Tensor): void {
    this.made.add(name.id);
    if (isDifferentiated(this.tapes, argument)) this.dependent.add(name.id);
  }

  /** Looks at a tensor that the function uses, and says whether it is differentiated. */
  note(t: Tensor): boolean {
    if (!this.differentiates(t)) return false;
    if (!this.made.has(t.id)) this.captured.set(t.id, t);
    return true;
  }

  record(_level: number, op: Op, inputs: readonly Tensor[], attributes: unknown): readonly Tensor[] {
    let dependent = false;
    for (const t of inputs) if (this.note(t)) dependent = true;
    const outputs = executeOp(op, inputs, attributes, op.infer(inputs, attributes));
    for (const t of outputs) {
      this.made.add(t.id);
      if (dependent && isFloatDType(t.dtype)) this.dependent.add(t.id);
    }
    return outputs;
  }

  adopt(variable: Variable, leaf: Tensor): void {
    this.leaves.set(variable, leaf);
    this.made.add(leaf.id);
    if (isFloatDType(leaf.dtype)) this.dependent.add(leaf.id);
  }
}

/** Runs `f` on new names of the inputs, seen by an observer in place of the tapes, with private copies of the Variables. */
export function observed<R>(
  f: (inputs: readonly Tensor[]) => R,
  inputs: readonly Tensor[],
): { readonly observer: Observer; readonly overlay: Overlay; readonly made: R } {
  const here = current();
  const observer = new Observer(here.tapes);
  const overlay = new Overlay(here);
  const names = within(withTapes(here, []), () => inputs.map(alias));
  names.forEach((t, i) => {
    observer.own(t, inputs[i]);
  });
  const inside = { ...here, tapes: [observer], store: overlay, base: 0 };
  return { observer, overlay, made: within(inside, () => f(names)) };
}

/** Whether one of these tapes differentiates with respect to, or through, a tensor. */
export const isDifferentiated = (tapes: readonly Recorder[], t: Tensor): boolean =>
  tapes.some((tape) => (tape instanceof Observer ? tape.differentiates(t) : tape.watches([t])));
