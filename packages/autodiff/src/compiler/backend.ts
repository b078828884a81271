import { javascriptProgramBackend } from "../backends/javascript/program.js";
import { isWasmAvailable, wasmProgramBackend } from "../backends/wasm/index.js";
import { checkCount } from "../base/checks.js";
import { CompileError, ValueError } from "../base/errors.js";
import { show } from "../base/show.js";
import { type Backend, isBackend } from "../kernel/backend.js";

/** The backends that this package brings: WebAssembly, which is the default, and a plain reference without generated code. */
export type BackendName = "wasm" | "javascript";
/** A backend by its name, or the object that another package exports. */
export type BackendChoice = BackendName | Backend;

/** What a process compiles for, unless a call of `compile` says otherwise. */
const defaults: { backend: () => Backend; threads: number | null } = {
  backend: wasmOrJavaScript,
  threads: null,
};

/** The backend asked for, or the default of the process, once it is needed. */
export const backendChoice = (asked: BackendChoice | undefined): (() => Backend) =>
  asked === undefined ? () => defaults.backend() : backendNamed("compile", asked);

function backendNamed(op: string, asked: BackendChoice): () => Backend {
  if (asked === "wasm") return wasmOrJavaScript;
  if (asked === "javascript") return () => javascriptProgramBackend;
  if (isBackend(asked)) return () => asked;
  throw new ValueError({
    code: "value/choice",
    op,
    problem: "there is no such backend.",
    got: show(asked),
    expected: '"wasm" or "javascript", or the backend that another package exports',
    mend: 'name one of these, leave backend out, or import one: import { native } from "@scope/native"',
  });
}

/** The number of threads asked for; null leaves it to the backend. */
export function threadChoice(asked: number | undefined, op: string = "compile"): number | null {
  if (asked === undefined) return defaults.threads;
  checkCount(op, "threads", asked, 1, mostThreads);
  return asked;
}
const mostThreads = 256;

/** Chooses what functions compiled from now on run on, where their call of {@link compile} names no backend: programs that run already stay where they are.
 * @param choice - a name, the backend of another package, or a list of them: the first that can be used here is taken, and every one that cannot is reported in one line (`console.warn`)
 * @returns the backend that was taken
 * @throws {@link CompileError} if none of them can be used here, with the reason of each; {@link ValueError} for a name that there is not
 * @example
 * (await setDefaultBackend("wasm")).name // => "wasm"
 */
export async function setDefaultBackend(choice: BackendChoice | readonly BackendChoice[]): Promise<Backend> {
  const list = Array.isArray(choice) ? (choice as readonly BackendChoice[]) : [choice as BackendChoice];
  const backends = list.map((each) => backendNamed("setDefaultBackend", each));
  const reasons: string[] = [];
  for (const backend of backends) {
    const machine = backend();
    const reason = await reasonAgainst(machine);
    if (reason === null) {
      for (const line of reasons) console.warn(`@scope/autodiff: ${line}; taking "${machine.name}"`);
      defaults.backend = backend;
      return machine;
    }
    reasons.push(`the backend "${machine.name}" cannot be used here: ${reason}`);
  }
  throw new CompileError({
    code: "compile/unavailable",
    op: "setDefaultBackend",
    problem: "none of these backends can be used here.",
    got: reasons.join("; ") || "an empty list",
    expected: "one that can",
    mend: 'end the list with "wasm", which runs everywhere: setDefaultBackend([native, "wasm"])',
  });
}

/** Why a backend cannot be used here; one that fails when it is asked cannot. */
async function reasonAgainst(backend: Backend): Promise<string | null> {
  try {
    return (await backend.unavailable?.()) ?? null;
  } catch (error) {
    return error instanceof Error ? error.message : show(error);
  }
}

/** Sets the number of threads of programs compiled from now on, where their call of {@link compile} gives none.
 * @param threads - at least 1; null leaves it to the backend again: one for WebAssembly, the physical cores for machine code
 * @throws {@link ValueError} if it is not a whole number from 1 to 256
 * @example
 * setDefaultThreads(0) // throws ValueError: a whole number ≥ 1
 */
export function setDefaultThreads(threads: number | null): void {
  defaults.threads = threads === null ? null : threadChoice(threads, "setDefaultThreads");
}

let warned = false;
/** WebAssembly where it may be compiled, plain JavaScript (with one warning) where not. */
function wasmOrJavaScript(): Backend {
  if (isWasmAvailable()) return wasmProgramBackend;
  if (!warned) {
    warned = true;
    console.warn(
      "@scope/autodiff: WebAssembly may not be compiled here; compiled programs run in JavaScript, much slower. " +
        "A page with a Content-Security-Policy allows it by script-src 'wasm-unsafe-eval'",
    );
  }
  return javascriptProgramBackend;
}
