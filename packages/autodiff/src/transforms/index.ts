export { checkpoint } from "./checkpoint.js";
export { customDerivative, type DerivativeRule } from "./custom-derivative.js";
export { grad, lossAndGradients, valueAndGrad } from "./gradient.js";
export { hessian, type JacobianOptions, jacobian } from "./jacobian.js";
export { jvp, linearize, vjp } from "./products.js";
export { type ScanOptions, scan } from "./scan.js";
export type {
  AnyTree,
  Axes,
  AxesOfAny,
  Branch,
  Direction,
  Directions,
  Gradient,
  GradientFunction,
  GradientOfAny,
  HessianFunction,
  HessianOfAny,
  InAxes,
  Jacobian,
  JacobianFunction,
  JacobianOfAny,
  LiteralTree,
  Loss,
  OrNumber,
  Passed,
  Result,
  Sync,
  Tensors,
  TensorsOfAll,
  TupleHint,
  Unannotated,
  ValueAndGradientFunction,
  ValueAndGradientOfAny,
  Variables,
  WithAux,
} from "./types.js";
export { vmap } from "./vmap.js";
