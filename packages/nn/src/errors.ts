import { ScopeError } from "@scope/autodiff";

/** A state dict whose entries do not fit the module or the optimiser. */
export class StateDictError extends ScopeError {}
/** A module that cannot do what was asked of it, because of how it was made. */
export class ModuleError extends ScopeError {}
