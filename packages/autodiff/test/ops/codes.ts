import { ScopeError } from "../../src/base/errors.js";

/** The error that a call throws; anything but a ScopeError fails. */
export function errorOf(run: () => unknown): ScopeError {
  try {
    run();
  } catch (error) {
    if (error instanceof ScopeError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
