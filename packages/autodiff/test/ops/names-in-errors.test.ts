import { describe, expect, test } from "vitest";
import * as scope from "../../src/index.js";
import { tensor, zeros } from "../../src/index.js";
import { errorOf } from "./codes.js";

// Functions that are made of others, and what the others refuse.
const x = zeros([2, 3]);
const wrong = {} as never;
const cases: readonly (readonly [op: string, call: () => unknown])[] = [
  ["any", () => scope.any(x, { axis: 5 })],
  ["any", () => scope.any(x, { axes: 1 } as never)],
  ["all", () => scope.all(x, { axis: 5 })],
  ["clip", () => scope.clip(x, zeros([2]), 1)],
  ["clip", () => scope.clip(x, null, zeros([2]))],
  ["clip", () => scope.clip(x, wrong)],
  ["clip", () => scope.clip(x, 0, wrong)],
  ["transpose", () => scope.transpose(x, [0])],
  ["transpose", () => scope.transpose(x, [0, 0])],
  ["permute", () => scope.permute(x, [0, 7])],
  ["setSlice", () => scope.setSlice(x, [[0, 1]], zeros([5]))],
  ["setAt", () => scope.setAt(x, 0, zeros([5]))],
  ["setAt", () => scope.setAt(x, tensor([0], { dtype: "int32" }), zeros([5]))],
  ["broadcastTo", () => scope.broadcastTo(x, [5])],
];

describe("errors are in the name of the function that was called", () => {
  test.each(cases)("%s: %s", (op, call) => expect(errorOf(call).op).toBe(op));
});
