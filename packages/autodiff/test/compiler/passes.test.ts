import { describe, expect, test } from "vitest";
import { addOntoProducts } from "../../src/compiler/passes/add-onto-products.js";
import { gatherAfterProducts } from "../../src/compiler/passes/gather-after-products.js";
import { inlineCalls } from "../../src/compiler/passes/inline-calls.js";
import { mergePlaces } from "../../src/compiler/passes/merge-places.js";
import { mergeSums } from "../../src/compiler/passes/merge-sums.js";
import { moveLoops } from "../../src/compiler/passes/move-loops.js";
import type { Motion } from "../../src/compiler/passes/plan-motion.js";
import { pushSlices } from "../../src/compiler/passes/push-slices.js";
import { reuseStacks } from "../../src/compiler/passes/reuse-stacks.js";
import { type HostCheck, settleIndices } from "../../src/compiler/passes/settle-indices.js";
import { shareCommon } from "../../src/compiler/passes/share-common.js";
import { simplify } from "../../src/compiler/passes/simplify.js";
import { printGraph, spec, trace } from "../../src/compiler/print-graph.js";
import { verify } from "../../src/compiler/verify.js";
import {
  add,
  argSort,
  checkpoint,
  concat,
  exp,
  grad,
  matmul,
  mul,
  pow,
  reshape,
  scan,
  sigmoid,
  slice,
  sum,
  type Tensor,
  take,
  tanh,
  tensor,
  transpose,
  zeros,
} from "../../src/index.js";
import type { Graph, Op } from "../../src/trace/op.js";

// Each pass on a graph just large enough to show what it does.

type Pass = (graph: Graph) => Graph;

/** The graph of a function before and after a pass; the pass leaves a graph that is one. */
function through(pass: Pass, f: (...args: Tensor[]) => unknown, ...args: Tensor[]): string {
  const { graph } = trace(f, ...args).closed;
  verify(graph, "tracing");
  const after = pass(graph);
  verify(after, "the pass");
  return printGraph(after);
}

test("inline calls: bodies in place of checkpoints, their inputs behind a barrier", () => {
  const f = (x: Tensor): Tensor => add(exp(x), checkpoint((y: Tensor) => mul(exp(y), 2))(x));
  expect(through(inlineCalls, f, spec([2]))).toMatchInlineSnapshot(`
    "(x0: float32[2]) => {
      a = exp(x0)   // float32[2]
      b = barrier(x0)   // float32[2]
      c = exp(b)   // float32[2]
      d = fill(value=2)   // float32[]
      e = mul(c, d)   // float32[2]
      f = add(a, e)   // float32[2]
      return f
    }"
  `);
  // Sharing does not undo it: exp stays twice.
  expect(through((g) => shareCommon(inlineCalls(g)), f, spec([2])).match(/exp/g)).toHaveLength(2);
});

test("settle indices: nobody checks what is in range, the host what it can see, the program the rest", () => {
  const checks: HostCheck[] = [];
  const settle = (graph: Graph): Graph =>
    settleIndices(graph, ["before", "before"], (check) => checks.push(check));
  const f = (x: Tensor, i: Tensor): Tensor[] => [
    take(x, argSort(slice(x, [null, [0, 1]]), { axis: 0 })),
    take(x, i),
    take(x, add(i, 1)),
  ];
  expect(through(settle, f, spec([5, 2]), spec([3], "int32"))).toMatchInlineSnapshot(`
    "(x0: float32[5, 2], x1: int32[3]) => {
      a = slice(x0, [0:5, 0:1])   // float32[5, 1]
      b = transpose(a, axes=[1, 0])   // float32[1, 5]
      c = argSort(b, ascending, 5)   // int32[1, 5]
      d = transpose(c, axes=[1, 0])   // int32[5, 1]
      e = index(d, of=take size=5)   // int32[5, 1]
      f = reshape(x0, [1, 5, 2])   // float32[1, 5, 2]
      g = reshape(e, [1, 5])   // int32[1, 5]
      h = gather(f, g)   // float32[1, 5, 2]
      i = reshape(h, [5, 1, 2])   // float32[5, 1, 2]
      j = index(x1, of=take size=5)   // int32[3]
      k = reshape(x0, [1, 5, 2])   // float32[1, 5, 2]
      l = reshape(j, [1, 3])   // int32[1, 3]
      m = gather(k, l)   // float32[1, 3, 2]
      n = reshape(m, [3, 2])   // float32[3, 2]
      o = fill(value=1)   // int32[]
      p = add(x1, o)   // int32[3]
      q = index(p, of=take size=5)   // int32[3]
      r = reshape(x0, [1, 5, 2])   // float32[1, 5, 2]
      s = reshape(q, [1, 3])   // int32[1, 3]
      t = gather(r, s)   // float32[1, 3, 2]
      u = reshape(t, [3, 2])   // float32[3, 2]
      return i, n, u
    }"
  `);
  expect(checks.map(({ inputs, made }) => [inputs, made.nodes.length])).toEqual([[[1], 0]]);
});

test("simplify: neutral operands, uniform values, views of everything", () => {
  const f = (x: Tensor): Tensor => {
    const one = mul(add(2, 3), 0.2);
    return reshape(slice(pow(mul(add(x, 0), one), 2), [null, [0, 3]]), [2, 3]);
  };
  expect(through(simplify, f, spec([2, 3]))).toMatchInlineSnapshot(`
    "(x0: float32[2, 3]) => {
      a = fill(value=0)   // float32[]
      b = add(x0, a)   // float32[2, 3]
      c = mul(b, b)   // float32[2, 3]
      return c
    }"
  `);
  expect(through(simplify, (x) => sum(sum(zeros([4]).add(3)).mul(x)), spec([1]))).toMatchInlineSnapshot(`
    "(x0: float32[1]) => {
      a = fill(value=12)   // float32[]
      b = mul(a, x0)   // float32[1]
      c = fill(value=0)   // float32[]
      d = add(b, c)   // float32[1]
      e = reshape(d, [])   // float32[]
      return e
    }"
  `);
});

test("share common: equal nodes once, -0 apart from 0", () => {
  const f = (x: Tensor): unknown => [
    add(tanh(x), tanh(x)),
    mul(x, 0),
    mul(x, -0),
    slice(x, [[0, 1]]),
    slice(x, [[0, 1]]),
  ];
  expect(through(shareCommon, f, spec([2]))).toMatchInlineSnapshot(`
    "(x0: float32[2]) => {
      a = tanh(x0)   // float32[2]
      b = add(a, a)   // float32[2]
      c = fill(value=0)   // float32[]
      d = mul(x0, c)   // float32[2]
      e = fill(value=0)   // float32[]
      f = mul(x0, e)   // float32[2]
      g = slice(x0, [0:1])   // float32[1]
      return b, d, f, g, g
    }"
  `);
});

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

test("merge sums: a sum of products is one product with a longer inner axis", () => {
  const f = (a: Tensor, b: Tensor): Tensor => sum(matmul(a, b), { axis: 0 });
  expect(through(mergeSums, f, spec([5, 2, 3]), spec([5, 3, 4]))).toMatchInlineSnapshot(`
    "(x0: float32[5, 2, 3], x1: float32[5, 3, 4]) => {
      a = transpose(x0, axes=[1, 0, 2])   // float32[2, 5, 3]
      b = reshape(a, [2, 15])   // float32[2, 15]
      c = reshape(x1, [15, 4])   // float32[15, 4]
      d = matmul(b, c)   // float32[2, 4]
      e = reshape(d, [1, 2, 4])   // float32[1, 2, 4]
      f = reshape(e, [2, 4])   // float32[2, 4]
      return f
    }"
  `);
});

test("gather after products: rows are looked up in the product", () => {
  const f = (table: Tensor, i: Tensor, w: Tensor): Tensor => matmul(take(table, i), w);
  expect(
    through(gatherAfterProducts, f, spec([4, 3]), spec([64], "int32"), spec([3, 2])),
  ).toMatchInlineSnapshot(`
    "(x0: float32[4, 3], x1: int32[64], x2: float32[3, 2]) => {
      a = index(x1, of=take size=4)   // int32[64]
      b = reshape(x0, [1, 4, 3])   // float32[1, 4, 3]
      c = reshape(a, [1, 64])   // int32[1, 64]
      d = reshape(b, [4, 3])   // float32[4, 3]
      e = matmul(d, x2)   // float32[4, 2]
      f = reshape(e, [1, 4, 2])   // float32[1, 4, 2]
      g = gather(f, c)   // float32[1, 64, 2]
      h = reshape(g, [64, 2])   // float32[64, 2]
      return h
    }"
  `);
});

test("merge places: pieces side by side in place of sums of padded pieces", () => {
  const f = (a: Tensor, b: Tensor): Tensor => add(a.pad([[0, 3]]), b.pad([[2, 0]]));
  expect(through(mergePlaces, f, spec([2]), spec([3]))).toMatchInlineSnapshot(`
    "(x0: float32[2], x1: float32[3]) => {
      a = fill(value=0)   // float32[]
      b = add(x0, a)   // float32[2]
      c = fill(value=0)   // float32[]
      d = add(x1, c)   // float32[3]
      e = assemble(b, d, 2 pieces)   // float32[5]
      return e
    }"
  `);
  // Those that overlap stay a sum.
  expect(
    through(mergePlaces, (a, b) => add(a.pad([[0, 2]]), b.pad([[1, 0]])), spec([2]), spec([3])),
  ).toContain("add(");
});

test("add onto products: c + a·b in one", () => {
  const f = (x: Tensor, a: Tensor, b: Tensor): Tensor => add(tanh(x), matmul(a, b));
  expect(through(addOntoProducts, f, spec([2, 4]), spec([2, 3]), spec([3, 4]))).toMatchInlineSnapshot(`
    "(x0: float32[2, 4], x1: float32[2, 3], x2: float32[3, 4]) => {
      a = tanh(x0)   // float32[2, 4]
      b = matmulOnto(x1, x2, a)   // float32[2, 4]
      return b
    }"
  `);
});

test("push slices: gates are sliced before they are added", () => {
  const f = (z: Tensor, b: Tensor): Tensor => {
    const sums = add(z, b);
    return mul(sigmoid(slice(sums, [null, [0, 2]])), tanh(slice(sums, [null, [2, 4]])));
  };
  expect(through(pushSlices, f, spec([3, 4]), spec([4]))).toMatchInlineSnapshot(`
    "(x0: float32[3, 4], x1: float32[4]) => {
      a = slice(x0, [0:3, 0:2])   // float32[3, 2]
      b = slice(x1, [0:2])   // float32[2]
      c = add(a, b)   // float32[3, 2]
      d = sigmoid(c)   // float32[3, 2]
      e = slice(x0, [0:3, 2:4])   // float32[3, 2]
      f = slice(x1, [2:4])   // float32[2]
      g = add(e, f)   // float32[3, 2]
      h = tanh(g)   // float32[3, 2]
      i = mul(d, h)   // float32[3, 2]
      return i
    }"
  `);
});

describe("the verifier", () => {
  const graphOf = (f: (...args: Tensor[]) => unknown): Graph => trace(f, spec([2])).closed.graph;
  const good = graphOf((x) => mul(tanh(x), exp(x)));
  const broken: readonly (readonly [string, Graph, RegExp])[] = [
    [
      "order",
      { ...good, nodes: [...good.nodes].reverse() },
      /after a pass: mul uses a value that is not made before it/,
    ],
    ["twice", { ...good, nodes: [...good.nodes, good.nodes[0]] }, /tanh makes a value again/],
    ["nothing", { ...good, nodes: [] }, /an output is not made/],
    [
      "shape",
      {
        ...good,
        nodes: good.nodes.map((n) => ({
          ...n,
          outputs: n.outputs.map((t) => Object.assign(Object.create(t) as Tensor, { sizes: [3] })),
        })),
      },
      /tanh should give float32\[2\], has float32\[3\]/,
    ],
  ];
  test.each(broken)("finds a graph with broken %s", (_name, graph, message) => {
    verify(good, "tracing");
    expect(() => verify(graph, "a pass")).toThrow(message);
    expect(() => verify(graph, "a pass")).toThrow(expect.objectContaining({ name: "InternalError" }));
  });
  test("looks into bodies", () => {
    const outer = graphOf((x) => scan((c: Tensor, y: Tensor) => [add(c, y), c], tensor(0), x));
    const node = outer.nodes.find((n) => n.op.name === "scan")!;
    const attributes = node.attributes as { body: Graph };
    const inside = { ...attributes, body: { ...attributes.body, nodes: [] } };
    const graph = {
      ...outer,
      nodes: outer.nodes.map((n) => (n === node ? { ...n, op: n.op as Op, attributes: inside } : n)),
    };
    expect(() => verify(graph, "a pass")).toThrow(/an output is not made/);
  });
});

test("a pass that reaches outside of its graph is told", () => {
  const stray = tensor([1, 2]);
  expect(() =>
    through(
      (g) => ({ ...g, outputs: [stray] }),
      (x) => x,
      spec([2]),
    ),
  ).toThrow(/an output is not made/);
});

test("gradients keep no more than they read", () => {
  const f = grad((x: Tensor) => sum(tanh(x)));
  expect(through(shareCommon, f, spec([2]))).toMatchInlineSnapshot(`
    "(x0: float32[2]) => {
      a = identity(x0)   // float32[2]
      b = tanh(a)   // float32[2]
      c = fill(value=1)   // float32[]
      d = reshape(c, [1])   // float32[1]
      e = broadcastTo(d, [2])   // float32[2]
      f = mul(b, b)   // float32[2]
      g = sub(c, f)   // float32[2]
      h = mul(e, g)   // float32[2]
      return h
    }"
  `);
});

test("merge sums: a slice in one piece is no reshape", () => {
  expect(
    through(
      mergeSums,
      (x) =>
        sum(
          slice(x, [
            [0, 1],
            [0, 1],
          ]),
          { axis: 0 },
        ),
      spec([1, 2]),
    ),
  ).toMatchInlineSnapshot(`
    "(x0: float32[1, 2]) => {
      a = slice(x0, [0:1, 0:1])   // float32[1, 1]
      b = sum(a, axes=[0])   // float32[1, 1]
      c = reshape(b, [1])   // float32[1]
      return c
    }"
  `);
});
