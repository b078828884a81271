import { chunk, concat, pad, roll, split, stack, unstack } from "./joining.js";
import type { Samples } from "./samples.js";

export const unstackSamples: Samples<number> = {
  names: { torch: "unbind", onnx: "SplitToSequence" },
  draw(random) {
    const shape = random.shape(random.integer(1, 3));
    return { inputs: [random.tensor(shape)], attributes: random.integer(0, shape.length - 1) };
  },
  exact: (random) => [
    {
      inputs: [
        random.of(
          [
            [1, 2],
            [3, 4],
          ],
          "float64",
        ),
      ],
      attributes: 1,
      outputs: [
        [1, 3],
        [2, 4],
      ],
    },
    { inputs: [random.tensor([2, 0])], attributes: 0, outputs: [[], []] },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [
    { code: "index/axis", run: (random) => unstack(random.tensor([])) },
    { code: "value/empty-list", run: () => stack([]) },
    { code: "value/empty-list", run: () => concat([]) },
    { code: "shape/join", run: (random) => stack([random.tensor([2]), random.tensor([3])]) },
    { code: "shape/join", run: (random) => concat([random.tensor([2, 2]), random.tensor([2, 3])]) },
    { code: "index/axis", run: (random) => concat([random.tensor([])]) },
    { code: "shape/split", run: (random) => split(random.tensor([3]), [1, 1]) },
    { code: "shape/split", run: (random) => split(random.tensor([3]), 1.5) },
    { code: "value/count", run: (random) => chunk(random.tensor([3]), 0) },
    { code: "shape/pad", run: (random) => pad(random.tensor([3, 1]), [[1, 1]]) },
    { code: "value/count", run: (random) => pad(random.tensor([3]), [[1, -1]]) },
    { code: "value/dtype", run: (random) => pad(random.of([1], "int32"), [[1, 1]], { value: 0.5 }) },
    { code: "value/shift", run: (random) => roll(random.tensor([3]), 0.5) },
    { code: "value/shift", run: (random) => roll(random.tensor([3]), [1, 2]) },
    { code: "index/axis", run: (random) => roll(random.tensor([3]), 1, { axis: 1 }) },
  ],
};
