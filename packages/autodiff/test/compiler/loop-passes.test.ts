import { describe, expect, test } from "vitest";
import { moveLoops } from "../../src/compiler/passes/move-loops.js";
import type { Motion } from "../../src/compiler/passes/plan-motion.js";
import { reuseStacks } from "../../src/compiler/passes/reuse-stacks.js";
import { shareCommon } from "../../src/compiler/passes/share-common.js";
import { spec } from "../../src/compiler/print-graph.js";
import {
  add,
  concat,
  exp,
  matmul,
  mul,
  reshape,
  scan,
  slice,
  type Tensor,
  tanh,
  transpose,
  zeros,
} from "../../src/index.js";
import type { Graph } from "../../src/trace/op.js";
import { through } from "./traced-graphs.js";

// The passes that look at loops, each on a graph just large enough to show what it does.

describe("move loops", () => {
  const motion = (
    f: (...args: Tensor[]) => unknown,
    ...args: Tensor[]
  ): { text: string; motions: Motion[] } => {
    const motions: Motion[] = [];
    const text = through(
      (g) =>
        moveLoops(
          g,
          (body) => body,
          (m) => motions.push(m),
        ),
      f,
      ...args,
    );
    return { text, motions };
  };
  test("x·W for all steps before the loop, what does not change once", () => {
    const rnn = (w: Tensor, u: Tensor, h: Tensor, xs: Tensor): unknown =>
      scan(
        (c: Tensor, x: Tensor) => {
          const next = tanh(add(matmul(x, mul(w, 2)), matmul(c, u)));
          return [next, next];
        },
        h,
        xs,
      );
    const { text, motions } = motion(rnn, spec([3, 4]), spec([4, 4]), spec([2, 4]), spec([5, 2, 3]));
    expect(text).toMatchInlineSnapshot(`
      "(x0: float32[3, 4], x1: float32[4, 4], x2: float32[2, 4], x3: float32[5, 2, 3]) => {
        a = fill(value=2)   // float32[]
        b = mul(x0, a)   // float32[3, 4]
        c = matmul(x3, b)   // float32[5, 2, 4]
        d, e = scan(x1, x2, c, length=5 constants=1 carries=1)   // float32[2, 4], float32[5, 2, 4]
          (_a: float32[4, 4], _b: float32[2, 4], _c: float32[2, 4]) => {
            a = matmul(_b, _a)   // float32[2, 4]
            b = add(_c, a)   // float32[2, 4]
            c = tanh(b)   // float32[2, 4]
            return c, c
          }
        return d, e
      }"
    `);
    expect(motions).toEqual([{ before: 1, after: 0, accumulators: 0 }]);
  });
  test("the gradient of a weight after the loop, for all steps at once", () => {
    const f = (w: Tensor, h: Tensor, xs: Tensor): unknown =>
      scan(
        ([c, g]: [Tensor, Tensor], x: Tensor) => {
          const next = tanh(matmul(c, w));
          return [[next, add(g, matmul(transpose(c), x))] as [Tensor, Tensor], null];
        },
        [h, zeros([4, 3])] as [Tensor, Tensor],
        xs,
      );
    const { text, motions } = motion(f, spec([4, 4]), spec([2, 4]), spec([5, 2, 3]));
    expect(text).toMatchInlineSnapshot(`
      "(x0: float32[4, 4], x1: float32[2, 4], x2: float32[5, 2, 3]) => {
        a = fill(value=0)   // float32[4, 3]
        b, c = scan(x0, x1, length=5 constants=1 carries=1)   // float32[2, 4], float32[5, 2, 4]
          (_a: float32[4, 4], _b: float32[2, 4]) => {
            a = matmul(_b, _a)   // float32[2, 4]
            b = tanh(a)   // float32[2, 4]
            return b, _b
          }
        d = transpose(c, axes=[0, 2, 1])   // float32[5, 4, 2]
        e = matmul(d, x2)   // float32[5, 4, 3]
        f = sum(e, axes=[0])   // float32[1, 4, 3]
        g = reshape(f, [4, 3])   // float32[4, 3]
        h = add(a, g)   // float32[4, 3]
        return b, h
      }"
    `);
    expect(motions).toEqual([{ before: 0, after: 1, accumulators: 1 }]);
  });
  test("a loop without a carry is none", () => {
    const f = (xs: Tensor): unknown => scan((c: Tensor, x: Tensor) => [c, exp(mul(x, 2))], zeros([]), xs)[1];
    expect(motion(f, spec([5, 2])).text).toMatchInlineSnapshot(`
      "(x0: float32[5, 2]) => {
        a = fill(value=2)   // float32[]
        b = mul(x0, a)   // float32[5, 2]
        c = exp(b)   // float32[5, 2]
        return c
      }"
    `);
  });
});

test("reuse stacks: the values before each step are the stack of those after, shifted", () => {
  const f = (h: Tensor, xs: Tensor): Tensor => {
    const [, hs] = scan((c: Tensor, x: Tensor) => [tanh(add(c, x)), tanh(add(c, x))], h, xs);
    return concat([reshape(h, [1, 2]), slice(hs, [[0, 4]])]);
  };
  expect(through((g) => reuseStacks(shareInBodies(g)), f, spec([2]), spec([5, 2]))).toMatchInlineSnapshot(`
    "(x0: float32[2], x1: float32[5, 2]) => {
      a, b, c = scan(x0, x1, length=5 constants=0 carries=1)   // float32[2], float32[5, 2], float32[5, 2]
        (_a: float32[2], _b: float32[2]) => {
          a = add(_a, _b)   // float32[2]
          b = tanh(a)   // float32[2]
          return b, b, _a
        }
      return c
    }"
  `);
});
/** The two equal nodes of the body above are one, so that carry and stack are the same value. */
const shareInBodies = (g: Graph): Graph => ({
  ...g,
  nodes: g.nodes.map((node) => {
    const attributes = node.attributes as { body?: Graph } | null;
    return attributes?.body === undefined
      ? node
      : { ...node, attributes: { ...attributes, body: shareCommon(attributes.body) } };
  }),
});
