import type { DType } from "../base/dtype.js";
import type { Shape } from "../base/shape.js";
import type { Samples } from "./samples.js";

export const fillSamples: Samples<{ readonly shape: Shape; readonly dtype: DType; readonly value: number }> =
  {
    names: { numpy: "full", torch: "full", onnx: "ConstantOfShape" },
    draw: (random) => ({
      inputs: [],
      attributes: { shape: random.shape(), dtype: "float64", value: random.number([-2, 2]) },
    }),
    exact: () => [
      { inputs: [], attributes: { shape: [2], dtype: "float64", value: -0 }, outputs: [[-0, -0]] },
      { inputs: [], attributes: { shape: [1], dtype: "bool", value: 1 }, outputs: [[true]] },
      { inputs: [], attributes: { shape: [0, 2], dtype: "float32", value: NaN }, outputs: [[]] },
    ],
    guardPoints: "made of nothing: it has no derivative",
    rejects: [],
  };
