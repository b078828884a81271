import { ValueError } from "./base/errors.js";
import { showSpec } from "./base/shape.js";
import type { Tensor } from "./tensor/tensor.js";

/** Methods of tensors elsewhere, and what to write here. */
const foreign: Readonly<Record<string, string>> = {
  argmax: "argMax({ axis })",
  argmin: "argMin({ axis })",
  argsort: "argSort({ axis })",
  arraySync: "toArray()",
  astype: "cast(dtype)",
  backward: "grad(f)(x), or lossAndGradients(() => loss, variables)",
  bmm: "matmul(b)",
  clamp: "clip(low, high)",
  clone: "the tensor itself, as nothing changes it",
  contiguous: "the tensor itself: layouts are not for users to see",
  copy: "the tensor itself, as nothing changes it",
  cpu: "the tensor itself: it is in memory",
  cuda: "compile(f): tensors are in memory",
  dataSync: "data",
  detach: "stopGradient(x)",
  dim: "rank",
  dispose: "nothing: tensors are garbage-collected",
  double: 'cast("float64")',
  expand: "broadcastTo(shape)",
  fill_: "fullLike(x, value)",
  float: 'cast("float32")',
  index_select: "take(indices, { axis })",
  int: 'cast("int32")',
  logsumexp: "logSumExp({ axis })",
  log_softmax: "logSoftmax({ axis })",
  long: 'cast("int32")',
  masked_fill: "where(mask, value, x)",
  mm: "matmul(b)",
  multiply: "mul(b)",
  numel: "size",
  numpy: "toArray(), or data",
  requires_grad_: "grad(f)(x): derivatives are of functions",
  subtract: "sub(b)",
  swapaxes: "swapAxes(first, second)",
  t: "transpose()",
  to: "cast(dtype)",
  tolist: "toArray()",
  type: "cast(dtype), or dtype",
  unsqueeze: "expandDims(axis)",
  view: "reshape(shape)",
  zero_: "zerosLike(x)",
};

/** Puts a method under each foreign name on tensors, which says what it is called here. They are hidden from loops, and from types. */
export function addForeignMethods(prototype: object): void {
  for (const [name, here] of Object.entries(foreign)) {
    if (name in prototype) continue;
    const value = function method(this: Tensor): never {
      throw new ValueError({
        code: "tensor/method",
        op: name,
        problem: `tensors have no method ${name}.`,
        got: `${showSpec(this)}.${name}(…)`,
        expected: "a method or function of Scope",
        mend: `write ${here}`,
      });
    };
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}
