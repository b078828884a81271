import { erf, relu, sigmoid, softplus } from "./activations.js";
import { type ElementwiseSamples, wrongOperand } from "./samples.js";

export const sigmoidSamples: ElementwiseSamples = {
  names: { torch: "sigmoid", onnx: "Sigmoid" },
  domain: [[[-3, 3]]],
  exact: [
    [0, 0.5],
    [-0, 0.5],
    [1e-300, 0.5],
    [1000, 1],
    [-1000, 0],
    [Infinity, 1],
    [-Infinity, 0],
    [NaN, NaN],
  ],
  reference: (x) => 1 / (1 + Math.exp(-x)),
  guardPoints: [
    [0, 0.25, 0, -0.125],
    [1e-300, 0.25, 0, -0.125],
    [100, 0, 0, 0],
    [-100, 0, 0, 0],
    [800, 0, 0, 0],
    [-800, 0, 0, 0],
    [Infinity, 0, 0, 0],
    [-Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => sigmoid(wrongOperand) }],
};

export const softplusSamples: ElementwiseSamples = {
  names: { torch: "nn.functional.softplus", onnx: "Softplus" },
  domain: [[[-3, 3]]],
  exact: [
    [1000, 1000],
    [-1000, 0],
    [Infinity, Infinity],
    [-Infinity, 0],
    [NaN, NaN],
  ],
  reference: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  guardPoints: [
    [0, 0.5, 0.25, 0],
    [100, 1, 0, 0],
    [-100, 0, 0, 0],
    [800, 1, 0, 0],
    [-800, 0, 0, 0],
    [Infinity, 1, 0, 0],
    [-Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => softplus(wrongOperand) }],
};

export const erfSamples: ElementwiseSamples = {
  names: { torch: "erf", onnx: "Erf" },
  domain: [[[-2, 2]]],
  exact: [
    [0, 0],
    [-0, -0],
    [Infinity, 1],
    [-Infinity, -1],
    [10, 1],
    [NaN, NaN],
  ],
  // The series of 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!, whose terms are all of one sign
  reference: (x) => {
    let term = x;
    let sum = x;
    for (let n = 1; n < 200; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  },
  guardPoints: [
    [0, 1.1283791670955126, 0, -2.256758334191025],
    [-0, 1.1283791670955126, 0, -2.256758334191025],
    [100, 0, 0, 0],
    [-800, 0, 0, 0],
    [Infinity, 0, NaN, NaN],
  ],
  rejects: [{ code: "operand/type", run: () => erf(wrongOperand) }],
};

export const reluSamples: ElementwiseSamples = {
  names: { torch: "relu", onnx: "Relu" },
  domain: [
    [
      [0.1, 2],
      [-2, -0.1],
    ],
  ],
  exact: [
    [2, 2],
    [-2, 0],
    [0, 0],
    [-0, 0],
    [1e-300, 1e-300],
    [Infinity, Infinity],
    [-Infinity, 0],
    [NaN, NaN],
  ],
  reference: (x) => Math.max(x, 0),
  ulps: 0,
  guardPoints: [
    [0, 0, 0, 0],
    [-0, 0, 0, 0],
    [1e-300, 1, 0, 0],
    [-800, 0, 0, 0],
    [Infinity, 1, 0, 0],
    [-Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => relu(wrongOperand) }],
};
