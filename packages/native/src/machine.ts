import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Addon, addonJobs, addonSources, type LoadedProgram, linking, openAddon } from "./addon.js";
import { digestOf, type ObjectCache, openCache } from "./cache.js";
import {
  compileAll,
  findCompiler,
  type Job,
  noCompiler,
  openToolchain,
  type Toolchain,
} from "./toolchain.js";

/** This machine's compiler, the routines that all programs share, and what has been compiled already. */
export class Machine {
  readonly toolchain: Toolchain;
  readonly #cache: ObjectCache;
  #addon: Addon | null = null;

  constructor(cache: ObjectCache = openCache()) {
    this.#cache = cache;
    this.toolchain = openToolchain(cache);
  }

  /** Compiles a program where it is not known yet, and loads it.
   * @param text - its C source */
  load(text: string): { readonly addon: Addon; readonly program: LoadedProgram; readonly path: string } {
    const { identity } = this.toolchain;
    const keys = { addon: digestOf("addon", identity), program: digestOf("program", identity, text) };
    let path = this.#cache.find(keys.program, ".so");
    let addonPath = this.#addon === null ? this.#cache.find(keys.addon, ".node") : null;
    if (path === null || (this.#addon === null && addonPath === null)) {
      const made = this.#compile(
        path === null ? text : null,
        this.#addon === null && addonPath === null,
        keys,
      );
      path ??= made.program;
      addonPath ??= made.addon;
    }
    this.#addon ??= openAddon(addonPath as string);
    return { addon: this.#addon, program: this.#addon.load(path as string), path: path as string };
  }

  #compile(
    text: string | null,
    withAddon: boolean,
    keys: { readonly addon: string; readonly program: string },
  ): { program: string | null; addon: string | null } {
    // The same names every time: compilers put them into what they make.
    const workshop = this.#cache.workshop();
    const at = (name: string): string => join(workshop, name);
    try {
      const jobs: Job[] = [];
      const objects = withAddon ? addonSources().map((name) => at(`${name}.o`)) : [];
      if (withAddon) jobs.push(...addonJobs(objects));
      if (text !== null) {
        writeFileSync(at("program.c"), text, { mode: 0o600 });
        jobs.push({ source: at("program.c"), output: at("program.so"), more: [...linking, "-lm"] });
      }
      compileAll(this.toolchain, jobs, () => text);
      if (withAddon) {
        const [first, ...others] = objects;
        const link = {
          source: first,
          output: at("addon.node"),
          more: [...others, ...linking, "-lm", "-lpthread"],
        };
        compileAll(this.toolchain, [link], () => null);
      }
      return {
        program: text === null ? null : this.#cache.keep(at("program.so"), keys.program, ".so"),
        addon: withAddon ? this.#cache.keep(at("addon.node"), keys.addon, ".node") : null,
      };
    } finally {
      rmSync(workshop, { recursive: true, force: true });
    }
  }
}

let machine: Machine | null = null;
/** The machine that this process runs on.
 * @throws {@link CompileError} if there is no compiler */
export function thisMachine(): Machine {
  machine ??= new Machine();
  return machine;
}

/** Why there is none; null if there is one. */
export function unavailableReason(): string | null {
  if (process.versions.node === undefined) return "it needs Node";
  return findCompiler() === null ? noCompiler : null;
}

/** Bytes of code in a shared object, for people. */
export const bytesOfFile = (path: string): number => readFileSync(path).length;
