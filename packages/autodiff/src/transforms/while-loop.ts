import { checkFunction } from "../base/checks.js";
import { DerivativeError, DTypeError, InternalError, ShapeError, VariableError } from "../base/errors.js";
import { sameShape, showShape } from "../base/shape.js";
import { batchedUp } from "../ops/batching.js";
import { where } from "../ops/comparison.js";
import { zerosOf } from "../ops/fill.js";
import { any } from "../ops/reduction.js";
import { reshaped, stretched } from "../ops/shape.js";
import { renamed, type Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { current } from "../trace/context.js";
import { interpret } from "../trace/evaluate.js";
import type { Graph, Maybe, Op } from "../trace/op.js";
import { notPromise } from "../trace/trace.js";
import type { Variable } from "../trace/variable.js";
import { checkNoMore } from "./argument-checks.js";
import { batchedSpec, batchGraph, closeBatched } from "./batch-graph.js";
import { type ClosedGraph, close, memo, reach } from "./close.js";
import { predicateOf } from "./cond.js";
import { nonNull } from "./lists.js";
import { leafPaths, rebuild } from "./outline.js";
import { hiddenValues, type JvpGraph, jvpGraphWith } from "./split.js";
import { flatten } from "./tree.js";
import { flattenLike } from "./tree-likeness.js";
import type { AnyTree, LiteralTree, Tensors, TupleHint } from "./types.js";

interface WhileAttributes {
  /** Inputs: [its constants, carries]; output: a bool scalar. */
  readonly test: Graph;
  /** Inputs: [its constants, carries]; outputs: [carries]. */
  readonly body: Graph;
  readonly testConstants: number;
  readonly bodyConstants: number;
}

/** A loop of unknown length. Inputs: [constants of the test, constants of the body, carries]. */
export const whileOp: Op<WhileAttributes> = {
  name: "while",
  infer: (_inputs, { body }) => body.outputs,
  forward(inputs, { test, body, testConstants, bodyConstants }) {
    const forTest = inputs.slice(0, testConstants);
    const forBody = inputs.slice(testConstants, testConstants + bodyConstants);
    let carry = inputs.slice(testConstants + bodyConstants);
    while (interpret(test, [...forTest, ...carry])[0].item() !== 0)
      carry = interpret(body, [...forBody, ...carry]);
    return carry.map(renamed);
  },
  structure: (attributes) => ({ kind: "while", ...attributes }),
  pullback: () => {
    throw new DerivativeError({
      code: "derivative/while",
      op: "whileLoop",
      problem:
        "a traced loop of unknown length has no reverse derivative: what it would have to keep has no fixed size.",
      got: "reverse mode (grad, vjp, lossAndGradients) through a whileLoop that was traced or compiled",
      expected: "forward mode (jvp), or a loop of known length",
      mend: "use scan with the most steps it may take, and where to keep the carry once it is done",
    });
  },
  joint(inputs, attributes, tangents) {
    const { testConstants, bodyConstants, body } = attributes;
    const carries = body.outputs.length;
    const { joint, mask, joined } = jointWhileOf(
      attributes,
      tangents.slice(testConstants).map((t) => t !== null),
    );
    const values = inputs.slice(testConstants);
    const given = tangents.slice(testConstants);
    const full = values.map((t, i) => (mask[i] ? (given[i] ?? zerosOf(t)) : null));
    const part = (from: number, to?: number): Tensor[] => [
      ...values.slice(from, to),
      ...nonNull(full.slice(from, to)),
    ];
    const all = [
      ...inputs.slice(0, testConstants),
      ...hiddenValues(joint),
      ...part(0, bodyConstants),
      ...part(bodyConstants),
    ];
    const made = apply(whileOp, all, joined);
    let next = carries;
    return [made.slice(0, carries), mask.slice(bodyConstants).map((m) => (m ? made[next++] : null))];
  },
  pushforward({ inputs, attributes }, tangents) {
    const pushed = whileOp.joint?.(inputs, attributes as WhileAttributes, tangents);
    if (pushed === undefined) throw new InternalError("while has a joint derivative");
    return pushed[1];
  },
  batch: (inputs, batched, attributes, n) => batchWhile(inputs, batched, attributes, n),
};

interface JointWhile {
  readonly joint: JvpGraph;
  /** Of [constants of the body, carries]. */
  readonly mask: readonly boolean[];
  readonly joined: WhileAttributes;
}
const jointWhileOf: (attributes: WhileAttributes, given: readonly boolean[]) => JointWhile = memo(
  (attributes, given) => {
    const { test, body, testConstants, bodyConstants } = attributes;
    const mask = [...given];
    for (let changed = true; changed; ) {
      changed = false;
      const reached = reach(body, mask);
      body.outputs.forEach((t, i) => {
        if (mask[bodyConstants + i] || !reached.has(t.id)) return;
        mask[bodyConstants + i] = true;
        changed = true;
      });
    }
    const joint = jvpGraphWith(body, mask, mask.slice(bodyConstants));
    const { inputs } = joint.graph;
    const count = body.inputs.length;
    let next = count;
    const tangents: Maybe<Tensor>[] = mask.map((m) => (m ? inputs[next++] : null));
    const hidden = inputs.slice(next);
    const part = (from: number, to: number): Tensor[] => [
      ...inputs.slice(from, to),
      ...nonNull(tangents.slice(from, to)),
    ];
    const constants = [...hidden, ...part(0, bodyConstants)];
    const joined: WhileAttributes = {
      // The test does not look at tangents.
      test: { ...test, inputs: [...test.inputs, ...nonNull(tangents.slice(bodyConstants))] },
      body: { ...joint.graph, inputs: [...constants, ...part(bodyConstants, count)] },
      testConstants,
      bodyConstants: constants.length,
    };
    return { joint, mask, joined };
  },
);

function batchWhile(
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  { test, body, testConstants, bodyConstants }: WhileAttributes,
  n: number,
): readonly [readonly Tensor[], readonly boolean[]] {
  const start = testConstants + bodyConstants;
  const forTest = batched.slice(0, testConstants);
  const forBody = batched.slice(testConstants, start);
  let carries = batched.slice(start);
  const testOf = (): ReturnType<typeof closeBatched> => closeBatched(test, [...forTest, ...carries], n);
  const bodyOf = (): ReturnType<typeof closeBatched> =>
    closeBatched(body, [...forBody, ...carries], n, carries);
  for (;;) {
    const differs = testOf().batched[0];
    const flags = bodyOf().batched;
    const grown = carries.map((c, i) => c || flags[i] || differs);
    if (grown.every((c, i) => c === carries[i])) break;
    carries = grown;
  }
  const values = inputs
    .slice(start)
    .map((t, i) => (carries[i] && !batched[start + i] ? stretched(t, [n, ...t.shape]) : t));
  const specs = (
    graph: Graph,
    flags: readonly boolean[],
  ): { shape: readonly number[]; dtype: Tensor["dtype"] }[] =>
    graph.inputs.map((t, i) => batchedSpec(t, flags[i], n));
  const alike = testOf();
  const differs = alike.batched[0];
  // Where examples end at different times, the loop goes on for all, and those that have ended keep their carry.
  const t = differs
    ? close(
        (all) => [any(batchGraph(test, all, [...forTest, ...carries], n)[0][0])],
        specs(test, [...forTest, ...carries]),
      )
    : alike;
  const b = differs
    ? close(
        (all) => {
          const carry = all.slice(start);
          const [[going]] = batchGraph(
            test,
            [...all.slice(0, testConstants), ...carry],
            [...forTest, ...carries],
            n,
          );
          const [next, flags] = batchGraph(body, all.slice(testConstants), [...forBody, ...carries], n);
          return next.map((value, i) => {
            const stay = reshaped(going, [n, ...carry[i].shape.slice(1).map(() => 1)]);
            return where(stay, batchedUp(value, flags[i], n), carry[i]);
          });
        },
        [
          ...specs(test, [...forTest, ...carries]).slice(0, testConstants),
          ...specs(body, [...forBody, ...carries]),
        ],
      )
    : bodyOf();
  const constantsOfBody = inputs.slice(differs ? 0 : testConstants, start);
  const [hiddenTest, hiddenBody] = [hiddenValues(t), hiddenValues(b)];
  const hiddenFirst = (graph: Graph, hidden: number): Graph => ({
    ...graph,
    inputs: [
      ...graph.inputs.slice(graph.inputs.length - hidden),
      ...graph.inputs.slice(0, graph.inputs.length - hidden),
    ],
  });
  const all = [
    ...hiddenTest,
    ...inputs.slice(0, testConstants),
    ...hiddenBody,
    ...constantsOfBody,
    ...values,
  ];
  const made = apply(whileOp, all, {
    test: hiddenFirst(t.graph, hiddenTest.length),
    body: hiddenFirst(b.graph, hiddenBody.length),
    testConstants: hiddenTest.length + testConstants,
    bodyConstants: hiddenBody.length + constantsOfBody.length,
  });
  return [made, carries];
}

/** A loop that goes on while a test on its state holds.
 * Outside of traces it is a plain loop, differentiable in both modes. Traced or compiled it is one node, differentiable in forward mode only.
 * @param test - takes the carry, returns a scalar tensor (or a JavaScript boolean)
 * @param body - takes the carry, returns the next one: the same structure, shapes and dtypes
 * @param carry - the state at the start
 * @returns the first carry for which the test does not hold
 * @throws {@link ShapeError} or {@link DTypeError} if the body changes the carry; {@link DerivativeError} for reverse mode through a traced loop
 * @example
 * whileLoop((x: Tensor) => x.less(100), (x: Tensor) => x.mul(2), tensor(3)).item() // => 192
 */
export function whileLoop<C extends LiteralTree>(
  test: (carry: Tensors<C>) => Tensor | boolean,
  body: (carry: Tensors<C>) => NoInfer<Tensors<C>> | TupleHint,
  carry: C,
  ...more: readonly never[]
): Tensors<C>;
export function whileLoop<C extends AnyTree>(
  test: (carry: C) => Tensor | boolean,
  body: (carry: C) => NoInfer<C>,
  carry: C,
  ...more: readonly never[]
): C;
export function whileLoop<C>(
  test: (carry: C) => Tensor | boolean,
  body: (carry: C) => C,
  carry: C,
  ...more: readonly never[]
): C {
  const op = "whileLoop";
  const use = "write whileLoop((carry) => carry.less(9), (carry) => carry.mul(2), carry)";
  for (const f of [test, body]) checkFunction(op, "test or body", f, use);
  checkNoMore(op, more, use);
  const { leaves, outline } = flatten(op, carry, "leaf", "carry");
  const build = (list: readonly Tensor[]): C => rebuild(outline, list) as C;
  const step = (list: readonly Tensor[]): Tensor[] => {
    const next = flattenLike(op, notPromise(body(build(list)), op), outline, "carry");
    checkCarry(leaves, next, () => leafPaths(outline, "carry"));
    return next;
  };
  if (current().trace === null) {
    let now: readonly Tensor[] = leaves;
    for (;;) {
      const going = test(build(now));
      if (!(typeof going === "boolean" ? going : predicateOf(op, going).item() !== 0)) return build(now);
      now = step(now);
    }
  }
  const t = close((list) => [predicateOf(op, test(build(list)))], leaves);
  if (t.assigned.length > 0) throw testAssigns();
  const b = close(step, leaves);
  const { inputs, attributes } = joinGraphs(t, b, leaves);
  const made = apply(whileOp, inputs, attributes);
  b.assigned.forEach((variable, i) => {
    variable.value = made[leaves.length + i];
  });
  return build(made.slice(0, leaves.length));
}

/** Assigned Variables are carried, hidden behind the user's carries; the test sees them as well. */
function joinGraphs(
  t: ClosedGraph,
  b: ClosedGraph,
  carry: readonly Tensor[],
): { readonly inputs: readonly Tensor[]; readonly attributes: WhileAttributes } {
  const count = carry.length;
  const parts = ({
    graph,
    captures,
    variables,
  }: ClosedGraph): {
    constants: Tensor[];
    symbols: Tensor[];
    heldAt: (v: Variable) => Tensor | undefined;
  } => {
    const symbols = graph.inputs.slice(count);
    const held = symbols.slice(captures.length);
    const fixed = variables.map((v) => !b.assigned.includes(v));
    return {
      constants: [...captures, ...variables.filter((_, i) => fixed[i]).map((v) => v.value)],
      symbols: [...symbols.slice(0, captures.length), ...held.filter((_, i) => fixed[i])],
      heldAt: (v) => held[variables.indexOf(v)],
    };
  };
  const [pt, pb] = [parts(t), parts(b)];
  const hiddenOf = (own: ReturnType<typeof parts>): Tensor[] =>
    b.assigned.map((v) => own.heldAt(v) ?? (pb.heldAt(v) as Tensor));
  return {
    inputs: [...pt.constants, ...pb.constants, ...carry, ...b.assigned.map((v) => v.value)],
    attributes: {
      test: { ...t.graph, inputs: [...pt.symbols, ...t.graph.inputs.slice(0, count), ...hiddenOf(pt)] },
      body: { ...b.graph, inputs: [...pb.symbols, ...b.graph.inputs.slice(0, count), ...hiddenOf(pb)] },
      testConstants: pt.constants.length,
      bodyConstants: pb.constants.length,
    },
  };
}

function checkCarry(
  before: readonly Tensor[],
  after: readonly Tensor[],
  paths: () => readonly string[],
): void {
  before.forEach((t, i) => {
    const next = after[i];
    if (t.dtype === next.dtype && sameShape(t.shape, next.shape)) return;
    const data = {
      op: "whileLoop",
      got: `${paths()[i]} went in as ${t.dtype}${showShape(t.shape)} and came out as ${next.dtype}${showShape(next.shape)}`,
      expected: `${t.dtype}${showShape(t.shape)} after every step`,
      mend: "start from a carry of the right shape and dtype",
    };
    if (t.dtype === next.dtype)
      throw new ShapeError({
        ...data,
        code: "shape/while-carry",
        problem: "the body changed the shape of the carry.",
      });
    throw new DTypeError({
      ...data,
      code: "dtype/while-carry",
      problem: "the body changed the dtype of the carry.",
    });
  });
}

const testAssigns = (): VariableError =>
  new VariableError({
    code: "variable/while-test",
    op: "whileLoop",
    problem: "the test assigns a Variable.",
    got: "an assignment inside the test",
    expected: "a test that only looks",
    mend: "assign in the body",
  });
