import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type Tensor, type TensorData, tensor, Variable } from "../../src/index.js";
import { traceFlat } from "../../src/trace/trace.js";
import { errorOf } from "./codes.js";

const described = (t: Tensor): unknown => [t.dtype, t.shape, t.toArray()];
/** What a caller without types may pass. */
const untyped = (x: unknown): TensorData => x as TensorData;

test("shapes and dtypes of what goes in", () => {
  expect(described(tensor(2))).toEqual(["float32", [], 2]);
  expect(described(tensor(true))).toEqual(["bool", [], true]);
  expect(
    described(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    ),
  ).toEqual([
    "float32",
    [2, 2],
    [
      [1, 2],
      [3, 4],
    ],
  ]);
  expect(described(tensor([true, false]))).toEqual(["bool", [2], [true, false]]);
  expect(described(tensor([true, 2]))).toEqual(["float32", [2], [1, 2]]);
  expect(described(tensor([]))).toEqual(["float32", [0], []]);
  expect(described(tensor([[], []]))).toEqual(["float32", [2, 0], [[], []]]);
  expect(described(tensor([1, -0, NaN], { dtype: "float64" }))).toEqual(["float64", [3], [1, -0, NaN]]);
  expect(described(tensor([0, 2, NaN], { dtype: "bool" }))).toEqual(["bool", [3], [false, true, true]]);
  expect(described(tensor(new Float64Array([1, 2]), { shape: [2, 1] }))).toEqual([
    "float64",
    [2, 1],
    [[1], [2]],
  ]);
  expect(described(tensor(new Uint8Array([7, 255])))).toEqual(["int32", [2], [7, 255]]);
  expect(described(tensor([new Float32Array([1, 2]), [3, 4]]))).toEqual([
    "float32",
    [2, 2],
    [
      [1, 2],
      [3, 4],
    ],
  ]);
});
test("values are copied", () => {
  const array = new Float32Array([1, 2]);
  const t = tensor(array);
  array[0] = 9;
  expect(t.toArray()).toEqual([1, 2]);
});

const cyclic: unknown[] = [];
cyclic.push(cyclic);
const bad: readonly (readonly [code: string, run: () => Tensor])[] = [
  ["shape/ragged", () => tensor([[1, 2], [3]])],
  ["shape/ragged", () => tensor([[1], 2])],
  ["shape/ragged", () => tensor([1, [2]])],
  ["shape/ragged", () => tensor([[], [1]])],
  ["value/not-numeric", () => tensor(untyped(["1"]))],
  ["value/not-numeric", () => tensor(untyped([1, null]))],
  ["value/not-numeric", () => tensor(untyped([[1], undefined]))],
  ["value/not-numeric", () => tensor(untyped(undefined))],
  ["value/not-numeric", () => tensor(untyped({ length: 1 }))],
  ["value/not-numeric", () => tensor(untyped([1n]))],
  ["value/not-numeric", () => tensor(untyped(new BigInt64Array(2)))],
  ["value/not-numeric", () => tensor(untyped(new Array(2)))],
  ["value/not-numeric", () => tensor(untyped(tensor(1)))],
  ["value/not-numeric", () => tensor(untyped([tensor(1), tensor(2)]))],
  ["shape/depth", () => tensor(untyped(cyclic))],
  ["shape/elements", () => tensor([1, 2, 3], { shape: [2] })],
  ["shape/invalid", () => tensor([1], { shape: [1.5] })],
  ["value/int32", () => tensor([1.5], { dtype: "int32" })],
  ["value/int32", () => tensor(NaN, { dtype: "int32" })],
  ["value/int32", () => tensor(new Float64Array([2 ** 31]), { dtype: "int32" })],
  // @ts-expect-error There is no such dtype.
  ["dtype/unknown", () => tensor([1], { dtype: "float16" })],
];
describe("bad data is refused", () => {
  test.each(bad.map(([code, run], i) => ({ code, run, i })))("$i $code", ({ code, run }) => {
    const error = errorOf(run);
    expect(error.code).toBe(code);
    expect(error.message).toMatchSnapshot();
  });
});

test("console.log prints the values, and of a symbol its kind", () => {
  expect(
    inspect(
      tensor([
        [1, 2],
        [3, 4.5],
      ]),
    ),
  ).toBe("tensor([[1, 2],\n        [3, 4.5]])");
  let shown = "";
  traceFlat(
    ([x]) => {
      shown = inspect({ x });
      return [x];
    },
    [{ shape: [2, 3], dtype: "float32" }],
  );
  expect(shown).toBe("{ x: symbolic float32[2, 3] }");
});
test("console.log and text of a Variable show its value", () => {
  const v = new Variable(tensor([1, 2]));
  expect(inspect({ v })).toBe("{ v: Variable(tensor([1, 2])) }");
  expect(`${v}`).toBe("Variable(tensor([1, 2]))");
});
test("an operator of JavaScript on more than one element says what to use", () => {
  expect(+tensor([2])).toBe(2);
  expect(() => +tensor([1, 2])).toThrow(/a\.greater\(b\)/);
});
test("a number in a trace is a node, not data", () => {
  const { trace } = traceFlat(() => [tensor(3)], []);
  expect(trace.nodes.map(({ op }) => op.name)).toEqual(["fill"]);
  expect(trace.captures.size).toBe(0);
});
