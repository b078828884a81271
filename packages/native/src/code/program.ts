import {
  type Access,
  type Buffer,
  bytesOf,
  bytesOfBuffer,
  InternalError,
  type Kernel,
  type LeafKernel,
  type MemoryPlan,
  type Program,
} from "@scope/autodiff/backend";
import { type LaterRoutines, laterRoutines } from "../addon.js";
import { usesVectorMath } from "./instructions.js";
import type { KernelFunction } from "./kernel-function.js";
import { type LeafContext, leafStatements } from "./leaf.js";

/** A program as C. */
export interface ProgramSource {
  readonly text: string;
  /** Bytes of memory behind the plan's, for what kernels need while they run. */
  readonly scratchBytes: number;
  /** The number of each kernel by which it is run alone. */
  readonly positions: ReadonlyMap<LeafKernel, number>;
  /** The routines that it calls, of those that not all programs need. */
  readonly later: readonly LaterRoutines[];
}

/** The entry's `which` for all that is to run once, and for a run. */
export const wholeSetup = -2;
export const wholeRun = -1;

/** Writes a program as one C file: a function per form of kernel, one per kernel that holds its addresses, and the sequences of setup and run.
 * The same program gives the same text. */
export function programSource(program: Program, plan: MemoryPlan, vectorBytes: number): ProgramSource {
  return new ProgramWriter(program, plan, vectorBytes).source();
}

class ProgramWriter {
  readonly #program: Program;
  readonly #plan: MemoryPlan;
  readonly #vectorBytes: number;
  /** Names of functions by their text. */
  readonly #functions = new Map<string, string>();
  readonly #leaves: string[] = [];
  readonly #positions = new Map<LeafKernel, number>();
  #scratchBytes = 0;

  constructor(program: Program, plan: MemoryPlan, vectorBytes: number) {
    this.#program = program;
    this.#plan = plan;
    this.#vectorBytes = vectorBytes;
  }

  source(): ProgramSource {
    const { setup, kernels } = this.#program;
    const bodies = [setup, kernels].map((list) => this.#sequence(list, 0));
    const usesMath = [...this.#positions.keys()].some(
      (kernel) =>
        (kernel.kind === "map" || kernel.kind === "reduce") && kernel.expression.nodes.some(usesVectorMath),
    );
    const text = [
      `#include "${usesMath ? "vector-math.h" : "scalar-math.h"}"`,
      '#include "program.h"',
      "",
      ...[...this.#functions].map(
        ([body, name]) =>
          `static __attribute__((noinline)) void ${name}(void *context, long begin, long end) {\n${body}\n}\n`,
      ),
      ...this.#leaves.map(
        (body, i) => `static void leaf${i}(char *m, scope_pool *pool, const int32_t *c) {\n${body}\n}\n`,
      ),
      ...["set_up", "run"].map(
        (name, i) =>
          `static void ${name}(char *m, scope_pool *pool, int32_t *c) {\n${bodies[i].join("\n")}\n}\n`,
      ),
      `PROGRAM(${["0", ...this.#leaves.map((_, i) => `leaf${i}`)].join(", ")})`,
      "",
    ].join("\n");
    const later = laterRoutines.filter((type) => this.#leaves.some((body) => body.includes(`_${type}(pool`)));
    return { text, scratchBytes: this.#scratchBytes, positions: this.#positions, later };
  }

  /** Runs kernels one after the other, inside of so many loops. */
  #sequence(kernels: readonly Kernel[], depth: number): string[] {
    return kernels.flatMap((kernel) => {
      switch (kernel.kind) {
        case "loop": {
          const { length, reverse, body } = kernel;
          if (length === 0) return [];
          const counter = `c[${depth}]`;
          const head = reverse
            ? `for (${counter} = ${length - 1}; ${counter} >= 0; ${counter}--) {`
            : `for (${counter} = 0; ${counter} < ${length}; ${counter}++) {`;
          return [head, ...this.#sequence(body, depth + 1), "}"];
        }
        case "branch":
          return [
            `if (${this.#holds(kernel.condition, depth)}) {`,
            ...this.#sequence(kernel.whenTrue, depth),
            "} else {",
            ...this.#sequence(kernel.whenFalse, depth),
            "}",
          ];
        case "while":
          return [
            "for (;;) {",
            ...this.#sequence(kernel.test, depth),
            `if (!${this.#holds(kernel.condition, depth)}) break;`,
            ...this.#sequence(kernel.body, depth),
            "}",
          ];
        case "check":
          return [
            `leaf${this.#leaf(kernel, depth)}(m, pool, c);`,
            // What a check refuses ends the program, before anything is stored to state.
            `if (*(const int_at *)(${this.#address(kernel.status, depth)}) != 0) return;`,
          ];
        default:
          return [`leaf${this.#leaf(kernel, depth)}(m, pool, c);`];
      }
    });
  }

  #holds(condition: Access, depth: number): string {
    return `*(const uint8_t *)(${this.#address(condition, depth)})`;
  }

  #address({ buffer, offset, steps }: Access, depth: number): string {
    const bytes = bytesOf[buffer.dtype];
    const terms = steps.flatMap((step, level) => {
      if (step === 0) return [];
      if (level >= depth) throw new InternalError(`${buffer.name} moves with a loop that is not there`);
      return [`c[${level}] * ${step * bytes}L`];
    });
    return [`m + ${this.#plan.addressOf(buffer) + offset * bytes}L`, ...terms].join(" + ");
  }

  #leaf(kernel: LeafKernel, depth: number): number {
    const known = this.#positions.get(kernel);
    if (known !== undefined) return known;
    const inScratch = new Set<Buffer>();
    const scratch = (bytes: number): string => {
      this.#scratchBytes = Math.max(this.#scratchBytes, bytes);
      return `m + ${this.#plan.bytes}L`;
    };
    const context: LeafContext = {
      vectorBytes: this.#vectorBytes,
      flush: this.#program.flushSubnormals,
      address: (access) =>
        inScratch.has(access.buffer)
          ? `${scratch(0)} + ${access.offset * bytesOf[access.buffer.dtype]}L`
          : this.#address(access, depth),
      inScratch: (buffer) => {
        inScratch.add(buffer);
        // Kernels may load a vector past the end.
        scratch(bytesOfBuffer(buffer) + 64);
      },
      functionOf: (made) => this.#functionOf(made),
      scratch,
    };
    const body = leafStatements(kernel, context).join("\n");
    const position = this.#leaves.length;
    this.#leaves.push(body);
    this.#positions.set(kernel, position);
    return position;
  }

  #functionOf({ lines, streams }: KernelFunction): string {
    const pointers = streams.map(({ name }, i) => `char *const ${name} = ((char *const *)context)[${i}];`);
    const body = [...pointers, ...lines].join("\n");
    const known = this.#functions.get(body);
    if (known !== undefined) return known;
    const name = `kernel${this.#functions.size}`;
    this.#functions.set(body, name);
    return name;
  }
}
