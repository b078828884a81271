import { expect, test } from "vitest";
import { addOntoProducts } from "../../src/compiler/passes/add-onto-products.js";
import { gatherAfterProducts } from "../../src/compiler/passes/gather-after-products.js";
import { inlineCalls } from "../../src/compiler/passes/inline-calls.js";
import { mergePlaces } from "../../src/compiler/passes/merge-places.js";
import { mergeSums } from "../../src/compiler/passes/merge-sums.js";
import { pushSlices } from "../../src/compiler/passes/push-slices.js";
import { type HostCheck, settleIndices } from "../../src/compiler/passes/settle-indices.js";
import { shareCommon } from "../../src/compiler/passes/share-common.js";
import { simplify } from "../../src/compiler/passes/simplify.js";
import { spec } from "../../src/compiler/print-graph.js";
import {
  add,
  argSort,
  checkpoint,
  exp,
  grad,
  matmul,
  mul,
  pow,
  reshape,
  sigmoid,
  slice,
  sum,
  type Tensor,
  take,
  tanh,
  zeros,
} from "../../src/index.js";
import type { Graph } from "../../src/trace/op.js";
import { through } from "./traced-graphs.js";

// Each pass on a graph just large enough to show what it does.

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
