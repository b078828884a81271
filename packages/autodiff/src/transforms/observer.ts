import { isFloatDType } from "../base/dtype.js";
import type { Tensor } from "../tensor/tensor.js";
import { run } from "../trace/apply.js";
import { within, type Context, type Recorder, type Store } from "../trace/context.js";
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

/** Runs a function where no tape of the surroundings sees it, and notes which tensors that they watch it uses. */
export class Observer implements Recorder {
  readonly leaves: Map<Variable, Tensor> = new Map();
  /** Watched tensors from outside, by id. */
  readonly captured: Map<number, Tensor> = new Map();
  private readonly made = new Set<number>();
  private readonly tapes: readonly Recorder[];

  constructor(tapes: readonly Recorder[]) {
    this.tapes = tapes;
  }

  watches(): boolean {
    return true;
  }

  /** Counts a tensor as the function's own. */
  own(t: Tensor): void {
    this.made.add(t.id);
  }

  /** Looks at a tensor that the function uses. */
  note(t: Tensor): void {
    if (this.made.has(t.id) || !isFloatDType(t.dtype)) return;
    if (this.tapes.some((tape) => tape.watches([t]))) this.captured.set(t.id, t);
  }

  record(_level: number, op: Op, inputs: readonly Tensor[], attributes: unknown): readonly Tensor[] {
    for (const t of inputs) this.note(t);
    const outputs = run(op, inputs, attributes, op.infer(inputs, attributes));
    for (const t of outputs) this.made.add(t.id);
    return outputs;
  }

  adopt(variable: Variable, leaf: Tensor): void {
    this.leaves.set(variable, leaf);
    this.made.add(leaf.id);
  }
}
