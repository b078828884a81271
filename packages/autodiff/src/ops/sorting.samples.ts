import type { Samples } from "./samples.js";
import { argSort, sort, topK } from "./sorting.js";

export const argSortSamples: Samples<{ readonly descending: boolean }> = {
  names: { numpy: "argsort", torch: "argsort" },
  draw: (random) => ({
    inputs: [random.tensor(random.shape(random.integer(1, 3)))],
    attributes: { descending: random.integer(0, 1) === 1 },
  }),
  exact: (random) => [
    {
      inputs: [random.of([[2, 1, 2, 0]], "float64")],
      attributes: { descending: false },
      outputs: [[[3, 1, 0, 2]]],
    },
    {
      inputs: [random.of([[2, 1, 2, NaN]], "float64")],
      attributes: { descending: true },
      outputs: [[[3, 0, 2, 1]]],
    },
    { inputs: [random.of([[NaN, 1]], "float64")], attributes: { descending: false }, outputs: [[[1, 0]]] },
  ],
  rejects: [
    { code: "index/axis", run: (random) => argSort(random.tensor([])) },
    { code: "index/axis", run: (random) => sort(random.tensor([2]), { axis: 1 }) },
    { code: "value/top-k", run: (random) => topK(random.tensor([2]), 3) },
    { code: "value/top-k", run: (random) => topK(random.tensor([2]), 0.5) },
  ],
};
