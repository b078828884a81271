import { checkOptions, isRecord, outOfRange } from "@scope/autodiff/checks";
import {
  cast,
  type NestedArray,
  ScopeError,
  Tensor,
  type TensorData,
  tensor,
  type Variable,
} from "@scope/autodiff/functions";
import { StateDictError } from "../errors.js";
import { kindOf, sameShape, showShape } from "../option-checks.js";

/** Tensors by name: what is saved of a module or an optimiser. */
export type StateDict = Record<string, Tensor>;

/** What a state dict may be loaded from: itself, or what `JSON.parse` makes of the text that `JSON.stringify` writes of it, numbers in nested arrays. */
export type SavedState = Readonly<Record<string, Tensor | NestedArray>>;

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

/** What a Variable is to become, or what is wrong with it. Numbers in arrays are what JSON makes of a tensor. */
function valueFor(variable: Variable, name: string, given: unknown): Tensor | string {
  let value = given;
  if (Array.isArray(given) || typeof given === "number" || typeof given === "boolean") {
    try {
      // What is in the arrays is for tensor to see.
      value = tensor(given as TensorData, { dtype: variable.dtype });
    } catch (error) {
      if (error instanceof ScopeError) return `${name}: ${error.problem} ${error.got}`;
      throw error;
    }
  }
  if (!(value instanceof Tensor)) return `${name} is ${kindOf(value)}, not a tensor`;
  if (!fits(variable, value)) return `${name} is ${show(value)}, expected ${show(variable)}`;
  return value.dtype === variable.dtype ? value : cast(value, variable.dtype);
}

/** The values of named Variables, which are on the host.
 * @throws {@link DeviceError} if one is not */
export function stateOf(op: string, entries: readonly Entry[]): StateDict {
  return Object.fromEntries(
    entries.map(([name, variable]) => {
      const { value } = variable;
      value.hostStorage(`${op}.stateDict: ${name}`, "await readState(), which works with every backend");
      return [name, value];
    }),
  );
}

/** The values that named Variables have now, wherever they are, brought to the host. */
export async function readStateOf(entries: readonly Entry[]): Promise<StateDict> {
  const values = entries.map(([name, variable]) => [name, variable.value] as const);
  await Promise.all(values.map(([, value]) => (value.device === null ? null : value.read())));
  return Object.fromEntries(values);
}

/** Assigns the entries of a state dict to the Variables of the same name, all of them or, where something does not fit, none.
 * Between float32 and float64, values are cast to the Variable's dtype; numbers in nested arrays, as JSON gives them, take it.
 * @throws {@link StateDictError} naming every missing, unexpected and misshapen entry */
export function loadState(
  op: string,
  entries: readonly Entry[],
  state: SavedState,
  options?: LoadOptions,
): void {
  checkOptions(op, options, ["strict"]);
  const strict = options?.strict ?? true;
  if (!isRecord(state))
    throw outOfRange(op, "state", state, "a record of tensors by name", "pass what stateDict() returned");
  const names = new Set(entries.map(([name]) => name));
  const missing = [...names].filter((name) => !Object.hasOwn(state, name));
  const unexpected = Object.keys(state).filter((name) => !names.has(name));
  const wrong: string[] = [];
  const assignments: (readonly [variable: Variable, value: Tensor])[] = [];
  for (const [name, variable] of entries) {
    if (!Object.hasOwn(state, name)) continue;
    const value = valueFor(variable, name, state[name]);
    if (typeof value === "string") wrong.push(value);
    else assignments.push([variable, value]);
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
          ? "make the module with the sizes that were saved, and tensors of values from a file (Saving in docs/getting-started.md); null in JSON was NaN or infinite"
          : "rename the entries, or load what fits with { strict: false }",
    });
  }
  for (const [variable, value] of assignments) variable.value = value;
}
