import { describe, expect, test } from "vitest";
import * as s from "../../src/index.js";
import { errorOf } from "./codes.js";

const x = s.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const ints = (values: s.TensorData): s.Tensor => s.tensor(values, { dtype: "int32" });

test("triangles of booleans are booleans", () => {
  const all = s.equal(s.zeros([2, 2]), 0);
  expect(s.tril(all).toArray()).toEqual([
    [true, false],
    [true, true],
  ]);
  expect(s.triu(all).dtype).toBe("bool");
});

describe("bad arguments of functions without a record of their own", () => {
  const bad: readonly (readonly [string, () => unknown])[] = [
    ["index/axes", () => s.transpose(x, [0, 0])],
    ["shape/permute", () => s.transpose(x, [0])],
    ["index/axis", () => s.swapAxes(x, 0, 2)],
    ["shape/squeeze", () => s.squeeze(x, { axis: 0 })],
    ["index/axis", () => s.squeeze(x, { axis: 2 })],
    ["index/axis", () => s.expandDims(x, 3)],
    ["index/axis", () => s.expandDims(x, 0.5)],
    ["value/count", () => s.tile(x, [-1])],
    // @ts-expect-error Counts are an array.
    ["value/counts", () => s.tile(x, 2)],
    ["value/count", () => s.repeat(x, 1.5)],
    ["index/axis", () => s.repeat(s.tensor(1), 2)],
    ["value/range", () => s.variance(x, { correction: Number.NaN })],
    ["value/range", () => s.std(x, { correction: Number.NaN })],
    ["index/axis", () => s.variance(x, { axis: 2 })],
    ["value/norm-order", () => s.norm(x, { order: 3 })],
    ["value/empty-reduction", () => s.norm(s.zeros([0]), { order: Infinity })],
    ["index/axis", () => s.softmax(s.tensor(1))],
    ["index/axis", () => s.logSoftmax(x, { axis: 2 })],
    ["index/axis", () => s.logSumExp(x, { axis: 2 })],
    ["shape/diagonal", () => s.diagonal(s.tensor([1]))],
    ["shape/diagonal", () => s.diagonal(x, { offset: 0.5 })],
    ["value/einsum", () => s.einsum("ij,jk->ik", x)],
    ["value/einsum", () => s.einsum("ij->ik", x)],
    ["value/einsum", () => s.einsum("ij->ii", x)],
    ["value/einsum", () => s.einsum("i1->i", x)],
    ["value/einsum", () => s.einsum("ij->i->j", x)],
    ["value/einsum", () => s.einsum("")],
    ["shape/einsum-rank", () => s.einsum("ijk->i", x)],
    ["shape/einsum-rank", () => s.einsum("...ijk->i", x)],
    ["shape/einsum", () => s.einsum("ij,jk->ik", x, x)],
    ["shape/einsum", () => s.einsum("ii->i", x)],
    ["index/range", () => s.setAt(x, 2, 0)],
    ["index/range", () => s.setAt(x, 0.5, 0)],
    ["dtype/indices", () => s.setAt(x, s.tensor([0]), 0)],
    ["index/value", () => s.setAt(x, ints([2]), 0)],
    ["index/value", () => s.setAt(x, ints([-3]), 0)],
    ["shape/broadcast-to", () => s.setAt(x, 0, s.tensor([1, 2]))],
    ["shape/slice", () => s.setSlice(x, [null, null, null], 0)],
    ["value/slice", () => s.setSlice(x, [[0, 1, 0]], 0)],
    ["shape/broadcast-to", () => s.setSlice(x, [[0, 1]], s.zeros([2, 3]))],
    ["operand/type", () => s.concat([x, null as unknown as s.Tensor])],
  ];
  test.each(bad.map(([code, run], i) => ({ code, run, i })))("$i $code", ({ code, run }) => {
    expect(errorOf(run).code).toBe(code);
  });
  test("an index that is wrong is told as it was given", () => {
    expect(() => s.take(x, ints([-3]))).toThrow("index -3 along an axis of size 2");
    expect(() => s.take(x, ints([0, 2]))).toThrow("index 2 along an axis of size 2");
  });
});

describe("no elements", () => {
  const none = s.zeros([2, 0]);
  test("reductions", () => {
    expect(s.sum(none, { axis: 1 }).toArray()).toEqual([0, 0]);
    expect(s.prod(none, { axis: 1 }).toArray()).toEqual([1, 1]);
    expect(s.mean(none).item()).toBeNaN();
    expect(s.max(none, { axis: 0 }).toArray()).toEqual([]);
    expect(s.logSumExp(none, { axis: 1 }).toArray()).toEqual([-Infinity, -Infinity]);
    expect(s.any(none).toArray()).toBe(false);
    expect(s.all(none).toArray()).toBe(true);
    expect(s.norm(none, { axis: 1 }).toArray()).toEqual([0, 0]);
  });
  test("everything else keeps the shape", () => {
    for (const f of [s.softmax, s.logSoftmax, s.cumsum, s.cumprod, s.sort, s.flip, s.argSort] as const)
      expect(f(none).shape).toEqual([2, 0]);
    expect(s.concat([none, s.zeros([2, 1])], { axis: 1 }).shape).toEqual([2, 1]);
    expect(s.stack([none, none]).shape).toEqual([2, 2, 0]);
    expect(s.unstack(s.zeros([0, 2]))).toEqual([]);
    expect(s.split(none, [1, 1]).map((t) => t.shape)).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(s.chunk(none, 3, { axis: 1 }).map((t) => t.shape)).toEqual([[2, 0]]);
    expect(s.take(x, s.zeros([0, 2], { dtype: "int32" })).shape).toEqual([0, 2, 3]);
    expect(s.setAt(x, s.zeros([0], { dtype: "int32" }), 1)).toBe(x);
    expect(s.tile(x, [0, 1]).shape).toEqual([0, 3]);
    expect(s.roll(none, 1).shape).toEqual([2, 0]);
    expect(s.topK(none, 0).values.shape).toEqual([2, 0]);
    expect(s.matmul(none, s.zeros([0, 3])).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(s.einsum("ij,jk->ik", none, s.zeros([0, 1])).toArray()).toEqual([[0], [0]]);
    expect(s.diagonal(x, { offset: 5 }).toArray()).toEqual([]);
  });
  test("gradients", () => {
    expect(s.grad((t: s.Tensor) => s.sum(s.softmax(t)))(none).shape).toEqual([2, 0]);
    expect(s.grad((t: s.Tensor) => s.sum(s.prod(t, { axis: 1 })))(none).shape).toEqual([2, 0]);
  });
});

describe("slices, by Python's rules", () => {
  const a = s.arange(5);
  test.each([
    [[[1, 3]], [1, 2]],
    [[[-2, null]], [3, 4]],
    [[[null, -2]], [0, 1, 2]],
    [[[0, 100]], [0, 1, 2, 3, 4]],
    [[[-100, 2]], [0, 1]],
    [[[3, 1]], []],
    [[[null, null, 2]], [0, 2, 4]],
    [[[null, null, -1]], [4, 3, 2, 1, 0]],
    [[[3, 0, -2]], [3, 1]],
    [[[3, null, -2]], [3, 1]],
    [[[-1, -4, -1]], [4, 3, 2]],
    [[[100, -100, -3]], [4, 1]],
    [[[7, 9]], []],
    [[null], [0, 1, 2, 3, 4]],
    [[], [0, 1, 2, 3, 4]],
  ] as const)("%j", (ranges, expected) => {
    expect(s.slice(a, ranges).toArray()).toEqual(expected);
  });
  test("of a view of a view", () => {
    expect(
      s
        .transpose(x)
        .slice([
          [null, null, -1],
          [1, 2],
        ])
        .slice([[0, 2]])
        .toArray(),
    ).toEqual([[6], [5]]);
  });
});

describe("updates", () => {
  test("the last of repeated indices wins, whatever was there", () => {
    const t = s.tensor([NaN, Infinity, 3]);
    expect(s.setAt(t, ints([0, -3, 1, 0]), s.tensor([7, 8, 9, 10])).toArray()).toEqual([10, 9, 3]);
    expect(
      s
        .setAt(
          x,
          ints([[0], [2]]),
          s.tensor([
            [[7], [8]],
            [[9], [10]],
          ]),
          { axis: 1 },
        )
        .toArray(),
    ).toEqual([
      [7, 2, 8],
      [9, 5, 10],
    ]);
    expect(s.setAt(s.tensor([true, false]), ints([1]), true).toArray()).toEqual([true, true]);
    expect(s.setAt(ints([1, 2]), -1, 9).dtype).toBe("int32");
  });
  test("gradients go where the values went", () => {
    const f = (t: s.Tensor, v: s.Tensor): s.Tensor =>
      s.sum(s.mul(s.setAt(t, ints([0, 0]), v), s.tensor([2, 3, 5])));
    const [, pullback] = s.vjp(f, s.tensor([1, 1, 1]), s.tensor([1, 1]));
    expect(pullback(s.tensor(1)).map((g) => g.toArray())).toEqual([
      [0, 3, 5],
      [0, 2],
    ]);
  });
  test("of a part", () => {
    expect(s.setSlice(x, [null, [0, 3, 2]], s.tensor([[0], [9]])).toArray()).toEqual([
      [0, 2, 0],
      [9, 5, 9],
    ]);
  });
});

test("matrices that all share one factor are one product", () => {
  const text = s
    .graph((a: s.Tensor, b: s.Tensor) => s.matmul(a, b))(s.zeros([2, 3, 4]), s.zeros([4, 5]))
    .toString();
  expect(text.match(/matmul/g)).toHaveLength(1);
  expect(text).not.toMatch(/broadcastTo/);
});
