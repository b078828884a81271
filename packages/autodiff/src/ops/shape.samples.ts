import { type Shape, sizeOf } from "../base/shape.js";
import { sum } from "./reduction.js";
import type { Samples } from "./samples.js";
import { broadcastTo, permute, reshape } from "./shape.js";

export const reshapeSamples: Samples<Shape> = {
  names: { numpy: "reshape", torch: "reshape", onnx: "Reshape" },
  draw(random) {
    const shape = random.shape();
    return {
      inputs: [random.tensor(shape)],
      attributes: random.pick([[sizeOf(shape)], [1, ...shape], [...shape].reverse()]),
    };
  },
  exact: (random) => [
    {
      inputs: [
        random.of(
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
          "float64",
        ),
      ],
      attributes: [3, 2],
      outputs: [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ],
    },
    { inputs: [random.tensor([0, 2])], attributes: [3, 0], outputs: [[[], [], []]] },
    {
      inputs: [
        permute(
          random.of(
            [
              [1, 2],
              [3, 4],
            ],
            "float64",
          ),
          [1, 0],
        ),
      ],
      attributes: [4],
      outputs: [[1, 3, 2, 4]],
    },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [
    { code: "shape/reshape-ambiguous", run: (random) => reshape(random.tensor([0, 3]), [0, -1]) },
    { code: "shape/reshape", run: (random) => reshape(random.tensor([2]), [3]) },
    { code: "shape/reshape", run: (random) => reshape(random.tensor([3]), [2, -1]) },
    { code: "shape/invalid", run: (random) => reshape(random.tensor([2]), [-2, -1]) },
    { code: "shape/invalid", run: (random) => reshape(random.tensor([3]), [1.5, 2]) },
  ],
};
export const transposeSamples: Samples<readonly number[]> = {
  names: { numpy: "transpose", torch: "permute", onnx: "Transpose" },
  draw(random) {
    const shape = random.shape();
    return { inputs: [random.tensor(shape)], attributes: random.permutation(shape.length) };
  },
  exact: (random) => [
    {
      inputs: [
        random.of(
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
          "float64",
        ),
      ],
      attributes: [1, 0],
      outputs: [
        [
          [1, 4],
          [2, 5],
          [3, 6],
        ],
      ],
    },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [
    { code: "shape/permute", run: (random) => permute(random.tensor([2, 2]), [0]) },
    { code: "index/axes", run: (random) => permute(random.tensor([2, 2]), [0, -2]) },
    { code: "index/axis", run: (random) => permute(random.tensor([2, 2]), [0, 2]) },
  ],
};
export const broadcastToSamples: Samples<Shape> = {
  names: { numpy: "broadcast_to", torch: "broadcast_to", onnx: "Expand" },
  draw(random) {
    const shape = random.shape();
    const given = shape
      .map((d) => (random.integer(0, 1) === 1 ? 1 : d))
      .slice(random.integer(0, shape.length));
    return { inputs: [random.tensor(given)], attributes: shape };
  },
  exact: (random) => [
    {
      inputs: [random.of([[1], [2]], "float64")],
      attributes: [2, 2, 2],
      outputs: [
        [
          [
            [1, 1],
            [2, 2],
          ],
          [
            [1, 1],
            [2, 2],
          ],
        ],
      ],
    },
    { inputs: [random.tensor([1])], attributes: [0], outputs: [[]] },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [
    { code: "shape/broadcast-to", run: (random) => broadcastTo(random.tensor([2]), [3]) },
    { code: "shape/broadcast-to", run: (random) => broadcastTo(random.tensor([2, 2]), [2]) },
    { code: "shape/invalid", run: (random) => broadcastTo(random.tensor([1]), [-1]) },
  ],
};
export const sumSamples: Samples<readonly number[]> = {
  names: { numpy: "sum", torch: "sum", onnx: "ReduceSum" },
  draw(random) {
    const shape = random.shape();
    return {
      inputs: [random.tensor(shape)],
      attributes: shape.map((_, k) => k).filter(() => random.integer(0, 1) === 1),
    };
  },
  exact: (random) => [
    {
      inputs: [
        random.of(
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
          "float64",
        ),
      ],
      attributes: [1],
      outputs: [[[6], [15]]],
    },
    { inputs: [random.of([2147483647, 1], "int32")], attributes: [0], outputs: [[-2147483648]] },
    { inputs: [random.tensor([2, 0])], attributes: [1], outputs: [[[0], [0]]] },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [
    { code: "index/axis", run: (random) => sum(random.tensor([2]), { axis: 1 }) },
    { code: "index/axes", run: (random) => sum(random.tensor([2]), { axis: [0, 0] }) },
  ],
};
