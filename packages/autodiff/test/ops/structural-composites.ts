import type { Shape } from "../../src/base/shape.js";
import * as ops from "../../src/ops/index.js";
import type { SampleRandom } from "../../src/ops/samples.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { alongAxis, type Composite, reduction, withAxis } from "./composite-kinds.js";

const matrix = (random: SampleRandom): Tensor =>
  random.of([
    [1, 2],
    [3, 4],
  ]);
const positions = (random: SampleRandom, shape: Shape, size: number): Tensor =>
  random.tensor(shape, [-size, size - 1], "int32");
/** Positions that do not differ between examples: only the float inputs are batched by the test. */
const indexed = (
  f: (x: Tensor, index: Tensor, axis: number) => Tensor,
  exact: Composite["exact"],
): Composite => ({
  draw: (random) => {
    const { x, axis } = withAxis(random);
    const shape = x.shape.map((d, k) => (k === (axis < 0 ? axis + x.rank : axis) ? 2 : d));
    const index = positions(random, shape, x.shape.at(axis) ?? 1);
    return { inputs: [x], f: (t) => f(t, index, axis) };
  },
  exact,
});

const equations: readonly (readonly [string, ...Shape[]])[] = [
  ["ij,jk->ik", [2, 3], [3, 2]],
  ["bij,bjk->bik", [2, 2, 3], [2, 3, 2]],
  ["i,j->ij", [2], [3]],
  ["ii->i", [3, 3]],
  ["ij->", [2, 3]],
  ["ij,jk,kl->il", [2, 3], [3, 2], [2, 2]],
  ["...ij,...jk->...ik", [2, 2, 3], [3, 2]],
];
const products: readonly (readonly [Shape, Shape])[] = [
  [[3], [3]],
  [[2, 3], [3]],
  [[3], [3, 2]],
  [
    [2, 3],
    [3, 2],
  ],
  [
    [2, 2, 3],
    [3, 2],
  ],
  [
    [2, 1, 2, 3],
    [3, 3, 2],
  ],
];

/** Functions that rearrange, pick, multiply and sort; also the public faces of records that do more than the record. */
export const structuralComposites: Readonly<Record<string, Composite>> = {
  sum: reduction(ops.sum, (random) => [[ops.sum(matrix(random), { axis: -1, keepDims: true }), [[3], [7]]]]),
  max: reduction(ops.max, (random) => [[ops.max(matrix(random), { axis: 0 }), [3, 4]]]),
  min: reduction(ops.min, (random) => [[ops.min(matrix(random), { axis: 1 }), [1, 3]]]),
  prod: reduction(ops.prod, (random) => [
    [ops.prod(random.of([2, 0, 3])), 0],
    [ops.prod(matrix(random), { axis: 0 }), [3, 8]],
  ]),
  variance: reduction(ops.variance, (random) => [
    [ops.variance(random.of([1, 3])), 1],
    [ops.variance(random.of([1, 3]), { correction: 1 }), 2],
  ]),
  std: {
    // One element has no spread: the root has a kink there.
    draw: (random) => ({
      inputs: [random.tensor([random.integer(1, 3), 3])],
      f: (x) => ops.std(x, { axis: 1 }),
    }),
    exact: (random) => [
      [ops.std(random.of([1, 3])), 1],
      [ops.std(random.of([2, 2])), 0],
    ],
  },
  norm: {
    draw: (random) => {
      const order = random.pick([1, 2, Number.POSITIVE_INFINITY]);
      return {
        inputs: [random.tensor(random.shape(2), [[0.2, 2]])],
        f: (x) => ops.norm(x, { axis: -1, order }),
      };
    },
    exact: (random) => [
      [ops.norm(random.of([3, -4])), 5],
      [ops.norm(random.of([0, 0])), 0],
      [ops.norm(random.of([3, -4]), { order: 1 }), 7],
    ],
  },
  cumsum: alongAxis(ops.cumsum, (random) => [
    [ops.cumsum(random.of([1, 2, 3]), { reverse: true }), [6, 5, 3]],
  ]),
  cumprod: alongAxis(ops.cumprod, (random) => [[ops.cumprod(random.of([2, 0, 3])), [2, 0, 0]]]),

  reshape: {
    draw: (random) => ({ inputs: [random.tensor(random.shape())], f: (x) => ops.reshape(x, [-1, 1]) }),
    exact: (random) => [[ops.reshape(matrix(random), [-1]), [1, 2, 3, 4]]],
  },
  transpose: {
    draw: (random) => ({
      inputs: [random.tensor(random.shape(random.integer(2, 3)))],
      f: (x) => ops.transpose(x),
    }),
    exact: (random) => [
      [
        ops.transpose(matrix(random)),
        [
          [1, 3],
          [2, 4],
        ],
      ],
    ],
  },
  swapAxes: alongAxis(
    (x, { axis }) => ops.swapAxes(x, axis, 0),
    (random) => [
      [
        ops.swapAxes(matrix(random), 0, -1),
        [
          [1, 3],
          [2, 4],
        ],
      ],
    ],
  ),
  expandDims: alongAxis(
    (x, { axis }) => ops.expandDims(x, axis),
    (random) => [[ops.expandDims(random.of([1, 2]), -1), [[1], [2]]]],
  ),
  squeeze: {
    draw: (random) => ({ inputs: [random.tensor([1, ...random.shape(), 1])], f: (x) => ops.squeeze(x) }),
    exact: (random) => [[ops.squeeze(random.of([[1], [2]])), [1, 2]]],
  },
  slice: alongAxis(
    (x) => ops.slice(x, [[null, null, -1]]),
    (random) => [[ops.slice(matrix(random), [null, [1, 2]]), [[2], [4]]]],
  ),
  tile: alongAxis(
    (x) => ops.tile(x, [2, 2]),
    (random) => [[ops.tile(random.of([1, 2]), [2]), [1, 2, 1, 2]]],
  ),
  repeat: alongAxis(
    (x, options) => ops.repeat(x, 2, options),
    (random) => [[ops.repeat(random.of([1, 2]), 2), [1, 1, 2, 2]]],
  ),
  diagonal: {
    draw: (random) => {
      const offset = random.integer(-1, 1);
      return {
        inputs: [random.tensor([...random.shape(random.integer(0, 1)), 2, 3])],
        f: (x) => ops.diagonal(x, { offset }),
      };
    },
    exact: (random) => [[ops.diagonal(matrix(random)), [1, 4]]],
  },

  checkedIndices: {
    exact: (random) => [
      [ops.checkedIndices(random.of([2, 0], "int32"), 3), [2, 0]],
      [ops.checkedIndices(random.of([-1, 1], "int32"), 3, { ignored: -1 }), [0, 1]],
    ],
  },
  take: indexed(
    (x, index, axis) => ops.take(x, index, { axis }),
    (random) => [
      [
        ops.take(matrix(random), random.of([-1, 0], "int32")),
        [
          [3, 4],
          [1, 2],
        ],
      ],
    ],
  ),
  takeAlongAxis: indexed(
    (x, index, axis) => ops.takeAlongAxis(x, index, { axis }),
    (random) => [
      [
        ops.takeAlongAxis(
          matrix(random),
          random.of(
            [
              [1, 0],
              [0, 0],
            ],
            "int32",
          ),
        ),
        [
          [2, 1],
          [3, 3],
        ],
      ],
    ],
  ),
  gather: {
    draw: (random) => {
      const index = positions(random, [2, 2], 3);
      return { inputs: [random.tensor([2, 3])], f: (x) => ops.gather(x, index) };
    },
    exact: (random) => [[ops.gather(matrix(random), random.of([[1], [0]], "int32")), [[2], [3]]]],
  },
  scatterAdd: {
    draw: (random) => {
      const index = positions(random, [2, 2], 3);
      return {
        inputs: [random.tensor([2, 3]), random.tensor([2, 2])],
        f: (x, updates) => ops.scatterAdd(x, index, updates),
      };
    },
    exact: (random) => [
      [ops.scatterAdd(random.of([1, 1]), random.of([1, 1], "int32"), random.of([2, 3])), [1, 6]],
    ],
  },
  setAt: {
    draw: (random) => {
      const index = random.pick([-1, positions(random, [2], 3)]);
      const values = random.tensor(typeof index === "number" ? [2] : [2, 2]);
      return { inputs: [random.tensor([3, 2]), values], f: (x, v) => ops.setAt(x, index, v) };
    },
    exact: (random) => [
      [ops.setAt(random.of([1, 2, 3]), 1, 9), [1, 9, 3]],
      [ops.setAt(random.of([1, 2, 3]), random.of([0, 0], "int32"), random.of([8, 9])), [9, 2, 3]],
    ],
  },
  setSlice: {
    draw: (random) => ({
      inputs: [random.tensor([3, 2]), random.tensor([2])],
      f: (x, v) => ops.setSlice(x, [[null, null, 2]], v),
    }),
    exact: (random) => [[ops.setSlice(random.of([1, 2, 3]), [[1, null]], 0), [1, 0, 0]]],
  },
  sort: alongAxis(
    (x, options) => ops.sort(x, { ...options, descending: true }),
    (random) => [[ops.sort(random.of([2, NaN, 1])), [1, 2, NaN]]],
  ),
  topK: {
    draw: (random) => ({ inputs: [random.tensor([2, 3])], f: (x) => ops.topK(x, 2).values }),
    exact: (random) => {
      const { values, indices } = ops.topK(random.of([3, 1, 2]), 2);
      return [
        [values, [3, 2]],
        [indices, [0, 2]],
      ];
    },
  },

  matmul: {
    draw: (random) => {
      const [a, b] = random.pick(products);
      return { inputs: [random.tensor(a), random.tensor(b)], f: ops.matmul };
    },
    exact: (random) => [
      [
        ops.matmul(matrix(random), matrix(random)),
        [
          [7, 10],
          [15, 22],
        ],
      ],
      [ops.matmul(random.of([1, 2]), random.of([3, 4])), 11],
    ],
  },
  dot: {
    draw: (random) => ({ inputs: [random.tensor([2, 3]), random.tensor([3])], f: ops.dot }),
    exact: (random) => [[ops.dot(random.of([1, 2]), random.of([3, 4])), 11]],
  },
  outer: {
    draw: (random) => ({ inputs: [random.tensor([2]), random.tensor([3])], f: ops.outer }),
    exact: (random) => [
      [
        ops.outer(random.of([1, 2]), random.of([3, 4])),
        [
          [3, 4],
          [6, 8],
        ],
      ],
    ],
  },
  einsum: {
    draw: (random) => {
      const [equation, ...shapes] = random.pick(equations);
      return {
        inputs: shapes.map((s) => random.tensor(s)),
        f: (...operands) => ops.einsum(equation, ...operands),
      };
    },
    exact: (random) => [
      [
        ops.einsum("ij,jk->ik", matrix(random), matrix(random)),
        [
          [7, 10],
          [15, 22],
        ],
      ],
    ],
  },
};
