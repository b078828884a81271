// The compiler's entry where the size of the code does not matter (Node, Deno, Bun): with threads.
import "./threads.js";

export * from "./compile.js";
