import { ScopeError } from "../../src/base/errors.js";

/** The code of the error that a call throws; anything but a ScopeError fails. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ScopeError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}
