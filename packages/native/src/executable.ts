import {
  arrayAt,
  type Buffer,
  type HostExecutable,
  type LeafKernel,
  type MemoryPlan,
  type PrepareOptions,
  type Profile,
  type Program,
  planMemory,
  profileKernels,
  type TypedArray,
} from "@scope/autodiff/backend";
import type { Addon, LoadedProgram } from "./addon.js";
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
    return profileKernels(
      this.#program,
      (buffer) => this.array(buffer),
      (kernel, counters) => {
        const position = this.#positions.get(kernel) ?? 0;
        this.#addon.run(this.#loaded, this.#memory, this.#threads, position, Int32Array.from(counters));
      },
    );
  }
}
