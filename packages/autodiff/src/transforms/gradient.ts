import { checkFunction } from "../base/checks.js";
import { isFloatDType } from "../base/dtype.js";
import { DerivativeError, DTypeError, ShapeError, TreeError } from "../base/errors.js";
import { showShape } from "../base/shape.js";
import { describe } from "../base/show.js";
import { onesOf } from "../ops/fill.js";
import { Tensor } from "../tensor/tensor.js";
import { Tape } from "../trace/tape.js";
import { notPromise } from "../trace/trace.js";
import { Variable } from "../trace/variable.js";
import { checkNoMore, firstArgument } from "./argument-checks.js";
import { zerosWhereNull } from "./lists.js";
import { leafPaths, rebuild } from "./outline.js";
import { record, sweep, withTape } from "./sweep.js";
import { type Flattened, flatten } from "./tree.js";
import type {
  Gradient,
  GradientFunction,
  Loss,
  Unannotated,
  ValueAndGradientFunction,
  Variables,
  WithAux,
} from "./types.js";

/** The derivative of a function with a scalar result with respect to its first argument.
 * @param f - takes a tree (tensor, nested arrays, plain objects) and anything else; returns a scalar tensor of shape `[]`.
 * Where the type of its parameter is not written, arguments are not checked against it (and with `noUncheckedIndexedAccess` what is taken out of it may be undefined: write the type)
 * @returns a function of the same arguments that returns the gradient: a tree like the first argument
 * @throws {@link ShapeError} if the result is not a scalar; {@link DTypeError} if an argument is not float
 * @example
 * grad((x) => sin(x).mul(x))(tensor(2)).item() // => 0.077
 * grad(({ w, b }) => w.mul(w).add(b))({ w: tensor(3), b: tensor(1) }) // => { w: 6, b: 1 }
 * grad((p: { w: Tensor; b: Tensor }) => p.w.mul(p.w).add(p.b))({ w: tensor(3), b: tensor(1) }) // => { w: 6, b: 1 }
 */
export function grad<P = Unannotated, Rest extends readonly unknown[] = Unannotated[]>(
  f: (x: P, ...rest: Rest) => Tensor,
  ...more: readonly never[]
): GradientFunction<P, Rest> {
  checkLoss("grad", f, more);
  const gradient = (x: P, ...rest: Rest): Gradient<P> => differentiate("grad", f, x, rest).gradient;
  // The type says more of arguments only where f leaves their types out.
  return gradient as GradientFunction<P, Rest>;
}

/** The value of a function and its gradient with respect to the first argument, in one run.
 * @param f - returns a scalar tensor, or `[loss, aux]`, whose `aux` (logits, states, metrics) is handed back
 * @returns a function that returns `[value, gradient]`, or `[value, gradient, aux]`
 * @throws {@link ShapeError} if the result is not a scalar; {@link DTypeError} if an argument is not float
 * @example
 * const [value, gradient] = valueAndGrad((x) => sum(x.mul(x)))(tensor([1, 2]))
 * value.item() // => 5
 * gradient.toArray() // => [2, 4]
 */
export function valueAndGrad<
  P = Unannotated,
  Rest extends readonly unknown[] = Unannotated[],
  R extends Loss = Tensor,
>(f: (x: P, ...rest: Rest) => R, ...more: readonly never[]): ValueAndGradientFunction<P, Rest, R> {
  checkLoss("valueAndGrad", f, more);
  const both = (x: P, ...rest: Rest): readonly unknown[] => {
    const { loss, aux, gradient } = differentiate("valueAndGrad", f, x, rest);
    return [loss, gradient, ...aux];
  };
  // WithAux says of the type what `aux` is of the value (empty, or one element), and more of arguments only where f leaves their types out.
  return both as unknown as ValueAndGradientFunction<P, Rest, R>;
}

interface Differentiated<P> {
  readonly loss: Tensor;
  readonly aux: readonly unknown[];
  readonly gradient: Gradient<P>;
}

function differentiate<P, Rest extends readonly unknown[]>(
  op: string,
  f: (x: P, ...rest: Rest) => Loss,
  x: P,
  rest: Rest,
): Differentiated<P> {
  const given = flatten(op, x, "leaf", "argument");
  checkFloat(op, given);
  // What is rebuilt is built like x.
  const { tape, leaves, result } = record(
    (l) => notPromise(f(rebuild(given.outline, l) as P, ...rest), op),
    given.leaves,
  );
  const { loss, aux, gradients } = backFrom(op, tape, result, leaves);
  return { loss, aux, gradient: rebuild(given.outline, gradients) as Gradient<P> };
}

/** The gradient of what a function computes with respect to Variables: parameters of a model, and any others.
 * @param closure - returns a scalar tensor, or `[loss, aux]`, whose `aux` (logits, carried states) is handed back
 * @param variables - a list or a record of float Variables; the gradient is with respect to their values at the start
 * @returns `[loss, gradients]` or `[loss, gradients, aux]`; gradients are a list or a record like `variables`; zeros where a Variable has no influence
 * @throws {@link ShapeError} if the loss is not a scalar; {@link DTypeError} if a Variable is not float
 * @example
 * const w = new Variable(tensor([1, 2]))
 * const [loss, [gradient]] = lossAndGradients(() => sum(w.value.mul(w.value)), [w])
 * loss.item() // => 5
 * gradient.toArray() // => [2, 4]
 */
export function lossAndGradients<R extends Loss, V extends Variables>(
  closure: () => R,
  variables: V,
  ...more: readonly never[]
): WithAux<R, [loss: Tensor, gradients: { -readonly [K in keyof V]: Tensor }]> {
  const op = "lossAndGradients";
  checkLoss(op, closure, more, "put all Variables into one list or record");
  if (typeof variables !== "object" || variables === null) throw notVariable(op, "variables", variables);
  const entries = Object.entries(variables);
  for (const [name, variable] of entries) checkVariable(op, name, variable);
  const tape = new Tape();
  const result = withTape(tape, () => {
    for (const [, variable] of entries) void variable.value;
    return notPromise(closure(), op);
  });
  // The tape adopted every one of the variables when it was touched.
  const leaves = entries.map(([, variable]) => tape.leaves.get(variable) as Tensor);
  const { loss, aux, gradients } = backFrom(op, tape, result, leaves);
  const tree = Array.isArray(variables)
    ? gradients
    : Object.fromEntries(entries.map(([name], i) => [name, gradients[i]]));
  // The tree has the keys of `variables`; WithAux says of the type what `aux` is of the value.
  return [loss, tree, ...aux] as unknown as ReturnType<typeof lossAndGradients<R, V>>;
}

const notVariable = (op: string, path: string, value: unknown): TreeError =>
  new TreeError({
    code: "tree/variable",
    op,
    problem: "not a Variable.",
    got: `${path}: ${describe(value)}`,
    expected: "a list or a record of Variables",
    mend: "pass model.parameters(); valueAndGrad takes tensors",
  });

function checkLoss(op: string, f: unknown, more: readonly unknown[], mend = firstArgument): void {
  checkFunction(op, "f", f, "put () => in front of the loss, or (x) => if it depends on x");
  checkNoMore(op, more, mend);
}

function checkVariable(op: string, name: string, variable: unknown): void {
  if (!(variable instanceof Variable)) throw notVariable(op, `variables[${name}]`, variable);
  if (!isFloatDType(variable.dtype)) throw notFloat(op, `variables[${name}]`, variable.dtype);
}

/** Throws unless there is something to differentiate by, and all of it is float. */
export function checkFloat(op: string, { leaves, outline }: Flattened, root = "argument"): void {
  if (leaves.length === 0) {
    throw new TreeError({
      code: "tree/empty",
      op,
      problem: "there is nothing to differentiate by.",
      got: `${root}: no tensors in it`,
      expected: "a tensor, a number, or nested arrays and plain objects of them",
      mend: "pass it as the first argument; lossAndGradients takes Variables",
    });
  }
  for (let i = 0; i < leaves.length; i++) {
    if (!isFloatDType(leaves[i].dtype)) throw notFloat(op, leafPaths(outline, root)[i], leaves[i].dtype);
  }
}

const notFloat = (op: string, path: string, dtype: string): DTypeError =>
  new DTypeError({
    code: "dtype/derivative-of-integer",
    op,
    problem: "only float tensors have derivatives.",
    got: `${path}: ${dtype}`,
    expected: "float32 or float64",
    mend: "cast it to float32, or pass it as a further argument",
  });

/** The loss that a function returned, what it returned beside it, and the gradients of the leaves. */
function backFrom(
  op: string,
  tape: Tape,
  result: unknown,
  leaves: readonly Tensor[],
): { readonly loss: Tensor; readonly aux: readonly unknown[]; readonly gradients: readonly Tensor[] } {
  const pair = Array.isArray(result);
  const loss: unknown = pair ? result[0] : result;
  if (!(loss instanceof Tensor) || (pair && result.length !== 2)) {
    throw new DerivativeError({
      code: "derivative/result",
      op,
      problem: "the function did not return a loss.",
      got: describe(result),
      expected: "a scalar tensor, or [loss, aux]",
      mend: "return the tensor, not its item(); wrap the rest in one object: [loss, { logits, state }]",
    });
  }
  if (loss.sizes.length !== 0) {
    throw new ShapeError({
      code: "shape/loss",
      op,
      problem: "only a scalar has a gradient.",
      got: `a result of shape ${showShape(loss.sizes)}`,
      expected: "shape []",
      mend: "reduce it with sum or mean, or use vjp or jacobian",
    });
  }
  if (!isFloatDType(loss.dtype)) throw notFloat(op, "result", loss.dtype);
  const gradients = zerosWhereNull(sweep(tape, [loss], [onesOf(loss)], leaves, true), leaves);
  return { loss, aux: pair ? [result[1]] : [], gradients };
}
