import { tensor, zeros } from "@scope/autodiff";
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  huber,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
  nll,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { thrownCode, thrownError } from "../thrown-code.js";

const int = (values: number[]): ReturnType<typeof tensor> => tensor(values, { dtype: "int32" });
// What a caller without types may pass.
const unknownReduction = { reduction: "average" as unknown as "mean" };

describe("mistakes", () => {
  test.each([
    ["[n] against [n, 1]", () => meanSquaredError(zeros([3]), zeros([3, 1])), "loss/shapes"],
    ["different sizes", () => meanAbsoluteError(zeros([3]), zeros([4])), "loss/shapes"],
    ["huber of shapes", () => huber(zeros([3]), zeros([4])), "loss/shapes"],
    ["logits of another shape", () => binaryCrossEntropyWithLogits(zeros([3]), zeros([1])), "loss/shapes"],
    ["laws of another shape", () => klDivergence(zeros([2, 2]), zeros([2])), "loss/shapes"],
    ["delta 0", () => huber(zeros([1]), zeros([1]), { delta: 0 }), "value/range"],
    ["delta NaN", () => huber(zeros([1]), zeros([1]), { delta: Number.NaN }), "value/range"],
    ["an unknown reduction", () => meanSquaredError(zeros([1]), zeros([1]), unknownReduction), "value/range"],
    [
      "a smoothing above 1",
      () => crossEntropy(zeros([1, 2]), int([0]), { labelSmoothing: 1.5 }),
      "value/range",
    ],
    ["one-hot targets", () => crossEntropy(zeros([2, 3]), zeros([2, 3])), "loss/targets"],
    ["classes first", () => nll(zeros([3, 2]), int([0, 1])), "loss/targets"],
    ["a scalar", () => crossEntropy(tensor(1), tensor(0, { dtype: "int32" })), "loss/targets"],
    ["targets that are not whole", () => crossEntropy(zeros([2, 3]), zeros([2])), "dtype/indices"],
    ["too few weights", () => nll(zeros([1, 3]), int([0]), { weights: zeros([2]) }), "loss/weights"],
  ])("%s", (_what, run, code) => expect(thrownCode(run)).toBe(code));

  test("a target that is no class", () => {
    expect(() => crossEntropy(zeros([1, 3]), int([3]))).toThrow(/out of range/);
  });
});

describe("targets that are no classes are told in the loss's name", () => {
  const scores = zeros([1, 3]);
  const losses: readonly (readonly [typeof crossEntropy, string])[] = [
    [crossEntropy, "crossEntropy"],
    [nll, "nll"],
  ];
  test.each(losses)("%o", (loss, op) => {
    // Negative ones too: a look-up would count them from the end.
    for (const wrong of [3, -1, -100]) {
      expect(thrownError(() => loss(scores, int([wrong])))).toMatchObject({
        code: "index/value",
        op,
        got: String(wrong),
        expected: "whole numbers from 0 to 2",
      });
    }
    expect(loss(zeros([2, 3]), int([-1, 2]), { ignoreIndex: -1 }).shape).toEqual([]);
    expect(thrownError(() => loss(zeros([2, 3]), int([-1, 3]), { ignoreIndex: -1 })).got).toBe("3");
    expect(thrownError(() => loss(scores, tensor([1])))).toMatchObject({ code: "dtype/indices", op });
    const array: readonly unknown[] = [scores, [1]];
    expect(thrownError(() => Reflect.apply(loss, undefined, array))).toMatchObject({
      code: "input/type",
      op,
    });
  });
});
