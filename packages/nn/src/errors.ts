import { ScopeError } from "@scope/autodiff/functions";

/** A state dict whose entries do not fit the module or the optimiser.
 * @example
 * new Linear(2, 3).loadStateDict({ weight: zeros([3, 2]) }) // throws StateDictError: missing: bias
 */
export class StateDictError extends ScopeError {
  override readonly name: string = "StateDictError";
}
/** A module that cannot do what was asked of it, because of how it was made.
 * @example
 * const gru = new GRU(2, 3, { bidirectional: true })
 * gru.step(zeros([1, 2]), gru.initialState(1)) // throws ModuleError: bidirectional
 */
export class ModuleError extends ScopeError {
  override readonly name: string = "ModuleError";
}
