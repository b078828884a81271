import type { AxisRegion, Region } from "./region.js";
import type { Samples } from "./samples.js";
import { at, flip, type Placement, slice } from "./slicing.js";

export const sliceSamples: Samples<Region> = {
  names: { numpy: "getitem", torch: "slice", onnx: "Slice" },
  draw(random) {
    const shape = random.shape(random.integer(1, 3));
    const axes = shape.map((d): AxisRegion => {
      const start = random.integer(0, d - 1);
      const step = random.pick([-1, 1]);
      return [start, random.integer(0, step < 0 ? start + 1 : d - start), step];
    });
    const dropped = shape.map((_, k) => k).filter((k) => axes[k][1] === 1 && random.integer(0, 1) === 1);
    return { inputs: [random.tensor(shape)], attributes: { axes, dropped } };
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
      attributes: {
        axes: [
          [1, 1, 1],
          [2, 2, -2],
        ],
        dropped: [0],
      },
      outputs: [[6, 4]],
    },
    {
      inputs: [random.of([1, 2, 3], "int32")],
      attributes: { axes: [[3, 0, 1]], dropped: [] },
      outputs: [[]],
    },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [
    { code: "shape/slice", run: (random) => slice(random.tensor([2]), [null, null]) },
    { code: "value/slice", run: (random) => slice(random.tensor([2]), [[0, 1.5]]) },
    { code: "value/slice", run: (random) => slice(random.tensor([2]), [[0, 2, 0]]) },
    { code: "index/range", run: (random) => at(random.tensor([2]), 2) },
    { code: "index/range", run: (random) => at(random.tensor([0]), 0) },
    { code: "index/axis", run: (random) => at(random.tensor([2]), 0, { axis: 1 }) },
    { code: "index/axis", run: (random) => flip(random.tensor([2]), { axis: 1 }) },
  ],
};

export const placeSamples: Samples<Placement> = {
  names: { numpy: "pad", torch: "constant_pad_nd", onnx: "Pad" },
  draw(random) {
    const [m, n] = [random.integer(0, 3), random.integer(1, 3)];
    return {
      inputs: [random.tensor([n, m]), random.tensor([n])],
      attributes: {
        shape: [n, m + 2],
        regions: [
          {
            axes: [
              [0, n, 1],
              [1, m, 1],
            ],
            dropped: [],
          },
          {
            axes: [
              [n - 1, n, -1],
              [0, 1, 1],
            ],
            dropped: [1],
          },
        ],
        fill: random.pick([0, 1.5]),
      },
    };
  },
  exact: (random) => [
    {
      inputs: [random.of([1, 2], "float64")],
      attributes: { shape: [5], regions: [{ axes: [[3, 2, -2]], dropped: [] }], fill: -1 },
      outputs: [[-1, 2, -1, 1, -1]],
    },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [],
};
