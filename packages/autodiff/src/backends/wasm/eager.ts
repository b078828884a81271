/** Eager work through scratch memory, for the eager backend. */
export { type EagerProduct, eagerGemm } from "./eager-gemm.js";
export { type EagerOperand, type EagerOutput, eagerMap } from "./eager-map.js";
