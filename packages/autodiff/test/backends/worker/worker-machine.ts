import { parentPort } from "node:worker_threads";
import { javascriptProgramBackend } from "../../../src/backends/javascript/program.js";
import { InternalError } from "../../../src/base/errors.js";
import type { HostExecutable, Profile } from "../../../src/kernel/backend.js";
import type { Expression } from "../../../src/kernel/instruction.js";
import type { Buffer, Kernel, Program } from "../../../src/kernel/program.js";
import { foreignDType } from "../../../src/kernel/refusal.js";
import type { Answer, Order } from "./messages.js";

// The machine inside of the worker: the reference executor, in memory that nobody else sees, without float64.

/** An expression whose constants are numbers that the machine has. */
const rounded = (expression: Expression): Expression => ({
  ...expression,
  nodes: expression.nodes.map((node) =>
    node.kind === "constant" && node.dtype === "float32" ? { ...node, value: Math.fround(node.value) } : node,
  ),
});

function asMachineCode(kernels: readonly Kernel[]): readonly Kernel[] {
  return kernels.map((kernel): Kernel => {
    switch (kernel.kind) {
      case "map":
      case "reduce":
        return { ...kernel, expression: rounded(kernel.expression) };
      case "loop":
        return { ...kernel, body: asMachineCode(kernel.body) };
      case "branch":
        return {
          ...kernel,
          whenTrue: asMachineCode(kernel.whenTrue),
          whenFalse: asMachineCode(kernel.whenFalse),
        };
      case "while":
        return { ...kernel, test: asMachineCode(kernel.test), body: asMachineCode(kernel.body) };
      default:
        return kernel;
    }
  });
}

type Elements = Float32Array | Int32Array | Uint8Array;

/** One program in the machine's memory. */
class Loaded {
  readonly #executable: HostExecutable;
  readonly #buffers: ReadonlyMap<number, Buffer>;
  readonly #status: Buffer | null;

  constructor(program: Program) {
    const foreign = foreignDType(program, ["bool", "int32", "float32"]);
    if (foreign !== null) throw new InternalError(`${foreign.dtype} arrived, in ${foreign.where}`);
    const { setup, kernels } = program;
    this.#executable = javascriptProgramBackend.prepare(
      { ...program, setup: asMachineCode(setup), kernels: asMachineCode(kernels) },
      { threads: null },
    );
    this.#buffers = new Map(program.buffers.map((buffer) => [buffer.id, buffer]));
    this.#status = program.status;
  }

  elements(buffer: number): Elements {
    const array = this.#executable.array(found(this.#buffers, buffer));
    if (array instanceof Float64Array) throw new InternalError("there is no float64 here");
    return array;
  }

  setUp(): void {
    this.#executable.setUp();
  }

  /** Runs, unless one of the runs before has failed. */
  run(unless: readonly Elements[]): void {
    if (this.#begins(unless)) this.#executable.run();
  }

  profile(unless: readonly Elements[]): Profile {
    return this.#begins(unless) ? this.#executable.profile() : [];
  }

  #begins(unless: readonly Elements[]): boolean {
    const failed = unless.find(([code]) => code !== 0);
    if (this.#status !== null) this.elements(this.#status.id).set(failed ?? [0, 0]);
    return failed === undefined;
  }
}

const programs = new Map<number, Loaded>();
const arrays = new Map<number, Elements>();

function found<T>(map: ReadonlyMap<number, T>, id: number): T {
  const value = map.get(id);
  if (value === undefined) throw new InternalError(`nothing has the number ${id}`);
  return value;
}

const all = (ids: readonly number[]): Elements[] => ids.map((id) => found(arrays, id));
const answer = (given: Answer): void => parentPort?.postMessage(given);

parentPort?.on("message", (order: Order) => {
  switch (order.kind) {
    case "prepare":
      programs.set(order.program, new Loaded(order.made));
      break;
    case "write":
      found(programs, order.program).elements(order.buffer).set(order.elements);
      break;
    case "copy":
      found(programs, order.program).elements(order.buffer).set(found(arrays, order.array));
      break;
    case "setUp":
      found(programs, order.program).setUp();
      break;
    case "run":
      found(programs, order.program).run(all(order.unless));
      break;
    case "profile":
      answer({
        request: order.request,
        value: found(programs, order.program).profile(all(order.unless)),
      });
      break;
    case "release":
      arrays.set(order.array, found(programs, order.program).elements(order.buffer).slice());
      break;
    case "read":
      answer({ request: order.request, value: found(arrays, order.array) });
      break;
    case "free":
      found(arrays, order.array);
      arrays.delete(order.array);
      break;
    case "end":
      programs.delete(order.program);
      break;
  }
});
