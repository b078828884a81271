import { ScopeError } from "@scope/autodiff";

/** The typed error that `run` throws. */
export function thrownError(run: () => unknown): ScopeError {
  try {
    run();
  } catch (error) {
    if (error instanceof ScopeError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** The code of the typed error that `run` throws; what else it throws, as text. */
export function thrownCode(run: () => unknown): string {
  try {
    return thrownError(run).code;
  } catch (error) {
    return String(error);
  }
}
