import { type ElementwiseSamples, wrongOperand } from "./samples.js";
import { acos, acosh, asin, asinh, atan, atan2, atanh, cos, cosh, sin, sinh, tan } from "./trigonometric.js";

export const sinSamples: ElementwiseSamples = {
  names: { numpy: "sin", torch: "sin", onnx: "Sin" },
  domain: [[[-3, 3]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [Infinity, NaN],
    [NaN, NaN],
  ],
  reference: (x) => Math.sin(x),
  guardPoints: [
    [0, 1, 0, -1],
    [1e-300, 1, 0, -1],
    [Infinity, NaN, NaN, NaN],
  ],
  rejects: [{ code: "operand/type", run: () => sin(wrongOperand) }],
};

export const cosSamples: ElementwiseSamples = {
  names: { numpy: "cos", torch: "cos", onnx: "Cos" },
  domain: [[[-3, 3]]],
  exact: [
    [0, 1],
    [-0, 1],
    [1e-300, 1],
    [Infinity, NaN],
    [NaN, NaN],
  ],
  reference: (x) => Math.cos(x),
  guardPoints: [
    [0, 0, -1, 0],
    [-0, 0, -1, 0],
    [Infinity, NaN, NaN, NaN],
  ],
  rejects: [{ code: "operand/type", run: () => cos(wrongOperand) }],
};

export const tanSamples: ElementwiseSamples = {
  names: { numpy: "tan", torch: "tan", onnx: "Tan" },
  domain: [[[-1.2, 1.2]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [Infinity, NaN],
    [NaN, NaN],
  ],
  reference: (x) => Math.tan(x),
  guardPoints: [
    [0, 1, 0, 2],
    [-0, 1, 0, 2],
    [Infinity, NaN, NaN, NaN],
  ],
  rejects: [{ code: "operand/type", run: () => tan(wrongOperand) }],
};

export const asinSamples: ElementwiseSamples = {
  names: { numpy: "arcsin", torch: "asin", onnx: "Asin" },
  domain: [[[-0.8, 0.8]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [1, 1.5707963267948966],
    [2, NaN],
    [NaN, NaN],
  ],
  reference: (x) => Math.asin(x),
  guardPoints: [
    [0, 1, 0, 1],
    [1, Infinity, Infinity, Infinity],
    [-1, Infinity, -Infinity, Infinity],
    [2, NaN, NaN, NaN],
  ],
  rejects: [{ code: "operand/type", run: () => asin(wrongOperand) }],
};

export const acosSamples: ElementwiseSamples = {
  names: { numpy: "arccos", torch: "acos", onnx: "Acos" },
  domain: [[[-0.8, 0.8]]],
  exact: [
    [1, 0],
    [0, 1.5707963267948966],
    [2, NaN],
    [NaN, NaN],
  ],
  reference: (x) => Math.acos(x),
  guardPoints: [
    [0, -1, 0, -1],
    [1, -Infinity, -Infinity, -Infinity],
    [-1, -Infinity, Infinity, -Infinity],
    [2, NaN, NaN, NaN],
  ],
  rejects: [{ code: "operand/type", run: () => acos(wrongOperand) }],
};

export const atanSamples: ElementwiseSamples = {
  names: { numpy: "arctan", torch: "atan", onnx: "Atan" },
  domain: [[[-2, 2]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [Infinity, 1.5707963267948966],
    [-Infinity, -1.5707963267948966],
    [NaN, NaN],
  ],
  reference: (x) => Math.atan(x),
  guardPoints: [
    [0, 1, 0, -2],
    [-0, 1, 0, -2],
    [1e12, 1e-24, -2e-36, 0],
    [Infinity, 0, NaN, NaN],
  ],
  rejects: [{ code: "operand/type", run: () => atan(wrongOperand) }],
};

export const atan2Samples: ElementwiseSamples = {
  names: { numpy: "arctan2", torch: "atan2" },
  domain: [
    [
      [0.3, 2],
      [-2, -0.3],
    ],
    [
      [0.3, 2],
      [-2, -0.3],
    ],
  ],
  exact: [
    [0, 1, 0],
    [1, 0, 1.5707963267948966],
    [-1, 0, -1.5707963267948966],
    [0, 0, 0],
    [-0, 1, -0],
    [Infinity, Infinity, 0.7853981633974483],
    [NaN, 1, NaN],
  ],
  reference: (y, x) => Math.atan2(y, x),
  guardPoints: [
    [0, 1, 1, 0, 0, -1, 0, -2, 0, 2, 0],
    [0, -1, -1, 0, 0, -1, 0, 2, 0, -2, 0],
    [1, 0, 0, -1, 0, 1, 0, 0, -2, 0, 2],
    [0, 0, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN],
    [1e-200, 1e-200, 5e199, -5e199, -Infinity, 0, Infinity, Infinity, Infinity, -Infinity, -Infinity],
    [1e200, 1e200, 5e-201, -5e-201, 0, 0, 0, 0, 0, 0, 0],
  ],
  rejects: [{ code: "shape/broadcast", run: (random) => atan2(random.tensor([2]), random.tensor([3])) }],
};

export const sinhSamples: ElementwiseSamples = {
  names: { numpy: "sinh", torch: "sinh", onnx: "Sinh" },
  domain: [[[-2, 2]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [1000, Infinity],
    [-Infinity, -Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.sinh(x),
  guardPoints: [
    [0, 1, 0, 1],
    [800, Infinity, Infinity, Infinity],
    [-Infinity, Infinity, -Infinity, Infinity],
  ],
  rejects: [{ code: "operand/type", run: () => sinh(wrongOperand) }],
};

export const coshSamples: ElementwiseSamples = {
  names: { numpy: "cosh", torch: "cosh", onnx: "Cosh" },
  domain: [[[-2, 2]]],
  exact: [
    [0, 1],
    [-0, 1],
    [-1000, Infinity],
    [Infinity, Infinity],
    [-Infinity, Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.cosh(x),
  guardPoints: [
    [0, 0, 1, 0],
    [800, Infinity, Infinity, Infinity],
    [-Infinity, -Infinity, Infinity, -Infinity],
  ],
  rejects: [{ code: "operand/type", run: () => cosh(wrongOperand) }],
};

export const asinhSamples: ElementwiseSamples = {
  names: { numpy: "arcsinh", torch: "asinh", onnx: "Asinh" },
  domain: [[[-2, 2]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [Infinity, Infinity],
    [-Infinity, -Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.asinh(x),
  guardPoints: [
    [0, 1, 0, -1],
    [1e15, 1e-15, -1e-30, 0],
    [1e200, 1e-200, 0, 0],
    [-1e200, 1e-200, 0, 0],
    [Infinity, 0, 0, 0],
    [-Infinity, 0, 0, 0],
  ],
  rejects: [{ code: "operand/type", run: () => asinh(wrongOperand) }],
};

export const acoshSamples: ElementwiseSamples = {
  names: { numpy: "arccosh", torch: "acosh", onnx: "Acosh" },
  domain: [[[1.3, 4]]],
  exact: [
    [1, 0],
    [0.5, NaN],
    [Infinity, Infinity],
    [NaN, NaN],
  ],
  reference: (x) => Math.acosh(x),
  guardPoints: [
    [1, Infinity, -Infinity, Infinity],
    [1e200, 1e-200, 0, 0],
    [Infinity, 0, NaN, NaN],
    [0.5, NaN, NaN, NaN],
  ],
  rejects: [{ code: "operand/type", run: () => acosh(wrongOperand) }],
};

export const atanhSamples: ElementwiseSamples = {
  names: { numpy: "arctanh", torch: "atanh", onnx: "Atanh" },
  domain: [[[-0.8, 0.8]]],
  exact: [
    [0, 0],
    [-0, -0],
    [1e-300, 1e-300],
    [1, Infinity],
    [-1, -Infinity],
    [2, NaN],
    [NaN, NaN],
  ],
  reference: (x) => Math.atanh(x),
  guardPoints: [
    [0, 1, 0, 2],
    [1, Infinity, Infinity, Infinity],
    [-1, Infinity, -Infinity, Infinity],
  ],
  rejects: [{ code: "operand/type", run: () => atanh(wrongOperand) }],
};
