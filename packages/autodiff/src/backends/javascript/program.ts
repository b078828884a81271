import { allDTypes, arrayAt, type TypedArray } from "../../base/dtype.js";
import { cpuLimits, type HostBackend, type HostExecutable, type Profile } from "../../kernel/backend.js";
import { type MemoryPlan, planMemory } from "../../kernel/plan-memory.js";
import { type Buffer, homeOf, type Kernel, type LeafKernel, type Program } from "../../kernel/program.js";
import { profileKernels } from "../../kernel/walk.js";
import { ScratchPool } from "./program-expression.js";
import type { Runner, Setting } from "./program-fused.js";
import { prepareKernel } from "./program-kernels.js";
import { BufferCursor } from "./program-walk.js";

/** The reference executor of compiled programs: plain loops over blocks, no generated code, so it runs under any content security policy.
 * It rounds float32 at every instruction; sums (reductions, products of matrices, running sums) are kept in double precision and rounded once. */
export const javascriptProgramBackend: HostBackend = {
  name: "javascript",
  capabilities: { dtypes: allDTypes, limits: cpuLimits, packedLength: () => 0 },
  prepare: (program) => new JavaScriptExecutable(program),
};

type Node =
  | { readonly kind: "leaf"; readonly runner: Runner }
  | { readonly kind: "check"; readonly runner: Runner; readonly status: BufferCursor }
  | {
      readonly kind: "loop";
      readonly length: number;
      readonly reverse: boolean;
      readonly body: readonly Node[];
    }
  | {
      readonly kind: "branch";
      readonly condition: BufferCursor;
      readonly whenTrue: readonly Node[];
      readonly whenFalse: readonly Node[];
    }
  | {
      readonly kind: "while";
      readonly test: readonly Node[];
      readonly condition: BufferCursor;
      readonly body: readonly Node[];
    };

class JavaScriptExecutable implements HostExecutable {
  readonly bytes: number;
  readonly codeBytes = 0;
  readonly machine = "JavaScript, 1 thread";
  readonly #memory: ArrayBuffer;
  readonly #plan: MemoryPlan;
  readonly #program: Program;
  readonly #runners: ReadonlyMap<LeafKernel, Runner>;
  readonly #setup: readonly Node[];
  readonly #nodes: readonly Node[];
  readonly #views = new Map<Buffer, TypedArray>();

  constructor(program: Program) {
    this.#plan = planMemory(program);
    this.bytes = this.#plan.bytes;
    this.#memory = new ArrayBuffer(this.bytes);
    for (const buffer of program.buffers) {
      if (buffer.initial) this.array(buffer).set(buffer.initial);
    }
    const setting: Setting = {
      pool: new ScratchPool(),
      flushSubnormals: program.flushSubnormals,
      place: (access) => new BufferCursor(access, this.array(access.buffer)),
    };
    const runners = new Map<LeafKernel, Runner>();
    this.#program = program;
    this.#runners = runners;
    this.#setup = prepare(program.setup, setting, runners);
    this.#nodes = prepare(program.kernels, setting, runners);
  }

  setUp(): void {
    runAll(this.#setup, []);
  }

  run(): void {
    runAll(this.#nodes, []);
  }

  profile(): Profile {
    return profileKernels(
      this.#program,
      (buffer) => this.array(buffer),
      (kernel, counters) => this.#runners.get(kernel)?.run(counters),
    );
  }

  array(buffer: Buffer): TypedArray {
    const home = homeOf(buffer);
    const known = this.#views.get(home);
    if (known) return known;
    const view = arrayAt(this.#memory, home.dtype, this.#plan.addressOf(home), home.length);
    this.#views.set(home, view);
    return view;
  }

  dispose(): void {}
}

/** Makes kernels ready to run, and keeps what runs each. */
function prepare(kernels: readonly Kernel[], setting: Setting, runners: Map<LeafKernel, Runner>): Node[] {
  const { place } = setting;
  const inside = (body: readonly Kernel[]): Node[] => prepare(body, setting, runners);
  const runnerOf = (kernel: LeafKernel): Runner => {
    const runner = prepareKernel(kernel, setting);
    runners.set(kernel, runner);
    return runner;
  };
  return kernels.map((kernel): Node => {
    switch (kernel.kind) {
      case "loop":
        return { ...kernel, body: inside(kernel.body) };
      case "branch":
        return {
          kind: "branch",
          condition: place(kernel.condition),
          whenTrue: inside(kernel.whenTrue),
          whenFalse: inside(kernel.whenFalse),
        };
      case "while":
        return {
          kind: "while",
          test: inside(kernel.test),
          condition: place(kernel.condition),
          body: inside(kernel.body),
        };
      case "check":
        return { kind: "check", runner: runnerOf(kernel), status: place(kernel.status) };
      default:
        return { kind: "leaf", runner: runnerOf(kernel) };
    }
  });
}

/** Runs nodes in order; `counters` are those of the enclosing loops, outermost first.
 * @returns false if a check has failed, which ends the run */
function runAll(nodes: readonly Node[], counters: number[]): boolean {
  for (const node of nodes) {
    switch (node.kind) {
      case "leaf":
      case "check":
        node.runner.run(counters);
        if (node.kind === "check" && isSet(node.status, counters)) return false;
        break;
      case "loop":
        counters.push(0);
        for (let i = 0; i < node.length; i++) {
          counters[counters.length - 1] = node.reverse ? node.length - 1 - i : i;
          if (!runAll(node.body, counters)) return false;
        }
        counters.pop();
        break;
      case "branch":
        if (!runAll(isSet(node.condition, counters) ? node.whenTrue : node.whenFalse, counters)) return false;
        break;
      case "while":
        for (;;) {
          if (!runAll(node.test, counters)) return false;
          if (!isSet(node.condition, counters)) break;
          if (!runAll(node.body, counters)) return false;
        }
        break;
    }
  }
  return true;
}

const isSet = (condition: BufferCursor, counters: readonly number[]): boolean =>
  condition.data[condition.base(counters)] !== 0;
