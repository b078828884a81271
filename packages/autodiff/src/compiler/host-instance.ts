import { newArray, type TypedArray } from "../base/dtype.js";
import { CompileError } from "../base/errors.js";
import { rowMajor } from "../base/shape.js";
import { show } from "../base/show.js";
import type { HostExecutable, Profile } from "../kernel/backend.js";
import type { BoundProgram, ProgramInstance, Residence, StateCell } from "../kernel/instance.js";
import type { Spec } from "../kernel/lowering.js";
import type { Buffer } from "../kernel/program.js";
import { allocate, copyStrided, type Tensor } from "../tensor/tensor.js";
import type { HostChecks } from "./host-checks.js";

/** A Variable's copy in a program's memory. */
class VariableBuffer implements Residence {
  readonly variable: StateCell;
  readonly array: TypedArray;
  readonly spec: Spec;
  /** The version of the Variable that the copy is; −1 before the first upload. */
  version = -1;
  constructor(variable: StateCell, array: TypedArray) {
    this.variable = variable;
    this.array = array;
    this.spec = variable.spec;
  }
  fetch(): Tensor {
    return download(this.array, this.spec);
  }
}

/** When a program is garbage-collected, Variables that lived in it take their values with them: nothing else holds its memory then. */
const abandoned = /* @__PURE__ */ new FinalizationRegistry<readonly VariableBuffer[]>((slots) => {
  for (const slot of slots) slot.variable.leave(slot);
});

/** A program in memory that the host sees, with the Variables that live there. */
export class HostInstance implements ProgramInstance {
  private readonly executable: HostExecutable;
  private readonly bound: BoundProgram;
  private readonly checks: HostChecks;
  private readonly argumentArrays: readonly TypedArray[];
  private readonly outputArrays: readonly TypedArray[];
  private readonly slots: readonly VariableBuffer[];
  private readonly written: readonly VariableBuffer[];
  private readonly readOnly: readonly boolean[];
  private readonly status: TypedArray | null;
  private needsSetUp = true;
  private readonly firstVariable: number;

  /** @param checks - those that the host does before a run */
  constructor(executable: HostExecutable, bound: BoundProgram, checks: HostChecks) {
    const { program, inputs, captures, cells, assigned, results } = bound;
    this.executable = executable;
    this.bound = bound;
    this.checks = checks;
    this.firstVariable = inputs.length - cells.length;
    const arrayOf = (buffer: Buffer): TypedArray =>
      checkedArray(executable.array(buffer), buffer, program.name);
    const arrays = inputs.map(arrayOf);
    this.argumentArrays = arrays.slice(0, this.firstVariable - captures.length);
    this.outputArrays = results.map(({ buffer }) => arrayOf(buffer));
    this.slots = cells.map((cell, i) => new VariableBuffer(cell, arrays[this.firstVariable + i]));
    this.readOnly = cells.map((cell) => !assigned.includes(cell));
    this.written = assigned.map((cell) => this.slots[cells.indexOf(cell)]);
    this.status = program.status === null ? null : arrayOf(program.status);
    if (this.written.length > 0) abandoned.register(this, this.written);
  }

  run(inputs: readonly Tensor[]): readonly Tensor[] {
    this.uploadInputs(inputs);
    this.executable.run();
    this.checkStatus();
    return this.downloadOutputs();
  }

  profile(inputs: readonly Tensor[]): Profile {
    this.uploadInputs(inputs);
    const times = this.executable.profile();
    this.checkStatus();
    this.downloadOutputs();
    return times;
  }

  async readProfile(inputs: readonly Tensor[]): Promise<Profile> {
    return this.profile(inputs);
  }

  private uploadInputs(inputs: readonly Tensor[]): void {
    const { argumentArrays, slots } = this;
    this.checks.before((i) => {
      if (i < argumentArrays.length) return inputs[i];
      const { variable, version } = slots[i - this.firstVariable];
      return version === variable.version ? null : variable.readCell();
    });
    for (let i = 0; i < argumentArrays.length; i++) upload(inputs[i], argumentArrays[i]);
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i];
      const { variable } = slot;
      if (slot.version === variable.version) continue;
      upload(variable.readCell(), slot.array);
      slot.version = variable.version;
      if (this.readOnly[i]) this.needsSetUp = true;
    }
    if (this.needsSetUp) this.executable.setUp();
    this.needsSetUp = false;
  }

  /** Throws if the program found an index out of range; it has then changed no state, and its outputs say nothing. */
  private checkStatus(): void {
    const { status } = this;
    if (status === null || status[0] === 0) return;
    const check = status[0] - 1;
    status[0] = 0;
    throw this.bound.failure(check, status[1]);
  }

  private downloadOutputs(): readonly Tensor[] {
    for (const slot of this.written) {
      slot.variable.moveTo(slot);
      slot.version = slot.variable.version;
    }
    const { results } = this.bound;
    return this.outputArrays.map((array, i) => download(array, results[i].spec));
  }

  /** The memory goes with the instance. */
  dispose(): void {
    for (const slot of this.slots) slot.variable.leave(slot);
    this.executable.dispose();
  }
}

/** Backends come from anywhere: an array that is not the buffer's would be read and written all the same. */
function checkedArray(array: TypedArray, { name, dtype, length }: Buffer, op: string): TypedArray {
  const type = newArray(dtype, 0)[Symbol.toStringTag];
  if (array?.[Symbol.toStringTag] === type && array.length === length) return array;
  throw new CompileError({
    code: "compile/array",
    op,
    problem: `the backend gave another array than that of ${name}.`,
    got: show(array),
    expected: `a ${type} of ${length}`,
    mend: "a backend whose array(buffer) has the dtype and the length of the buffer",
  });
}

function upload(t: Tensor, to: TypedArray): void {
  const { strides, offset } = t;
  const from = t.storage ?? t.hostStorage("compile");
  const n = to.length;
  if (strides !== null) copyStrided(t.sizes, from, offset, strides, to, 0, rowMajor(t.sizes));
  else if (n <= 16) for (let i = 0; i < n; i++) to[i] = from[offset + i];
  else if (offset === 0 && from.length === n) to.set(from);
  else to.set(from.subarray(offset, offset + n));
}

function download(from: TypedArray, { shape, dtype }: Spec): Tensor {
  const out = allocate(shape, dtype);
  const to = out.storage!;
  const n = from.length;
  if (n <= 16) for (let i = 0; i < n; i++) to[out.offset + i] = from[i];
  else to.set(from, out.offset);
  return out;
}
