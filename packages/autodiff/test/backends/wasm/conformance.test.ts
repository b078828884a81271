import { wasmProgramBackend } from "../../../src/backends/wasm/index.js";
import { conformanceTests } from "../conformance-tests.js";

conformanceTests("the WebAssembly backend", wasmProgramBackend);
