import { ceil, floor, mod, round } from "./rounding.js";
import { type ElementwiseSamples, wrongOperand } from "./samples.js";

export const floorSamples: ElementwiseSamples = {
  names: { numpy: "floor", torch: "floor", onnx: "Floor" },
  domain: [
    [
      [0.1, 0.9],
      [-1.9, -1.1],
    ],
  ],
  exact: [
    [1.5, 1],
    [-1.5, -2],
    [2, 2],
    [-0, -0],
    [0.3, 0],
    [Infinity, Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.floor(x),
  ulps: 0,
  guardPoints: [
    [0, 0, 0, 0],
    [-0, 0, 0, 0],
    [1, 0, 0, 0],
    [Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => floor(wrongOperand) }],
};

export const ceilSamples: ElementwiseSamples = {
  names: { numpy: "ceil", torch: "ceil", onnx: "Ceil" },
  domain: [
    [
      [0.1, 0.9],
      [-1.9, -1.1],
    ],
  ],
  exact: [
    [1.5, 2],
    [-1.5, -1],
    [2, 2],
    [-0, -0],
    [-0.3, -0],
    [-Infinity, -Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.ceil(x),
  ulps: 0,
  guardPoints: [
    [0, 0, 0, 0],
    [-0, 0, 0, 0],
    [1, 0, 0, 0],
    [Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => ceil(wrongOperand) }],
};

export const roundSamples: ElementwiseSamples = {
  names: { numpy: "round", torch: "round", onnx: "Round" },
  domain: [
    [
      [0.6, 1.4],
      [-1.4, -0.6],
    ],
  ],
  exact: [
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, -0],
    [-1.5, -2],
    [1.2, 1],
    [1e300, 1e300],
    [-Infinity, -Infinity],
    [NaN, NaN],
  ],
  reference: (x) => (Math.abs(x - Math.trunc(x)) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
  ulps: 0,
  guardPoints: [
    [0, 0, 0, 0],
    [0.5, 0, 0, 0],
    [1.5, 0, 0, 0],
    [-0.5, 0, 0, 0],
    [Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => round(wrongOperand) }],
};

export const modSamples: ElementwiseSamples = {
  names: { numpy: "mod", torch: "remainder", onnx: "Mod" },
  domain: [
    [[2.1, 2.9]],
    [
      [0.8, 0.95],
      [-0.95, -0.8],
    ],
  ],
  exact: [
    [5, 3, 2],
    [-5, 3, 1],
    [5, -3, -1],
    [-5, -3, -2],
    [5.5, 2, 1.5],
    [6, 3, 0],
    [1, 0, NaN],
    [NaN, 1, NaN],
  ],
  reference: (a, b) => {
    const r = a % b;
    return r !== 0 && r < 0 !== b < 0 ? r + b : r;
  },
  guardPoints: [
    [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    [4, 2, 1, -2, 0, 0, 0, 0, 0, 0, 0],
    [-4, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0],
  ],
  rejects: [{ code: "shape/broadcast", run: (random) => mod(random.tensor([2]), random.tensor([3])) }],
};
