import type { IndexRange } from "../kernel/lowering.js";
import { checkedIndices } from "./indices.js";
import type { Samples } from "./samples.js";

const range = { op: "take", what: null, size: 3, wraps: true, ignored: null, checked: false };
export const indexSamples: Samples<IndexRange & { readonly checked: boolean }> = {
  draw: (random) => ({
    inputs: [
      random.of(
        Array.from({ length: random.integer(0, 4) }, () => random.integer(-3, 2)),
        "int32",
      ),
    ],
    attributes: range,
  }),
  exact: (random) => [
    { inputs: [random.of([0, -1, 2, -3], "int32")], attributes: range, outputs: [[0, 2, 2, 0]] },
    {
      inputs: [random.of([[1], [-2]], "int32")],
      attributes: { ...range, checked: true },
      outputs: [[[1], [1]]],
    },
    {
      inputs: [random.of([2, -100, 0], "int32")],
      attributes: { ...range, wraps: false, ignored: -100 },
      outputs: [[2, 0, 0]],
    },
  ],
  guardPoints: "whole numbers: it has no derivative",
  rejects: [
    { code: "index/value", run: (random) => checkedIndices(random.of([3], "int32"), 3) },
    { code: "index/value", run: (random) => checkedIndices(random.of([-1], "int32"), 3) },
    { code: "index/value", run: (random) => checkedIndices(random.of([0], "int32"), 0) },
    { code: "dtype/indices", run: (random) => checkedIndices(random.tensor([1]), 3) },
  ],
};
