import { describe, expect, test } from "vitest";
import { add, mul } from "../../src/ops/arithmetic.js";
import { exp, tanh } from "../../src/ops/exponential.js";
import { stack } from "../../src/ops/joining.js";
import { sum } from "../../src/ops/reduction.js";
import { permute, reshape } from "../../src/ops/shape.js";
import { at } from "../../src/ops/slicing.js";
import { sin } from "../../src/ops/trigonometric.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { grad } from "../../src/transforms/gradient.js";
import { hessian, jacobian } from "../../src/transforms/jacobian.js";
import { vmap } from "../../src/transforms/vmap.js";
import { expectClose, full, matmul, numeric, Seeded, s1, tensorOf } from "./tensors.js";
import { tracedCall } from "./traced-call.js";

const random = new Seeded(11);

describe("jacobian", () => {
  const x = random.tensor(2, 3);
  const f = (v: Tensor): Tensor => mul(tanh(reshape(v, [3, 2])), sum(mul(v, v)));
  test("in both modes, [...result, ...argument]", () => {
    const [a, b] = [jacobian(f, { mode: "forward" })(x), jacobian(f, { mode: "reverse" })(x)];
    expect(a.shape).toEqual([3, 2, 2, 3]);
    expectClose(a, b);
    expectClose(
      at(at(a, 1), 0),
      numeric((v) => at(at(f(v), 1), 0), x),
      1e-7,
    );
    expectClose(jacobian(f)(x), a);
    expectClose(tracedCall((v: Tensor) => jacobian(f)(v))(x), a);
  });
  test.each(["forward", "reverse"] as const)("of trees by trees, %s", (mode) => {
    const g = (p: { w: Tensor; b: Tensor }, k: Tensor): { y: Tensor; z: Tensor[] } => ({
      y: add(mul(p.w, p.b), k),
      z: [sum(p.w)],
    });
    const made = jacobian(g, { mode })({ w: tensorOf([1, 2]), b: s1(3) }, s1(5));
    expect(made.y.w.toArray()).toEqual([
      [3, 0],
      [0, 3],
    ]);
    expect(made.y.b.toArray()).toEqual([1, 2]);
    expect([made.z[0].w.toArray(), made.z[0].b.toArray()]).toEqual([[1, 1], 0]);
  });
  test("of a function that reads values, and of nothing", () => {
    const branchy = (v: Tensor): Tensor => (v.data[0] > 0 ? mul(v, 2) : v);
    expect(jacobian(branchy)(tensorOf([1, 2])).toArray()).toEqual([
      [2, 0],
      [0, 2],
    ]);
    expect(jacobian((v: Tensor) => mul(v, 2))(full([0], 0)).shape).toEqual([0, 0]);
  });
});

describe("hessian", () => {
  const a = random.tensor(4, 4);
  const f = (x: Tensor): Tensor => sum(tanh(matmul(a, reshape(mul(x, x), [4, 1]))));
  const x = random.tensor(4);
  test("is symmetric and numeric, to third order", () => {
    const h = hessian(f)(x);
    expectClose(h, permute(h, [1, 0]));
    for (let i = 0; i < 4; i++)
      expectClose(
        at(h, i),
        numeric((y) => at(grad(f)(y), i), x),
        1e-6,
      );
    const third = (y: Tensor): Tensor => sum(mul(hessian(f)(y), a));
    expectClose(grad(third)(x), numeric(third, x), 1e-6);
    expectClose(vmap((y: Tensor) => hessian(f)(y))(stack([x, mul(x, 2)])), stack([h, hessian(f)(mul(x, 2))]));
  });
  test("over trees", () => {
    const p = { w: tensorOf([1, 2]), b: tensorOf([3, 4]) };
    const h = hessian((q: typeof p) => sum(mul(mul(q.w, q.b), mul(q.w, q.b))))(p);
    expect(h.w.b.toArray()).toEqual([
      [12, 0],
      [0, 32],
    ]);
    expect(h.b.b.toArray()).toEqual([
      [2, 0],
      [0, 8],
    ]);
  });
});

describe("vmap", () => {
  const m = random.tensor(3, 4);
  test("axes in and out, trees of axes, shared arguments", () => {
    const f = (p: { a: Tensor; b: [Tensor, Tensor] }, k: Tensor): { s: Tensor; t: Tensor } => ({
      s: mul(p.a, k),
      t: add(p.b[0], p.b[1]),
    });
    const b = random.tensor(4, 3);
    const made = vmap(f, { inAxes: [{ a: 1, b: [0, null] }, null], outAxes: { s: 1, t: 0 } })(
      { a: m, b: [b, s1(2)] },
      s1(3),
    );
    expectClose(made.s, mul(m, 3));
    expectClose(made.t, add(b, 2));
    expectClose(vmap((r: Tensor) => r, { inAxes: -1, outAxes: -1 })(m), m);
    expectClose(vmap((_: Tensor) => s1(2))(m), full([3], 2));
    expectClose(vmap((_: Tensor) => s1(2), { outAxes: null })(m), s1(2));
  });
  test("of vmap, of grad and of what it captures", () => {
    const v = tensorOf([1, 2]);
    const outer = vmap((a: Tensor) => vmap((b: Tensor) => sin(mul(a, b)))(v))(v);
    expectClose(
      outer,
      sin(
        tensorOf([
          [1, 2],
          [2, 4],
        ]),
      ),
    );
    const perExample = vmap(
      grad((w: Tensor, x: Tensor) => exp(sum(mul(w, x)))),
      { inAxes: [null, 0] },
    );
    expectClose(at(perExample(at(m, 0), m), 2), grad((w: Tensor) => exp(sum(mul(w, at(m, 2)))))(at(m, 0)));
    expectClose(grad((w: Tensor) => sum(vmap((x: Tensor) => mul(x, w))(m)))(s1(2)), sum(m));
  });
});
