import type { StructuralSamples } from "./samples.js";

export const stopGradientSamples: StructuralSamples<null> = {
  names: { torch: "detach" },
  draw: (random) => ({ inputs: [random.tensor(random.shape())], attributes: null }),
  exact: (random) => [
    { inputs: [random.of([1, -0, NaN], "float64")], attributes: null, outputs: [[1, -0, NaN]] },
  ],
  cutsGradient: true,
  guardPoints: "it cuts every derivative",
  rejects: [],
};
