import { VariableError } from "../base/errors.js";
import { frozenShape, sameShape, showSpec } from "../base/shape.js";
import { show } from "../base/show.js";
import type { Residence, StateCell } from "../kernel/instance.js";
import type { Spec } from "../kernel/lowering.js";
import { Tensor } from "../tensor/tensor.js";
import { applyOne } from "./apply.js";
import { current, within, withTapes } from "./context.js";
import { TensorHolder } from "./holder.js";
import { identityOp } from "./identity.js";

/** The only mutable thing: a cell that holds a tensor of fixed shape and dtype. Parameters, optimiser moments, learning rates and random state are Variables,
 * so that code that changes them can be differentiated, compiled and looped without being rewritten.
 * @example
 * const v = new Variable(tensor([1, 2]))
 * v.value = v.value.mul(2)
 * v.value.toArray() // => [2, 4]
 */
export class Variable extends TensorHolder implements StateCell {
  /** Shape and dtype, which never change.
   * @internal */
  readonly spec: Spec;
  private cell: Tensor | null;
  private residence: Residence | null = null;
  /** Changes with every assignment, so that a compiled program knows whether its copy is the newest.
   * @internal */
  version = 0;

  /** @param value - the first value, whose shape and dtype the Variable keeps
   * @throws {@link VariableError} if it is not a tensor, or while a function is being traced */
  constructor(value: Tensor) {
    super();
    checkTensor(value);
    if (current().trace !== null) throw madeWhileTracing();
    this.spec = { shape: value.sizes, dtype: value.dtype };
    this.cell = value;
  }

  /** The tensor that it holds now. Reading under a tape makes it a leaf of the tape. */
  override get value(): Tensor {
    const outer = current();
    const { tapes, store, firstOwnTape: base } = outer;
    let now = store.read(this);
    for (let i = base; i < tapes.length; i++) {
      if (tapes[i].leaves.has(this)) continue;
      // First sight renames the value: two Variables that hold one tensor stay two leaves.
      const before = now;
      now = within(withTapes(outer, tapes.slice(0, i)), () => applyOne(identityOp, [before], null));
      tapes[i].adopt(this, now);
      store.write(this, now, false);
    }
    return now;
  }

  /** Replaces the tensor; shape and dtype stay.
   * @throws {@link VariableError} if they differ */
  override set value(next: Tensor) {
    // Touch first: a gradient is with respect to the value when the tape started.
    void this.value;
    const { shape, dtype } = this.spec;
    checkTensor(next);
    if (next.dtype !== dtype || !sameShape(next.sizes, shape)) {
      throw new VariableError({
        code: "variable/spec",
        op: "Variable.value",
        problem: "a Variable keeps its shape and dtype.",
        got: showSpec(next),
        expected: showSpec(this.spec),
        mend: "make a new Variable, or reshape or cast the value",
      });
    }
    const { store, trace } = current();
    store.write(this, trace === null ? next : trace.lift(next), true);
  }

  get shape(): readonly number[] {
    return frozenShape(this.spec.shape);
  }

  get dtype(): Spec["dtype"] {
    return this.spec.dtype;
  }

  /** Its value as text. */
  override toString(): string {
    return `${this.constructor.name}(${this.value})`;
  }

  /** @internal */
  readCell(): Tensor {
    if (this.cell === null) this.cell = this.residence!.fetch();
    return this.cell;
  }

  /** @internal */
  writeCell(value: Tensor): void {
    this.cell = value;
    this.residence = null;
    this.version++;
  }

  /** The same value under the name that a tape gave it.
   * @internal */
  renameCell(value: Tensor): void {
    this.cell = value;
  }

  /** The newest value is in a program's memory from now on.
   * @internal */
  moveTo(residence: Residence): void {
    this.cell = null;
    this.residence = residence;
    this.version++;
  }

  /** If the newest value is there, what was read from there does not count: the next read fetches it again.
   * @internal */
  refetch(residence: Residence): boolean {
    if (this.residence !== residence) return false;
    this.cell = null;
    return true;
  }

  /** Takes the value back from a program that is about to go.
   * @internal */
  leave(residence: Residence): void {
    if (this.residence !== residence) return;
    this.readCell();
    this.residence = null;
  }
}

function checkTensor(value: unknown): void {
  if (value instanceof Tensor) return;
  throw new VariableError({
    code: "variable/value",
    op: "Variable",
    problem: "value must be a Tensor.",
    got: show(value),
    expected: "a Tensor",
    mend: "make a tensor of it first: tensor([[1, 2], [3, 4]])",
  });
}

const madeWhileTracing = (): VariableError =>
  new VariableError({
    code: "variable/traced",
    op: "Variable",
    problem: "a Variable was made while a function was being traced.",
    got: "new Variable (a module, an optimiser, a Random) inside compile, trace, vmap or scan",
    expected: "Variables that are there before",
    mend: "make them outside, and use them inside",
  });
