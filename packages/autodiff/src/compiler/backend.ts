import { javascriptProgramBackend } from "../backends/javascript/program.js";
import { isWasmAvailable, wasmProgramBackend } from "../backends/wasm/index.js";
import { checkChoice } from "../base/checks.js";
import type { ProgramBackend } from "../kernel/program.js";

/** What compiled programs run on. */
export type BackendName = "wasm" | "javascript";

const names: readonly BackendName[] = ["wasm", "javascript"];

/** The backend asked for, once it is needed. */
export function backendChoice(asked: BackendName | undefined): () => ProgramBackend {
  if (asked !== undefined) checkChoice("compile", "backend", asked, names);
  return asked === "javascript" ? () => javascriptProgramBackend : wasmOrJavaScript;
}

let warned = false;
/** WebAssembly where it may be compiled, plain JavaScript (with one warning) where not. */
function wasmOrJavaScript(): ProgramBackend {
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
