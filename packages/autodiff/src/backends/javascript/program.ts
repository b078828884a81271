import { arrayAt, bytesOf, type TypedArray } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import type { Buffer, Executable, Kernel, Program, ProgramBackend } from "../../kernel/program.js";
import { ScratchPool } from "./program-expression.js";
import type { Runner, Setting } from "./program-fused.js";
import { prepareKernel } from "./program-kernels.js";
import { BufferCursor } from "./program-walk.js";

/** The reference executor of compiled programs: plain loops over blocks, no generated code, so it runs under any content security policy.
 * It rounds float32 at every instruction; sums (reductions, products of matrices, running sums) are kept in double precision and rounded once. */
export const javascriptProgramBackend: ProgramBackend = {
  name: "javascript",
  packedLength: () => 0,
  maxBytes: 2 ** 53,
  instantiate: (program) => new JavaScriptExecutable(program),
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

type Times = Map<string, { calls: number; milliseconds: number }>;

class JavaScriptExecutable implements Executable {
  readonly memory: ArrayBuffer;
  readonly codeBytes = 0;
  readonly #nodes: readonly Node[];
  readonly #views = new Map<Buffer, TypedArray>();

  constructor(program: Program) {
    this.memory = new ArrayBuffer(program.bytes);
    for (const buffer of program.buffers) {
      if (buffer.initial) this.#view(buffer).set(buffer.initial);
    }
    const setting: Setting = {
      pool: new ScratchPool(),
      flushSubnormals: program.flushSubnormals,
      place: (access) => new BufferCursor(access, this.#view(access.buffer)),
    };
    this.#nodes = prepare(program.kernels, setting);
  }

  run(): void {
    runAll(this.#nodes, [], null);
  }

  profile(): readonly { readonly name: string; readonly calls: number; readonly milliseconds: number }[] {
    const times: Times = new Map();
    runAll(this.#nodes, [], times);
    return [...times].map(([name, { calls, milliseconds }]) => ({ name, calls, milliseconds }));
  }

  #view(buffer: Buffer): TypedArray {
    const known = this.#views.get(buffer);
    if (known) return known;
    const { address, length, dtype, name } = buffer;
    if (address % bytesOf[dtype] !== 0 || address + length * bytesOf[dtype] > this.memory.byteLength) {
      throw new InternalError(`buffer ${name} at ${address} does not fit in the program's memory`);
    }
    const view = arrayAt(this.memory, dtype, address, length);
    this.#views.set(buffer, view);
    return view;
  }
}

function prepare(kernels: readonly Kernel[], setting: Setting): Node[] {
  const { place } = setting;
  return kernels.map((kernel): Node => {
    switch (kernel.kind) {
      case "loop":
        return { ...kernel, body: prepare(kernel.body, setting) };
      case "branch":
        return {
          kind: "branch",
          condition: place(kernel.condition),
          whenTrue: prepare(kernel.whenTrue, setting),
          whenFalse: prepare(kernel.whenFalse, setting),
        };
      case "while":
        return {
          kind: "while",
          test: prepare(kernel.test, setting),
          condition: place(kernel.condition),
          body: prepare(kernel.body, setting),
        };
      case "check":
        return { kind: "check", runner: prepareKernel(kernel, setting), status: place(kernel.status) };
      default:
        return { kind: "leaf", runner: prepareKernel(kernel, setting) };
    }
  });
}

/** Runs nodes in order; `counters` are those of the enclosing loops, outermost first.
 * @returns false if a check has failed, which ends the run */
function runAll(nodes: readonly Node[], counters: number[], times: Times | null): boolean {
  for (const node of nodes) {
    switch (node.kind) {
      case "leaf":
      case "check":
        if (times) runTimed(node.runner, counters, times);
        else node.runner.run(counters);
        if (node.kind === "check" && isSet(node.status, counters)) return false;
        break;
      case "loop":
        counters.push(0);
        for (let i = 0; i < node.length; i++) {
          counters[counters.length - 1] = node.reverse ? node.length - 1 - i : i;
          if (!runAll(node.body, counters, times)) return false;
        }
        counters.pop();
        break;
      case "branch":
        if (!runAll(isSet(node.condition, counters) ? node.whenTrue : node.whenFalse, counters, times))
          return false;
        break;
      case "while":
        for (;;) {
          if (!runAll(node.test, counters, times)) return false;
          if (!isSet(node.condition, counters)) break;
          if (!runAll(node.body, counters, times)) return false;
        }
        break;
    }
  }
  return true;
}

const isSet = (condition: BufferCursor, counters: readonly number[]): boolean =>
  condition.data[condition.base(counters)] !== 0;

function runTimed(runner: Runner, counters: readonly number[], times: Times): void {
  const start = performance.now();
  runner.run(counters);
  const milliseconds = performance.now() - start;
  const before = times.get(runner.name) ?? { calls: 0, milliseconds: 0 };
  times.set(runner.name, { calls: before.calls + 1, milliseconds: before.milliseconds + milliseconds });
}
