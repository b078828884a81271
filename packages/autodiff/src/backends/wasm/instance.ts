import { InternalError } from "../../base/errors.js";
import { hostFunctions } from "./host-functions.js";

/** Exported functions by name. */
export type Exports = Readonly<Record<string, (...operands: number[]) => void>>;

/** Functions of the host, by their names. */
export function hostImports(names: readonly string[]): Record<string, (...operands: number[]) => number> {
  const host: Record<string, (...operands: number[]) => number> = {};
  for (const name of names) {
    const target = hostFunctions[name];
    if (target === undefined) throw new InternalError(`the host has no function ${name}`);
    host[name] = target;
  }
  return host;
}

/** Turns code into an instance over a memory, with the functions of the host that it calls. */
export function instantiate(
  code: { readonly bytes: Uint8Array<ArrayBuffer>; readonly imports: readonly string[] },
  memory: WebAssembly.Memory,
): Exports {
  const host = hostImports(code.imports);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(code.bytes), { env: { memory }, host });
  // Everything that is exported is a function of numbers.
  return instance.exports as Exports;
}
