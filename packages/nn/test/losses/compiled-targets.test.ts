import { type Tensor, tensor, Variable } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { crossEntropy, Embedding, nll } from "@scope/nn";
import { describe, expect, test } from "vitest";

const ids = (...values: number[]): Tensor => tensor(Int32Array.from(values));
const scores = tensor([
  [1, 2, 3],
  [3, 1, 0],
]);

// A compiled function cannot look at targets while it is traced: they are checked when it is called, and nothing is then done.
describe("wrong targets and symbols in a compiled function", () => {
  const calls = new Variable(tensor(0));
  const counted = (f: (targets: Tensor) => Tensor) =>
    compile((targets: Tensor) => {
      calls.value = calls.value.add(1);
      return f(targets);
    });
  const embedding = new Embedding(3, 2, { seed: 1 });
  test.each([
    ["crossEntropy", counted((t) => crossEntropy(scores, t))],
    [
      "crossEntropy with a target that is ignored",
      counted((t) => crossEntropy(scores, t, { ignoreIndex: -100 })),
    ],
    ["crossEntropy with weights", counted((t) => crossEntropy(scores, t, { weights: tensor([1, 2, 3]) }))],
    ["nll", counted((t) => nll(scores, t))],
    ["Embedding", counted((t) => embedding.forward(t))],
  ] as const)("%s", (_name, f) => {
    const right = f(ids(2, 0));
    expect(f(ids(2, 0)).toArray()).toEqual(right.toArray());
    const before = calls.value.item();
    expect(() => f(ids(2, -1))).toThrow("(-1 in the argument) along an axis of size 3");
    expect(() => f(ids(3, 0))).toThrow("along an axis of size 3");
    expect(calls.value.item()).toBe(before);
  });
  test("an ignored one is none", () => {
    const f = compile((t: Tensor) => crossEntropy(scores, t, { ignoreIndex: -1 }));
    expect(f(ids(2, -1)).item()).toBeCloseTo(
      crossEntropy(scores.at(0), tensor(2, { dtype: "int32" })).item(),
      5,
    );
  });
});
