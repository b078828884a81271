import { expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import {
  matmul,
  grad,
  lossAndGradients,
  mul,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  Variable,
} from "../../src/index.js";

test("a scalar function and its gradient", () => {
  const f = compile((x: Tensor) => sum(mul(tanh(x), x)));
  const x = tensor([1, 2, 3]);
  expect(f(x).item()).toBeCloseTo(sum(mul(tanh(x), x)).item(), 5);
  const g = compile(grad((y: Tensor) => sum(mul(tanh(y), y))));
  const want = grad((y: Tensor) => sum(mul(tanh(y), y)))(x).data;
  g(x).data.forEach((v, i) => expect(v).toBeCloseTo(want[i], 5));
});

test("a training step updates its Variables in place", () => {
  const w = new Variable(tensor([[0.5], [-0.25]]));
  const x = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const y = tensor([[1], [2], [3]]);
  const step = (inputs: Tensor, targets: Tensor): Tensor => {
    const [loss, [g]] = lossAndGradients(() => {
      const d = sub(matmul(inputs, w.value), targets);
      return sum(mul(d, d));
    }, [w]);
    w.value = sub(w.value, mul(g, 0.01));
    return loss;
  };
  const eager = [0, 1, 2].map(() => step(x, y).item());
  const after = w.value.toArray();
  w.value = tensor([[0.5], [-0.25]]);
  const compiled = compile(step);
  const got = [0, 1, 2].map(() => compiled(x, y).item());
  got.forEach((v, i) => expect(v).toBeCloseTo(eager[i], 4));
  (w.value.toArray() as number[][]).forEach((row, i) =>
    expect(row[0]).toBeCloseTo((after as number[][])[i][0], 5),
  );
  expect(compiled.explain(x, y)).toContain("gemm");
});
