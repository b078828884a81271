import {
  type Access,
  arrayAt,
  type Buffer,
  type HostExecutable,
  type Kernel,
  type MemoryPlan,
  type PrepareOptions,
  type Profile,
  type Program,
  planMemory,
  type TypedArray,
} from "@scope/autodiff/backend";
import type { Addon, LoadedProgram } from "./addon.js";
import type { LeafKernel } from "./code/leaf.js";
import { programSource, wholeRun, wholeSetup } from "./code/program.js";
import { bytesOfFile, thisMachine } from "./machine.js";

/** A program as machine code, in memory that C and JavaScript share. */
export class NativeExecutable implements HostExecutable {
  readonly bytes: number;
  readonly codeBytes: number;
  readonly machine: string;
  readonly code: string;
  readonly #addon: Addon;
  readonly #loaded: LoadedProgram;
  readonly #memory: ArrayBuffer;
  readonly #plan: MemoryPlan;
  readonly #program: Program;
  readonly #threads: number;
  readonly #positions: ReadonlyMap<LeafKernel, number>;

  constructor(program: Program, { threads }: PrepareOptions) {
    const { toolchain } = thisMachine();
    const plan = planMemory(program);
    const { text, scratchBytes, positions, later } = programSource(program, plan, toolchain.vectorBytes);
    const { addon, program: loaded, path } = thisMachine().load(text, later);
    this.#addon = addon;
    this.#loaded = loaded;
    this.#plan = plan;
    this.#program = program;
    this.#positions = positions;
    this.#threads = threads ?? addon.cores();
    this.#memory = addon.allocate(plan.bytes + scratchBytes);
    this.bytes = plan.bytes + scratchBytes;
    this.codeBytes = bytesOfFile(path);
    this.code = text;
    this.machine = `native: ${toolchain.vectors}, ${toolchain.version}, ${this.#threads} thread${this.#threads === 1 ? "" : "s"}`;
    for (const buffer of program.buffers)
      if (buffer.initial !== undefined) this.array(buffer).set(buffer.initial);
  }

  array(buffer: Buffer): TypedArray {
    return arrayAt(this.#memory, buffer.dtype, this.#plan.addressOf(buffer), buffer.length);
  }
  setUp(): void {
    this.#addon.run(this.#loaded, this.#memory, this.#threads, wholeSetup);
  }
  run(): void {
    this.#addon.run(this.#loaded, this.#memory, this.#threads, wholeRun);
  }
  dispose(): void {}

  profile(): Profile {
    const times = new Map<string, { calls: number; milliseconds: number }>();
    this.#sequence(this.#program.kernels, [], (kernel, counters) => {
      const position = this.#positions.get(kernel) ?? 0;
      const at = Int32Array.from(counters);
      const start = performance.now();
      this.#addon.run(this.#loaded, this.#memory, this.#threads, position, at);
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
