import { cumprod, cumsum, prod } from "./cumulative.js";
import type { Samples } from "./samples.js";

export const cumsumSamples: Samples<{ readonly reverse: boolean }> = {
  names: { numpy: "cumsum", torch: "cumsum", onnx: "CumSum" },
  draw: (random) => ({
    inputs: [random.tensor(random.shape(random.integer(1, 3)))],
    attributes: { reverse: random.integer(0, 1) === 1 },
  }),
  exact: (random) => [
    { inputs: [random.of([[1, 2, 3]], "float64")], attributes: { reverse: true }, outputs: [[[6, 5, 3]]] },
    {
      inputs: [random.of([2147483647, 1], "int32")],
      attributes: { reverse: false },
      outputs: [[2147483647, -2147483648]],
    },
    { inputs: [random.tensor([2, 0])], attributes: { reverse: false }, outputs: [[[], []]] },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [
    { code: "index/axis", run: (random) => cumsum(random.tensor([])) },
    { code: "index/axis", run: (random) => cumprod(random.tensor([2]), { axis: 1 }) },
    { code: "index/axis", run: (random) => prod(random.tensor([2]), { axis: 1 }) },
    { code: "index/axes", run: (random) => prod(random.tensor([2]), { axis: [0, 0] }) },
  ],
};
