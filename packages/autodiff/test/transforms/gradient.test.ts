import { describe, expect, test } from "vitest";
import { add, mul, sub } from "../../src/ops/arithmetic.js";
import { exp, tanh } from "../../src/ops/exponential.js";
import { sum } from "../../src/ops/reduction.js";

import type { Tensor } from "../../src/tensor/tensor.js";
import { Variable } from "../../src/trace/variable.js";
import { grad, lossAndGradients, valueAndGrad } from "../../src/transforms/gradient.js";
import { jvp, linearize, vjp } from "../../src/transforms/products.js";
import { expectClose, numeric, Seeded, s1 } from "./tensors.js";

const random = new Seeded(7);
const f = (x: Tensor): Tensor => sum(mul(tanh(mul(x, x)), exp(sub(x, 1))));
const x = random.tensor(3, 2);
const u = random.tensor(3, 2);

describe("derivatives of a small function", () => {
  test("reverse mode is the numeric gradient, to third order", () => {
    const along = (g: (x: Tensor) => Tensor) => (y: Tensor) => sum(mul(grad(g)(y), u));
    expectClose(grad(f)(x), numeric(f, x), 1e-7);
    expectClose(grad(along(f))(x), numeric(along(f), x), 1e-7);
    expectClose(grad(along(along(f)))(x), numeric(along(along(f)), x), 1e-7);
  });
  test("forward, reverse and mixed modes agree", () => {
    const along = (y: Tensor): Tensor => sum(mul(grad(f)(y), u));
    expectClose(jvp(f, [x], [u])[1], sum(mul(grad(f)(x), u)));
    expectClose(linearize(f, x)[1](u), sum(mul(grad(f)(x), u)));
    expectClose(jvp((y: Tensor) => grad(f)(y), [x], [u])[1], grad(along)(x));
    expectClose(grad((y: Tensor) => jvp(f, [y], [u])[1])(x), grad(along)(x));
    expectClose(jvp((y: Tensor) => jvp(f, [y], [u])[1], [x], [u])[1], sum(mul(grad(along)(x), u)));
    expectClose(grad((y: Tensor) => linearize(f, y)[1](u))(x), grad(along)(x));
  });
  test("trees, aux, several results, numbers", () => {
    const y = s1(3);
    const g = grad((p: { a: Tensor; b: readonly [Tensor, string] }) => mul(p.a, mul(p.b[0], p.b[0])))({
      a: y,
      b: [y, "x"],
    });
    expectClose(g.a, s1(9));
    expectClose(g.b[0], s1(18));
    const [value, d, aux] = valueAndGrad(
      (z: Tensor) => [mul(z, z), { twice: add(z, z), name: "n" }] as const,
    )(y);
    expect([value.item(), d.item(), aux.twice.item(), aux.name]).toEqual([9, 6, 6, "n"]);
    const [, pull] = vjp((a: Tensor, b: Tensor) => ({ p: mul(a, b), q: [add(a, b)] }), s1(2), s1(5));
    expect(pull({ p: s1(1), q: [s1(10)] }).map((t) => t.item())).toEqual([15, 12]);
    expect(jvp((a) => mul(a, y), [2], [1])[1].item()).toBe(3);
  });
  test("Variables", () => {
    const t = s1(3);
    const a = new Variable(t);
    const b = new Variable(t);
    const [, { a: ga, b: gb }] = lossAndGradients(() => mul(a.value, mul(b.value, mul(b.value, t))), {
      a,
      b,
    });
    expect([ga.item(), gb.item()]).toEqual([27, 54]);
  });
});
