export { checkpoint } from "./checkpoint.js";
export { customDerivative, type DerivativeRule } from "./custom-derivative.js";
export { grad, lossAndGradients, valueAndGrad } from "./gradient.js";
export { hessian, type JacobianOptions, jacobian } from "./jacobian.js";
export { jvp, linearize, vjp } from "./products.js";
export { type ScanOptions, scan } from "./scan.js";
export type { Axes, Gradient, InAxes, Jacobian, Loss, Result, Sync, Variables, WithAux } from "./types.js";
export { vmap } from "./vmap.js";
