import { DeviceError } from "../base/errors.js";
import type { DeviceArray, DeviceBackend, DeviceExecutable, Profile } from "../kernel/backend.js";
import type {
  BoundProgram,
  InstanceFactory,
  ProgramInstance,
  Residence,
  StateCell,
} from "../kernel/instance.js";
import type { Spec } from "../kernel/lowering.js";
import type { Buffer } from "../kernel/program.js";
import { contiguousArray, type Tensor } from "../tensor/tensor.js";
import { DeviceTensor, DeviceValue, valueOn } from "./device-tensor.js";
import { type Reverted, RunOutcome } from "./run-outcome.js";

/** A Variable's copy in the memory of a program of a device. */
class DeviceSlot implements Residence, Reverted {
  readonly cell: StateCell;
  readonly buffer: Buffer;
  readonly isAssigned: boolean;
  /** The version of the Variable that the copy is; −1 before the first upload. */
  version = -1;
  readonly #executable: DeviceExecutable;
  /** The runs that the copy is right only with. */
  #outcomes: readonly RunOutcome[] = [];

  constructor(cell: StateCell, buffer: Buffer, isAssigned: boolean, executable: DeviceExecutable) {
    this.cell = cell;
    this.buffer = buffer;
    this.isAssigned = isAssigned;
    this.#executable = executable;
  }

  /** The copy is as new as the Variable. */
  keep(outcomes: readonly RunOutcome[]): void {
    this.version = this.cell.version;
    this.#outcomes = outcomes;
    for (const outcome of outcomes) outcome.warn(this);
  }

  /** The copy is the Variable's value from here on. */
  take(outcomes: readonly RunOutcome[]): void {
    this.cell.moveTo(this);
    this.keep(outcomes);
  }

  fetch(): Tensor {
    return new DeviceTensor(this.spec, new DeviceValue(this.#executable.release(this.buffer), this.outcomes));
  }

  get spec(): Spec {
    return this.cell.spec;
  }

  get outcomes(): readonly RunOutcome[] {
    return this.#outcomes.filter(({ isOpen }) => isOpen);
  }

  revert(failed: RunOutcome): void {
    this.#outcomes = this.#outcomes.filter((outcome) => outcome !== failed);
    // A Variable that is elsewhere is asked again.
    if (!this.cell.refetch(this)) this.version = -1;
  }
}

/** What a program leaves behind when it is garbage-collected: Variables that lived in it take their values with them. */
interface Remains {
  readonly slots: readonly DeviceSlot[];
  readonly executable: DeviceExecutable;
}
function clear({ slots, executable }: Remains): void {
  for (const slot of slots) slot.cell.leave(slot);
  executable.dispose();
}
const abandoned = /* @__PURE__ */ new FinalizationRegistry<Remains>(clear);

/** A program in the memory of a device, with the Variables that live there. */
class DeviceInstance implements ProgramInstance {
  readonly #backend: DeviceBackend;
  readonly #executable: DeviceExecutable;
  readonly #bound: BoundProgram;
  readonly #captured: readonly DeviceValue[];
  readonly #slots: readonly DeviceSlot[];
  readonly #remains: Remains;
  readonly #argumentCount: number;
  #needsSetUp = true;

  constructor(backend: DeviceBackend, executable: DeviceExecutable, bound: BoundProgram) {
    const { inputs, captures, cells, assigned } = bound;
    this.#backend = backend;
    this.#executable = executable;
    this.#bound = bound;
    const firstVariable = inputs.length - cells.length;
    this.#argumentCount = firstVariable - captures.length;
    this.#slots = cells.map(
      (cell, i) => new DeviceSlot(cell, inputs[firstVariable + i], assigned.includes(cell), executable),
    );
    this.#captured = captures.flatMap((capture, i) => {
      const buffer = inputs[this.#argumentCount + i];
      return buffer.initial === undefined ? (this.#write(buffer, capture) ?? []) : [];
    });
    this.#remains = { slots: this.#slots, executable };
    abandoned.register(this, this.#remains, this);
  }

  run(inputs: readonly Tensor[]): readonly Tensor[] {
    const before = this.#upload(inputs);
    this.#executable.run(before.map(({ status }) => status));
    return this.#results(before);
  }

  profile(): Profile {
    throw new DeviceError({
      code: "device/profile",
      op: this.#bound.program.name,
      problem: "a profile of a device cannot be had at once.",
      got: `profile(…) on "${this.#backend.name}"`,
      expected: "a program in memory that the host sees",
      mend: "await f.readProfile(…)",
    });
  }

  async readProfile(inputs: readonly Tensor[]): Promise<Profile> {
    const before = this.#upload(inputs);
    const times = this.#executable.profile(before.map(({ status }) => status));
    const outcomes = this.#finish(before);
    const profile = await times;
    for (const outcome of outcomes) await outcome.settle();
    return profile;
  }

  dispose(): void {
    abandoned.unregister(this);
    clear(this.#remains);
  }

  /** Writes a tensor, wherever it is; what it is if it is on this device. */
  #write(buffer: Buffer, t: Tensor): DeviceValue | null {
    const value = valueOn(this.#backend, t);
    this.#executable.write(buffer, value?.array ?? contiguousArray(t, this.#bound.program.name));
    return value;
  }

  /** @returns the runs that this one depends on, as far as they are not known to have succeeded */
  #upload(inputs: readonly Tensor[]): readonly RunOutcome[] {
    const before = new Set<RunOutcome>();
    const depend = (value: DeviceValue | null): void => {
      for (const outcome of value?.outcomes ?? []) {
        if (outcome.error !== null) throw outcome.error;
        if (outcome.isOpen) before.add(outcome);
      }
    };
    for (const value of this.#captured) depend(value);
    for (let i = 0; i < this.#argumentCount; i++) depend(this.#write(this.#bound.inputs[i], inputs[i]));
    for (const slot of this.#slots) {
      const { cell } = slot;
      if (slot.version === cell.version) for (const outcome of slot.outcomes) before.add(outcome);
      else {
        const value = this.#write(slot.buffer, cell.readCell());
        this.#needsSetUp ||= !slot.isAssigned;
        depend(value);
        slot.keep(value?.outcomes ?? []);
      }
    }
    if (this.#needsSetUp) this.#executable.setUp();
    this.#needsSetUp = false;
    return [...before];
  }

  #results(before: readonly RunOutcome[]): readonly Tensor[] {
    const outcomes = this.#finish(before);
    return this.#bound.results.map(({ buffer, spec }) => {
      const array: DeviceArray = this.#executable.release(buffer);
      return new DeviceTensor(spec, new DeviceValue(array, outcomes));
    });
  }

  /** @returns the runs that results and Variables now depend on */
  #finish(before: readonly RunOutcome[]): readonly RunOutcome[] {
    const { program, failure } = this.#bound;
    const written = this.#slots.filter(({ isAssigned }) => isAssigned);
    const outcomes =
      program.status === null
        ? before
        : [new RunOutcome(this.#executable.release(program.status), before, failure)];
    for (const slot of written) slot.take(outcomes);
    return outcomes;
  }
}

/** What a backend of a device brings along as its `deviceInstance`: it joins programs to tensors and Variables that stay in the device's memory.
 * @example
 * typeof deviceInstance // => "function"
 */
export const deviceInstance: InstanceFactory = (backend, executable, bound) =>
  new DeviceInstance(backend, executable, bound);
