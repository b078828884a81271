import { allDTypes, arrayAt, type TypedArray } from "../../base/dtype.js";
import { cpuLimits, type HostBackend, type HostExecutable, type Profile } from "../../kernel/backend.js";
import { type MemoryPlan, planMemory } from "../../kernel/plan-memory.js";
import type { Access, Buffer, Kernel, Program } from "../../kernel/program.js";
import { hasRelaxedMadd, hasSimd } from "./features.js";
import { packedLengthOf } from "./gemm-code.js";
import { type Exports, instantiate } from "./instance.js";
import { type LeafKernel, programCode } from "./program-code.js";

const pageBytes = 65536;
/** Addresses have 32 bits. */
const maxPages = 65536;

/** Whether this host runs what the backend emits: WebAssembly with 128-bit vectors. */
export const isWasmAvailable = (): boolean => hasSimd();

class WasmExecutable implements HostExecutable {
  readonly bytes: number;
  readonly codeBytes: number;
  readonly machine = "WebAssembly, 128-bit vectors, 1 thread";
  readonly setUp: () => void;
  readonly run: () => void;
  readonly #memory: ArrayBuffer;
  readonly #plan: MemoryPlan;
  readonly #program: Program;
  readonly #exports: Exports;
  readonly #exportOf: ReadonlyMap<LeafKernel, string>;

  constructor(program: Program) {
    const plan = planMemory(program, maxPages * pageBytes, "wasm");
    const code = programCode(program, plan, hasRelaxedMadd());
    const pages = Math.max(1, Math.ceil(code.memoryBytes / pageBytes));
    if (pages > maxPages) throw new RangeError("more memory than 32-bit addresses reach");
    const memory = new WebAssembly.Memory({ initial: pages });
    this.#program = program;
    this.#plan = plan;
    this.#exports = instantiate(code, memory);
    this.setUp = this.#exports.setUp;
    this.run = this.#exports.run;
    this.#exportOf = code.exportOf;
    this.#memory = memory.buffer;
    this.bytes = plan.bytes;
    this.codeBytes = code.bytes.length;
    for (const buffer of program.buffers)
      if (buffer.initial !== undefined) this.array(buffer).set(buffer.initial);
  }
  array(buffer: Buffer): TypedArray {
    return arrayAt(this.#memory, buffer.dtype, this.#plan.addressOf(buffer), buffer.length);
  }
  dispose(): void {}
  profile(): Profile {
    const times = new Map<string, { calls: number; milliseconds: number }>();
    this.#sequence(this.#program.kernels, [], (kernel, counters) => {
      const call = this.#exports[this.#exportOf.get(kernel) ?? ""];
      const start = performance.now();
      call(...counters);
      const elapsed = performance.now() - start;
      const entry = times.get(kernel.name) ?? { calls: 0, milliseconds: 0 };
      times.set(kernel.name, { calls: entry.calls + 1, milliseconds: entry.milliseconds + elapsed });
      return kernel.kind !== "check" || !this.#holds(kernel.status, counters);
    });
    return [...times].map(([name, entry]) => ({ name, ...entry }));
  }
  /** Walks the program as `run` does, from JavaScript, until a visit returns false: then so does this. */
  #sequence(
    kernels: readonly Kernel[],
    counters: readonly number[],
    visit: (kernel: LeafKernel, counters: readonly number[]) => boolean,
  ): boolean {
    const inside = (body: readonly Kernel[], at = counters): boolean => this.#sequence(body, at, visit);
    for (const kernel of kernels) {
      switch (kernel.kind) {
        case "loop":
          for (let i = 0; i < kernel.length; i++)
            if (!inside(kernel.body, [...counters, kernel.reverse ? kernel.length - 1 - i : i])) return false;
          break;
        case "branch":
          if (!inside(this.#holds(kernel.condition, counters) ? kernel.whenTrue : kernel.whenFalse))
            return false;
          break;
        case "while":
          for (;;) {
            if (!inside(kernel.test)) return false;
            if (!this.#holds(kernel.condition, counters)) break;
            if (!inside(kernel.body)) return false;
          }
          break;
        default:
          if (!visit(kernel, counters)) return false;
      }
    }
    return true;
  }
  #holds({ buffer, offset, steps }: Access, counters: readonly number[]): boolean {
    const at = steps.reduce((sum, step, level) => sum + step * (counters[level] ?? 0), offset);
    return this.array(buffer)[at] !== 0;
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
  prepare: (program) => new WasmExecutable(program),
};
