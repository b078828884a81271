import type { Tensor } from "../tensor/tensor.js";
import type { DeviceBackend, DeviceExecutable, Profile } from "./backend.js";
import type { Spec } from "./lowering.js";
import type { Buffer, Program } from "./program.js";

/** Where a Variable's newest value is while it is not in the Variable: in the memory of a compiled program. */
export interface Residence {
  /** The value, as a tensor of its own. */
  fetch(): Tensor;
}

/** A Variable, as the memory of a program sees it. */
export interface StateCell {
  readonly spec: Spec;
  /** Changes with every assignment. */
  readonly version: number;
  /** The newest value, wherever it is. */
  readCell(): Tensor;
  /** The newest value is there from now on. */
  moveTo(residence: Residence): void;
  /** If the newest value is there, what was read from there does not count: the next read fetches it again.
   * @returns whether it is there */
  refetch(residence: Residence): boolean;
  /** Takes the value back from a program that is about to go. */
  leave(residence: Residence): void;
}

/** A program with the tensors that it is for. */
export interface BoundProgram {
  readonly program: Program;
  /** The buffers of arguments, captured tensors and Variables, in this order. */
  readonly inputs: readonly Buffer[];
  readonly captures: readonly Tensor[];
  readonly cells: readonly StateCell[];
  /** Those that the program assigns. */
  readonly assigned: readonly StateCell[];
  readonly results: readonly { readonly buffer: Buffer; readonly spec: Spec }[];
  /** What is said of the n-th of the program's checks. */
  failure(check: number, element: number): Error;
}

/** A program in a machine's memory, which takes tensors and gives tensors. */
export interface ProgramInstance {
  /** Runs on arguments; Variables are read and assigned. */
  run(inputs: readonly Tensor[]): readonly Tensor[];
  /** Runs once with the time of each kernel.
   * @throws {@link DeviceError} if the host has to wait for it */
  profile(inputs: readonly Tensor[]): Profile;
  /** The same anywhere. */
  readProfile(inputs: readonly Tensor[]): Promise<Profile>;
  /** Gives the Variables their values back. */
  dispose(): void;
}

/** Joins a program of a device to tensors and Variables. */
export type InstanceFactory = (
  backend: DeviceBackend,
  executable: DeviceExecutable,
  bound: BoundProgram,
) => ProgramInstance;
