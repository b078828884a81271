import type { DType, TypedArray } from "../base/dtype.js";
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

/** A program that is ready to run, in memory that the host sees. */
export interface Executable {
  /** The elements of a buffer that is no temporary: the same array as long as the program lives. */
  array(buffer: Buffer): TypedArray;
  /** Runs the program's `setup`. */
  setUp(): void;
  /** Runs its `kernels`; a check that fails ends the run. */
  run(): void;
  /** Runs its `kernels` once, slower, with the time of each. */
  profile(): Profile;
  /** Bytes of memory, and of code, for explain(). */
  readonly bytes: number;
  readonly codeBytes: number;
  /** The machine, for explain(): "WebAssembly, 128-bit vectors". */
  readonly machine: string;
  /** Ends what the program holds beside memory (threads). Its arrays stay readable; it must not run again. */
  dispose(): void;
}

/** How a program is to run. */
export interface PrepareOptions {
  /** Threads that share its work; null leaves their number to the backend. Results do not depend on it. */
  readonly threads: number | null;
}

/** A machine that runs programs: what a package for another processor implements. */
export interface Backend {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Why it cannot be used on this machine (no compiler, no adapter); null if it can. Asked by {@link setDefaultBackend}. */
  unavailable?(): string | null | Promise<string | null>;
  /** Makes a program ready to run.
   * @throws {@link CompileError} if it needs more memory than the machine can address; RangeError if the host has no memory for it now
   */
  prepare(program: Program, options: PrepareOptions): Executable;
}
