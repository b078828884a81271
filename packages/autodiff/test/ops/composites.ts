import * as ops from "../../src/ops/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import {
  alongAxis,
  both,
  type Composite,
  elementwise,
  made,
  reduction,
  withAxis,
} from "./composite-kinds.js";
import { structuralComposites } from "./structural-composites.js";

export type { Call, Composite } from "./composite-kinds.js";

/** Every public function that is not just the public face of a record of the same name. */
export const composites: Readonly<Record<string, Composite>> = {
  square: elementwise(
    ops.square,
    [[-2, 2]],
    [
      [3, 9],
      [-0, 0],
      [Infinity, Infinity],
      [NaN, NaN],
    ],
  ),
  reciprocal: elementwise(ops.reciprocal, both(0.5, 2), [
    [4, 0.25],
    [0, Infinity],
    [-0, -Infinity],
    [Infinity, 0],
  ]),
  rsqrt: elementwise(
    ops.rsqrt,
    [[0.4, 3]],
    [
      [4, 0.5],
      [0, Infinity],
      [Infinity, 0],
      [-1, NaN],
    ],
  ),
  logSigmoid: elementwise(
    ops.logSigmoid,
    [[-3, 3]],
    [
      [-1000, -1000],
      [1000, -0],
      [0, -Math.LN2],
      [-Infinity, -Infinity],
    ],
  ),
  leakyRelu: elementwise((x) => ops.leakyRelu(x, { slope: 0.25 }), both(0.1, 2), [
    [4, 4],
    [-4, -1],
    [0, 0],
    [Infinity, Infinity],
    [NaN, NaN],
  ]),
  elu: elementwise((x) => ops.elu(x, { alpha: 0.5 }), both(0.1, 2), [
    [4, 4],
    [-1000, -0.5],
    [0, 0],
    [1000, 1000],
    [-Infinity, -0.5],
    [NaN, NaN],
  ]),
  selu: elementwise(ops.selu, both(0.1, 2), [
    [0, 0],
    [-1000, -1.7580993408473766],
    [Infinity, Infinity],
  ]),
  gelu: {
    draw: (random) => {
      const approximate = random.pick(["none", "tanh"] as const);
      return { inputs: [random.tensor(random.shape())], f: (x) => ops.gelu(x, { approximate }) };
    },
    exact: (random) => [
      [ops.gelu(random.of([0, 100, -100])), [0, 100, -0]],
      [ops.gelu(random.of([0, 100, -100]), { approximate: "tanh" }), [0, 100, -0]],
    ],
  },
  silu: elementwise(
    ops.silu,
    [[-3, 3]],
    [
      [0, 0],
      [1000, 1000],
      [-1000, -0],
    ],
  ),
  clip: {
    draw: (random) => {
      const x = random.tensor(random.shape(), [
        [-2, -1.1],
        [-0.9, 0.9],
        [1.1, 2],
      ]);
      const low = random.tensor([], [-1.05, -0.95]);
      const [f, inputs] = random.pick([
        [(t: Tensor) => ops.clip(t, -1, 1), [x]],
        [(t: Tensor) => ops.clip(t, null, 1), [x]],
        [(t: Tensor, l: Tensor) => ops.clip(t, l, null), [x, low]],
      ] as const);
      return { inputs, f };
    },
    exact: (random) => [
      [ops.clip(random.of([-2, -1, 0.5, 1, 2, Infinity, NaN]), -1, 1), [-1, -1, 0.5, 1, 1, 1, NaN]],
    ],
  },
  isNaN: made((random) => [[ops.isNaN(random.of([1, NaN, Infinity])), [false, true, false]]]),
  isFinite: made((random) => [
    [ops.isFinite(random.of([1, NaN, Infinity, -Infinity])), [true, false, false, false]],
    [ops.isFinite(random.of([1, 2], "int32")), [true, true]],
  ]),
  tensor: made(() => [
    [
      ops.tensor([
        [1, 2],
        [3, 4],
      ]),
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ]),

  mean: reduction(ops.mean, (random) => [
    [
      ops.mean(
        random.of([
          [1, 2],
          [3, 6],
        ]),
      ),
      3,
    ],
    [
      ops.mean(
        random.of([
          [1, 2],
          [3, 6],
        ]),
        { axis: 0 },
      ),
      [2, 4],
    ],
  ]),
  logSumExp: reduction(ops.logSumExp, (random) => [
    [ops.logSumExp(random.of([1000, 1000])), 1000 + Math.LN2],
    [ops.logSumExp(random.of([-Infinity, 0])), 0],
    [ops.logSumExp(random.of([-Infinity, -Infinity])), -Infinity],
  ]),
  softmax: alongAxis(ops.softmax, (random) => [[ops.softmax(random.of([1000, 1000, -1000])), [0.5, 0.5, 0]]]),
  logSoftmax: alongAxis(ops.logSoftmax, (random) => [
    [
      ops.logSoftmax(
        random.of([
          [0, 0],
          [1000, -1000],
        ]),
      ),
      [
        [-Math.LN2, -Math.LN2],
        [0, -2000],
      ],
    ],
  ]),
  argMax: alongAxis(ops.argMax, (random) => [
    [
      ops.argMax(
        random.of([
          [1, 3, 3],
          [NaN, 5, 6],
        ]),
        { axis: 1 },
      ),
      [1, 0],
    ],
  ]),
  argMin: alongAxis(ops.argMin, (random) => [
    [
      ops.argMin(
        random.of([
          [1, 1, 3],
          [7, 5, 6],
        ]),
        { axis: 1 },
      ),
      [0, 1],
    ],
  ]),
  any: reduction(ops.any, (random) => [
    [
      ops.any(
        random.of([
          [0, 0],
          [0, 2],
        ]),
        { axis: 1 },
      ),
      [false, true],
    ],
  ]),
  all: reduction(ops.all, (random) => [
    [
      ops.all(
        random.of([
          [1, 0],
          [1, 2],
        ]),
        { axis: 1 },
      ),
      [false, true],
    ],
  ]),

  permute: {
    draw: (random) => {
      const rank = random.integer(0, 3);
      const order = random.permutation(rank);
      return { inputs: [random.tensor(random.shape(rank))], f: (x) => ops.permute(x, order) };
    },
    exact: (random) => [
      [
        ops.permute(
          random.of([
            [1, 2],
            [3, 4],
          ]),
          [1, 0],
        ),
        [
          [1, 3],
          [2, 4],
        ],
      ],
    ],
  },
  at: {
    draw: (random) => {
      const { x, axis } = withAxis(random);
      const size = x.shape.at(axis) ?? 1;
      const index = random.integer(-size, size - 1);
      return { inputs: [x], f: (t) => ops.at(t, index, { axis }) };
    },
    exact: (random) => [
      [
        ops.at(
          random.of([
            [1, 2],
            [3, 4],
          ]),
          -1,
        ),
        [3, 4],
      ],
    ],
  },
  flip: alongAxis(ops.flip, (random) => [
    [
      ops.flip(
        random.of([
          [1, 2],
          [3, 4],
        ]),
      ),
      [
        [4, 3],
        [2, 1],
      ],
    ],
  ]),
  concat: {
    draw: (random) => {
      const { x, axis } = withAxis(random);
      const inputs = [x, random.tensor(x.shape), random.tensor(x.shape)].slice(0, random.integer(1, 3));
      return { inputs, f: (...ts) => ops.concat(ts, { axis }) };
    },
    exact: (random) => [[ops.concat([random.of([1]), random.of([2, 3])]), [1, 2, 3]]],
  },
  stack: {
    draw: (random) => {
      const shape = random.shape();
      const inputs = [random.tensor(shape), random.tensor(shape)];
      const axis = random.integer(-shape.length - 1, shape.length);
      return { inputs, f: (...ts) => ops.stack(ts, { axis }) };
    },
    exact: (random) => [
      [
        ops.stack([random.of([1, 2]), random.of([3, 4])], { axis: 1 }),
        [
          [1, 3],
          [2, 4],
        ],
      ],
    ],
  },
  split: alongAxis(
    (x, options) => ops.split(x, x.shape.at(options.axis) ?? 1, options),
    (random) => [[ops.split(random.of([1, 2, 3]), [1, 2]), [[1], [2, 3]]]],
  ),
  chunk: alongAxis(
    (x, options) => ops.chunk(x, 2, options),
    (random) => [[ops.chunk(random.of([1, 2, 3]), 2), [[1, 2], [3]]]],
  ),
  pad: {
    draw: (random) => {
      const x = random.tensor(random.shape(2));
      const widths: [number, number][] = [
        [random.integer(0, 2), 1],
        [0, random.integer(0, 2)],
      ];
      return { inputs: [x], f: (t) => ops.pad(t, widths, { value: 0.5 }) };
    },
    exact: (random) => [[ops.pad(random.of([1, 2]), [[1, 2]]), [0, 1, 2, 0, 0]]],
  },
  roll: alongAxis(
    (x, options) => ops.roll(x, -2, options),
    (random) => [[ops.roll(random.of([1, 2, 3]), 1), [3, 1, 2]]],
  ),
  triu: {
    draw: (random) => {
      const diagonal = random.integer(-1, 1);
      return {
        inputs: [random.tensor(random.shape(random.integer(2, 3)))],
        f: (x) => ops.triu(x, { diagonal }),
      };
    },
    exact: (random) => [
      [
        ops.triu(
          random.of([
            [1, 2],
            [3, 4],
          ]),
        ),
        [
          [1, 2],
          [0, 4],
        ],
      ],
    ],
  },
  tril: {
    draw: (random) => {
      const diagonal = random.integer(-1, 1);
      return {
        inputs: [random.tensor(random.shape(random.integer(2, 3)))],
        f: (x) => ops.tril(x, { diagonal }),
      };
    },
    exact: (random) => [
      [
        ops.tril(
          random.of([
            [1, 2],
            [3, 4],
          ]),
        ),
        [
          [1, 0],
          [3, 4],
        ],
      ],
    ],
  },

  zeros: made(() => [[ops.zeros([2]), [0, 0]]]),
  ones: made(() => [[ops.ones([2]), [1, 1]]]),
  full: made(() => [[ops.full([2], 7), [7, 7]]]),
  zerosLike: made((random) => [[ops.zerosLike(random.of([3])), [0]]]),
  onesLike: made((random) => [[ops.onesLike(random.of([3])), [1]]]),
  fullLike: made((random) => [[ops.fullLike(random.of([3]), 2), [2]]]),
  eye: made(() => [
    [
      ops.eye(2, { columns: 3 }),
      [
        [1, 0, 0],
        [0, 1, 0],
      ],
    ],
  ]),
  arange: made(() => [[ops.arange(1, 7, { step: 2 }), [1, 3, 5]]]),
  linspace: made(() => [[ops.linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1]]]),
  oneHot: made((random) => [
    [
      ops.oneHot(random.of([2, 0], "int32"), 3),
      [
        [0, 0, 1],
        [1, 0, 0],
      ],
    ],
  ]),

  ...structuralComposites,
};
