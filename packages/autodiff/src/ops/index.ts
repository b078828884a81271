// Every public function: those that are methods too, and the others. A bundle with the methods has the others only if they are used.
export { where } from "./comparison.js";
export { stopGradient } from "./conversion.js";
export { arange, eye, full, linspace, ones, zeros } from "./creation.js";
export { einsum } from "./einsum.js";
export * from "./fluent.js";
export { concat, stack } from "./joining.js";
export { tensor } from "./literal.js";
