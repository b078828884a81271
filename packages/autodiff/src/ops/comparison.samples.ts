import {
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  notEqual,
  where,
} from "./comparison.js";
import { type ElementwiseSamples, wrongOperand } from "./samples.js";
import { logSumExp, softmax } from "./softmax.js";

export const equalSamples: ElementwiseSamples = {
  names: { numpy: "equal", torch: "eq", onnx: "Equal" },
  domain: [[[-2, 2]], [[-2, 2]]],
  exact: [
    [1, 1, 1],
    [1, 2, 0],
    [0, -0, 1],
    [NaN, NaN, 0],
    [Infinity, Infinity, 1],
    [Infinity, -Infinity, 0],
  ],
  reference: (a, b) => Number(a === b),
  guardPoints: "true or false: it has no derivative",
  rejects: [{ code: "shape/broadcast", run: (random) => equal(random.tensor([2]), random.tensor([3])) }],
};

export const notEqualSamples: ElementwiseSamples = {
  names: { numpy: "not_equal", torch: "ne" },
  domain: [[[-2, 2]], [[-2, 2]]],
  exact: [
    [1, 1, 0],
    [1, 2, 1],
    [0, -0, 0],
    [NaN, NaN, 1],
    [Infinity, Infinity, 0],
  ],
  reference: (a, b) => Number(a !== b),
  guardPoints: "true or false: it has no derivative",
  rejects: [{ code: "shape/broadcast", run: (random) => notEqual(random.tensor([2]), random.tensor([3])) }],
};

export const lessSamples: ElementwiseSamples = {
  names: { numpy: "less", torch: "lt", onnx: "Less" },
  domain: [[[-2, 2]], [[-2, 2]]],
  exact: [
    [1, 2, 1],
    [2, 1, 0],
    [1, 1, 0],
    [-0, 0, 0],
    [-Infinity, 1, 1],
    [NaN, 1, 0],
    [1, NaN, 0],
  ],
  reference: (a, b) => Number(a < b),
  guardPoints: "true or false: it has no derivative",
  rejects: [{ code: "shape/broadcast", run: (random) => less(random.tensor([2]), random.tensor([3])) }],
};

export const lessEqualSamples: ElementwiseSamples = {
  names: { numpy: "less_equal", torch: "le", onnx: "LessOrEqual" },
  domain: [[[-2, 2]], [[-2, 2]]],
  exact: [
    [1, 2, 1],
    [2, 1, 0],
    [1, 1, 1],
    [0, -0, 1],
    [Infinity, Infinity, 1],
    [NaN, NaN, 0],
  ],
  reference: (a, b) => Number(a <= b),
  guardPoints: "true or false: it has no derivative",
  rejects: [{ code: "shape/broadcast", run: (random) => lessEqual(random.tensor([2]), random.tensor([3])) }],
};

export const greaterSamples: ElementwiseSamples = {
  names: { numpy: "greater", torch: "gt", onnx: "Greater" },
  domain: [[[-2, 2]], [[-2, 2]]],
  exact: [
    [1, 2, 0],
    [2, 1, 1],
    [1, 1, 0],
    [0, -0, 0],
    [Infinity, 1, 1],
    [NaN, 1, 0],
    [1, NaN, 0],
  ],
  reference: (a, b) => Number(a > b),
  guardPoints: "true or false: it has no derivative",
  rejects: [{ code: "shape/broadcast", run: (random) => greater(random.tensor([2]), random.tensor([3])) }],
};

export const greaterEqualSamples: ElementwiseSamples = {
  names: { numpy: "greater_equal", torch: "ge", onnx: "GreaterOrEqual" },
  domain: [[[-2, 2]], [[-2, 2]]],
  exact: [
    [1, 2, 0],
    [2, 1, 1],
    [1, 1, 1],
    [-0, 0, 1],
    [NaN, NaN, 0],
  ],
  reference: (a, b) => Number(a >= b),
  guardPoints: "true or false: it has no derivative",
  rejects: [
    { code: "shape/broadcast", run: (random) => greaterEqual(random.tensor([2]), random.tensor([3])) },
  ],
};

export const logicalAndSamples: ElementwiseSamples = {
  names: { numpy: "logical_and", torch: "logical_and", onnx: "And" },
  domain: [[[0, 1]], [[0, 1]]],
  dtypes: ["bool", "bool"],
  exact: [
    [0, 0, 0],
    [0, 1, 0],
    [1, 0, 0],
    [1, 1, 1],
  ],
  reference: (a, b) => Number(a !== 0 && b !== 0),
  guardPoints: "true or false: it has no derivative",
  rejects: [{ code: "shape/broadcast", run: (random) => logicalAnd(random.tensor([2]), random.tensor([3])) }],
};

export const logicalOrSamples: ElementwiseSamples = {
  names: { numpy: "logical_or", torch: "logical_or", onnx: "Or" },
  domain: [[[0, 1]], [[0, 1]]],
  dtypes: ["bool", "bool"],
  exact: [
    [0, 0, 0],
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, 1],
  ],
  reference: (a, b) => Number(a !== 0 || b !== 0),
  guardPoints: "true or false: it has no derivative",
  rejects: [{ code: "shape/broadcast", run: (random) => logicalOr(random.tensor([2]), random.tensor([3])) }],
};

export const logicalXorSamples: ElementwiseSamples = {
  names: { numpy: "logical_xor", torch: "logical_xor", onnx: "Xor" },
  domain: [[[0, 1]], [[0, 1]]],
  dtypes: ["bool", "bool"],
  exact: [
    [0, 0, 0],
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, 0],
  ],
  reference: (a, b) => Number((a !== 0) !== (b !== 0)),
  guardPoints: "true or false: it has no derivative",
  rejects: [{ code: "shape/broadcast", run: (random) => logicalXor(random.tensor([2]), random.tensor([3])) }],
};

export const logicalNotSamples: ElementwiseSamples = {
  names: { numpy: "logical_not", torch: "logical_not", onnx: "Not" },
  domain: [[[0, 1]]],
  dtypes: ["bool"],
  exact: [
    [0, 1],
    [1, 0],
  ],
  reference: (x) => Number(x === 0),
  guardPoints: "true or false: it has no derivative",
  rejects: [{ code: "operand/type", run: () => logicalNot(wrongOperand) }],
};

export const whereSamples: ElementwiseSamples = {
  names: { numpy: "where", torch: "where", onnx: "Where" },
  domain: [[[0, 1]], [[-2, 2]], [[-2, 2]]],
  dtypes: ["bool", "float64", "float64"],
  exact: [
    [1, 2, 3, 2],
    [0, 2, 3, 3],
    [1, -0, NaN, -0],
    [0, NaN, Infinity, Infinity],
  ],
  reference: (condition, a, b) => (condition !== 0 ? a : b),
  ulps: 0,
  guardPoints:
    "linear in what it chooses; that the other side leaks nothing is among the guard points of clip, elu and softmax",
  rejects: [
    { code: "dtype/mask", run: (random) => softmax(random.tensor([2]), { mask: random.tensor([2]) }) },
    {
      code: "shape/broadcast-to",
      run: (random) => logSumExp(random.tensor([2]), { mask: random.of([true, false, true], "bool") }),
    },
    { code: "dtype/condition", run: (random) => where(random.tensor([2]), 1, 0) },
    {
      code: "shape/broadcast",
      run: (random) => where(random.tensor([2], [0, 1], "bool"), random.tensor([3]), 0),
    },
  ],
};
