// What `@scope/autodiff` is in the second run of the suite.
export * from "../../src/server.js";
export {
  checkpoint,
  grad,
  hessian,
  jacobian,
  jvp,
  lossAndGradients,
  scan,
  valueAndGrad,
  vmap,
} from "./compiled-transforms.js";
