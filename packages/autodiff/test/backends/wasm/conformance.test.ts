import { wasmProgramBackend } from "../../../src/backends/wasm/index.js";
import { conformance } from "../conformance.js";

conformance("the WebAssembly backend", wasmProgramBackend);
