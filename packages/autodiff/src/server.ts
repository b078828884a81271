// The full entry where the size of the code does not matter (Node, Deno, Bun): with eager products and large maps in WebAssembly.
import "./accelerate.js";
import "./accelerators-for-maps.js";

export * from "./index.js";
