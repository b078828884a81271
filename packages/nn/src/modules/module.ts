import { Generator } from "@scope/autodiff/checks";
import { staticValue, Tensor, Variable } from "@scope/autodiff/functions";
import { ModuleError } from "../errors.js";
import { classOf } from "../option-checks.js";
import {
  type LoadOptions,
  loadState,
  readStateOf,
  type SavedState,
  type StateDict,
  stateOf,
} from "../state-dict/state-dict.js";
import { Parameter, parametersReadBy } from "./parameter.js";
import { summarize } from "./summary.js";

/** A part of a model: an object whose properties hold parameters, state and further modules.
 * Parameters and modules are found by walking the properties, arrays and plain records included, in the order in which they were assigned; a name in the
 * state dict is the path to it (`head.weight`). Private `#fields`, Maps and Sets cannot be walked: what they hold is neither listed nor saved, and
 * {@link Module.unlistedParameters} and {@link Module.summary} report it. A compiled function has a program for each mode.
 * Messages and summaries call a module by the name of its class, which a minifier changes unless it is written out: `static override get name()`.
 * @example
 * class Scale extends Module {
 *   readonly factor = new Parameter(tensor(2));
 *   forward(x: Tensor): Tensor { return x.mul(this.factor); }
 * }
 * const scale = new Scale()
 * scale.forward(tensor([1, 2])).toArray() // => [2, 4]
 * scale.namedParameters().map(([name]) => name) // => ["factor"]
 */
export abstract class Module {
  #training = true;

  /** Whether the module trains: true after {@link Module.train}, false after {@link Module.eval}. Dropout acts in training only. */
  get training(): boolean {
    return staticValue(() => this.#training);
  }

  /** A compiled function may take a module as an argument: its plain fields are part of the signature, its Variables are state.
   * @internal */
  fieldsInSignature(): object {
    return this;
  }

  /** Puts this module and those inside it in training mode. */
  train(): this {
    return this.#setMode(true);
  }

  /** Puts this module and those inside it in evaluation mode. */
  eval(): this {
    return this.#setMode(false);
  }

  #setMode(training: boolean): this {
    for (const module of this.modules()) module.#training = training;
    return this;
  }

  /** The name in the state dict of what lies at a path inside this module; override it to keep names that other programs write.
   * @param path - property names, joined by dots */
  protected nameInState(path: string): string {
    return path;
  }

  /** Every trained parameter once, by name. */
  namedParameters(): [name: string, parameter: Parameter][] {
    const seen = new Set<Parameter>();
    const found: [string, Parameter][] = [];
    for (const [name, variable] of this.namedVariables()) {
      if (!(variable instanceof Parameter) || seen.has(variable)) continue;
      seen.add(variable);
      found.push([name, variable]);
    }
    return found;
  }

  /** Every trained parameter once. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Parameters and all other state (random state, running statistics), by name; what is shared appears under each of its names. */
  namedVariables(): [name: string, variable: Variable][] {
    const found: [string, Variable][] = [];
    this.#walk(new Set(), (name, value) => {
      if (value instanceof Variable) found.push([name, value]);
    });
    return found;
  }

  /** Parameters and all other state, each once. */
  variables(): Variable[] {
    return partsOf(this).filter((part) => part instanceof Variable);
  }

  /** This module (under the empty name) and every module inside it, each once. */
  namedModules(): [name: string, module: Module][] {
    const seen = new Set<Module>([this]);
    const found: [string, Module][] = [["", this]];
    this.#walk(new Set(), (name, value) => {
      if (!(value instanceof Module) || seen.has(value)) return;
      seen.add(value);
      found.push([name, value]);
    });
    return found;
  }

  /** This module and every module inside it, each once, parents first. */
  modules(): Module[] {
    return partsOf(this).filter((part) => part instanceof Module);
  }

  /** Visits the Variables and modules inside, parents first, under their names in this module: what is shared once under each. */
  #walk(ancestors: Set<object>, visit: (name: string, value: Variable | Module) => void): void {
    const inside = (path: string, value: unknown): void => {
      if (value instanceof Variable) visit(this.nameInState(path), value);
      else if (value instanceof Module) {
        if (ancestors.has(value) || value === this) return;
        visit(this.nameInState(path), value);
        value.#walk(ancestors, (name, inner) => visit(this.nameInState(`${path}.${name}`), inner));
      } else if (isWalked(value) && !ancestors.has(value)) {
        checkDepth(this, ancestors.size);
        ancestors.add(value);
        for (const [key, part] of Object.entries(value)) inside(`${path}.${key}`, part);
        ancestors.delete(value);
      }
    };
    checkDepth(this, ancestors.size);
    ancestors.add(this);
    for (const [key, value] of Object.entries(this)) inside(key, value);
    ancestors.delete(this);
  }

  /** The values of all Variables by name: parameters and other state. Tensors are immutable, so that it is a snapshot.
   * @throws {@link DeviceError} if training has left them on a device that cannot be read at once: {@link Module.readState} works everywhere */
  stateDict(): StateDict {
    return stateOf(classOf(this), this.namedVariables());
  }

  /** What {@link Module.stateDict} gives, from any backend: the values of this moment, on the host.
   * @example
   * Object.keys(await new Linear(2, 3).readState()) // => ["weight", "bias"]
   */
  readState(): Promise<StateDict> {
    return readStateOf(this.namedVariables());
  }

  /** Takes the values of a state dict; values are cast between float32 and float64 to this module's dtype.
   * @param state - tensors by name, as {@link Module.stateDict} and {@link Module.readState} give them, or numbers in nested arrays, as `JSON.parse` does
   * @param options - `strict` (true): missing and unexpected names are errors
   * @throws {@link StateDictError} naming missing, unexpected and misshapen entries; the module is then as it was */
  loadStateDict(state: SavedState, options?: LoadOptions): this {
    loadState(`${classOf(this)}.loadStateDict`, this.namedVariables(), state, options);
    return this;
  }

  /** The parameters that `run` reads although this module does not list them: those in private `#fields`, Maps, Sets or outside of the module.
   * @example
   * class Hidden extends Module {
   *   readonly #scale = new Parameter(tensor(2));
   *   forward(x: Tensor): Tensor { return x.mul(this.#scale); }
   * }
   * const hidden = new Hidden()
   * hidden.unlistedParameters(() => hidden.forward(tensor(1))).length // => 1
   */
  unlistedParameters(run: () => void): Parameter[] {
    const listed = new Set(this.parameters());
    return [...parametersReadBy(run)].filter((parameter) => !listed.has(parameter));
  }

  /** A table of the modules inside with their output shapes and parameter counts, made by tracing `forward` without data.
   * @param inputs - tensors or specs (`spec([32, 30, 4])`) of the arguments of `forward`
   * @throws {@link ModuleError} if the module has no `forward` */
  summary(...inputs: readonly Tensor[]): string {
    return summarize(this, inputs);
  }
}

/** A module and what is inside it, each once, parents first: modules, Variables, and what holds them. */
function partsOf(module: Module): object[] {
  const found = new Set<object>([module]);
  const look = (whole: object, depth: number): void => {
    checkDepth(module, depth);
    for (const part of Object.values(whole) as readonly unknown[]) {
      if (typeof part !== "object" || part === null || found.has(part)) continue;
      if (part instanceof Variable) found.add(part);
      else if (part instanceof Module || isWalked(part)) {
        found.add(part);
        look(part, depth + 1);
      }
    }
  };
  look(module, 0);
  return [...found];
}

const deepest = 1000;

/** Throws where fields lie so deep that recursion could not follow. */
function checkDepth(module: Module, depth: number): void {
  if (depth < deepest) return;
  throw new ModuleError({
    code: "module/depth",
    op: classOf(module),
    problem: "fields of the module are nested too deep.",
    got: `more than ${deepest} levels`,
    expected: "modules and parameters a few levels deep",
    mend: "keep deep data in a #field or a Map, which are not looked into",
  });
}

/** Arrays, plain records and random generators are looked into; other objects are not. */
function isWalked(value: unknown): value is object {
  if (typeof value !== "object" || value === null || value instanceof Tensor) return false;
  if (Array.isArray(value) || value instanceof Generator) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
