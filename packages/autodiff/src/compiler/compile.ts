import { checkOptions } from "../base/checks.js";
import { CompileError } from "../base/errors.js";
import type { Tensor } from "../tensor/tensor.js";
import { anomalies } from "../trace/anomaly-search.js";
import { apply } from "../trace/apply.js";
import { current, ownCells } from "../trace/context.js";
import { checkNoMore } from "../transforms/argument-checks.js";
import { callOp } from "../transforms/call.js";
import { commitAssignments, hiddenInputValues } from "../transforms/close.js";
import { rebuild } from "../transforms/outline.js";
import { type Signed, sign } from "../transforms/signature.js";
import type { Passed, Result, Sync, Unannotated } from "../transforms/types.js";
import { type BackendChoice, backendChoice, threadChoice } from "./backend.js";
import { explainInstance, profileTable } from "./explain.js";
import { type Entry, Programs, type Settings } from "./programs.js";

/** Options of {@link compile}. */
export interface CompileOptions {
  /** The name in `explain()`, profiles and warnings; the function's own if left out. */
  readonly name?: string;
  /** What to run on: a name, or the backend of another package; left out, see {@link setDefaultBackend}. */
  readonly backend?: BackendChoice;
  /** Threads that share the work of one call; left out, see {@link setDefaultThreads}. Results do not depend on it. */
  readonly threads?: number;
  /** Whether float32 results of fused kernels below 2⁻¹²⁶ become 0 (false): subnormal numbers are slow, and a vanishing gradient is full of them. */
  readonly flushSubnormals?: boolean;
}

/** A compiled function: called like the function, with programs per signature behind it. */
export interface Compiled<Args extends readonly unknown[], R> {
  (...args: Args): R;
  /** The program for these arguments as text: passes, kernels, work, memory, and what left which loop. */
  explain(...args: Args): string;
  /** Runs once and returns the time per kernel as a table.
   * @throws {@link DeviceError} on a backend whose memory the host does not see, before anything runs: `await f.readProfile(…)` works on every backend */
  profile(...args: Args): string;
  /** Runs once; the time per kernel as a table, from any backend. */
  readProfile(...args: Args): Promise<string>;
  /** Lets go of all programs and their memory now; Variables get their values back. Not needed: the garbage collector does the same. */
  dispose(): void;
}

/** Traces a function once per signature (shapes, dtypes, and everything in its arguments that is not a tensor) and runs it as one program: forward, backward, optimiser and state together.
 * Tensors go in and out as trees; Variables that the function reads or assigns are updated in place. JavaScript numbers are part of the signature: what changes every call belongs into a tensor or a Variable.
 * So is what the function reads by {@link staticValue}, as modules do their `training`, and the plain fields of a module, or other object with a method `fieldsInSignature`, among the arguments.
 * What the function closes over beside Variables (tensors, numbers, typed arrays, fields of objects) is constant: as it was when the function was traced.
 * Arguments and results that could change unnoticed (typed arrays, Map, Set, Date, other objects of classes) are refused.
 * While {@link detectAnomalies} looks for what is not finite, the function runs op by op.
 * An index out of range is refused as eagerly, however it came about: a constant while tracing, an argument before the program runs, one that the program computes
 * by the program, which then returns nothing and leaves every Variable as it was.
 * A backend whose memory the host does not see gives tensors that stay there ({@link Tensor.device}): `await t.read()` brings their elements, or rejects with such an error.
 * @param f - a function of trees of tensors that returns a tree of tensors; it runs while it is traced only
 * @param options - `name`, `backend`, `threads`, `flushSubnormals`
 * @returns a function that is called in the same way
 * @throws {@link SymbolicValueError} at the first call, if `f` reads a value; {@link AsyncError} if `f` is asynchronous; {@link IndexError} if an index is out of range; {@link VariableError} if `f` makes a Variable;
 * {@link TreeError} if an argument could change unnoticed, holds itself, or is more than 1,000 levels deep
 * @example
 * const f = compile((x) => sum(mul(x, x)))
 * f(tensor([1, 2, 3])).item() // => 14
 * compile(grad((x) => sum(mul(x, x))))(tensor([1, 2])).toArray() // => [2, 4]
 */
export function compile<Args extends readonly unknown[] = Unannotated[], R extends Result = Tensor>(
  f: (...args: Args) => R & Sync<R>,
  options: CompileOptions = {},
  ...more: readonly never[]
): Compiled<Passed<Args>, R> {
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
  checkNoMore("compile", more, "call what it returns: compile(f)(x)");
  checkOptions("compile", options, ["name", "backend", "threads", "flushSubnormals"]);
  const settings: Settings = {
    name: options.name ?? (f.name === "" ? "program" : f.name),
    backend: backendChoice(options.backend),
    threads: threadsOf(options.threads),
    flushSubnormals: options.flushSubnormals === true,
  };
  const programs = new Programs(f, settings);
  const signed = (args: Args): Signed => sign("compile", args);

  const call = (...args: Args): R => {
    const context = current();
    // Inside another program it is just the function; so that anomalies are found where they arise, as well.
    if (context.trace !== null || anomalies.search !== null) return f(...args);
    const given = signed(args);
    const entry = programs.entryFor(given);
    const plain = context.tapes.length === 0 && context.store === ownCells && context.substitute === null;
    const outputs = plain ? programs.instanceOf(entry).run(given.leaves) : callAsOp(entry, given.leaves);
    return rebuild(entry.result, outputs) as R;
  };
  const compiled: Compiled<Args, R> = Object.assign(call, {
    explain: (...args: Args): string => explainInstance(programs.instanceOf(programs.entryFor(signed(args)))),
    profile(...args: Args): string {
      const given = signed(args);
      const instance = programs.instanceOf(programs.entryFor(given));
      return profileTable(instance, instance.profile(given.leaves));
    },
    async readProfile(...args: Args): Promise<string> {
      const given = signed(args);
      const instance = programs.instanceOf(programs.entryFor(given));
      return profileTable(instance, await instance.readProfile(given.leaves));
    },
    dispose: (): void => programs.dispose(),
  });
  // The type says more of arguments only where f leaves their types out.
  return compiled as unknown as Compiled<Passed<Args>, R>;
}

/** Checked at once; a default is asked for when the program is made. */
function threadsOf(asked: number | undefined): () => number | null {
  if (asked !== undefined) threadChoice(asked);
  return () => threadChoice(asked);
}

/** Runs a program where tapes and replays see it: as one op. */
function callAsOp({ closed, runner }: Entry, leaves: readonly Tensor[]): readonly Tensor[] {
  const attributes = { graph: closed.graph, runner };
  return commitAssignments(closed, apply(callOp, [...leaves, ...hiddenInputValues(closed)], attributes));
}
