import { checkFunction, checkOptions } from "../base/checks.js";
import { DTypeError, ShapeError, TreeError, ValueError } from "../base/errors.js";
import { mostElements } from "../base/limits.js";
import { sameShape, showShape, showSpec } from "../base/shape.js";
import { describe, show } from "../base/show.js";
import { stack, unstack } from "../ops/joining.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { current } from "../trace/context.js";
import type { Graph } from "../trace/op.js";
import { notPromise } from "../trace/trace.js";
import { checkNoMore } from "./argument-checks.js";
import { assignVariables, type ClosedGraph, close } from "./close.js";
import { hiddenOperands } from "./loop-operands.js";
import { leafPaths, type Outline, rebuild } from "./outline.js";
import { scanOp } from "./scan-op.js";
import { type Flattened, flatten } from "./tree.js";
import { flattenLike } from "./tree-likeness.js";
import type { AnyTree, LiteralTree, Tensors, TupleHint } from "./types.js";

/** Options of {@link scan}. */
export interface ScanOptions {
  /** From the last step to the first (false); outputs stay where their inputs are. */
  readonly reverse?: boolean;
  /** The number of steps, where `xs` is null. */
  readonly length?: number;
}

const use = "write scan((carry, x) => [carry, y], carry, xs)";

type Leaves = readonly Tensor[];
/** One step over lists of tensors. */
type Step = (carry: Leaves, x: Leaves) => { readonly carry: Leaves; readonly y: Leaves };

/** A loop over time: carries a state from step to step and stacks what each step puts out.
 * Traced or compiled it stays one loop, whatever its length; its derivative is a loop backwards (backpropagation through time).
 * @param body - `(carry, x) => [carry, y]`; the carry keeps its structure, shapes and dtypes; `y` is any tree
 * @param carry - the state before the first step
 * @param xs - a tree of tensors `[time, ...]`, of which each step gets one slice; null with `{ length }`
 * @param options - `reverse` (false), `length`
 * @returns the last carry, and the tree of `y` with every tensor stacked to `[time, ...]`
 * @throws {@link ShapeError} or {@link DTypeError} if the carry changes, naming the leaf; {@link TreeError} if its structure does;
 * {@link ValueError} if there is no length
 * @example
 * const [total, sums] = scan((s: Tensor, x: Tensor) => [s.add(x), s.add(x)], tensor(0), tensor([1, 2, 3]))
 * total.item() // => 6
 * sums.toArray() // => [1, 3, 6]
 */
export function scan<C extends LiteralTree, X extends AnyTree, Y extends AnyTree>(
  body: (carry: Tensors<C>, x: X) => readonly [carry: NoInfer<Tensors<C>> | TupleHint, y: Y],
  carry: C,
  xs: X,
  options?: ScanOptions,
  ...more: readonly never[]
): [carry: Tensors<C>, ys: Tensors<Y>];
export function scan<C extends AnyTree, X extends AnyTree, Y extends AnyTree>(
  body: (carry: C, x: X) => readonly [carry: NoInfer<C>, y: Y],
  carry: C,
  xs: X,
  options?: ScanOptions,
  ...more: readonly never[]
): [carry: C, ys: Tensors<Y>];
export function scan<C, X, Y>(
  body: (carry: C, x: X) => readonly [carry: C, y: Y],
  carry: C,
  xs: X,
  options: ScanOptions = {},
  ...more: readonly never[]
): [carry: C, ys: Y] {
  checkFunction("scan", "body", body, use);
  checkNoMore("scan", more, use);
  checkOptions("scan", options, ["reverse", "length"]);
  const start = flatten("scan", carry, "leaf", "carry");
  const inputs = flatten("scan", xs, "static", "xs");
  const length = lengthOf(inputs, options.length);
  let yOutline: Outline | undefined;
  const step: Step = (c, x) => {
    const made = notPromise(body(rebuild(start.outline, c) as C, rebuild(inputs.outline, x) as X), "scan");
    if (!Array.isArray(made) || made.length !== 2) throw badBody(made);
    const [nextTree, yTree] = made;
    const next = flattenLike("scan", nextTree, start.outline, "carry");
    checkCarry(start, next);
    if (yOutline !== undefined) return { carry: next, y: flattenLike("scan", yTree, yOutline, "y") };
    const y = flatten("scan", yTree, "leaf", "y");
    yOutline = y.outline;
    return { carry: next, y: y.leaves };
  };
  const reverse = options.reverse === true;
  // Without steps only a trace tells the shapes of y.
  const run = current().trace === null && length > 0 ? loop : oneNode;
  const made = run(step, start.leaves, inputs.leaves, length, reverse);
  return [rebuild(start.outline, made.carry) as C, rebuild(yOutline as unknown as Outline, made.y) as Y];
}

type Run = (step: Step, carry: Leaves, xs: Leaves, length: number, reverse: boolean) => ReturnType<Step>;

const loop: Run = (step, start, xs, length, reverse) => {
  // Unstacked once: a slice for each step by itself would cost T² on the way back.
  const slices = xs.map((x) => unstack(x));
  const ys = new Array<Leaves>(length);
  let carry = start;
  for (let k = 0; k < length; k++) {
    const t = reverse ? length - 1 - k : k;
    const made = step(
      carry,
      slices.map((s) => s[t]),
    );
    carry = made.carry;
    ys[t] = made.y;
  }
  return { carry, y: ys[0].map((_, i) => stack(ys.map((y) => y[i]))) };
};

const oneNode: Run = (step, carry, xs, length, reverse) => {
  const slices = xs.map(({ sizes: shape, dtype }) => ({ shape: shape.slice(1), dtype }));
  const closed = close(
    (all) => {
      const made = step(all.slice(0, carry.length), all.slice(carry.length));
      return [...made.carry, ...made.y];
    },
    [...carry, ...slices],
  );
  const { body, constants, hidden } = asLoop(closed, carry.length, xs.length);
  const inputs = [...constants, ...carry, ...hidden, ...xs];
  const carries = carry.length + hidden.length;
  const made = apply(scanOp, inputs, { body, constants: constants.length, carries, length, reverse });
  assignVariables(closed.assigned, made, carry.length);
  return { carry: made.slice(0, carry.length), y: made.slice(carries) };
};

/** Variables that the body assigns are carried, hidden behind the user's carries. */
function asLoop(
  closed: ClosedGraph,
  carries: number,
  xs: number,
): { readonly body: Graph; readonly constants: Leaves; readonly hidden: Leaves } {
  const { graph, assigned } = closed;
  const { inputs, outputs, nodes } = graph;
  const args = carries + xs;
  const results = outputs.length - assigned.length;
  const { constants, constantValues, carried } = hiddenOperands(closed, args, assigned);
  return {
    body: {
      inputs: [
        ...constants,
        ...inputs.slice(0, carries),
        // Whatever a function assigns, it uses.
        ...(carried as Leaves),
        ...inputs.slice(carries, args),
      ],
      nodes,
      outputs: [...outputs.slice(0, carries), ...outputs.slice(results), ...outputs.slice(carries, results)],
    },
    constants: constantValues,
    hidden: assigned.map((v) => v.value),
  };
}

function lengthOf(xs: Flattened, given: number | undefined): number {
  if (given !== undefined && !(Number.isInteger(given) && given >= 0 && given <= mostElements)) {
    throw noLength(`length ${show(given)}`, "a whole number ≥ 0, below 2³¹");
  }
  const { leaves } = xs;
  const length = given ?? leaves[0]?.sizes[0];
  const paths = leafPaths(xs.outline, "xs");
  const bare = leaves.findIndex((t) => t.sizes.length === 0);
  if (bare >= 0) throw badTime(`${paths[bare]}: a scalar`, "tensors [time, ...]");
  if (length === undefined)
    throw noLength("xs without tensors, and no length", "tensors [time, ...] in xs, or { length }");
  const odd = leaves.findIndex((t) => t.sizes[0] !== length);
  if (odd >= 0) {
    const other = given === undefined ? `${paths[0]}: ${showShape(leaves[0].sizes)}` : `length ${length}`;
    throw badTime(
      `${paths[odd]}: ${showShape(leaves[odd].sizes)} beside ${other}`,
      `${length} steps along the first axis of every tensor`,
    );
  }
  return length;
}

const noLength = (got: string, expected: string): ValueError =>
  new ValueError({
    code: "value/scan-length",
    op: "scan",
    problem: "the number of steps is not known.",
    got,
    expected,
    mend: "scan(body, carry, null, { length: 10 }) runs ten steps without inputs",
  });

const badTime = (got: string, expected: string): ShapeError =>
  new ShapeError({
    code: "shape/scan-length",
    op: "scan",
    problem: "the tensors of xs have no length in common.",
    got,
    expected,
    mend: "time is the first axis; the body may capture what all steps share",
  });

const badBody = (got: unknown): TreeError =>
  new TreeError({
    code: "tree/scan-body",
    op: "scan",
    problem: "the body did not return a pair.",
    got: describe(got),
    expected: "[carry, y]",
    mend: "return [carry, null] if there is nothing to stack",
  });

function checkCarry({ leaves, outline }: Flattened, next: Leaves): void {
  leaves.forEach((before, i) => {
    const after = next[i];
    const shape = sameShape(before.sizes, after.sizes);
    if (shape && before.dtype === after.dtype) return;
    const path = leafPaths(outline, "carry")[i];
    const data = {
      op: "scan",
      problem: "the body must keep the shape and dtype of the carry.",
      got: `${path} went in as ${showSpec(before)} and came out as ${showSpec(after)}`,
      expected: `${showSpec(before)} after every step`,
      mend: "start from a carry like what the body returns, such as zeros([batch, size]), or cast that",
    };
    throw shape
      ? new DTypeError({ ...data, code: "dtype/carry" })
      : new ShapeError({ ...data, code: "shape/carry" });
  });
}
