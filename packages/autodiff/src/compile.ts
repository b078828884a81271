// The compiler, and the control flow that exists for traced programs; WebAssembly is here anyway, so eager products use it, too.
import "./accelerate.js";

export type { BackendName } from "./compiler/backend.js";
export { type Compiled, type CompileOptions, compile } from "./compiler/compile.js";
export { cond } from "./transforms/cond.js";
export { whileLoop } from "./transforms/while-loop.js";
