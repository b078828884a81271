/** The compiler, and the control flow that exists for traced programs. Its WebAssembly is here anyway, so large eager products and maps use it, too.
 * @packageDocumentation */
import "./accelerate.js";
import "./accelerators-for-maps.js";

export {
  type BackendChoice,
  type BackendName,
  setDefaultBackend,
  setDefaultThreads,
} from "./compiler/backend.js";
export { type Compiled, type CompileOptions, compile } from "./compiler/compile.js";
export { cond } from "./transforms/cond.js";
export { whileLoop } from "./transforms/while-loop.js";
