import { maximum, minimum } from "./extrema.js";
import type { ElementwiseSamples } from "./samples.js";

export const maximumSamples: ElementwiseSamples = {
  names: { numpy: "maximum", torch: "maximum", onnx: "Max" },
  domain: [
    [
      [-2, -1.1],
      [1.1, 2],
    ],
    [[-1, 1]],
  ],
  exact: [
    [1, 2, 2],
    [2, 1, 2],
    [-0, 0, 0],
    [Infinity, 1, Infinity],
    [-Infinity, 1, 1],
    [NaN, 1, NaN],
    [1, NaN, NaN],
  ],
  reference: (a, b) => Math.max(a, b),
  ulps: 0,
  guardPoints: [
    [1, 1, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0],
    [0, -0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0],
    [Infinity, Infinity, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0],
    [1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0],
  ],
  rejects: [{ code: "shape/broadcast", run: (random) => maximum(random.tensor([2]), random.tensor([3])) }],
};

export const minimumSamples: ElementwiseSamples = {
  names: { numpy: "minimum", torch: "minimum", onnx: "Min" },
  domain: [
    [
      [-2, -1.1],
      [1.1, 2],
    ],
    [[-1, 1]],
  ],
  exact: [
    [1, 2, 1],
    [2, 1, 1],
    [-0, 0, -0],
    [Infinity, 1, 1],
    [-Infinity, 1, -Infinity],
    [NaN, 1, NaN],
    [1, NaN, NaN],
  ],
  reference: (a, b) => Math.min(a, b),
  ulps: 0,
  guardPoints: [
    [1, 1, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0],
    [0, -0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0],
    [Infinity, Infinity, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0],
    [1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  ],
  rejects: [{ code: "shape/broadcast", run: (random) => minimum(random.tensor([2]), random.tensor([3])) }],
};
