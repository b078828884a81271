import { add, mul, neg } from "./arithmetic.js";
import { type ElementwiseSamples, wrongOperand } from "./samples.js";

export const addSamples: ElementwiseSamples = {
  names: { numpy: "add", torch: "add", onnx: "Add" },
  domain: [[[-2, 2]], [[-2, 2]]],
  exact: [
    [1, 2, 3],
    [0.1, 0.2, 0.30000000000000004],
    [-0, -0, -0],
    [0, -0, 0],
    [Infinity, 1, Infinity],
    [Infinity, -Infinity, NaN],
    [NaN, 1, NaN],
  ],
  reference: (a, b) => a + b,
  ulps: 0,
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [{ code: "shape/broadcast", run: (random) => add(random.tensor([2, 3]), random.tensor([2])) }],
};

export const mulSamples: ElementwiseSamples = {
  names: { numpy: "multiply", torch: "mul", onnx: "Mul" },
  domain: [[[-2, 2]], [[-2, 2]]],
  exact: [
    [3, -2, -6],
    [0, -2, -0],
    [1e-300, 1e-300, 0],
    [0, Infinity, NaN],
    [-Infinity, 2, -Infinity],
    [NaN, 0, NaN],
  ],
  reference: (a, b) => a * b,
  ulps: 0,
  guardPoints: [
    [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
    [0, Infinity, Infinity, 0, 0, 1, 0, 0, 0, 0, 0],
    [-0, 2, 2, 0, 0, 1, 0, 0, 0, 0, 0],
  ],
  rejects: [{ code: "shape/broadcast", run: (random) => mul(random.tensor([4]), random.tensor([3])) }],
};

export const negSamples: ElementwiseSamples = {
  names: { numpy: "negative", torch: "neg", onnx: "Neg" },
  domain: [[[-2, 2]]],
  exact: [
    [1, -1],
    [0, -0],
    [-0, 0],
    [Infinity, -Infinity],
    [NaN, NaN],
  ],
  reference: (x) => -x,
  ulps: 0,
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [{ code: "operand/type", run: () => neg(wrongOperand) }],
};
