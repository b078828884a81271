import { type Tensor, tensor, Variable } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { Adam, crossEntropy, Embedding, fit, nll, RNN } from "@scope/nn";
import { describe, expect, test } from "vitest";

const ids = (...values: number[]): Tensor => tensor(Int32Array.from(values));
const scores = tensor([
  [1, 2, 3],
  [3, 1, 0],
]);

// A compiled function cannot look at targets while it is traced: they are checked when it is called or as it runs, and nothing is then changed.
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
  ] as const)("%s", (name, f) => {
    const right = f(ids(2, 0));
    expect(f(ids(2, 0)).toArray()).toEqual(right.toArray());
    const before = calls.value.item();
    const [op] = name.split(" ");
    expect(() => f(ids(2, -1))).toThrow(expect.objectContaining({ code: "index/value", op, got: "-1" }));
    expect(() => f(ids(3, 0))).toThrow(expect.objectContaining({ code: "index/value", op, got: "3" }));
    // Computed ones are found by the program.
    const late = counted((t) => f(t.mul(3)));
    expect(() => late(ids(0, 1))).toThrow(expect.objectContaining({ code: "index/value", op, got: "3" }));
    expect(calls.value.item()).toBe(before);
  });
  test("lengths of sequences", () => {
    const rnn = new RNN(1, 2, { seed: 1 });
    const xs = tensor([[[1], [2]]]);
    const f = compile((lengths: Tensor) => rnn.forward(xs, undefined, { lengths })[0]);
    expect(f(ids(1)).toArray()).toEqual(rnn.forward(xs, undefined, { lengths: ids(1) })[0].toArray());
    for (const wrong of [3, -1])
      expect(() => f(ids(wrong))).toThrow(expect.objectContaining({ op: "RNN", got: String(wrong) }));
  });
  test("in fit: the weights stay as they were", async () => {
    const model = new Embedding(3, 3, { seed: 1 });
    const loss = ([symbols, targets]: readonly [Tensor, Tensor]): Tensor =>
      crossEntropy(model.forward(symbols), targets);
    const options = { loss, optimizer: new Adam(model.parameters(), { learningRate: 0.1 }), epochs: 1 };
    await fit(model, [[ids(0, 1), ids(1, 2)]] as const, options);
    const before = model.weight.value.toArray();
    for (const [symbols, targets, op] of [
      [ids(0, 3), ids(0, 1), "Embedding"],
      [ids(0, 1), ids(0, 3), "crossEntropy"],
    ] as const) {
      await expect(fit(model, [[symbols, targets]] as const, options)).rejects.toThrow(
        expect.objectContaining({ code: "index/value", op }),
      );
      expect(model.weight.value.toArray()).toEqual(before);
    }
  });
  test("an ignored one is none", () => {
    const f = compile((t: Tensor) => crossEntropy(scores, t, { ignoreIndex: -1 }));
    expect(f(ids(2, -1)).item()).toBeCloseTo(
      crossEntropy(scores.at(0), tensor(2, { dtype: "int32" })).item(),
      5,
    );
  });
});
