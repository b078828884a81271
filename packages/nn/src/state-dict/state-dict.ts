import { cast, Tensor, type Variable } from "@scope/autodiff";
import { StateDictError } from "../errors.js";
import { checkOptions, kindOf, sameShape, showShape } from "../option-checks.js";

/** Tensors by name: what is saved of a module or an optimiser. */
export type StateDict = Record<string, Tensor>;

/** Options of loading a state dict. */
export interface LoadOptions {
  /** Whether missing and unexpected entries are errors (true). */
  readonly strict?: boolean;
}

type Entry = readonly [name: string, variable: Variable];

const isFloat = (dtype: string): boolean => dtype === "float32" || dtype === "float64";
const fits = (variable: Variable, value: Tensor): boolean =>
  sameShape(variable.shape, value.shape) &&
  (variable.dtype === value.dtype || (isFloat(variable.dtype) && isFloat(value.dtype)));
const show = (value: { readonly dtype: string; readonly shape: readonly number[] }): string =>
  `${value.dtype}${showShape(value.shape)}`;

function misfit(name: string, variable: Variable, value: unknown): string | null {
  if (!(value instanceof Tensor)) return `${name} is ${kindOf(value)}, not a tensor`;
  return fits(variable, value) ? null : `${name} is ${show(value)}, expected ${show(variable)}`;
}

/** The values of named Variables. */
export function stateOf(entries: readonly Entry[]): StateDict {
  return Object.fromEntries(entries.map(([name, variable]) => [name, variable.value]));
}

/** Assigns the entries of a state dict to the Variables of the same name, all of them or, where something does not fit, none.
 * Between float32 and float64, values are cast to the Variable's dtype.
 * @throws {@link StateDictError} naming every missing, unexpected and misshapen entry */
export function loadState(
  op: string,
  entries: readonly Entry[],
  state: Readonly<StateDict>,
  options?: LoadOptions,
): void {
  checkOptions(op, options, ["strict"]);
  const strict = options?.strict ?? true;
  const names = new Set(entries.map(([name]) => name));
  const missing = [...names].filter((name) => !Object.hasOwn(state, name));
  const unexpected = Object.keys(state).filter((name) => !names.has(name));
  const wrong: string[] = [];
  const assignments: (readonly [variable: Variable, value: Tensor])[] = [];
  for (const [name, variable] of entries) {
    if (!Object.hasOwn(state, name)) continue;
    const value = state[name];
    const fault = misfit(name, variable, value);
    if (fault !== null) wrong.push(fault);
    else assignments.push([variable, value.dtype === variable.dtype ? value : cast(value, variable.dtype)]);
  }
  const faults = [
    ...(strict && missing.length > 0 ? [`missing: ${missing.join(", ")}`] : []),
    ...(strict && unexpected.length > 0 ? [`unexpected: ${unexpected.join(", ")}`] : []),
    ...(wrong.length > 0 ? [`misshapen: ${wrong.join("; ")}`] : []),
  ];
  if (faults.length > 0) {
    throw new StateDictError({
      code: "state-dict/entries",
      op,
      problem: "the state dict does not fit; nothing was changed.",
      got: faults.join("\n            "),
      expected: `${names.size} entries with the names and shapes of stateDict()`,
      mend:
        wrong.length > 0
          ? "make the module with the sizes that were saved, and tensors of values from a file"
          : "rename the entries, or load what fits with { strict: false }",
    });
  }
  for (const [variable, value] of assignments) variable.value = value;
}
