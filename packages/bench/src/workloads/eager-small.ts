import { add, mul, sum, type Tensor, tanh, tensor, valueAndGrad } from "@scope/autodiff";
import type { Runner } from "../child/serve.js";
import { smallLength } from "../work-data.js";

/** Value and gradient of a few small ops: what one op costs. */
export function eagerSmall(): Runner {
  const sine = (k: number): Tensor =>
    tensor(Float32Array.from({ length: smallLength }, (_, i) => Math.sin(i + k)));
  const inputs = { a: sine(0), b: sine(1), c: sine(2) };
  const both = valueAndGrad(({ a, b, c }: typeof inputs) => sum(tanh(add(mul(a, b), c))));
  return { step: () => both(inputs)[0].item() };
}
