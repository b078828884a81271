import {
  arange,
  eye,
  full,
  fullLike,
  type Iota,
  linspace,
  oneHot,
  ones,
  tril,
  triu,
  zeros,
} from "./creation.js";
import type { Samples } from "./samples.js";

export const iotaSamples: Samples<Iota> = {
  names: { numpy: "arange", torch: "arange", onnx: "Range" },
  draw: (random) => ({
    inputs: [],
    attributes: {
      size: random.integer(0, 4),
      start: random.integer(-2, 2),
      step: random.number([-1, 1]),
      dtype: "float64",
    },
  }),
  exact: () => [
    { inputs: [], attributes: { size: 3, start: 2, step: -0.5, dtype: "float64" }, outputs: [[2, 1.5, 1]] },
    { inputs: [], attributes: { size: 0, start: 2, step: 1, dtype: "int32" }, outputs: [[]] },
  ],
  guardPoints: "made of nothing: it has no derivative",
  rejects: [
    { code: "shape/invalid", run: () => zeros([-1]) },
    { code: "shape/invalid", run: () => ones([1.5]) },
    { code: "value/too-large", run: () => zeros([2 ** 30, 4]) },
    { code: "value/dtype", run: () => full([2], 0.5, { dtype: "int32" }) },
    { code: "value/dtype", run: (random) => fullLike(random.of([1], "bool"), 2) },
    { code: "value/count", run: () => eye(1.5) },
    { code: "value/count", run: () => eye(2, { columns: -1 }) },
    { code: "value/range", run: () => arange(Number.NaN) },
    { code: "value/range", run: () => arange(0, 1, { step: 0 }) },
    { code: "value/dtype", run: () => arange(0, 1, { step: 0.5, dtype: "int32" }) },
    { code: "value/range", run: () => linspace(0, Infinity, 3) },
    { code: "value/count", run: () => linspace(0, 1, 2.5) },
    { code: "dtype/float", run: () => linspace(0, 1, 2, { dtype: "int32" }) },
    { code: "dtype/indices", run: (random) => oneHot(random.tensor([2]), 3) },
    { code: "value/count", run: (random) => oneHot(random.of([1], "int32"), -1) },
    { code: "value/triangle", run: (random) => triu(random.tensor([2])) },
    { code: "value/triangle", run: (random) => tril(random.tensor([2, 2]), { diagonal: 0.5 }) },
  ],
};
