import type { DType, TypedArray } from "../base/dtype.js";
import type { InstanceFactory } from "./instance.js";
import type { Buffer, Kernel, Program } from "./program.js";

/** How much one kernel takes on. */
export interface FusionLimits {
  /** Reads and results of one elementwise kernel: with more of them it spills registers instead of saving memory traffic, or has more operands than the machine can name. */
  readonly maxAccesses: number;
  /** Elementwise nodes on the longest chain that a reduction computes itself. It bounds the depth of a tree, not how many nodes it has. */
  readonly maxLazyDepth: number;
}

/** Limits that suit a CPU with 16 or more vector registers.
 * @example
 * cpuLimits.maxAccesses // => 40
 */
export const cpuLimits: FusionLimits = { maxAccesses: 40, maxLazyDepth: 24 };

/** What a machine can do, and what the compiler adapts to: it asks for nothing else. */
export interface Capabilities {
  /** Dtypes that its buffers and instructions have. */
  readonly dtypes: readonly DType[];
  readonly limits: FusionLimits;
  /** Elements that the packed form of a `[k, n]` operand takes; 0 if the backend wants no packing of it. */
  packedLength(k: number, n: number, dtype: DType): number;
  /** Why the machine cannot run a kernel; null if it can. Asked for every kernel, those inside of others included, before anything is prepared. */
  refuses?(kernel: Kernel): string | null;
}

/** Milliseconds and calls per kernel name. */
export type Profile = readonly {
  readonly name: string;
  readonly calls: number;
  readonly milliseconds: number;
}[];

/** What every program that is ready to run tells. */
export interface Prepared {
  /** Bytes of memory, and of code, for explain(). */
  readonly bytes: number;
  readonly codeBytes: number;
  /** The machine, for explain(): "WebAssembly, 128-bit vectors". */
  readonly machine: string;
  /** The source of the code, where there is one that people can read. */
  readonly code?: string;
  /** Runs the program's `setup`. */
  setUp(): void;
}

/** A program that is ready to run, in memory that the host sees. */
export interface HostExecutable extends Prepared {
  /** The elements of a buffer that is no temporary: the same array as long as the program lives. */
  array(buffer: Buffer): TypedArray;
  /** Runs its `kernels`; a check that fails ends the run. */
  run(): void;
  /** Runs its `kernels` once, slower, with the time of each. */
  profile(): Profile;
  /** Ends what the program holds beside memory (threads). Its arrays stay readable; it must not run again. */
  dispose(): void;
}

/** Elements in the memory of a device, which never change: what a program handed over. */
export interface DeviceArray {
  readonly backend: Backend;
  readonly dtype: DType;
  /** In elements. */
  readonly length: number;
  /** The elements, once everything that was asked for before is done.
   * @throws {@link DeviceError} (the promise rejects) if the device is lost, before or meanwhile: a read never stays open */
  read(): Promise<TypedArray>;
  /** The same at once, where the host can wait for the device. */
  readSync?(): TypedArray;
  /** Gives the memory back. Programs that have taken the elements by then are not disturbed. */
  dispose(): void;
}

/** A program that is ready to run, in memory that the host does not see. Every call returns at once, and takes effect in the order of the calls on one backend:
 * a run is after earlier writes and before later reads.
 * Once the device is lost, writes and runs throw a {@link DeviceError}, and every read rejects with it. */
export interface DeviceExecutable extends Prepared {
  /** Sets the elements of an input, a constant or a state; what the array holds when the call returns no longer matters.
   * @param from - an array of the host, or one of a program of this backend, which then does not pass through the host */
  write(buffer: Buffer, from: TypedArray | DeviceArray): void;
  /** Runs its `kernels`. The status is no business of the host here: a run sets it to 0 first.
   * @param unless - the statuses of earlier runs of which this one uses results or state. If one of them has a code that is not 0, then this run has failed as well: it
   * changes no state, and its own status, if it has one, becomes that one */
  run(unless?: readonly DeviceArray[]): void;
  /** The elements that a buffer that is no temporary has after the runs so far. */
  read(buffer: Buffer): Promise<TypedArray>;
  /** The same elements as a value of its own, which later writes and runs do not change. The memory of an output may be handed over, and the next run write elsewhere; a state
   * stays the program's, and is copied on the device, now or before it is changed. */
  release(buffer: Buffer): DeviceArray;
  /** Runs its `kernels` once, slower, with the time of each. */
  profile(unless?: readonly DeviceArray[]): Promise<Profile>;
  /** Gives its memory back. What it has released stays. */
  dispose(): void;
}

/** A program that is ready to run. */
export type Executable = HostExecutable | DeviceExecutable;

/** How a program is to run. */
export interface PrepareOptions {
  /** Threads that share its work; null leaves their number to the backend. Results do not depend on it. */
  readonly threads: number | null;
}

/** What there is to know of every machine. */
export interface Machine {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Why it cannot be used on this machine (no compiler, no adapter); null if it can. Asked by {@link setDefaultBackend}. */
  unavailable?(): string | null | Promise<string | null>;
}

/** A machine that runs programs in memory that the host sees. */
export interface HostBackend extends Machine {
  readonly deviceInstance?: undefined;
  /** Makes a program ready to run.
   * @throws {@link CompileError} if it needs more memory than the machine can address; RangeError if the host has no memory for it now
   */
  prepare(program: Program, options: PrepareOptions): HostExecutable;
}

/** A machine with memory of its own. */
export interface DeviceBackend extends Machine {
  /** What joins its programs to tensors and Variables: the function {@link deviceInstance}, which it brings along so that programs without a device do not hold it. */
  readonly deviceInstance: InstanceFactory;
  /** Makes a program ready to run; where that takes time, the calls that follow wait for it on the device.
   * @throws {@link CompileError} if it needs more memory than the machine can address; {@link DeviceError} if the device is lost
   */
  prepare(program: Program, options: PrepareOptions): DeviceExecutable;
}

/** A machine that runs programs: what a package for another processor implements. */
export type Backend = HostBackend | DeviceBackend;

/** Whether a value can be used as a backend: by its properties, for it comes from another package. */
export function isBackend(value: unknown): value is Backend {
  if (typeof value !== "object" || value === null) return false;
  try {
    const { name, capabilities, prepare } = value as Partial<Backend>;
    if (typeof name !== "string" || typeof prepare !== "function") return false;
    if (typeof capabilities !== "object" || capabilities === null) return false;
    const { dtypes, limits, packedLength } = capabilities as Partial<Capabilities>;
    return Array.isArray(dtypes) && typeof limits === "object" && typeof packedLength === "function";
  } catch {
    return false;
  }
}
