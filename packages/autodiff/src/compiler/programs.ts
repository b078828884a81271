import { sameShape } from "../base/shape.js";
import { show } from "../base/show.js";
import type { Backend } from "../kernel/backend.js";
import type { Tensor } from "../tensor/tensor.js";
import { current, type StaticRead, within } from "../trace/context.js";
import type { Graph } from "../trace/op.js";
import type { Runner } from "../transforms/call.js";
import { type ClosedGraph, close } from "../transforms/close.js";
import { type Outline, rebuild, sameOutline } from "../transforms/outline.js";
import { onlyUnchanging, type Signed } from "../transforms/signature.js";
import { onLeaves } from "../transforms/tree.js";
import { Instance } from "./instance.js";

/** What a compiled function is called, and how its programs run. */
export interface Settings {
  readonly name: string;
  readonly backend: () => Backend;
  /** How many threads; null leaves it to the backend. */
  readonly threads: () => number | null;
  readonly flushSubnormals: boolean;
}

/** What a program runs on, from when it was traced: a later change of defaults is not for it. */
interface Host {
  readonly backend: Backend;
  /** null leaves their number to the backend. */
  readonly threads: number | null;
}

/** One signature's program. */
export interface Entry extends Host {
  readonly outline: Outline;
  readonly fields: Outline;
  readonly specs: readonly Pick<Tensor, "shape" | "dtype">[];
  readonly statics: readonly StaticRead[];
  readonly closed: ClosedGraph;
  readonly result: Outline;
  /** Runs it where tapes and replays see it. */
  readonly runner: Runner;
  instance: Instance | null;
}

const programsKept = 16;
const retracesBeforeWarning = 5;

/** The programs of one function, by signature. */
export class Programs {
  readonly #f: (...args: never[]) => unknown;
  readonly #settings: Settings;
  // Newest first.
  readonly #entries: Entry[] = [];
  #traces = 0;

  constructor(f: (...args: never[]) => unknown, settings: Settings) {
    this.#f = f;
    this.#settings = settings;
  }

  /** The program for arguments of this signature, which is traced if there is none. */
  entryFor(given: Signed): Entry {
    return this.#find(given) ?? this.#trace(given);
  }

  instanceOf(entry: Entry): Instance {
    const { name, flushSubnormals } = this.#settings;
    entry.instance ??= new Instance({ name, ...entry.closed, flushSubnormals }, entry.backend, entry.threads);
    return entry.instance;
  }

  dispose(): void {
    for (const { instance } of this.#entries.splice(0)) instance?.dispose();
  }

  #find(given: Signed): Entry | undefined {
    const entries = this.#entries;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if (!sameSpecs(entry.specs, given.leaves) || !sameOutline(entry.outline, given.outline)) continue;
      if (!sameOutline(entry.fields, given.fields)) continue;
      if (!entry.statics.every(({ read, value }) => Object.is(read(), value))) continue;
      if (i > 0) {
        entries.splice(i, 1);
        entries.unshift(entry);
      }
      return entry;
    }
    return undefined;
  }

  #trace(given: Signed): Entry {
    const { leaves, outline, fields } = given;
    const f = this.#f;
    const host = { backend: this.#settings.backend(), threads: this.#settings.threads() };
    const flat = onLeaves(
      this.#settings.name,
      (args: never[]) => f(...args),
      outline,
      "static",
      onlyUnchanging,
    );
    const statics: StaticRead[] = [];
    const closed = within({ ...current(), statics }, () => close(flat.run, leaves));
    const specs = leaves.map(({ sizes: shape, dtype }) => ({ shape, dtype }));
    const result = flat.outline;
    const runner = runnerOf(host, this.#settings);
    const entry: Entry = { ...host, outline, fields, specs, statics, closed, result, runner, instance: null };
    // A capture that a tape watches is another tensor next time.
    const watched = closed.captures.some((t) => current().tapes.some((tape) => tape.watches([t])));
    if (!watched) this.#keep(entry);
    return entry;
  }

  #keep(entry: Entry): void {
    const entries = this.#entries;
    entries.unshift(entry);
    if (entries.length > programsKept) entries.pop();
    this.#traces++;
    if (this.#traces === retracesBeforeWarning) warnOfRetraces(this.#settings.name, entries);
  }
}

/** Runs graphs as programs of the same kind (a traced function's own, and its derivatives); each is compiled when it first runs, and goes with its graph. */
function runnerOf({ backend, threads }: Host, { name, flushSubnormals }: Settings): Runner {
  const instances = new WeakMap<Graph, Instance>();
  return {
    run(graph, inputs) {
      let instance = instances.get(graph);
      if (instance === undefined) {
        const source = { name, graph, captures: [], variables: [], assigned: [], flushSubnormals };
        instance = new Instance(source, backend, threads);
        instances.set(graph, instance);
      }
      return instance.run(inputs);
    },
  };
}

function sameSpecs(specs: Entry["specs"], leaves: readonly Tensor[]): boolean {
  if (specs.length !== leaves.length) return false;
  for (let i = 0; i < specs.length; i++) {
    if (specs[i].dtype !== leaves[i].dtype || !sameShape(specs[i].shape, leaves[i].sizes)) return false;
  }
  return true;
}

/** The arguments of a signature as text: its tensors by their specs. */
const showSignature = ({ outline, specs }: Entry): string =>
  show(rebuild(outline, specs)).replaceAll("a tensor ", "");

function warnOfRetraces(name: string, entries: readonly Entry[]): void {
  const seen = entries.map((entry) => `  ${showSignature(entry).slice(0, 150)}`).join("\n");
  const [{ specs }] = entries;
  const sizesDiffer = entries.some((entry) =>
    entry.specs.some((spec, k) => !sameShape(spec.shape, specs[k]?.shape ?? [])),
  );
  const mend = sizesDiffer
    ? "Sizes differ: leave a smaller last batch out (dropLast), and pad sequences to one length, or to a few (bucketByLength of @scope/nn, with fewer paddedLengths)."
    : "A number that changes belongs into a tensor (tensor(rate)) or a Variable.";
  console.warn(
    `@scope/autodiff: compile(${name}) was traced ${retracesBeforeWarning} times, for these arguments:\n${seen}\n` +
      `  Each is a program of its own. ${mend}`,
  );
}
