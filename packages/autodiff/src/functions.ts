// Every public name, without the methods on Tensor: what is not used is dropped from a bundle. index.ts adds the methods.
export * from "./transforms/index.js";
