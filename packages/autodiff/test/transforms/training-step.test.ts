import { expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import { add, div, mul, sqrt, square, sub } from "../../src/ops/arithmetic.js";
import { cast } from "../../src/ops/conversion.js";
import { tanh } from "../../src/ops/exponential.js";
import { pow } from "../../src/ops/power.js";
import { sum } from "../../src/ops/reduction.js";

import type { Tensor } from "../../src/tensor/tensor.js";
import { Variable } from "../../src/trace/variable.js";
import { lossAndGradients } from "../../src/transforms/gradient.js";
import { scan } from "../../src/transforms/scan.js";
import { expectClose, full, matmul, Seeded, s1 } from "./tensors.js";
import { tracedCall } from "./traced-call.js";

type Step = (xs: Tensor, ys: Tensor) => Tensor;

/** An Elman network, clipping by global norm, and Adam, all of whose state is in Variables. */
function build(): { readonly parameters: readonly Variable[]; readonly rate: Variable; readonly step: Step } {
  const random = new Seeded(99);
  const parameters = [[2, 4], [4, 4], [4], [4, 2]].map(
    (shape) => new Variable(mul(random.tensor(...shape), 0.5)),
  );
  const zeros = (): Variable[] => parameters.map((p) => new Variable(full(p.shape, 0)));
  const [m, v] = [zeros(), zeros()];
  const count = new Variable(full([], 0, "int32"));
  const rate = new Variable(s1(0.01));
  const [wx, wh, b, wy] = parameters;
  const loss = (xs: Tensor, ys: Tensor): Tensor => {
    const body = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
      const next = tanh(add(add(matmul(x, wx.value), matmul(h, wh.value)), b.value));
      return [next, matmul(next, wy.value)];
    };
    return sum(square(sub(scan(body, full([3, 4], 0), xs)[1], ys)));
  };
  const step: Step = (xs, ys) => {
    const [value, gradients] = lossAndGradients(() => loss(xs, ys), parameters);
    count.value = add(count.value, 1);
    const scale = div(1, add(sqrt(gradients.map((g) => sum(square(g))).reduce((p, q) => add(p, q))), 1e-3));
    const unbias = (beta: number): Tensor => sub(1, pow(s1(beta), cast(count.value, "float64")));
    parameters.forEach((p, i) => {
      const g = mul(gradients[i], scale);
      m[i].value = add(mul(m[i].value, 0.9), mul(g, 0.1));
      v[i].value = add(mul(v[i].value, 0.99), mul(square(g), 0.01));
      const direction = div(div(m[i].value, unbias(0.9)), add(sqrt(div(v[i].value, unbias(0.99))), 1e-8));
      p.value = sub(p.value, mul(rate.value, direction));
    });
    return value;
  };
  return { parameters, rate, step };
}

test.each([
  ["called as one graph", (step: Step) => tracedCall(step)],
  ["compiled", (step: Step) => compile(step)],
])("a whole training step %s does what it does eagerly", (_, wrap) => {
  const [eager, other] = [build(), build()];
  const program = wrap(other.step);
  const random = new Seeded(5);
  const [xs, ys] = [random.tensor(6, 3, 2), random.tensor(6, 3, 2)];
  const losses: number[] = [];
  for (let i = 0; i < 25; i++) {
    if (i === 10) for (const { rate } of [eager, other]) rate.value = s1(0.05);
    const loss = eager.step(xs, ys);
    expectClose(program(xs, ys), loss);
    losses.push(loss.item());
  }
  eager.parameters.forEach((p, i) => {
    expectClose(other.parameters[i].value, p.value, 1e-8);
  });
  expect(losses[24]).toBeLessThan(losses[0]);
  if ("traces" in program) expect(program.traces).toBe(1);
});
