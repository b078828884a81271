import { checkFunction } from "../base/checks.js";
import { current } from "./context.js";

/** A plain value that a function depends on: a compiled function whose trace read it this way is traced again, or finds an earlier program, when it has another value.
 * Without this, numbers, fields and flags that a traced function reads are fixed when it is traced. `training` of a module is read this way.
 * @param read - returns the value; called at every call of a compiled function, so it should only look something up
 * @returns what `read` returns
 * @example
 * const settings = { scale: 2 }
 * const f = compile((x) => mul(x, staticValue(() => settings.scale)))
 * f(tensor(1)).item() // => 2
 * settings.scale = 3
 * f(tensor(1)).item() // => 3
 */
export function staticValue<T>(read: () => T): T {
  checkFunction("staticValue", "read", read, "staticValue(() => settings.rate)");
  const value = read();
  current().statics?.push({ read, value });
  return value;
}

/** An object whose class lets it be an argument of compiled functions, as modules, optimisers and generators of random numbers may be. It is then part of
 * the signature by identity, and the fields that it shows by what they hold, objects inside included; Variables are state, tensors in fields are constants.
 * @example
 * class Scaled implements InSignature {
 *   by = 2;
 *   fieldsInSignature() { return this; }
 * }
 * const scaled = new Scaled()
 * const f = compile((x: Tensor, s: Scaled) => mul(x, s.by))
 * f(tensor(1), scaled).item() // => 2
 * scaled.by = 3
 * f(tensor(1), scaled).item() // => 3
 */
export interface InSignature {
  /** An object whose properties are all plain values that a result may depend on: `this`, unless some hide in `#fields`. */
  fieldsInSignature(): object;
}
