import { checkFunction } from "../base/checks.js";
import { DTypeError, ShapeError, VariableError } from "../base/errors.js";
import { sameShape, showShape } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { current } from "../trace/context.js";
import type { Graph } from "../trace/op.js";
import { notPromise } from "../trace/trace.js";
import { checkNoMore } from "./argument-checks.js";
import { assignVariables, type ClosedGraph, close } from "./close.js";
import { predicateOf } from "./cond.js";
import { type HiddenOperands, hiddenOperands, type WhileAttributes } from "./loop-operands.js";
import { leafPaths, rebuild } from "./outline.js";
import { flatten } from "./tree.js";
import { flattenLike } from "./tree-likeness.js";
import type { AnyTree, LiteralTree, Tensors, TupleHint } from "./types.js";
import { whileOp } from "./while-op.js";

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
  const { inputs, attributes } = asLoop(t, b, leaves);
  const made = apply(whileOp, inputs, attributes);
  assignVariables(b.assigned, made, leaves.length);
  return build(made.slice(0, leaves.length));
}

/** Variables that the body assigns are carried, hidden behind the user's carries; the test sees them as well. */
function asLoop(
  test: ClosedGraph,
  body: ClosedGraph,
  carry: readonly Tensor[],
): { readonly inputs: readonly Tensor[]; readonly attributes: WhileAttributes } {
  const count = carry.length;
  const { assigned } = body;
  const [ofTest, ofBody] = [test, body].map((closed) => hiddenOperands(closed, count, assigned));
  const layOut = ({ graph }: ClosedGraph, { constants, carried }: HiddenOperands): Graph => ({
    ...graph,
    // A test that does not use a carried Variable gets the body's symbol, which it does not read.
    inputs: [
      ...constants,
      ...graph.inputs.slice(0, count),
      ...carried.map((t, i) => t ?? (ofBody.carried[i] as Tensor)),
    ],
  });
  return {
    inputs: [...ofTest.constantValues, ...ofBody.constantValues, ...carry, ...assigned.map((v) => v.value)],
    attributes: {
      test: layOut(test, ofTest),
      body: layOut(body, ofBody),
      testConstants: ofTest.constants.length,
      bodyConstants: ofBody.constants.length,
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
    if (t.dtype === next.dtype && sameShape(t.sizes, next.sizes)) return;
    const data = {
      op: "whileLoop",
      got: `${paths()[i]} went in as ${t.dtype}${showShape(t.sizes)} and came out as ${next.dtype}${showShape(next.sizes)}`,
      expected: `${t.dtype}${showShape(t.sizes)} after every step`,
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
