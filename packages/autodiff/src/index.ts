export * from "./transforms/index.js";
