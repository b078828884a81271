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
  const value = read();
  current().statics?.push({ read, value });
  return value;
}
