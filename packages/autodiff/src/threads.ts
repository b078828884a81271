/** Imported for its effect: from here on, `compile(f, { threads: 2 })` shares the work of WebAssembly programs among threads. On Node, Deno and Bun `@scope/autodiff/compile` does so itself;
 * a page imports this once. It has to be cross-origin isolated, or its programs run on one thread, and one line says so.
 * @packageDocumentation */
import { installThreads, wasmProgramBackend } from "./backends/wasm/index.js";
import { prepareThreaded } from "./backends/wasm/threads/prepare.js";
import type { HostBackend } from "./kernel/backend.js";

installThreads(prepareThreaded);

/** WebAssembly on several threads: what `"wasm"` means once this module is loaded.
 * @example
 * wasmThreads.name // => "wasm"
 */
export const wasmThreads: HostBackend = wasmProgramBackend;
