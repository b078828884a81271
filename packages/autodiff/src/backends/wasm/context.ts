import type { FunctionBuilder, Local } from "./assembler.js";
import { ModuleBuilder } from "./assembler.js";
import type { I32, ValueType } from "./instructions.js";
import { i32 } from "./instructions.js";
import type { Parameters, Routine } from "./routine.js";

/** Bytes that vector code may read past the end of any buffer; what it reads there is thrown away. */
const slackBytes = 64;
/** Bytes of the area of constants: 64 of zeros, then two tiles of 6 rows of 64 bytes. */
const constantBytes = 832;
const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** What the code generators of one module share: routines by name, and memory beyond the program's own. */
export class CodeContext {
  readonly module: ModuleBuilder;
  readonly relaxed: boolean;
  /** 64 bytes that stay zero. */
  readonly zeros: number;
  /** 384 bytes for a tile of results whose last columns are not stored. */
  readonly tile: number;
  /** 384 bytes for the sums of a tile so far. */
  readonly partials: number;
  /** Where kernels keep what they need only while they run. */
  readonly scratch: number;
  #scratchBytes = 0;
  readonly #routines = new Map<string, FunctionBuilder>();
  readonly #intRoutines = new Map<string, FunctionBuilder<"i32">>();

  /** @param base - First byte that is not the program's.
   * @param shared - whether several threads run the code at the same time, each with its own tile, partials and scratch */
  constructor(base: number, relaxed: boolean, shared: boolean = false) {
    this.module = new ModuleBuilder(shared);
    this.relaxed = relaxed;
    this.zeros = align(base + slackBytes);
    this.tile = this.zeros + 64;
    this.partials = this.tile + 384;
    this.scratch = this.zeros + constantBytes;
  }
  /** Bytes of memory that the module needs in all. */
  get memoryBytes(): number {
    return this.scratch + align(this.#scratchBytes) + slackBytes;
  }
  /** An address in the tile, the partials or the scratch of the thread that runs the code. */
  own(f: FunctionBuilder, address: number): I32 {
    const { shift } = this.module;
    return shift === null ? i32.const(address) : f.let(i32.add(shift, i32.const(address)));
  }
  /** Makes sure that there are so many bytes of scratch. */
  needScratch(bytes: number): void {
    this.#scratchBytes = Math.max(this.#scratchBytes, bytes);
  }
  /** The routine of that name, written at its first use. */
  routine(name: string, parameters: number, body: (f: FunctionBuilder) => void): FunctionBuilder {
    let routine = this.#routines.get(name);
    if (routine === undefined) {
      const types = Array.from({ length: parameters }, (): ValueType => "i32");
      routine = this.module.procedure(types, body);
      this.#routines.set(name, routine);
    }
    return routine;
  }
  /** The routine of that name, with named parameters. */
  named<Name extends string>(
    name: string,
    names: readonly Name[],
    body: (f: FunctionBuilder, parameters: Parameters<Name>) => void,
  ): Routine<Name> {
    const code = this.routine(name, names.length, (f) => {
      const parameters = {} as { [N in Name]: Local<"i32"> };
      for (const [i, parameter] of names.entries()) parameters[parameter] = f.parameter(i);
      body(f, parameters);
    });
    return { code, names };
  }
  /** A function of two int32 that gives one. */
  intRoutine(name: string, body: (f: FunctionBuilder<"i32">) => void): FunctionBuilder<"i32"> {
    let routine = this.#intRoutines.get(name);
    if (routine === undefined) {
      routine = this.module.function(["i32", "i32"], "i32", (f: FunctionBuilder<"i32">) => {
        body(f);
        // Every path has returned; the end of the body still needs a value.
        f.emit(i32.const(0).code);
      });
      this.#intRoutines.set(name, routine);
    }
    return routine;
  }
}
