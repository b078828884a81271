import { inspect } from "node:util";
import * as scope from "@scope/autodiff";
import { describe, expect, test } from "vitest";
import { errorOf } from "./codes.js";

const { ones, tensor, zeros } = scope;
const x = tensor([
  [1, 2],
  [3, 4],
]);
const indices = tensor([0], { dtype: "int32" });
type Plain = (...given: readonly unknown[]) => unknown;
// As plain JavaScript calls them: no compiler has looked at the arguments.
const functions = scope as unknown as Readonly<Record<string, Plain>>;

describe("a mend names what was meant", () => {
  test.each([
    ["arange", [0, 10, 2], "name the option: { step: 2 }"],
    ["arange", [4, { dtype: "float32" }], "options come third"],
    ["zeros", [2, 3], "zeros([2, …])"],
    ["expandDims", [x, { axis: 0 }], "0 instead of { axis: 0 }"],
    ["topK", [x, { k: 2 }], "2 instead of { k: 2 }"],
    ["oneHot", [indices, { depth: 3 }], "3 instead of { depth: 3 }"],
    ["sum", [x, 0], "name the option: { axis: 0 }"],
    ["at", [x, indices], "take(x, indices)"],
    ["trace", [x], "sum(diagonal(x))"],
  ])("%s(%j)", (name, given, mend) => {
    expect(errorOf(() => functions[name](...given)).mend).toContain(mend);
  });
  test("vmap with a bare list prints null", () => {
    expect(errorOf(() => functions.vmap((a: unknown) => a, [0, null])).got).toBe("[0, null]");
  });
});

describe("what used to be taken is refused", () => {
  test.each([
    ["fullLike", [x, "abc"], "value/dtype"],
    ["setAt", [x, null, 5], "index/range"],
    ["sum", [x, { keepDims: "no" }], "value/boolean"],
    ["eye", [1e5], "value/too-large"],
    ["repeat", [x, 1e9], "value/too-large"],
    ["add", [zeros([1e5, 1]), zeros([1, 1e5])], "value/too-large"],
    ["pad", [x, new Array(2)], "shape/pad"],
    ["tanh", [scope.spec([2])], "symbolic/spec"],
  ])("%s: %#", (name, given, code) => {
    expect(errorOf(() => functions[name](...given)).code).toBe(code);
  });
  test("scores without probabilities", () => {
    const draw = (scores: readonly number[]): unknown => new scope.Random(0).categorical(tensor(scores));
    for (const scores of [
      [Number.NaN, 1],
      [Infinity, 1],
      [-Infinity, -Infinity],
    ])
      expect(errorOf(() => draw(scores)).code).toBe("value/scores");
    expect(draw([-Infinity, 0])).toMatchObject({ dtype: "int32" });
  });
});

test("rows of typed arrays keep their dtype, and every number", () => {
  const rows = tensor([new Int32Array([16777217]), new Int32Array([-16777217])]);
  expect([rows.dtype, rows.toArray()]).toEqual(["int32", [[16777217], [-16777217]]]);
  expect(tensor([new Float64Array([0.1])]).toArray()).toEqual([[0.1]]);
  expect(tensor([new Int32Array([1]), new Float64Array([0.1])]).dtype).toBe("float64");
  expect(tensor([new Int32Array([1]), [0.5]]).toArray()).toEqual([[1], [0.5]]);
});

describe("methods of other libraries", () => {
  const t = x as unknown as Readonly<Record<string, Plain>>;
  test.each([
    ["unsqueeze", "expandDims(axis)"],
    ["view", "reshape(shape)"],
    ["clamp", "clip(low, high)"],
    ["to", "cast(dtype)"],
    ["numpy", "toArray()"],
    ["backward", "grad(f)(x)"],
  ])("%s says what it is called here", (name, mend) => {
    expect(errorOf(() => t[name](0))).toMatchObject({ code: "tensor/method", op: name });
    expect(errorOf(() => t[name](0)).mend).toContain(mend);
  });
  test("and nothing else sees them: loops, prints, equality, await", async () => {
    const seen: string[] = [];
    for (const name in x) seen.push(name);
    expect(seen).not.toContain("unsqueeze");
    expect(inspect(x)).toBe("tensor([[1, 2],\n        [3, 4]])");
    expect(await x).toBe(x);
    expect(ones([2]).toArray()).toEqual([1, 1]);
  });
});

test("texts survive every value, and are short", () => {
  const hostile = new Proxy({}, { get: () => expect.unreachable() as never });
  const deep: unknown[] = [];
  deep.push(deep);
  const values = [
    Object.create(null),
    hostile,
    { toString: null },
    "x".repeat(1e6),
    new Array(1e6),
    deep,
    1n,
    Symbol("a"),
  ];
  for (const value of values)
    for (const run of [
      () => functions.zeros(value),
      () => functions.sum(x, { axis: value }),
      () => functions.cast(x, value),
    ])
      expect(errorOf(run).message.length).toBeLessThan(1000);
});

test("names of arguments are text in a diagram, whatever they are", () => {
  const drawn = scope.graph(({ "<img src=x>": a }: { readonly "<img src=x>": scope.Tensor }) => a.mul(2))({
    "<img src=x>": x,
  });
  expect(drawn.toMermaid()).not.toContain("<img");
});
