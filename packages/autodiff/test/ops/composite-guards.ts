import * as ops from "../../src/ops/index.js";
import { tensor } from "../../src/ops/literal.js";
import type { Guard, GuardPoints } from "../../src/ops/samples.js";
import type { Tensor } from "../../src/tensor/tensor.js";

/** Guard points of a function that is no record: rows for `f` of each element, or functions of a vector. */
export interface CompositeGuards {
  readonly f?: (x: Tensor) => Tensor;
  readonly points: GuardPoints<readonly number[] | Guard>;
}

const none = (reason: string, names: readonly string[]): Record<string, CompositeGuards> =>
  Object.fromEntries(names.map((name) => [name, { points: reason }]));
/** All elements of a tensor in one number, each with a weight of its own. */
const weighted = (t: Tensor): Tensor =>
  ops.sum(ops.mul(t, ops.cast(ops.reshape(ops.arange(1, t.size + 1), t.shape), t.dtype)));
/** A row of the table for functions whose further derivatives are 0. */
const flat = (what: string, at: readonly number[], f: Guard["f"], gradient: Guard["gradient"]): Guard => ({
  what,
  at,
  f,
  gradient,
  hessian: 0,
  third: 0,
});
const undefinedAt = (what: string, at: readonly number[], f: Guard["f"]): Guard => ({
  what,
  at,
  f,
  gradient: NaN,
  hessian: NaN,
  third: NaN,
});
const seluSlope = 1.0507009873554805 * 1.6732632423543772;
const geluCurve = Math.sqrt(2 / Math.PI);
const noneLeft = tensor([false, false]);
const firstLeft = tensor([true, false]);

/** The product of three elements: by each pair the third, by all three 1. */
const productOfThree = (x: number, y: number, z: number, f: Guard["f"]): Guard => ({
  what: "zeros among the factors",
  at: [x, y, z],
  f,
  gradient: [y * z, x * z, x * y],
  hessian: [
    [0, z, y],
    [z, 0, x],
    [y, x, 0],
  ],
  third: [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => [0, 1, 2].map((k) => Number(new Set([i, j, k]).size === 3))),
  ),
});
const products = (f: Guard["f"]): readonly Guard[] => [
  productOfThree(0, 2, 3, f),
  productOfThree(0, 0, 3, f),
  productOfThree(0, 0, 0, f),
];

/** As {@link composites}, name by name. */
export const compositeGuards: Readonly<Record<string, CompositeGuards>> = {
  ...none("linear: its derivative is the same everywhere", [
    "at",
    "chunk",
    "concat",
    "cumsum",
    "diagonal",
    "expandDims",
    "flip",
    "gather",
    "mean",
    "pad",
    "permute",
    "repeat",
    "reshape",
    "roll",
    "scatterAdd",
    "setAt",
    "setSlice",
    "slice",
    "split",
    "squeeze",
    "stack",
    "sum",
    "swapAxes",
    "take",
    "takeAlongAxis",
    "tile",
    "transpose",
    "tril",
    "triu",
  ]),
  ...none("multilinear: its derivatives are products, and nothing is divided", [
    "dot",
    "einsum",
    "matmul",
    "outer",
  ]),
  ...none("made of nothing: it has no derivative", [
    "arange",
    "eye",
    "full",
    "fullLike",
    "linspace",
    "oneHot",
    "ones",
    "onesLike",
    "tensor",
    "zeros",
    "zerosLike",
  ]),
  ...none("true, false or whole numbers: it has no derivative", [
    "all",
    "any",
    "argMax",
    "argMin",
    "checkedIndices",
    "isFinite",
    "isNaN",
  ]),
  square: {
    f: ops.square,
    points: [
      [0, 0, 2, 0],
      [-0, 0, 2, 0],
      [Infinity, Infinity, 2, 0],
    ],
  },
  reciprocal: {
    f: ops.reciprocal,
    points: [
      [0, -Infinity, Infinity, -Infinity],
      [Infinity, 0, 0, 0],
    ],
  },
  rsqrt: {
    f: ops.rsqrt,
    points: [
      [0, -Infinity, Infinity, -Infinity],
      [Infinity, 0, 0, 0],
      [-1, NaN, NaN, NaN],
    ],
  },
  logSigmoid: {
    f: ops.logSigmoid,
    points: [
      [0, 0.5, -0.25, 0],
      [100, 0, 0, 0],
      [-100, 1, 0, 0],
      [800, 0, 0, 0],
      [-800, 1, 0, 0],
      [Infinity, 0, 0, 0],
      [-Infinity, 1, 0, 0],
    ],
  },
  leakyRelu: {
    f: (x) => ops.leakyRelu(x, { slope: 0.25 }),
    points: [
      [0, 0.25, 0, 0],
      [-0, 0.25, 0, 0],
      [800, 1, 0, 0],
      [Infinity, 1, 0, 0],
      [-Infinity, 0.25, 0, 0],
    ],
  },
  elu: {
    f: (x) => ops.elu(x, { alpha: 0.5 }),
    points: [
      [0, 0.5, 0.5, 0.5],
      [1e-300, 1, 0, 0],
      [800, 1, 0, 0],
      [-800, 0, 0, 0],
      [Infinity, 1, 0, 0],
      [-Infinity, 0, 0, 0],
    ],
  },
  selu: {
    f: ops.selu,
    points: [
      [0, seluSlope, seluSlope, seluSlope],
      [800, 1.0507009873554805, 0, 0],
      [-800, 0, 0, 0],
    ],
  },
  gelu: {
    points: (["none", "tanh"] as const).flatMap((approximate) => {
      const f: Guard["f"] = (x) => ops.sum(ops.gelu(x, { approximate }));
      return [
        { what: approximate, at: [0], f, gradient: [0.5], hessian: geluCurve, third: 0 },
        flat(approximate, [100], f, [1]),
        flat(approximate, [-100], f, [0]),
        flat(approximate, [800], f, [1]),
        flat(approximate, [-800], f, [0]),
        undefinedAt(approximate, [Infinity], f),
      ];
    }),
  },
  silu: {
    f: ops.silu,
    points: [
      [0, 0.5, 0.5, 0],
      [100, 1, 0, 0],
      [-100, 0, 0, 0],
      [800, 1, 0, 0],
      [-800, 0, 0, 0],
      [Infinity, NaN, NaN, NaN],
    ],
  },
  clip: {
    f: (x) => ops.clip(x, -1, 1),
    points: [
      [1, 1, 0, 0],
      [-1, 1, 0, 0],
      [2, 0, 0, 0],
      [Infinity, 0, 0, 0],
      [-Infinity, 0, 0, 0],
    ],
  },
  max: { points: [flat("all tie", [2, 2, 2, 2], (x) => ops.max(x), 0.25)] },
  min: { points: [flat("all tie", [2, 2, 2, 2], (x) => ops.min(x), 0.25)] },
  sort: {
    points: [
      flat("elements that tie keep their order", [1, 1, 0], (x) => weighted(ops.sort(x)), [2, 3, 1]),
      flat("infinite", [Infinity, -Infinity], (x) => weighted(ops.sort(x)), [2, 1]),
    ],
  },
  topK: {
    points: [
      flat("the first of those that tie", [1, 1, 0], (x) => ops.sum(ops.topK(x, 1).values), [1, 0, 0]),
    ],
  },
  logSumExp: {
    points: [
      {
        what: "a tie",
        at: [0, 0],
        f: (x) => ops.logSumExp(x),
        gradient: 0.5,
        hessian: [
          [0.25, -0.25],
          [-0.25, 0.25],
        ],
        third: 0,
      },
      flat("nothing but −∞", [-Infinity, -Infinity], (x) => ops.logSumExp(x), 0),
      flat("−∞ beside a number", [-Infinity, 1], (x) => ops.logSumExp(x), [0, 1]),
      flat("saturated", [1000, -1000], (x) => ops.logSumExp(x), [1, 0]),
      flat("nothing counts", [1, NaN], (x) => ops.logSumExp(x, { mask: noneLeft }), 0),
      flat("NaN does not count", [1, NaN], (x) => ops.logSumExp(x, { mask: firstLeft }), [1, 0]),
    ],
  },
  softmax: {
    points: [
      {
        what: "a tie",
        at: [0, 0],
        f: (x) => ops.at(ops.softmax(x), 0),
        gradient: [0.25, -0.25],
        hessian: 0,
        third: [
          [
            [-0.125, 0.125],
            [0.125, -0.125],
          ],
          [
            [0.125, -0.125],
            [-0.125, 0.125],
          ],
        ],
      },
      flat("saturated", [1000, -1000], (x) => weighted(ops.softmax(x)), 0),
      flat("−∞ beside a number", [-Infinity, 1], (x) => weighted(ops.softmax(x)), 0),
      undefinedAt("nothing but −∞", [-Infinity, -Infinity], (x) => weighted(ops.softmax(x))),
      flat("nothing counts", [1, NaN], (x) => weighted(ops.softmax(x, { mask: noneLeft })), 0),
      flat("NaN does not count", [1, NaN], (x) => weighted(ops.softmax(x, { mask: firstLeft })), 0),
    ],
  },
  logSoftmax: {
    points: [
      {
        what: "a tie",
        at: [0, 0],
        f: (x) => ops.at(ops.logSoftmax(x), 0),
        gradient: [0.5, -0.5],
        hessian: [
          [-0.25, 0.25],
          [0.25, -0.25],
        ],
        third: 0,
      },
      flat("saturated", [-1000, 0], (x) => ops.at(ops.logSoftmax(x), 0), [1, -1]),
      undefinedAt("nothing but −∞", [-Infinity, -Infinity], (x) => weighted(ops.logSoftmax(x))),
      flat("nothing counts", [1, NaN], (x) => weighted(ops.logSoftmax(x, { mask: noneLeft })), 0),
      flat("NaN does not count", [1, NaN], (x) => weighted(ops.logSoftmax(x, { mask: firstLeft })), 0),
    ],
  },
  prod: { points: products((x) => ops.prod(x)) },
  cumprod: { points: products((x) => ops.at(ops.cumprod(x), 2)) },
  variance: {
    points: [
      {
        what: "equal elements",
        at: [2, 2],
        f: (x) => ops.variance(x),
        gradient: 0,
        hessian: [
          [0.5, -0.5],
          [-0.5, 0.5],
        ],
        third: 0,
      },
    ],
  },
  std: {
    points: [
      ...[
        [2, 2],
        [0.1, 0.1, 0.1],
        [-0, 0],
      ].map(
        (at): Guard => ({
          what: "equal elements",
          at,
          f: (x) => ops.std(x),
          gradient: 0,
          hessian: NaN,
          third: NaN,
        }),
      ),
      flat("squares that overflow", [1e200, -1e200], (x) => ops.std(x), [0.5, -0.5]),
      flat("squares that overflow float32", [1e20, -1e20], (x) => ops.std(x), [0.5, -0.5]),
    ],
  },
  norm: {
    points: [
      { what: "at 0", at: [0, -0], f: (x) => ops.norm(x), gradient: 0, hessian: NaN, third: NaN },
      {
        what: "its square at 0",
        at: [0, 0],
        f: (x) => ops.square(ops.norm(x)),
        gradient: 0,
        hessian: NaN,
        third: NaN,
      },
      flat("squares that overflow", [1e200, 1e200], (x) => ops.norm(x), Math.SQRT1_2),
      {
        what: "squares that overflow float32",
        at: [1e20, 0],
        f: (x) => ops.norm(x),
        gradient: [1, 0],
        hessian: 0,
        third: 0,
      },
      flat("order 1", [0, -2], (x) => ops.norm(x, { order: 1 }), [0, -1]),
      flat("order ∞, a tie", [1, -1], (x) => ops.norm(x, { order: Infinity }), [0.5, -0.5]),
    ],
  },
};
