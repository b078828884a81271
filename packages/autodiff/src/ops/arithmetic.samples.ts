import { abs, div, sign, sqrt, sub } from "./arithmetic.js";
import { type ElementwiseSamples, wrongOperand } from "./samples.js";

export const subSamples: ElementwiseSamples = {
  names: { numpy: "subtract", torch: "sub", onnx: "Sub" },
  domain: [[[-2, 2]], [[-2, 2]]],
  exact: [
    [3, 1, 2],
    [0, 0, 0],
    [-0, 0, -0],
    [0, -0, 0],
    [Infinity, Infinity, NaN],
    [1, -Infinity, Infinity],
    [NaN, 1, NaN],
  ],
  reference: (a, b) => a - b,
  ulps: 0,
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [{ code: "shape/broadcast", run: (random) => sub(random.tensor([2]), random.tensor([3])) }],
};

export const divSamples: ElementwiseSamples = {
  names: { numpy: "divide", torch: "div", onnx: "Div" },
  domain: [
    [[-2, 2]],
    [
      [0.5, 2],
      [-2, -0.5],
    ],
  ],
  exact: [
    [6, 3, 2],
    [1, 0, Infinity],
    [1, -0, -Infinity],
    [0, 0, NaN],
    [0, -3, -0],
    [1, Infinity, 0],
    [NaN, 1, NaN],
  ],
  reference: (a, b) => a / b,
  ulps: 0,
  guardPoints: [
    [0, 1, 1, 0, 0, -1, 0, 0, 0, 2, 0],
    [1, 0, Infinity, -Infinity, 0, -Infinity, Infinity, 0, 0, Infinity, -Infinity],
    [0, 0, NaN, NaN, 0, NaN, NaN, 0, 0, NaN, NaN],
    [1, Infinity, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ],
  rejects: [{ code: "shape/broadcast", run: (random) => div(random.tensor([2]), random.tensor([3])) }],
};

export const absSamples: ElementwiseSamples = {
  names: { numpy: "abs", torch: "abs", onnx: "Abs" },
  domain: [
    [
      [0.1, 2],
      [-2, -0.1],
    ],
  ],
  exact: [
    [-2, 2],
    [0, 0],
    [-0, 0],
    [-1e-300, 1e-300],
    [-Infinity, Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.abs(x),
  ulps: 0,
  guardPoints: [
    [0, 0, 0, 0],
    [-0, 0, 0, 0],
    [1e-300, 1, 0, 0],
    [-1e-300, -1, 0, 0],
    [Infinity, 1, 0, 0],
    [-Infinity, -1, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => abs(wrongOperand) }],
};

export const signSamples: ElementwiseSamples = {
  names: { numpy: "sign", torch: "sign", onnx: "Sign" },
  domain: [
    [
      [0.1, 2],
      [-2, -0.1],
    ],
  ],
  exact: [
    [-2, -1],
    [1e-300, 1],
    [0, 0],
    [-0, -0],
    [Infinity, 1],
    [-Infinity, -1],
    [NaN, NaN],
  ],
  reference: (x) => Math.sign(x),
  ulps: 0,
  guardPoints: [
    [0, 0, 0, 0],
    [-0, 0, 0, 0],
    [1e-300, 0, 0, 0],
    [Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => sign(wrongOperand) }],
};

export const sqrtSamples: ElementwiseSamples = {
  names: { numpy: "sqrt", torch: "sqrt", onnx: "Sqrt" },
  domain: [[[0.3, 4]]],
  exact: [
    [4, 2],
    [0, 0],
    [-0, -0],
    [1e-300, 1e-150],
    [Infinity, Infinity],
    [-1, NaN],
    [NaN, NaN],
  ],
  reference: (x) => Math.sqrt(x),
  ulps: 0,
  guardPoints: [
    [0, Infinity, -Infinity, Infinity],
    [1e-300, 0.5e150, -Infinity, Infinity],
    [Infinity, 0, 0, 0],
    [-1, NaN, NaN, NaN],
  ],
  rejects: [{ code: "operand/type", run: () => sqrt(wrongOperand) }],
};
