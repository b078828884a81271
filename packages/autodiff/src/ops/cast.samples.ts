import type { DType } from "../base/dtype.js";
import { cast } from "./conversion.js";
import type { StructuralSamples } from "./samples.js";

export const castSamples: StructuralSamples<DType> = {
  names: { numpy: "astype", torch: "to", onnx: "Cast" },
  draw: (random) => ({ inputs: [random.tensor(random.shape())], attributes: "float64" }),
  exact: (random) => [
    {
      inputs: [random.of([0, -0.5, NaN, 2], "float64")],
      attributes: "bool",
      outputs: [[false, true, true, true]],
    },
    { inputs: [random.of([1.9, -1.9, NaN], "float64")], attributes: "int32", outputs: [[1, -1, 0]] },
    {
      inputs: [random.of([0.1, 1e300], "float64")],
      attributes: "float32",
      outputs: [[Math.fround(0.1), Infinity]],
    },
    { inputs: [random.of([true, false], "bool")], attributes: "float32", outputs: [[1, 0]] },
  ],
  guardPoints: "linear: its derivative is the same everywhere",
  rejects: [{ code: "dtype/unknown", run: (random) => cast(random.tensor([2]), "float16" as DType) }],
};
