import type { Tensor } from "../tensor/tensor.js";
import { gather, scatterAdd, take, takeAlongAxis } from "./gather.js";
import type { SampleRandom, Samples } from "./samples.js";

/** Sizes and indices of a small look-up. */
function drawIndices(random: SampleRandom): {
  readonly batch: number;
  readonly size: number;
  readonly count: number;
  readonly row: number;
  readonly index: Tensor;
} {
  const [batch, size, count, row] = [
    random.integer(1, 2),
    random.integer(1, 3),
    random.integer(0, 3),
    random.integer(1, 2),
  ];
  const index = Array.from({ length: batch }, () =>
    Array.from({ length: count }, () => random.integer(0, size - 1)),
  );
  return { batch, size, count, row, index: random.of(index, "int32") };
}

const tableRows = [
  [[1], [2]],
  [[3], [4]],
];

const indexRows = [
  [1, 0],
  [1, 1],
];

export const gatherSamples: Samples<null> = {
  names: { numpy: "take", torch: "index_select", onnx: "Gather" },
  draw(random) {
    const { batch, size, row, index } = drawIndices(random);
    return { inputs: [random.tensor([batch, size, row]), index], attributes: null };
  },
  exact: (random) => [
    {
      inputs: [random.of(tableRows, "float64"), random.of(indexRows, "int32")],
      attributes: null,
      outputs: [
        [
          [[2], [1]],
          [[4], [4]],
        ],
      ],
    },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [
    { code: "dtype/indices", run: (random) => take(random.tensor([3]), random.tensor([2])) },
    { code: "dtype/indices", run: (random) => take(random.tensor([3]), 0.5) },
    { code: "index/value", run: (random) => take(random.tensor([3]), random.of([3], "int32")) },
    { code: "index/value", run: (random) => take(random.tensor([3]), random.of([-4], "int32")) },
    { code: "index/value", run: (random) => take(random.tensor([0]), 0) },
    { code: "index/axis", run: (random) => take(random.tensor([3]), 0, { axis: 1 }) },
    { code: "shape/indices", run: (random) => takeAlongAxis(random.tensor([3]), random.of([[0]], "int32")) },
    {
      code: "shape/broadcast",
      run: (random) => takeAlongAxis(random.tensor([3, 2]), random.of([[0], [1]], "int32")),
    },
    { code: "shape/indices", run: (random) => gather(random.tensor([1, 2]), random.of([[0], [1]], "int32")) },
  ],
};

export const scatterAddSamples: Samples<number> = {
  names: { numpy: "add.at", torch: "index_add", onnx: "ScatterElements" },
  draw(random) {
    const { batch, size, count, row, index } = drawIndices(random);
    return { inputs: [random.tensor([batch, count, row]), index], attributes: size };
  },
  exact: (random) => [
    {
      inputs: [random.of(tableRows, "float64"), random.of(indexRows, "int32")],
      attributes: 2,
      outputs: [
        [
          [[2], [1]],
          [[0], [7]],
        ],
      ],
    },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [
    { code: "index/value", run: (random) => scatterAdd(random.tensor([3]), random.of([3], "int32"), 1) },
    { code: "dtype/indices", run: (random) => scatterAdd(random.tensor([3]), random.tensor([1]), 1) },
    {
      code: "shape/indices",
      run: (random) => scatterAdd(random.tensor([1, 3]), random.of([[0], [1]], "int32"), 1),
    },
    {
      code: "shape/broadcast-to",
      run: (random) => scatterAdd(random.tensor([3]), random.of([0], "int32"), random.tensor([2])),
    },
  ],
};
