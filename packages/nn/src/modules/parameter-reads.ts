import { aroundForwards } from "./forward-calls.js";
import type { Module } from "./module.js";
import { type Parameter, parametersReadBy } from "./parameter.js";

/** Which parameters were read, and by whose `forward`: `encoder (Tower)`, the innermost that the model lists; null outside of all. */
export interface ParameterReads {
  readonly all: ReadonlyMap<Parameter, string | null>;
  /** Those that the model does not list. */
  readonly unlisted: readonly (readonly [parameter: Parameter, reader: string | null])[];
}

/** The parameters that are read while `run` runs. */
export function parameterReads(model: Module, run: () => void): ParameterReads {
  const all = new Map<Parameter, string | null>();
  const note = (reader: string | null, call: () => void): void => {
    for (const parameter of parametersReadBy(call)) if (!all.has(parameter)) all.set(parameter, reader);
  };
  // Inner calls end first, so that the innermost reader is the one that is noted.
  const around = (name: string, module: Module, call: () => unknown): unknown => {
    let result: unknown;
    const type = module.constructor.name;
    note(name === "" ? type : `${name} (${type})`, () => {
      result = call();
    });
    return result;
  };
  note(null, () => aroundForwards(model.namedModules(), around, run));
  const listed = new Set(model.parameters());
  return { all, unlisted: [...all].filter(([parameter]) => !listed.has(parameter)) };
}
