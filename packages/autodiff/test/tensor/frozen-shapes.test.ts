import { expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import * as scope from "../../src/index.js";
import {
  add,
  grad,
  reshape,
  scan,
  stack,
  sum,
  Tensor,
  tensor,
  unstack,
  vmap,
  zeros,
} from "../../src/index.js";

// Nobody who holds a tensor can change it, or another that shares its shape.

const makers: readonly (readonly [string, () => Tensor])[] = [
  [
    "tensor",
    () =>
      tensor([
        [1, 2],
        [3, 4],
      ]),
  ],
  ["a number", () => tensor(3)],
  ["zeros", () => zeros([2, 3])],
  ["an op of one shape", () => add(zeros([2]), 1)],
  ["an op that broadcasts", () => add(zeros([2, 1]), zeros([3]))],
  ["a reduction", () => sum(zeros([2, 3]), { axis: 0 })],
  ["a sum of all", () => sum(zeros([2, 3]))],
  ["a view", () => zeros([2, 3]).transpose()],
  ["an index", () => zeros([2, 3]).at(1)],
  ["a reshape", () => reshape(zeros([4]), [2, 2])],
  ["a stack", () => stack([zeros([2]), zeros([2])])],
  ["an item of unstack", () => unstack(zeros([2, 3]))[1]],
  ["a gradient", () => grad((x: Tensor) => sum(x.mul(x)))(zeros([2, 2]))],
  ["vmap", () => vmap((x: Tensor) => sum(x))(zeros([2, 2]))],
  ["scan", () => scan((c: Tensor, x: Tensor) => [c, x], zeros([2]), zeros([3, 2]))[1]],
  [
    "vmap of scan",
    () => vmap((t: Tensor) => scan((c: Tensor, x: Tensor) => [c, x], t, zeros([3]))[1])(zeros([2])),
  ],
  ["a program", () => compile((x: Tensor) => sum(x, { axis: 0 }))(zeros([2, 3]))],
  ["a spec", () => scope.spec([2, 3])],
  ["random numbers", () => new scope.Random(1).normal([2, 3])],
];

test.each(makers)("the shape of %s is frozen", (_name, make) => {
  const t = make();
  expect(t).toBeInstanceOf(Tensor);
  expect(Object.isFrozen(t.shape)).toBe(true);
});

test("the constructor, which plain JavaScript can call, says how tensors are made", () => {
  const construct = (...parts: unknown[]): unknown => Reflect.construct(Tensor, parts);
  for (const parts of [[], [[1, 2]], [[2], "float32"], [[2], "float32", null, new Float32Array(2), 0]])
    expect(() => construct(...parts)).toThrow("new Tensor: tensors are made by functions");
});
