import { all, any, argMax, argMin, max, mean, min } from "./reduction.js";
import type { Samples, StructuralSamples } from "./samples.js";

const drawReduction: StructuralSamples<readonly number[]>["draw"] = (random) => {
  const shape = random.shape();
  const axes = shape.map((_, k) => k).filter(() => random.integer(0, 1) === 1);
  return { inputs: [random.tensor(shape)], attributes: axes };
};

export const maxSamples: Samples<readonly number[]> = {
  names: { numpy: "max", torch: "amax", onnx: "ReduceMax" },
  draw: drawReduction,
  exact: (random) => [
    {
      inputs: [
        random.of(
          [
            [1, 5, 5],
            [3, 2, -1],
          ],
          "float64",
        ),
      ],
      attributes: [1],
      outputs: [[[5], [3]]],
    },
    {
      inputs: [
        random.of(
          [
            [1, Number.NaN],
            [-Infinity, -Infinity],
          ],
          "float64",
        ),
      ],
      attributes: [1],
      outputs: [[[Number.NaN], [-Infinity]]],
    },
    {
      inputs: [
        random.of(
          [
            [1, 5],
            [3, 2],
          ],
          "int32",
        ),
      ],
      attributes: [0, 1],
      outputs: [[[5]]],
    },
    { inputs: [random.tensor([0, 2])], attributes: [1], outputs: [[]] },
  ],
  guardPoints: [
    {
      what: "elements that tie",
      at: [1, 1, 0],
      f: (x) => max(x),
      gradient: [0.5, 0.5, 0],
      hessian: 0,
      third: 0,
    },
    { what: "infinite", at: [Infinity, 1], f: (x) => max(x), gradient: [1, 0], hessian: 0, third: 0 },
    { what: "NaN", at: [NaN, 1], f: (x) => max(x), gradient: [NaN, NaN], hessian: 0, third: 0 },
  ],
  rejects: [
    { code: "value/empty-reduction", run: (random) => max(random.tensor([2, 0]), { axis: 1 }) },
    { code: "value/empty-reduction", run: (random) => max(random.tensor([0])) },
    { code: "index/axis", run: (random) => max(random.tensor([2]), { axis: 1 }) },
    { code: "index/axes", run: (random) => max(random.tensor([2]), { axis: [0, -1] }) },
    { code: "index/axis", run: (random) => mean(random.tensor([2]), { axis: -2 }) },
    { code: "index/axis", run: (random) => any(random.tensor([2]), { axis: 2 }) },
    { code: "index/axis", run: (random) => all(random.tensor([2]), { axis: 2 }) },
  ],
};

export const minSamples: Samples<readonly number[]> = {
  names: { numpy: "min", torch: "amin", onnx: "ReduceMin" },
  draw: drawReduction,
  exact: (random) => [
    {
      inputs: [
        random.of(
          [
            [1, 5, 1],
            [3, 2, -1],
          ],
          "float64",
        ),
      ],
      attributes: [1],
      outputs: [[[1], [-1]]],
    },
    {
      inputs: [
        random.of(
          [
            [1, Number.NaN],
            [Infinity, Infinity],
          ],
          "float64",
        ),
      ],
      attributes: [1],
      outputs: [[[Number.NaN], [Infinity]]],
    },
  ],
  guardPoints: [
    {
      what: "elements that tie",
      at: [1, 1, 2],
      f: (x) => min(x),
      gradient: [0.5, 0.5, 0],
      hessian: 0,
      third: 0,
    },
    { what: "infinite", at: [-Infinity, 1], f: (x) => min(x), gradient: [1, 0], hessian: 0, third: 0 },
    { what: "NaN", at: [NaN, 1], f: (x) => min(x), gradient: [NaN, NaN], hessian: 0, third: 0 },
  ],
  rejects: [{ code: "value/empty-reduction", run: (random) => min(random.tensor([0, 2]), { axis: 0 }) }],
};

export const argExtremeSamples: Samples<{ readonly largest: boolean }> = {
  names: { numpy: "argmax", torch: "argmax", onnx: "ArgMax" },
  draw: (random) => ({
    inputs: [random.tensor(random.shape(random.integer(1, 3)))],
    attributes: { largest: random.integer(0, 1) === 1 },
  }),
  exact: (random) => [
    {
      inputs: [
        random.of(
          [
            [1, 5, 5],
            [3, 3, 2],
          ],
          "float64",
        ),
      ],
      attributes: { largest: true },
      outputs: [[1, 0]],
    },
    {
      inputs: [
        random.of(
          [
            [1, 5, 1],
            [3, Number.NaN, 2],
          ],
          "float64",
        ),
      ],
      attributes: { largest: false },
      outputs: [[0, 1]],
    },
  ],
  guardPoints: "whole numbers: it has no derivative",
  rejects: [
    { code: "value/empty-reduction", run: (random) => argMax(random.tensor([0])) },
    { code: "value/empty-reduction", run: (random) => argMin(random.tensor([2, 0]), { axis: 1 }) },
    { code: "index/axis", run: (random) => argMax(random.tensor([2]), { axis: 1 }) },
  ],
};
