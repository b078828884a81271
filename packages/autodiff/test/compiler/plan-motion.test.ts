import { describe, expect, test } from "vitest";
import type { Loop } from "../../src/compiler/operands.js";
import { type MotionPlan, motionOf, planMotion } from "../../src/compiler/passes/plan-motion.js";
import { spec, trace } from "../../src/compiler/print-graph.js";
import { structureOf } from "../../src/compiler/rewrite.js";
import { add, exp, matmul, mul, scan, sum, type Tensor, tanh, transpose, zeros } from "../../src/index.js";

// What the plan says, without building anything from it.

/** The only loop of a traced function. */
function loopOf(f: (...args: Tensor[]) => unknown, ...args: Tensor[]): Loop {
  for (const node of trace(f, ...args).closed.graph.nodes) {
    const structure = structureOf(node);
    if (structure?.kind === "loop") return structure;
  }
  throw new Error("there is no loop");
}

/** A plan by the names of its ops. */
function names({ before, inside, after, carries, sums, handed, stacked }: MotionPlan): object {
  const ops = (nodes: MotionPlan["before"]): string => nodes.map(({ op }) => op.name).join(" ");
  return {
    before: ops(before),
    inside: ops(inside),
    after: ops(after),
    carries,
    sums: [...sums].map(([i, terms]) => [i, terms.length]),
    handed: handed.length,
    stacked: stacked.length,
  };
}
const all = (loop: Loop): boolean[] => loop.body.outputs.map(() => true);
const summable = (loop: Loop): boolean[] => new Array<boolean>(loop.carries).fill(true);

/** h' = tanh(x·(2w) + h·u), with exp(h') and the sum of hᵀ·x beside it. */
const recurrence = (w: Tensor, u: Tensor, h: Tensor, xs: Tensor): unknown =>
  scan(
    ([c, g]: [Tensor, Tensor], x: Tensor) => {
      const next = tanh(add(matmul(x, mul(w, 2)), matmul(c, u)));
      return [[next, add(g, matmul(transpose(c), x))] as [Tensor, Tensor], matmul(exp(next), u)];
    },
    [h, zeros([4, 3])] as [Tensor, Tensor],
    xs,
  );
const specs = (steps: number): Tensor[] => [spec([3, 4]), spec([4, 4]), spec([2, 4]), spec([steps, 2, 3])];

describe("the plan of a recurrence", () => {
  const loop = loopOf(recurrence, ...specs(5));
  test("inputs first, outputs and sums over time last, the carry in between", () => {
    const plan = planMotion(loop, all(loop), summable(loop));
    expect(names(plan)).toEqual({
      before: "mul matmul",
      inside: "matmul add tanh exp",
      after: "transpose matmul matmul",
      carries: [0],
      sums: [[1, 1]],
      handed: 2,
      stacked: 2,
    });
    expect(motionOf(plan)).toEqual({ before: 1, after: 2, accumulators: 1 });
  });
  test("nothing is done for what nobody reads", () => {
    const plan = planMotion(loop, [true, false, false], summable(loop));
    expect(names(plan)).toMatchObject({ inside: "matmul add tanh", after: "", sums: [], stacked: 0 });
  });
  test("a carry that may not be added up apart stays in the loop, with what it adds", () => {
    const plan = planMotion(loop, [true, true, false], [true, false]);
    expect(names(plan)).toMatchObject({ carries: [0, 1], sums: [], after: "", stacked: 0 });
  });
  test("what would be too large over all steps stays in the loop", () => {
    const long = loopOf(recurrence, ...specs(2 ** 23));
    expect(names(planMotion(long, all(long), summable(long)))).toMatchObject({
      before: "mul",
      after: "",
      sums: [],
    });
  });
});

test("a sum that somebody looks at on its way is carried", () => {
  const running = (h: Tensor, xs: Tensor): unknown =>
    scan((c: Tensor, x: Tensor) => [add(c, sum(exp(x))), c], h, xs);
  const loop = loopOf(running, spec([]), spec([5, 2]));
  expect(names(planMotion(loop, [true, true], [true]))).toMatchObject({ carries: [0], sums: [] });
  expect(names(planMotion(loop, [true, false], [true]))).toMatchObject({ carries: [], sums: [[0, 1]] });
});

test("without a carry, everything runs before the loop, and no loop is left", () => {
  const f = (xs: Tensor): unknown => scan((c: Tensor, x: Tensor) => [c, exp(mul(x, 2))], zeros([]), xs)[1];
  const loop = loopOf(f, spec([5, 2]));
  expect(names(planMotion(loop, [false, true], [true]))).toMatchObject({
    before: "mul exp",
    inside: "",
    carries: [],
    stacked: 0,
  });
});
