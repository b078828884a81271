import type { Samples } from "./samples.js";
import { argSort, sort, topK } from "./sorting.js";

export const argSortSamples: Samples<{ readonly descending: boolean; readonly limit: number }> = {
  names: { numpy: "argsort", torch: "argsort" },
  draw: (random) => {
    const shape = random.shape(random.integer(1, 3));
    const limit = random.integer(0, shape[shape.length - 1]);
    return { inputs: [random.tensor(shape)], attributes: { descending: random.integer(0, 1) === 1, limit } };
  },
  exact: (random) => [
    {
      inputs: [random.of([[2, 1, 2, 0]], "float64")],
      attributes: { descending: false, limit: 4 },
      outputs: [[[3, 1, 0, 2]]],
    },
    {
      inputs: [random.of([[2, 1, 2, NaN]], "float64")],
      attributes: { descending: true, limit: 4 },
      outputs: [[[3, 0, 2, 1]]],
    },
    {
      inputs: [random.of([[NaN, 1]], "float64")],
      attributes: { descending: false, limit: 2 },
      outputs: [[[1, 0]]],
    },
  ],
  guardPoints: "whole numbers: it has no derivative",
  rejects: [
    { code: "index/axis", run: (random) => argSort(random.tensor([])) },
    { code: "index/axis", run: (random) => sort(random.tensor([2]), { axis: 1 }) },
    { code: "value/top-k", run: (random) => topK(random.tensor([2]), 3) },
    { code: "value/count", run: (random) => topK(random.tensor([2]), 0.5) },
  ],
};
