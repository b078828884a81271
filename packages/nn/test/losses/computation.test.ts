import { grad, type Tensor, tensor, valueAndGrad, vmap } from "@scope/autodiff";
import { binaryCrossEntropyWithLogits, crossEntropy } from "@scope/nn";
import { expect, test } from "vitest";
import { relativeDifference } from "../relative-difference.js";

test("logits may have any number of leading axes", () => {
  const logits = tensor([
    [
      [1, 2, 3],
      [0, 0, 0],
    ],
    [
      [5, 1, 1],
      [0, 9, 0],
    ],
  ]);
  const targets = tensor(
    [
      [2, 0],
      [0, 1],
    ],
    { dtype: "int32" },
  );
  const [value, slope] = valueAndGrad((x: Tensor) => crossEntropy(x, targets))(logits);
  const flat = valueAndGrad((x: Tensor) => crossEntropy(x, targets.reshape([4])))(logits.reshape([4, 3]));
  expect(value.item()).toBeCloseTo(flat[0].item(), 6);
  expect(relativeDifference(slope, flat[1].reshape([2, 2, 3]))).toBeLessThan(1e-6);
  expect(crossEntropy(logits, targets, { reduction: "none" }).shape).toEqual([2, 2]);
});

test("binary cross entropy keeps small losses, and their gradients, that logits of size 20 leave", () => {
  const targets = tensor([1, 0]);
  const losses = vmap((x: Tensor, y: Tensor) => binaryCrossEntropyWithLogits(x, y))(
    tensor([20, -20]),
    targets,
  );
  for (const loss of losses.data) expect(loss / Math.exp(-20)).toBeCloseTo(1, 5);
  const slope = grad((x: Tensor) => binaryCrossEntropyWithLogits(x, targets, { reduction: "sum" }));
  for (const each of slope(tensor([20, -20])).data) expect(Math.abs(each) / Math.exp(-20)).toBeCloseTo(1, 5);
});
