// What `@scope/autodiff/compile` is in the second run of the suite.
export * from "../../src/compile.js";
export { cond } from "./compiled-transforms.js";
