import { allDTypes, arrayAt, type TypedArray } from "../../base/dtype.js";
import { CompileError } from "../../base/errors.js";
import { cpuLimits, type HostBackend, type HostExecutable, type Profile } from "../../kernel/backend.js";
import { type MemoryPlan, planMemory } from "../../kernel/plan-memory.js";
import type { Buffer, LeafKernel, Program } from "../../kernel/program.js";
import { profileKernels } from "../../kernel/walk.js";
import { hasRelaxedMadd, hasSimd } from "./features.js";
import { packedLengthOf } from "./gemm-code.js";
import { type Exports, instantiate } from "./instance.js";
import { type ProgramCode, programCode } from "./program-code.js";

const pageBytes = 65536;
/** Addresses have 32 bits. */
const maxPages = 65536;

/** Whether this host runs what the backend emits: WebAssembly with 128-bit vectors. */
export const isWasmAvailable = (): boolean => hasSimd();

/** Where a program runs. */
interface Placed {
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
}

/** Where the buffers of a program lie.
 * @throws {@link CompileError} if they take more than 32-bit addresses reach */
export const planOf = (program: Program): MemoryPlan => planMemory(program, maxPages * pageBytes, "wasm");

/** A memory of so many bytes, shared by threads or not. */
export function memoryOf(bytes: number, shared: boolean): WebAssembly.Memory {
  const initial = Math.max(1, Math.ceil(bytes / pageBytes));
  if (initial > maxPages) throw new RangeError("more memory than 32-bit addresses reach");
  return new WebAssembly.Memory(shared ? { initial, maximum: initial, shared } : { initial });
}

/** A program in one memory, with the instance of its module that runs on the calling thread. */
export class WasmExecutable implements HostExecutable {
  readonly bytes: number;
  readonly codeBytes: number;
  readonly machine: string;
  readonly setUp: () => void;
  run: () => void;
  readonly #memory: ArrayBufferLike;
  readonly #plan: MemoryPlan;
  readonly #program: Program;
  readonly #exports: Exports;
  readonly #exportOf: ReadonlyMap<LeafKernel, string>;

  constructor(program: Program, plan: MemoryPlan, code: ProgramCode, at: Placed, threads: number = 1) {
    this.#program = program;
    this.#plan = plan;
    this.#exports = at.exports;
    this.setUp = at.exports.setUp;
    this.run = at.exports.run;
    this.#exportOf = code.exportOf;
    this.#memory = at.memory.buffer;
    this.bytes = plan.bytes;
    this.codeBytes = code.bytes.length;
    this.machine = `WebAssembly, 128-bit vectors, ${threads === 1 ? "1 thread" : `${threads} threads`}`;
    for (const buffer of program.buffers)
      if (buffer.initial !== undefined) this.array(buffer).set(buffer.initial);
  }
  array(buffer: Buffer): TypedArray {
    return arrayAt(this.#memory, buffer.dtype, this.#plan.addressOf(buffer), buffer.length);
  }
  dispose(): void {}
  profile(): Profile {
    return profileKernels(
      this.#program,
      (buffer) => this.array(buffer),
      (kernel, counters) => this.#exports[this.#exportOf.get(kernel) ?? ""](...counters),
    );
  }
}

/** Programs as WebAssembly: one module per program that runs all of it, loops included. */
export const wasmProgramBackend: HostBackend = {
  name: "wasm",
  capabilities: {
    dtypes: allDTypes,
    limits: cpuLimits,
    packedLength: (k, n, dtype) => (dtype === "bool" ? 0 : packedLengthOf(k, n, dtype)),
  },
  prepare: (program, { threads }) =>
    (threads !== null && threads > 1 ? prepareShared : alone)(program, threads ?? 1),
};

function alone(program: Program): HostExecutable {
  const plan = planOf(program);
  const code = programCode(program, plan, hasRelaxedMadd());
  const memory = memoryOf(code.memoryBytes, false);
  return new WasmExecutable(program, plan, code, { memory, exports: instantiate(code, memory) });
}

/** Prepares a program for several threads; null where one is as good. */
type SharedPreparation = (program: Program, threads: number) => HostExecutable | null;
let shared: SharedPreparation | null = null;
/** Makes programs able to run on several threads. */
export function installThreads(preparation: SharedPreparation): void {
  shared = preparation;
}
function prepareShared(program: Program, threads: number): HostExecutable {
  if (shared === null) {
    throw new CompileError({
      code: "compile/threads",
      op: program.name,
      problem: "several threads need a module that was not loaded.",
      got: `threads: ${threads}`,
      expected: "threads: 1",
      mend: 'import "@scope/autodiff/threads", once; Node, Deno and Bun do it themselves',
    });
  }
  return shared(program, threads) ?? alone(program);
}
