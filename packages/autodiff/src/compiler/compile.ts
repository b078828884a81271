import { CompileError } from "../base/errors.js";
import { checkOptions } from "../base/options.js";
import { sameShape, showSpec } from "../base/shape.js";
import type { ProgramBackend } from "../kernel/program.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { current, ownCells, type StaticRead, within } from "../trace/context.js";
import type { Graph } from "../trace/op.js";
import { callOp, type Runner } from "../transforms/call.js";
import { type ClosedGraph, close, commitAssignments, hiddenInputValues } from "../transforms/close.js";
import {
  type Flattened,
  flatten,
  isBranch,
  leaf,
  type Outline,
  onLeaves,
  rebuild,
} from "../transforms/tree.js";
import type { Result, Sync } from "../transforms/types.js";
import { type BackendName, chooseBackend } from "./backend.js";
import { explainInstance, profileTable } from "./explain.js";
import { Instance } from "./instance.js";

/** Options of {@link compile}. */
export interface CompileOptions {
  /** The name in `explain()`, profiles and warnings; the function's own if left out. */
  readonly name?: string;
  /** What to run on: `"wasm"` (default) or the plain `"javascript"` reference. */
  readonly backend?: BackendName;
  /** Whether float32 results of fused kernels below 2⁻¹²⁶ become 0 (false): subnormal numbers are slow, and a vanishing gradient is full of them. */
  readonly flushSubnormals?: boolean;
}

/** A compiled function: called like the function, with programs per signature behind it. */
export interface Compiled<Args extends readonly unknown[], R> {
  (...args: Args): R;
  /** The program for these arguments as text: passes, kernels, work, memory, and what left which loop. */
  explain(...args: Args): string;
  /** Runs once and returns the time per kernel as a table. */
  profile(...args: Args): string;
  /** Lets go of all programs and their memory now; Variables get their values back. Not needed: the garbage collector does the same. */
  dispose(): void;
}

/** One signature's program. */
interface Entry {
  readonly outline: Outline;
  readonly specs: readonly Pick<Tensor, "shape" | "dtype">[];
  readonly closed: ClosedGraph;
  readonly result: Outline;
  readonly statics: readonly StaticRead[];
  instance: Instance | null;
}

const programsKept = 16;
const retracesBeforeWarning = 5;

/** Traces a function once per signature (shapes, dtypes, and everything in its arguments that is not a tensor) and runs it as one program: forward, backward, optimiser and state together.
 * Tensors go in and out as trees; Variables that the function reads or assigns are updated in place. JavaScript numbers are part of the signature: what changes every call belongs into a tensor or a Variable.
 * So is what the function reads by {@link staticValue}, as modules do their `training`.
 * Plain tensors of the surroundings are constants of the program.
 * Arguments that are used as indices, as they are or after arithmetic on whole numbers, are checked before the program runs. Other indices that the function computes are not: out of
 * range, where eager execution throws, they count as the nearest one in range.
 * @param f - a function of trees of tensors that returns a tree of tensors; it runs while it is traced only
 * @param options - `name`, `backend`, `flushSubnormals`
 * @returns a function that is called in the same way
 * @throws {@link SymbolicValueError} at the first call, if `f` reads a value; {@link AsyncError} if `f` is asynchronous; {@link IndexError} if an argument holds an index out of range; {@link VariableError} if `f` makes a Variable
 * @example
 * const f = compile((x) => sum(mul(x, x)))
 * f(tensor([1, 2, 3])).item() // => 14
 * compile(grad((x) => sum(mul(x, x))))(tensor([1, 2])).toArray() // => [2, 4]
 */
export function compile<Args extends readonly unknown[] = Tensor[], R extends Result = Tensor>(
  f: (...args: Args) => R & Sync<R>,
  options: CompileOptions = {},
): Compiled<Args, R> {
  if (typeof f !== "function") {
    throw new CompileError({
      code: "compile/function",
      op: "compile",
      problem: "there is no function to compile.",
      got: typeof f,
      expected: "a function of tensors",
      mend: "compile((x) => …); to compile a method, compile((x) => model.forward(x))",
    });
  }
  checkOptions("compile", options, ["name", "backend", "flushSubnormals"]);
  const name = options.name ?? (f.name === "" ? "program" : f.name);
  // Newest first.
  const entries: Entry[] = [];
  let traces = 0;
  const flush = options.flushSubnormals === true;

  const find = ({ leaves, outline }: Flattened): Entry | undefined => {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if (!sameSpecs(entry.specs, leaves) || !sameOutline(entry.outline, outline)) continue;
      if (!entry.statics.every(({ read, value }) => Object.is(read(), value))) continue;
      if (i > 0) {
        entries.splice(i, 1);
        entries.unshift(entry);
      }
      return entry;
    }
    return undefined;
  };
  const trace = (given: Flattened): Entry => {
    const flat = onLeaves(name, (args: Args) => f(...args), given.outline);
    const statics: StaticRead[] = [];
    const closed = within({ ...current(), statics }, () => close(flat.run, given.leaves));
    const specs = given.leaves.map(({ shape, dtype }) => ({ shape, dtype }));
    const entry: Entry = {
      outline: given.outline,
      specs,
      closed,
      result: flat.outline,
      statics,
      instance: null,
    };
    // A capture that a tape watches is another tensor next time.
    const watched = closed.captures.some((t) => current().tapes.some((tape) => tape.watches([t])));
    if (!watched) {
      entries.unshift(entry);
      if (entries.length > programsKept) entries.pop();
      traces++;
    }
    if (!watched && traces === retracesBeforeWarning) warnOfRetraces(name, entries);
    return entry;
  };
  const instanceOf = (entry: Entry): Instance => {
    entry.instance ??= new Instance(
      { name, ...entry.closed, flushSubnormals: flush },
      chooseBackend(options.backend),
    );
    return entry.instance;
  };
  const entryFor = (args: readonly unknown[]): { entry: Entry; given: Flattened } => {
    const given = flatten("compile", args, "static", "arguments");
    return { entry: find(given) ?? trace(given), given };
  };

  const call = (...args: Args): R => {
    const context = current();
    // Inside another program it is just the function.
    if (context.trace !== null) return f(...args);
    const { entry, given } = entryFor(args);
    const plain = context.tapes.length === 0 && context.store === ownCells && context.substitute === null;
    const outputs = plain
      ? instanceOf(entry).run(given.leaves)
      : commitAssignments(
          entry.closed,
          apply(callOp, [...given.leaves, ...hiddenInputValues(entry.closed)], {
            graph: entry.closed.graph,
            runner: runnerFor(chooseBackend(options.backend), name, flush),
          }),
        );
    return rebuild(entry.result, outputs) as R;
  };
  return Object.assign(call, {
    explain: (...args: Args): string => explainInstance(instanceOf(entryFor(args).entry)),
    profile(...args: Args): string {
      const { entry, given } = entryFor(args);
      const instance = instanceOf(entry);
      return profileTable(instance, instance.profile(given.leaves));
    },
    dispose(): void {
      for (const { instance } of entries.splice(0)) instance?.dispose();
    },
  });
}

/** Runs graphs as programs; each is compiled when it first runs, and goes with its graph. */
function runnerFor(backend: ProgramBackend, name: string, flushSubnormals: boolean): Runner {
  const key = `${backend.name}/${flushSubnormals}`;
  let runner = runners.get(key);
  if (runner === undefined) {
    const instances = new WeakMap<Graph, Instance>();
    runner = {
      run(graph, inputs) {
        let instance = instances.get(graph);
        if (instance === undefined) {
          instance = new Instance(
            { name, graph, captures: [], variables: [], assigned: [], flushSubnormals },
            backend,
          );
          instances.set(graph, instance);
        }
        return instance.run(inputs);
      },
    };
    runners.set(key, runner);
  }
  return runner;
}
const runners = new Map<string, Runner>();

function sameSpecs(specs: Entry["specs"], leaves: readonly Tensor[]): boolean {
  if (specs.length !== leaves.length) return false;
  for (let i = 0; i < specs.length; i++) {
    if (specs[i].dtype !== leaves[i].dtype || !sameShape(specs[i].shape, leaves[i].shape)) return false;
  }
  return true;
}

function sameOutline(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((part, i) => sameOutline(part, b[i]));
  if (!isBranch(a) || !isBranch(b) || Array.isArray(b)) return false;
  const keys = Object.keys(a);
  const others = Object.keys(b);
  return (
    keys.length === others.length && keys.every((key, i) => key === others[i] && sameOutline(a[key], b[key]))
  );
}

function warnOfRetraces(name: string, entries: readonly Entry[]): void {
  const show = (outline: Outline, specs: Entry["specs"]): string => {
    let next = 0;
    const text = (part: unknown): string => {
      if (part === leaf) return showSpec(specs[next++]);
      if (Array.isArray(part)) return `[${part.map(text).join(", ")}]`;
      if (!isBranch(part)) return typeof part === "function" ? "a function" : String(part);
      return `{ ${Object.keys(part)
        .map((key) => `${key}: ${text(part[key])}`)
        .join(", ")} }`;
    };
    return text(outline);
  };
  const seen = entries.map((e) => `  ${show(e.outline, e.specs)}`).join("\n");
  console.warn(
    `@scope/autodiff: compile(${name}) was traced ${retracesBeforeWarning} times, for these arguments:\n${seen}\n` +
      "  Each is a program of its own. A number that changes belongs into a tensor (tensor(rate)) or a Variable; pad batches to one shape.",
  );
}
