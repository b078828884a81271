import { checkFunction } from "../base/checks.js";
import { isFloatDType } from "../base/dtype.js";
import { DerivativeError, DTypeError, ShapeError } from "../base/errors.js";
import { sameShape, showSpec } from "../base/shape.js";
import { describe } from "../base/show.js";
import type { Spec } from "../kernel/lowering.js";
import { batchedUp } from "../ops/batching.js";
import { zerosOf } from "../ops/fill.js";
import { asTensor } from "../ops/operands.js";
import { sum } from "../ops/reduction.js";
import { renamed, Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import { current } from "../trace/context.js";
import { interpret } from "../trace/evaluate.js";
import type { Graph, Op } from "../trace/op.js";
import { notPromise } from "../trace/trace.js";
import { checkNoMore } from "./argument-checks.js";
import { closeBatched } from "./batch-graph.js";
import { close, commitAssignments, hiddenInputValues } from "./close.js";
import { zerosWhereNull } from "./lists.js";
import { isDifferentiated, observed } from "./observer.js";
import { hiddenValues } from "./split.js";
import { vjpFlat } from "./sweep.js";

import { vmap } from "./vmap.js";

type Leaves = readonly Tensor[];

/** A derivative written by hand: what comes back, or what goes forward. Must be linear in the cotangent or in the tangents:
 * the other mode is its transpose. */
export type DerivativeRule<Args extends readonly Tensor[], R extends Tensor> =
  | {
      /** The cotangent of each input. */
      vjp: (inputs: NoInfer<Args>, output: NoInfer<R>, cotangent: Tensor) => { [K in keyof Args]: Tensor };
    }
  | {
      /** The tangent of the output. */
      jvp: (inputs: NoInfer<Args>, tangents: NoInfer<Args>, output: NoInfer<R>) => Tensor;
    };

/** A rule in both modes, over lists. */
interface BothModes {
  pull(inputs: Leaves, output: Tensor, cotangent: Tensor): Leaves;
  push(inputs: Leaves, tangents: Leaves, output: Tensor): Tensor;
}

interface CustomAttributes {
  readonly rule: BothModes;
  /** How many inputs are the function's arguments; captures come behind them. */
  readonly arity: number;
  /** The function as a graph, where it was traced; else the output that has already been computed. */
  readonly graph: Graph | null;
  readonly output: Spec;
  readonly first: { value: Tensor | null };
}

const traced = (rule: BothModes, arity: number, graph: Graph): CustomAttributes => ({
  rule,
  arity,
  graph,
  output: graph.outputs[0],
  first: { value: null },
});

const customOp: Op<CustomAttributes> = {
  name: "customDerivative",
  infer: (_inputs, { output }) => [{ shape: output.shape, dtype: output.dtype }],
  forward(inputs, { graph, first }) {
    const { value } = first;
    first.value = null;
    if (value !== null) return [renamed(value)];
    return graph === null ? [] : interpret(graph, inputs).map(renamed);
  },
  // Without a graph it was never traced, and no compiler asks.
  structure: ({ graph }) => ({ kind: "inline", graph: graph as Graph, barrier: false }),
  pullback(node, [cotangent], wanted) {
    const { rule, arity } = node.attributes as CustomAttributes;
    if (cotangent === null) return node.inputs.map(() => null);
    if (wanted.some((w, i) => w && i >= arity)) throw captured();
    const made = rule.pull(node.inputs.slice(0, arity), node.outputs[0], cotangent);
    return wanted.map((w, i) => (w ? made[i] : null));
  },
  pushforward(node, tangents) {
    const { rule, arity } = node.attributes as CustomAttributes;
    if (tangents.some((t, i) => t !== null && i >= arity)) throw captured();
    const inputs = node.inputs.slice(0, arity);
    return [rule.push(inputs, zerosWhereNull(tangents.slice(0, arity), inputs), node.outputs[0])];
  },
  batch(inputs, batched, attributes, n) {
    const { arity, rule } = attributes;
    const closed = closeBatched(attributes.graph as Graph, batched, n, [true]);
    const up = (list: Leaves): Leaves => list.map((t, i) => batchedUp(t, batched[i], n));
    const forEach = vmap as <A extends readonly unknown[], R extends object>(
      f: (...args: A) => R,
    ) => (...args: A) => R;
    const batchedRule: BothModes = {
      // What all examples share gets the sum of their gradients.
      pull: (i, o, c) =>
        forEach(rule.pull)(up(i), o, c).map((g, k) => (batched[k] ? g : sum(g, { axis: 0 }))),
      push: (i, t, o) => forEach(rule.push)(up(i), up(t), o),
    };
    const all = [...inputs, ...hiddenValues(closed)];
    return [apply(customOp, all, traced(batchedRule, arity, closed.graph)), [true]];
  },
};

/** A function with a derivative of one's own: to make it stable, cheaper, or different on purpose. The function itself is not differentiated.
 * @param f - takes tensors, returns a tensor; may read values of tensors when it is not traced; must not capture a tensor that is being differentiated
 * @param rule - `vjp(inputs, output, cotangent)` returns the cotangents of the inputs; or `jvp(inputs, tangents, output)` returns the tangent of the output.
 * One is enough: it must be linear in the cotangent or the tangents, and the other mode is its transpose
 * @returns a function of the same arguments, differentiable in both modes to any order that the rule allows
 * @throws {@link DerivativeError} if it captures a tensor that is being differentiated, or if the rule returns another number of gradients;
 * {@link ShapeError} or {@link DTypeError} if one of them does not fit its input
 * @example
 * const steep = customDerivative((x) => exp(x), { vjp: ([x], y, c) => [c.mul(y.minimum(10))] })
 * grad(steep)(tensor(5)).item() // => 10
 */
export function customDerivative<Args extends readonly Tensor[] = Tensor[], R extends Tensor = Tensor>(
  f: (...args: Args) => R,
  rule: DerivativeRule<Args, R>,
  ...more: readonly never[]
): (...args: Args) => R {
  checkFunction("customDerivative", "f", f, example);
  checkNoMore("customDerivative", more, example);
  const known: { readonly vjp?: unknown; readonly jvp?: unknown } = Object(rule);
  if (typeof known.vjp !== "function" && typeof known.jvp !== "function") {
    const got = describe(rule);
    throw wrongResult("derivative/rule", "there is no rule.", got, "an object with a function vjp or jvp");
  }
  const both = bothModes(rule);
  const run = (inputs: Leaves): Tensor => {
    const result = notPromise<Tensor>(f(...(inputs as Args)), "customDerivative");
    if (result instanceof Tensor) return result;
    throw wrongResult(
      "derivative/custom-result",
      "the function did not return a tensor.",
      describe(result),
      "a tensor",
    );
  };
  return (...args) => {
    const inputs = args.map((t) => asTensor("customDerivative", t));
    // R is what f returns, and all tensors are alike.
    return (current().trace === null ? runNow(run, inputs, both) : traceNow(run, inputs, both)) as R;
  };
}

function traceNow(run: (inputs: Leaves) => Tensor, inputs: Leaves, rule: BothModes): Tensor {
  const closed = close((all) => [run(all)], inputs);
  const hidden = hiddenInputValues(closed);
  if (hidden.some((t) => isDifferentiated(current().tapes, t))) throw captured();
  const made = apply(customOp, [...inputs, ...hidden], traced(rule, inputs.length, closed.graph));
  return commitAssignments(closed, made)[0];
}

/** Runs the function where no tape sees it, so that it may read values, and looks what it captures. */
function runNow(run: (inputs: Leaves) => Tensor, inputs: Leaves, rule: BothModes): Tensor {
  const { tapes } = current();
  if (tapes.length === 0) return run(inputs);
  const { observer, overlay, made: value } = observed(run, inputs);
  observer.note(value);
  const seen = [...observer.captured.values(), ...overlay.first.values()];
  if (seen.some((t) => isDifferentiated(tapes, t))) throw captured();
  const { sizes: shape, dtype } = value;
  const attributes = { rule, arity: inputs.length, graph: null, output: { shape, dtype }, first: { value } };
  const output = applyOne(customOp, inputs, attributes);
  for (const variable of overlay.assigned) variable.value = overlay.read(variable);
  return output;
}

/** The mode that was not written is the transpose of the one that was. */
function bothModes<Args extends readonly Tensor[], R extends Tensor>(
  rule: DerivativeRule<Args, R>,
): BothModes {
  // The lists have the length of Args: customOp passes as many as the function takes.
  if ("vjp" in rule) {
    const pull: BothModes["pull"] = (inputs, output, cotangent) =>
      checkGradients(inputs, rule.vjp(inputs as Args, output as R, cotangent));
    return {
      pull,
      push(inputs, tangents, output) {
        const zero = zerosOf(output);
        return vjpFlat(([c]) => pull(inputs, output, c), [zero]).pull(tangents)[0] ?? zero;
      },
    };
  }
  const push: BothModes["push"] = (inputs, tangents, output) => {
    const made = rule.jvp(inputs as Args, tangents as Args, output as R);
    checkLike("the tangent of the output", made, output);
    return made;
  };
  return {
    push,
    pull(inputs, output, cotangent) {
      const { pull } = vjpFlat((tangents) => [push(inputs, tangents, output)], inputs.map(zerosOf));
      return zerosWhereNull(pull([cotangent]), inputs);
    },
  };
}

function checkGradients(inputs: Leaves, made: Leaves): Leaves {
  if (!Array.isArray(made) || made.length !== inputs.length) {
    throw wrongResult(
      "derivative/custom-count",
      "the rule does not return one gradient per input.",
      describe(made),
      `${inputs.length} tensors`,
    );
  }
  inputs.forEach((t, i) => {
    if (isFloatDType(t.dtype)) checkLike(`the gradient of input ${i}`, made[i], t);
  });
  return made;
}

function checkLike(what: string, t: unknown, like: Spec): void {
  const expected = showSpec(like);
  if (!(t instanceof Tensor))
    throw wrongResult("derivative/custom-result", `${what} is not a tensor.`, describe(t), expected);
  const shape = sameShape(t.sizes, like.shape);
  if (shape && t.dtype === like.dtype) return;
  const data = {
    op: "customDerivative",
    problem: `${what} does not fit the value that it belongs to.`,
    got: showSpec(t),
    expected,
    mend: "use sum, broadcastTo or cast in the rule",
  };
  throw shape
    ? new DTypeError({ ...data, code: "dtype/custom-derivative" })
    : new ShapeError({ ...data, code: "shape/custom-derivative" });
}

const example = "customDerivative(exp, { vjp: ([x], y, cotangent) => [cotangent.mul(y)] }), for example";

const wrongResult = (code: string, problem: string, got: string, expected: string): DerivativeError =>
  new DerivativeError({
    code,
    op: "customDerivative",
    problem,
    got,
    expected,
    mend: example,
  });

const captured = (): DerivativeError =>
  new DerivativeError({
    code: "derivative/capture",
    op: "customDerivative",
    problem: "the function captures a tensor that is being differentiated.",
    got: "a tensor or Variable that the rule does not see",
    expected: "everything that is differentiated among the arguments",
    mend: "pass it as an argument, or wrap it in stopGradient",
  });
