import type { ElementwiseSamples } from "./samples.js";

export const rootOfSquaresSamples: ElementwiseSamples = {
  domain: [[[0.3, 4]]],
  exact: [
    [4, 2],
    [0, 0],
    [1e-300, 1e-150],
    [Infinity, Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.sqrt(x),
  ulps: 0,
  guardPoints: [
    [0, 0, NaN, NaN],
    [4, 0.25, -0.03125, 0.01171875],
    [Infinity, 0, 0, 0],
  ],
  rejects: [],
};
