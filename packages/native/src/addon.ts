import { constants } from "node:os";
import { cSources, sourceFolder } from "./c-sources.js";
import type { Job } from "./toolchain.js";

/** A program in memory that C runs. */
export interface LoadedProgram {
  readonly program: unique symbol;
}

/** The bridge to machine code. */
export interface Addon {
  /** Zeroed memory at a multiple of 64 bytes; it lives as long as any view of it.
   * @throws RangeError if there is none */
  allocate(bytes: number): ArrayBuffer;
  /** Loads a program's shared object for good. */
  load(path: string): LoadedProgram;
  /** Adds the routines of a shared object to those that programs may call. */
  join(path: string): void;
  /** Runs the program in a memory, with so many threads: all of it, or one kernel with the counters of the loops around it. */
  run(
    program: LoadedProgram,
    memory: ArrayBuffer,
    threads: number,
    which: number,
    counters?: Int32Array,
  ): void;
  /** How many threads suit this process: one for each physical core that it may use. */
  cores(): number;
}

/** How a shared object is linked that leaves names to whoever loads it. */
export const linking: readonly string[] =
  process.platform === "darwin" ? ["-shared", "-undefined", "dynamic_lookup"] : ["-shared"];

/** Routines that are compiled when the first program needs them: products of these element types. */
export const laterRoutines: readonly ["f64", "i32"] = ["f64", "i32"];
export type LaterRoutines = (typeof laterRoutines)[number];

/** The C files that the addon is made of, beside headers. */
export const addonSources = (): string[] =>
  [...cSources().keys()].filter(
    (name) => name.endsWith(".c") && !laterRoutines.some((type) => name.endsWith(`-${type}.c`)),
  );

/** How the addon's files are compiled, into objects whose paths are given. */
export const addonJobs = (outputs: readonly string[]): Job[] =>
  addonSources().map((name, i) => ({ source: `${sourceFolder}${name}`, output: outputs[i], more: ["-c"] }));

/** How the routines of an element type are compiled. */
export const laterJob = (type: LaterRoutines, output: string): Job => ({
  source: `${sourceFolder}later-${type}.c`,
  output,
  more: [`${sourceFolder}gemm-plan.c`, ...linking],
});

/** Loads the addon. */
export function openAddon(path: string): Addon {
  const holder = { exports: {} };
  process.dlopen(holder, path, constants.dlopen.RTLD_NOW);
  // What c/addon.c registers.
  return holder.exports as Addon;
}
