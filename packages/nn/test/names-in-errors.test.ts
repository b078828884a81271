import { tensor, zeros } from "@scope/autodiff";
import * as nn from "@scope/nn";
import { describe, expect, test } from "vitest";
import { thrownError } from "./thrown-code.js";

const x = zeros([2, 3]);
const none = undefined as never;
const whole = { dtype: "int32" } as never;
const unknown = { dtype: "float16" } as never;
const cases: readonly (readonly [op: string, call: () => unknown])[] = [
  ["meanSquaredError", () => nn.meanSquaredError(x, none)],
  ["meanAbsoluteError", () => nn.meanAbsoluteError(none, x)],
  ["huber", () => nn.huber(x, none)],
  ["klDivergence", () => nn.klDivergence(x, none)],
  ["binaryAccuracy", () => nn.binaryAccuracy(none, x)],
  ["binaryCrossEntropyWithLogits", () => nn.binaryCrossEntropyWithLogits(x, none)],
  [
    "binaryCrossEntropyWithLogits",
    () => nn.binaryCrossEntropyWithLogits(x, x, { positiveWeight: "2" as never }),
  ],
  ["spectralRadius", () => nn.spectralRadius(x)],
  ["eigenvalues", () => nn.eigenvalues(x)],
  ...[whole, unknown].flatMap((options) => [
    ["kaimingUniform", () => nn.kaimingUniform([2, 2], options)] as const,
    ["xavierNormal", () => nn.xavierNormal([2, 2], options)] as const,
    // In whole numbers an orthogonal matrix was all zeros.
    ["orthogonal", () => nn.orthogonal([2, 2], options)] as const,
    ["scaledIdentity", () => nn.scaledIdentity(2, options)] as const,
    ["Linear", () => new nn.Linear(2, 2, options)] as const,
    ["LSTM", () => new nn.LSTM(2, 2, options)] as const,
    ["Embedding", () => new nn.Embedding(2, 2, options)] as const,
    ["LayerNorm", () => new nn.LayerNorm(2, options)] as const,
  ]),
];

describe("errors are in the name of the function that was called", () => {
  test.each(cases)("%s: %s", (op, call) => expect(thrownError(call).op).toBe(op));
  test("a loss of numbers is taken", () => {
    expect(nn.meanSquaredError(tensor([1, 3]), 1).item()).toBe(2);
  });
});
