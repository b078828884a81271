import { expect, test } from "vitest";
import { compile } from "../../src/compile.js";
import {
  cast,
  equal,
  IndexError,
  less,
  Random,
  sum,
  take,
  tensor,
  Variable,
  VariableError,
  vmap,
  where,
  zeros,
} from "../../src/index.js";

const table = tensor([
  [1, 2],
  [3, 4],
  [5, 6],
]);
const ids = (...values: number[]) => tensor(Int32Array.from(values));

test("an index out of range is refused before the program runs, and nothing is assigned", () => {
  const count = new Variable(tensor(0));
  const look = compile((index) => {
    count.value = count.value.add(1);
    return take(table, index);
  });
  expect(look(ids(0, -1)).toArray()).toEqual([
    [1, 2],
    [5, 6],
  ]);
  for (const wrong of [3, -4]) expect(() => look(ids(0, wrong))).toThrow(IndexError);
  expect(() => look(ids(0, 7))).toThrow("index 7 along an axis of size 3");
  expect(count.value.item()).toBe(1);
  look(ids(1, 1));
  expect(count.value.item()).toBe(2);
});

test("so is one that follows from an argument by whole numbers", () => {
  const look = compile((index) => take(table, where(equal(index, 9), 0, index.mul(2))));
  expect(look(ids(0, 9, 1)).toArray()).toEqual([
    [1, 2],
    [1, 2],
    [5, 6],
  ]);
  expect(() => look(ids(0, 5))).toThrow("index 10 (5 in the argument) along an axis of size 3");
  const wrapped = compile((index) => take(table, where(less(index, 0), 3, index)));
  expect(() => wrapped(ids(0, -1))).toThrow("index 3 (-1 in the argument)");
  // Views that move elements say only what the program would have looked up.
  const turned = compile((index) => take(table, index.add(1).flip()));
  expect(() => turned(ids(0, 2))).toThrow("got:      index 3 along");
});

test("indices that the function makes itself are kept inside of the axis", () => {
  const look = compile((index, scale) => take(table, cast(index.mul(scale), "int32")));
  expect(look(ids(0, 5), tensor(2)).toArray()).toEqual([
    [1, 2],
    [5, 6],
  ]);
});

test("a Variable is not made while tracing", () => {
  expect(() => compile((x) => sum(x.add(new Variable(zeros([2])).value)))(zeros([2]))).toThrow(VariableError);
  expect(() => compile((x) => x.add(new Random(1).normal([2])))(zeros([2]))).toThrow(
    "made while a function was being traced",
  );
  expect(() => vmap((x) => x.add(new Variable(zeros([])).value))(zeros([2]))).toThrow(VariableError);
});
