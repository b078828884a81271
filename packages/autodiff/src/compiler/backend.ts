import { javascriptProgramBackend } from "../backends/javascript/program.js";
import { isWasmAvailable, wasmProgramBackend } from "../backends/wasm/index.js";
import type { ProgramBackend } from "../kernel/program.js";

/** What compiled programs run on. */
export type BackendName = "wasm" | "javascript";

let warned = false;
/** The backend asked for; WebAssembly where it may be compiled, plain JavaScript (with one warning) where not. */
export function chooseBackend(asked: BackendName | undefined): ProgramBackend {
  if (asked === "javascript") return javascriptProgramBackend;
  if (isWasmAvailable()) return wasmProgramBackend;
  if (!warned) {
    warned = true;
    console.warn(
      "@scope/autodiff: WebAssembly may not be compiled here; compiled programs run in JavaScript, much slower",
    );
  }
  return javascriptProgramBackend;
}
