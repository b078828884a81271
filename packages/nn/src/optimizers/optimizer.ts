import {
  checkFunction,
  checkList,
  checkNumber,
  checkOptions,
  isList,
  isRecord,
  show,
} from "@scope/autodiff/checks";
import {
  add,
  cast,
  type DType,
  DTypeError,
  full,
  ShapeError,
  Tensor,
  TreeError,
  ValueError,
  Variable,
  zeros,
} from "@scope/autodiff/functions";
import { classOf, kindOf, sameShape, showShape } from "../option-checks.js";
import {
  type LoadOptions,
  loadState,
  readStateOf,
  type SavedState,
  type StateDict,
  stateOf,
} from "../state-dict/state-dict.js";
import type { Gradients } from "./clipping.js";

/** What every optimiser's options have. */
export interface OptimizerOptions {
  /** Size of a step. */
  readonly learningRate?: number;
}

/** Options of which none is left out. */
export type Complete<Options> = { readonly [K in keyof Options]-?: NonNullable<Options[K]> };

/** Parameters with options of their own; what is left out is as for all. */
export type ParameterGroup<Options> = Options & { readonly parameters: readonly Variable[] };

/** What an optimiser trains: parameters in an array or a record, or groups with options of their own. */
export type Trained<Options> =
  | readonly Variable[]
  | { readonly [name: string]: Variable }
  | readonly ParameterGroup<Options>[];

/** How one optimiser updates one parameter; the formulas are PyTorch's. */
export interface UpdateRule<Options, Scalars> {
  /** Throws for options out of range, and fills in the rest. */
  complete(options: Partial<Options>): Complete<Options>;
  /** Names of what is remembered of each parameter, with the value it starts from. */
  moments(options: Complete<Options>): { readonly [name: string]: number };
  /** What a step computes once for all parameters of a group. `count` is 1 in the first step. */
  scalars(options: Complete<Options>, rate: Tensor, count: Tensor): Scalars;
  /** The next value of a parameter and of its moments. */
  update(
    options: Complete<Options>,
    scalars: Scalars,
    value: Tensor,
    gradient: Tensor,
    moments: readonly Tensor[],
  ): readonly [value: Tensor, ...moments: Tensor[]];
}

interface Member {
  readonly parameter: Variable;
  readonly moments: readonly Variable[];
}

interface Group<Options> {
  readonly options: Complete<Options>;
  readonly rate: Variable;
  readonly momentNames: readonly string[];
  readonly members: readonly Member[];
}

/** What all optimisers share. Learning rates, moments and the count of steps are Variables: a step compiles together with the loss and
 * its gradient, and a schedule changes the rate without compiling again. One of your own says what it remembers and how it updates.
 * @example
 * const signRule: UpdateRule<OptimizerOptions, Tensor> = {
 *   complete: ({ learningRate = 0.1 }) => ({ learningRate }),
 *   moments: () => ({}),
 *   scalars: (_options, rate) => rate,
 *   update: (_options, rate, value, gradient) => [value.sub(sign(gradient).mul(rate))],
 * };
 * class SignDescent extends Optimizer<OptimizerOptions, Tensor> {
 *   constructor(parameters: readonly Parameter[]) { super(parameters, {}, signRule); }
 * }
 * const w = new Parameter(tensor([1, 2]))
 * new SignDescent([w]).step([tensor([5, -5])])
 * w.value.toArray() // => [0.9, 2.1]
 */
export abstract class Optimizer<Options extends OptimizerOptions, Scalars = unknown> {
  /** Steps taken, int32. */
  readonly count: Variable = new Variable(zeros([], { dtype: "int32" }));
  readonly #rule: UpdateRule<Options, Scalars>;
  readonly #groups: readonly Group<Options>[];
  // The first group's learning rate, before it was rounded to float32.
  #givenRate: number;
  // The names of the gradients, if the parameters came in a record.
  readonly #names: readonly string[] | null;

  constructor(trained: Trained<Options>, options: Options | undefined, rule: UpdateRule<Options, Scalars>) {
    for (const method of ["complete", "moments", "scalars", "update"] as const)
      checkFunction(
        classOf(this),
        `rule.${method}`,
        rule?.[method],
        "super(parameters, options, { complete, moments, scalars, update })",
      );
    this.#rule = rule;
    const op = classOf(this);
    if (!isList(trained) && !isRecord(trained)) throw untrainable(op, show(trained));
    this.#names = Array.isArray(trained) ? null : Object.keys(trained);
    this.#groups = groupsOf<Options>(op, trained).map((group) => makeGroup(op, rule, options, group));
    this.#givenRate = this.#groups[0]?.options.learningRate ?? 0;
    const all = this.parameters();
    if (all.length === 0) throw untrainable(op, "no parameters");
    if (new Set(all).size !== all.length) throw untrainable(op, "a parameter twice");
  }

  /** A compiled function may take an optimiser as an argument: all that it changes is in Variables.
   * @internal */
  fieldsInSignature(): object {
    return this;
  }

  /** What is trained, in the order in which `step` takes gradients. */
  parameters(): Variable[] {
    return this.#groups.flatMap(({ members }) => members.map(({ parameter }) => parameter));
  }

  /** The learning rate of each group, as Variables. */
  get learningRates(): readonly Variable[] {
    return this.#groups.map(({ rate }) => rate);
  }

  /** The learning rate of the first group; assigning one sets all groups.
   * @throws {@link ValueError} if it is not a finite number ≥ 0 */
  get learningRate(): number {
    return asGiven(this.#groups[0].rate.value.item(), this.#givenRate);
  }

  set learningRate(rate: number) {
    this.setLearningRates(this.#groups.map(() => rate));
  }

  /** Sets the learning rate of each group.
   * @throws {@link ValueError} unless there is a finite number ≥ 0 for each group */
  setLearningRates(rates: readonly number[]): void {
    const op = `${classOf(this)}.learningRate`;
    checkList(op, "rates", rates, "a list of learning rates, one for each group");
    for (const rate of rates) checkNumber(op, "learningRate", rate, 0);
    if (rates.length !== this.#groups.length) {
      throw new ValueError({
        code: "optimizer/rates",
        op,
        problem: "there is not one learning rate for each group.",
        got: `${rates.length} rates`,
        expected: `${this.#groups.length} rates`,
        mend: "pass a rate for every group of parameters",
      });
    }
    this.#givenRate = rates[0];
    this.#groups.forEach(({ rate }, k) => {
      rate.value = full([], rates[k], { dtype: rate.dtype });
    });
  }

  /** Updates every parameter; nothing is changed if a gradient does not fit.
   * @param gradients - in the order of {@link Optimizer.parameters}, or under the names of the record that the optimiser was made with
   * @throws {@link TreeError} if gradients are missing or too many; {@link ShapeError} or {@link DTypeError} if one does not fit its parameter */
  step(gradients: Gradients): void {
    const op = `${classOf(this)}.step`;
    const given = this.#inOrder(gradients);
    const count = add(this.count.value, 1);
    const assignments: (readonly [variable: Variable, value: Tensor])[] = [[this.count, count]];
    let index = 0;
    for (const { options, rate, members } of this.#groups) {
      const scalars = new Map<DType, Scalars>();
      for (const { parameter, moments } of members) {
        const dtype = parameter.dtype;
        let common = scalars.get(dtype);
        if (common === undefined) {
          common = this.#rule.scalars(options, cast(rate.value, dtype), cast(count, dtype));
          scalars.set(dtype, common);
        }
        const remembered = moments.map((moment) => moment.value);
        const updated: unknown = this.#rule.update(
          options,
          common,
          parameter.value,
          given[index++],
          remembered,
        );
        checkList(op, "what rule.update returns", updated, "[value, ...moments]");
        const [value, ...next] = updated as readonly Tensor[];
        assignments.push([parameter, value]);
        moments.forEach((moment, k) => void assignments.push([moment, next[k]]));
      }
    }
    for (const [variable, value] of assignments) variable.value = value;
  }

  /** The gradients as a list, each of which fits its parameter. */
  #inOrder(gradients: Gradients): readonly Tensor[] {
    const op = `${classOf(this)}.step`;
    const parameters = this.parameters();
    const names = this.#names;
    const given: readonly unknown[] = isList(gradients)
      ? gradients
      : (names ?? []).map((name) => gradients?.[name]);
    // `loss.backward(); optimizer.step()` is a habit: nothing at all is told like too few.
    const count = isList(gradients) ? gradients.length : Object.keys(gradients ?? {}).length;
    if (
      isList(gradients) !== (names === null) ||
      count !== parameters.length ||
      !given.every((g) => g instanceof Tensor)
    ) {
      const labels =
        names === null ? `${parameters.length} gradients in an array` : `a record of ${names.join(", ")}`;
      const absent = given.flatMap((g, k) => (g instanceof Tensor ? [] : [names?.[k] ?? `number ${k}`]));
      throw new TreeError({
        code: "optimizer/gradients",
        op,
        problem: "there is not one gradient for each parameter.",
        got: `${count} gradients${isList(gradients) ? "" : " in a record"}${absent.length === 0 ? "" : `, none for ${absent.join(", ")}`}`,
        expected: labels,
        mend: "differentiate with respect to what the optimiser was made with",
      });
    }
    const fitting: Tensor[] = [];
    given.forEach((gradient, k) => {
      if (!(gradient instanceof Tensor)) return;
      const { shape, dtype } = parameters[k];
      const complaint = {
        op,
        problem: "a gradient does not fit its parameter.",
        got: `gradient ${names?.[k] ?? `number ${k}`}: ${gradient.dtype}${showShape(gradient.shape)}`,
        expected: `${dtype}${showShape(shape)}`,
        mend: "pass gradients in the order of optimizer.parameters(), of their dtypes; nothing was changed",
      };
      if (!sameShape(gradient.shape, shape))
        throw new ShapeError({ ...complaint, code: "optimizer/gradient-shape" });
      if (gradient.dtype !== dtype) throw new DTypeError({ ...complaint, code: "optimizer/gradient-dtype" });
      fitting.push(gradient);
    });
    return fitting;
  }

  /** The Variables of the optimiser itself, by name: the count of steps, learning rates and moments, not the parameters. */
  namedVariables(): [name: string, variable: Variable][] {
    const found: [string, Variable][] = [["count", this.count]];
    this.#groups.forEach(({ rate, momentNames, members }, g) => {
      found.push([`groups.${g}.learningRate`, rate]);
      members.forEach(({ moments }, k) => {
        moments.forEach((moment, m) => void found.push([`groups.${g}.${momentNames[m]}.${k}`, moment]));
      });
    });
    return found;
  }

  /** The Variables of the optimiser itself. */
  variables(): Variable[] {
    return this.namedVariables().map(([, variable]) => variable);
  }

  /** What has to be saved beside the parameters to go on with a training.
   * @throws {@link DeviceError} if training has left it on a device that cannot be read at once: {@link Optimizer.readState} works everywhere */
  stateDict(): StateDict {
    return stateOf(classOf(this), this.namedVariables());
  }

  /** What {@link Optimizer.stateDict} gives, from any backend: the values of this moment, on the host. */
  readState(): Promise<StateDict> {
    return readStateOf(this.namedVariables());
  }

  /** Goes on from a saved state.
   * @throws {@link StateDictError} naming missing, unexpected and misshapen entries; nothing is then changed */
  loadStateDict(state: SavedState, options?: LoadOptions): this {
    loadState(`${classOf(this)}.loadStateDict`, this.namedVariables(), state, options);
    return this;
  }
}

/** What a rate was before it was rounded to float32: the number that was given, if that is still it; else the shortest that rounds to it, 0.1 and not 0.10000000149. */
function asGiven(rate: number, given: number): number {
  if (Math.fround(given) === rate) return given;
  if (Math.fround(rate) !== rate) return rate;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(rate.toPrecision(digits));
    if (Math.fround(short) === rate) return short;
  }
  return rate;
}

const isGroup = <Options>(part: unknown): part is ParameterGroup<Options> =>
  typeof part === "object" &&
  part !== null &&
  !(part instanceof Variable) &&
  "parameters" in part &&
  Array.isArray(part.parameters);

interface GivenGroup<Options> {
  readonly parameters: readonly Variable[];
  readonly own: Partial<Options>;
}

function groupsOf<Options>(op: string, trained: Trained<Options>): GivenGroup<Options>[] {
  const parts: readonly unknown[] = Array.isArray(trained) ? trained : Object.values(trained);
  if (parts.length > 0 && parts.every((part) => isGroup<Options>(part))) {
    for (const { parameters } of parts) checkParameters(op, parameters);
    return parts.map((part) => ({ parameters: part.parameters, own: part }));
  }
  checkParameters(op, parts);
  return [{ parameters: parts, own: {} }];
}

function checkParameters(op: string, parts: readonly unknown[]): asserts parts is readonly Variable[] {
  for (const part of parts) {
    if (!(part instanceof Variable)) throw untrainable(op, kindOf(part));
    if (part.dtype !== "float32" && part.dtype !== "float64")
      throw untrainable(op, `a Variable of ${part.dtype}`);
  }
}

const untrainable = (op: string, got: string): TreeError =>
  new TreeError({
    code: "optimizer/parameters",
    op,
    problem: "this cannot be trained.",
    got,
    expected: "float Variables, each once: an array, a record, or groups [{ parameters, ...options }]",
    mend: `new ${op}(model.parameters(), { learningRate: 1e-3 })`,
  });

function makeGroup<Options extends OptimizerOptions, Scalars>(
  op: string,
  rule: UpdateRule<Options, Scalars>,
  shared: Options | undefined,
  { parameters, own }: GivenGroup<Options>,
): Group<Options> {
  const known = Object.keys(rule.complete({}));
  checkOptions(op, shared, known);
  checkOptions(op, own, [...known, "parameters"]);
  const options = rule.complete({ ...shared, ...own });
  const starts = Object.entries(rule.moments(options));
  const dtype = parameters.some((parameter) => parameter.dtype === "float64") ? "float64" : "float32";
  return {
    options,
    rate: new Variable(full([], options.learningRate, { dtype })),
    momentNames: starts.map(([name]) => name),
    members: parameters.map((parameter) => ({
      parameter,
      moments: starts.map(
        ([, start]) => new Variable(full(parameter.shape, start, { dtype: parameter.dtype })),
      ),
    })),
  };
}
