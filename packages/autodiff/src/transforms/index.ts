export { checkpoint } from "./checkpoint.js";
export { customDerivative, type DerivativeRule } from "./custom-derivative.js";
export { grad, lossAndGradients, valueAndGrad } from "./gradient.js";
export { hessian, jacobian, type JacobianOptions } from "./jacobian.js";
export { jvp, linearize, vjp } from "./products.js";
export { scan, type ScanOptions } from "./scan.js";
export type { Axes, Gradient, InAxes, Jacobian, Loss, Result, Sync, Variables, WithAux } from "./types.js";
export { vmap } from "./vmap.js";
