import { exp, expm1, log, log1p, tanh } from "./exponential.js";
import { type ElementwiseSamples, wrongOperand } from "./samples.js";

export const expSamples: ElementwiseSamples = {
  names: { numpy: "exp", torch: "exp", onnx: "Exp" },
  domain: [[[-2, 2]]],
  exact: [
    [0, 1],
    [-0, 1],
    [1e-300, 1],
    [1000, Infinity],
    [-1000, 0],
    [Infinity, Infinity],
    [-Infinity, 0],
    [NaN, NaN],
  ],
  reference: (x) => Math.exp(x),
  guardPoints: [
    [0, 1, 1, 1],
    [-800, 0, 0, 0],
    [800, Infinity, Infinity, Infinity],
    [Infinity, Infinity, Infinity, Infinity],
    [-Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => exp(wrongOperand) }],
};

export const expm1Samples: ElementwiseSamples = {
  names: { numpy: "expm1", torch: "expm1" },
  domain: [[[-2, 2]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [-1000, -1],
    [Infinity, Infinity],
    [-Infinity, -1],
    [NaN, NaN],
  ],
  reference: (x) => Math.expm1(x),
  guardPoints: [
    [0, 1, 1, 1],
    [-0, 1, 1, 1],
    [1e-300, 1, 1, 1],
    [-800, 0, 0, 0],
    [800, Infinity, Infinity, Infinity],
    [-Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => expm1(wrongOperand) }],
};

export const logSamples: ElementwiseSamples = {
  names: { numpy: "log", torch: "log", onnx: "Log" },
  domain: [[[0.3, 3]]],
  exact: [
    [1, 0],
    [0, -Infinity],
    [-0, -Infinity],
    [-1, NaN],
    [Infinity, Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.log(x),
  guardPoints: [
    [0, Infinity, -Infinity, Infinity],
    [-0, NaN, -Infinity, NaN],
    [1e-300, 1e300, -Infinity, Infinity],
    [Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => log(wrongOperand) }],
};

export const log1pSamples: ElementwiseSamples = {
  names: { numpy: "log1p", torch: "log1p" },
  domain: [[[-0.7, 2]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [-1, -Infinity],
    [-2, NaN],
    [Infinity, Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.log1p(x),
  guardPoints: [
    [-1, Infinity, -Infinity, Infinity],
    [0, 1, -1, 2],
    [1e-300, 1, -1, 2],
    [Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => log1p(wrongOperand) }],
};

export const tanhSamples: ElementwiseSamples = {
  names: { numpy: "tanh", torch: "tanh", onnx: "Tanh" },
  domain: [[[-3, 3]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [1e-8, 1e-8],
    [1000, 1],
    [Infinity, 1],
    [-Infinity, -1],
    [NaN, NaN],
  ],
  reference: (x) => Math.tanh(x),
  guardPoints: [
    [0, 1, 0, -2],
    [-0, 1, 0, -2],
    [1e-300, 1, 0, -2],
    [100, 0, 0, 0],
    [-800, 0, 0, 0],
    [Infinity, 0, 0, 0],
    [-Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => tanh(wrongOperand) }],
};
