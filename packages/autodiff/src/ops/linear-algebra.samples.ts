import { dot, matmul, outer } from "./linear-algebra.js";
import type { Samples } from "./samples.js";

export const matmulSamples: Samples<null> = {
  names: { numpy: "matmul", torch: "matmul", onnx: "MatMul" },
  draw(random) {
    const lead = random.pick([[], [2], [2, 1]]);
    const [m, k, n] = [random.integer(1, 3), random.integer(0, 3), random.integer(1, 3)];
    const shared = random.integer(0, 1) === 1;
    return {
      inputs: [random.tensor([...lead, m, k]), random.tensor([...(shared ? [] : lead), k, n])],
      attributes: null,
    };
  },
  exact: (random) => [
    {
      inputs: [random.of([[1, 2]], "float64"), random.of([[3], [4]], "float64")],
      attributes: null,
      outputs: [[[11]]],
    },
    {
      inputs: [random.of([[1, 2]], "int32"), random.of([[3], [4]], "int32")],
      attributes: null,
      outputs: [[[11]]],
    },
    { inputs: [random.tensor([1, 0]), random.tensor([0, 2])], attributes: null, outputs: [[[0, 0]]] },
  ],
  guardPoints: "bilinear: its derivatives are products, and nothing is divided",
  rejects: [
    { code: "shape/matmul", run: (random) => matmul(random.tensor([2, 3]), random.tensor([2, 3])) },
    { code: "shape/matmul", run: (random) => matmul(random.tensor([2, 3]), random.tensor([2])) },
    { code: "shape/matmul-scalar", run: (random) => matmul(random.tensor([2, 3]), 2) },
    { code: "shape/broadcast", run: (random) => matmul(random.tensor([2, 1, 3]), random.tensor([3, 3, 1])) },
    { code: "shape/matmul", run: (random) => dot(random.tensor([2]), random.tensor([1])) },
    { code: "shape/matmul-scalar", run: (random) => outer(random.tensor([2]), 2) },
  ],
};
