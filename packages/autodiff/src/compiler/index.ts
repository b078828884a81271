export type { BackendName } from "./backend.js";
export { type Compiled, type CompileOptions, compile } from "./compile.js";
export { graph, spec, TracedGraph, trace } from "./graph.js";
