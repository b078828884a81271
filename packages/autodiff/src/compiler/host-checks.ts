import { checkRange } from "../ops/indices.js";
import type { Tensor } from "../tensor/tensor.js";
import { interpret } from "../trace/evaluate.js";
import type { HostCheck } from "./passes/settle-indices.js";

/** The checks of one program that its host does, each only for values that it has not seen: tensors do not change. */
export class HostChecks {
  private readonly checks: readonly { readonly check: HostCheck; seen: number }[];

  /** @param checks - those that need the values of one input; or of none, but constants: these are done at once
   * @param constantAt - the value of an input that never changes; null for others */
  constructor(checks: readonly HostCheck[], constantAt: (input: number) => Tensor | null) {
    const open: { readonly check: HostCheck; seen: number }[] = [];
    for (const check of checks) {
      const values = check.inputs.map(constantAt);
      if (values.every((t) => t !== null)) run(check, values);
      else open.push({ check, seen: 0 });
    }
    this.checks = open;
  }

  /** Throws for the first index out of range. */
  before(valueAt: (input: number) => Tensor | null): void {
    for (const entry of this.checks) {
      const value = valueAt(entry.check.inputs[0]);
      if (value === null || value.id === entry.seen) continue;
      run(entry.check, [value]);
      entry.seen = value.id;
    }
  }
}

const run = ({ made, range }: HostCheck, values: readonly Tensor[]): void =>
  checkRange(interpret(made, values)[0], range);
