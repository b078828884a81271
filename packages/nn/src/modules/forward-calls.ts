import type { Module } from "./module.js";

/** A method called `forward`, whatever it takes and makes. */
export type Forward = (...inputs: readonly unknown[]) => unknown;

/** The `forward` of a module; null if it has none. */
export const forwardOf = (module: object): Forward | null =>
  // What a forward takes is for its caller to know; it is given that and no more.
  "forward" in module && typeof module.forward === "function" ? (module.forward as Forward) : null;

/** Runs something while every call of a module's `forward` goes through `around`. Each is wrapped by a property of its own, taken off afterwards. */
export function aroundForwards<M extends object = Module>(
  modules: readonly (readonly [name: string, module: M])[],
  around: (name: string, module: M, call: () => unknown) => unknown,
  run: () => void,
): void {
  const wrapped: M[] = [];
  try {
    for (const [name, module] of modules) {
      const forward = forwardOf(module);
      if (forward === null || Object.hasOwn(module, "forward") || !Object.isExtensible(module)) continue;
      const value: Forward = (...inputs) => around(name, module, () => forward.apply(module, [...inputs]));
      Object.defineProperty(module, "forward", { value, configurable: true });
      wrapped.push(module);
    }
    run();
  } finally {
    for (const module of wrapped) Reflect.deleteProperty(module, "forward");
  }
}
