import { showSpec } from "./base/shape.js";
import { addForeignMethods } from "./foreign-methods.js";
import * as ops from "./ops/fluent.js";
import { Tensor } from "./tensor/tensor.js";
import { Variable } from "./trace/variable.js";

type Method<F> = F extends (self: never, ...rest: infer R) => infer O ? (...rest: R) => O : never;
/** Each operation as a method: its first operand is the tensor that it is called on. */
export type Fluent<Ops> = { readonly [K in keyof Ops]: Method<Ops[K]> };

declare module "./tensor/tensor.js" {
  interface Tensor extends Fluent<typeof ops> {}
}

type Operation = (self: Tensor, ...rest: readonly unknown[]) => unknown;
const define = (target: object, name: PropertyKey, value: unknown): unknown =>
  Object.defineProperty(target, name, { value, writable: true, configurable: true });

for (const [name, operation] of Object.entries(ops)) {
  // The mapped type above says of each what a table of differing functions cannot.
  const f = operation as Operation;
  // Fixed parameters: gathering the rest into an array costs more than a small op.
  define(Tensor.prototype, name, function method(this: Tensor, a: unknown, b: unknown, c: unknown): unknown {
    return f(this, a, b, c);
  });
}

addForeignMethods(Tensor.prototype);

const inspected = (t: Tensor): string =>
  t.isSymbolic
    ? `symbolic ${showSpec(t)}`
    : t.device === null
      ? t.toString()
      : `${showSpec(t)} on the device "${t.device}"`;
const inspection: unique symbol = Symbol.for("nodejs.util.inspect.custom");
// What `console.log` prints in Node of a tensor, of a variable, and within it of a layer.
define(Tensor.prototype, inspection, function inspect(this: Tensor): string {
  return inspected(this);
});
define(Variable.prototype, inspection, function inspect(this: Variable): string {
  return `${this.constructor.name}(${inspected(this.value)})`;
});
