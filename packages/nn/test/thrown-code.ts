import { ScopeError } from "@scope/autodiff";

/** The code of the typed error that `run` throws; what else it throws, as text. */
export function thrownCode(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof ScopeError ? error.code : String(error);
  }
  return "nothing was thrown";
}
