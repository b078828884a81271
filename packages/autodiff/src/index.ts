import "./methods.js";

export * from "./functions.js";
export type { Fluent } from "./methods.js";
