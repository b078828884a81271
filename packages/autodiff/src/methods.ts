import { showShape } from "./base/shape.js";
import * as ops from "./ops/index.js";
import { Tensor } from "./tensor/tensor.js";
import { Variable } from "./trace/variable.js";

/** Functions whose first parameter is not the tensor that a method would be called on. */
const notMethods = [
  "arange",
  "concat",
  "einsum",
  "eye",
  "full",
  "linspace",
  "ones",
  "sizes",
  "stack",
  "stopGradient",
  "tensor",
  "where",
  "zeros",
] as const;
type NotMethods = (typeof notMethods)[number];

type Method<F> = F extends (self: never, ...rest: infer R) => infer O ? (...rest: R) => O : never;
/** Each operation as a method: its first operand is the tensor that it is called on. */
export type Fluent<Ops> = { readonly [K in keyof Ops as K extends NotMethods ? never : K]: Method<Ops[K]> };

declare module "./tensor/tensor.js" {
  interface Tensor extends Fluent<typeof ops> {}
}

type Operation = (self: Tensor, ...rest: readonly unknown[]) => unknown;
const excluded: ReadonlySet<string> = new Set(notMethods);
for (const [name, operation] of Object.entries(ops)) {
  if (excluded.has(name)) continue;
  // The mapped type above says of each what a table of differing functions cannot.
  const f = operation as Operation;
  Object.defineProperty(Tensor.prototype, name, {
    // Fixed parameters: gathering the rest into an array costs more than a small op.
    value: function method(this: Tensor, a: unknown, b: unknown, c: unknown): unknown {
      return f(this, a, b, c);
    },
    writable: true,
    configurable: true,
  });
}

const inspected = (t: Tensor): string =>
  t.storage === null ? `symbolic ${t.dtype}${showShape(t.shape)}` : t.toString();
const inspection: unique symbol = Symbol.for("nodejs.util.inspect.custom");
/** What `console.log(tensor)` prints in Node. */
Object.defineProperty(Tensor.prototype, inspection, {
  value: function inspect(this: Tensor): string {
    return inspected(this);
  },
  writable: true,
  configurable: true,
});
/** What `console.log(variable)` and, within it, `console.log(layer)` print. */
Object.defineProperty(Variable.prototype, inspection, {
  value: function inspect(this: Variable): string {
    return `${this.constructor.name}(${inspected(this.value)})`;
  },
  writable: true,
  configurable: true,
});
