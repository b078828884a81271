import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InternalError } from "@scope/autodiff/backend";
import {
  type Addon,
  addonJobs,
  addonSources,
  type LaterRoutines,
  type LoadedProgram,
  laterJob,
  linking,
  openAddon,
} from "./addon.js";
import { digestOf, type ObjectCache, openCache } from "./cache.js";
import {
  compileAll,
  findCompiler,
  type Job,
  noCompiler,
  openToolchain,
  type Toolchain,
} from "./toolchain.js";

/** A file that the cache has, or that is to be made. */
interface Wanted {
  readonly key: string;
  readonly extension: string;
  /** Its name while it is made. */
  readonly made: string;
}

/** A program that is ready to run. */
export interface Loaded {
  readonly addon: Addon;
  readonly program: LoadedProgram;
  /** Where its shared object lies. */
  readonly path: string;
}

/** This machine's compiler, the routines that all programs share, and what has been compiled already. */
export class Machine {
  readonly toolchain: Toolchain;
  readonly #cache: ObjectCache;
  #addon: Addon | null = null;
  readonly #joined = new Set<LaterRoutines>();

  constructor(cache: ObjectCache = openCache()) {
    this.#cache = cache;
    this.toolchain = openToolchain(cache);
  }

  /** Compiles a program where it is not known yet, and loads it.
   * @param text - its C source
   * @param later - the routines that it calls, of those that not all programs need */
  load(text: string, later: readonly LaterRoutines[] = []): Loaded {
    const { identity } = this.toolchain;
    const joining = later.filter((type) => !this.#joined.has(type));
    const program: Wanted = {
      key: digestOf("program", identity, text),
      extension: ".so",
      made: "program.so",
    };
    const addon: Wanted = { key: digestOf("addon", identity), extension: ".node", made: "addon.node" };
    const parts = joining.map(
      (type): Wanted => ({
        key: digestOf("later", type, identity),
        extension: ".so",
        made: `later-${type}.so`,
      }),
    );
    const wanted = [program, ...parts, ...(this.#addon === null ? [addon] : [])];
    const found = new Map(wanted.map((each) => [each, this.#cache.find(each.key, each.extension)]));
    const missing = wanted.filter((each) => found.get(each) === null);
    if (missing.length > 0)
      for (const [each, path] of this.#make(missing, text, joining)) found.set(each, path);
    const pathOf = (each: Wanted): string => {
      const path = found.get(each);
      if (typeof path !== "string") throw new InternalError(`${each.made} was not made`);
      return path;
    };
    this.#addon ??= openAddon(pathOf(addon));
    for (const [i, type] of joining.entries()) {
      this.#addon.join(pathOf(parts[i]));
      this.#joined.add(type);
    }
    const path = pathOf(program);
    return { addon: this.#addon, program: this.#addon.load(path), path };
  }

  /** Makes files, all at the same time. */
  #make(missing: readonly Wanted[], text: string, joining: readonly LaterRoutines[]): Map<Wanted, string> {
    // The same names every time: compilers put them into what they make.
    const workshop = this.#cache.workshop();
    const at = (name: string): string => join(workshop, name);
    const isMissing = (name: string): boolean => missing.some(({ made }) => made === name);
    try {
      const objects = isMissing("addon.node") ? addonSources().map((name) => at(`${name}.o`)) : [];
      const jobs: Job[] = objects.length > 0 ? addonJobs(objects) : [];
      for (const type of joining)
        if (isMissing(`later-${type}.so`)) jobs.push(laterJob(type, at(`later-${type}.so`)));
      if (isMissing("program.so")) {
        writeFileSync(at("program.c"), text, { mode: 0o600 });
        jobs.push({ source: at("program.c"), output: at("program.so"), more: [...linking, "-lm"] });
      }
      compileAll(this.toolchain, jobs, () => text);
      if (objects.length > 0) {
        const [source, ...others] = objects;
        const more = [...others, ...linking, "-lm", "-lpthread"];
        compileAll(this.toolchain, [{ source, output: at("addon.node"), more }], () => null);
      }
      return new Map(
        missing.map((each) => [each, this.#cache.keep(at(each.made), each.key, each.extension)] as const),
      );
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
