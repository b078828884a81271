import { pow } from "./power.js";
import { sum } from "./reduction.js";
import type { ElementwiseSamples, Guard, StructuralSamples } from "./samples.js";

export const powSamples: ElementwiseSamples = {
  names: { numpy: "power", torch: "pow", onnx: "Pow" },
  domain: [[[0.3, 2]], [[-2, 2]]],
  exact: [
    [2, 3, 8],
    [-2, 3, -8],
    [-2, 2, 4],
    [0, 0, 1],
    [0, 1, 0],
    [-0, 3, -0],
    [0, -1, Infinity],
    [3, 0, 1],
    [NaN, 0, 1],
    [1, NaN, 1],
    [1, Infinity, 1],
    [-2, 0.5, NaN],
    [2, -Infinity, 0],
    [Infinity, 0.5, Infinity],
  ],
  reference: (a, b) => a ** b,
  guardPoints: [
    [2, 0, 0, Math.LN2, 0, 0.5, Math.LN2 ** 2, 0, -0.25, Math.LN2, Math.LN2 ** 3],
    [1, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0],
    [0, 0, 0, 0, 0, NaN, NaN, 0, NaN, NaN, NaN],
    [0, 1, 1, 0, 0, -Infinity, 0, 0, Infinity, NaN, 0],
    [0, 2, 0, 0, 2, 0, 0, 0, -Infinity, 0, 0],
    [-0, 3, 0, 0, 0, 0, 0, 6, 0, 0, 0],
    [0, 0.5, Infinity, 0, -Infinity, NaN, 0, Infinity, NaN, NaN, 0],
    [0, -1, -Infinity, -Infinity, Infinity, NaN, Infinity, -Infinity, NaN, NaN, -Infinity],
    [-2, 3, 12, NaN, -12, NaN, NaN, 6, NaN, NaN, NaN],
    [-2, 0, 0, NaN, 0, NaN, NaN, 0, NaN, NaN, NaN],
    [Infinity, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ],
  rejects: [{ code: "shape/broadcast", run: (random) => pow(random.tensor([2]), random.tensor([3])) }],
};

export const powTimesLogSamples: ElementwiseSamples = {
  domain: [[[0.3, 2]], [[-2, 2]]],
  exact: [
    [1, 5, 0],
    [0, 2, 0],
    [0, 0, -Infinity],
    [0, -1, -Infinity],
    [Infinity, -1, 0],
    [-1, 2, NaN],
    [NaN, 1, NaN],
  ],
  reference: (a, b) => a ** b * Math.log(a),
  ulps: 4,
  guardPoints: [
    [
      2,
      0,
      0.5,
      Math.LN2 ** 2,
      -0.25,
      Math.LN2,
      Math.LN2 ** 3,
      0.25,
      0.5 - 0.5 * Math.LN2,
      1.5 * Math.LN2 ** 2,
      Math.LN2 ** 4,
    ],
    [0, 2, 0, 0, -Infinity, 0, 0, NaN, NaN, 0, 0],
    [0, 0, NaN, Infinity, NaN, NaN, -Infinity, NaN, NaN, NaN, Infinity],
    [-2, 1, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN],
  ],
  rejects: [],
};

const constants = (x: number, exponent: number, gradient: number, hessian: number, third: number): Guard => ({
  what: `${x} to the power of ${exponent}`,
  at: [x],
  f: (t) => sum(pow(t, exponent)),
  gradient,
  hessian,
  third,
});
export const powConstantSamples: StructuralSamples<null> = {
  draw: (random) => {
    const shape = random.shape();
    return { inputs: [random.tensor(shape, [0.3, 2]), random.tensor(shape, [-2, 2])], attributes: null };
  },
  exact: (random) => [
    {
      inputs: [random.of([2, 0, NaN, -2]), random.of([3, 0, 0, 3])],
      attributes: null,
      outputs: [[8, 1, 1, -8]],
    },
  ],
  // By the exponent; by the base its guard points check it.
  cutsGradient: true,
  guardPoints: [
    constants(3, 2.5, 2.5 * 3 ** 1.5, 3.75 * 3 ** 0.5, 1.875 * 3 ** -0.5),
    constants(0, 0, 0, 0, 0),
    constants(NaN, 0, 0, 0, 0),
    constants(Infinity, 0, 0, 0, 0),
    constants(1e-320, 0, 0, 0, 0),
    constants(0, 1, 1, 0, 0),
    constants(-0, 2, 0, 2, 0),
    constants(1e-300, 2, 2e-300, 2, 0),
    constants(0, 3, 0, 0, 6),
    constants(-2, 3, 12, -12, 6),
    constants(0, 0.5, Infinity, -Infinity, Infinity),
    constants(0, -1, -Infinity, Infinity, -Infinity),
  ],
  rejects: [],
};
