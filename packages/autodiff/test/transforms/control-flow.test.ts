import { describe, expect, test } from "vitest";
import { add, mul } from "../../src/ops/arithmetic.js";
import { greater, less } from "../../src/ops/comparison.js";
import { exp } from "../../src/ops/exponential.js";
import { stack } from "../../src/ops/joining.js";
import { sum } from "../../src/ops/reduction.js";

import { at } from "../../src/ops/slicing.js";
import { sin } from "../../src/ops/trigonometric.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { Variable } from "../../src/trace/variable.js";
import { cond } from "../../src/transforms/cond.js";
import { grad, lossAndGradients } from "../../src/transforms/gradient.js";
import { jvp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { vmap } from "../../src/transforms/vmap.js";
import { whileLoop } from "../../src/transforms/while-loop.js";
import { expectClose, full, numeric, s1, tensorOf } from "./tensors.js";
import { tracedCall } from "./traced-call.js";

const traced = (f: (x: Tensor) => Tensor) => (x: Tensor) => tracedCall((y: Tensor) => f(y))(x);
type F = (x: Tensor) => Tensor;

/** Values and derivatives, eager, traced and through a call, to second order. */
function agrees(f: F, x: Tensor, reverse = true): void {
  const first = numeric(f, x);
  expectClose(traced(f)(x), f(x));
  expectClose(jvp(traced(f), [x], [s1(1)])[1], first, 1e-6);
  expectClose(traced((y) => jvp(f, [y], [s1(1)])[1])(x), first, 1e-6);
  expectClose(grad(f)(x), first, 1e-6);
  if (!reverse) return;
  const second = numeric((y) => grad(f)(y), x);
  expectClose(traced((y) => grad(f)(y))(x), first, 1e-6);
  expectClose(grad((y: Tensor) => traced(f)(y))(x), first, 1e-6);
  expectClose(traced((y) => grad((z: Tensor) => grad(f)(z))(y))(x), second, 1e-6);
  expectClose(grad((y: Tensor) => grad((z: Tensor) => traced(f)(z))(y))(x), second, 1e-6);
  expectClose(traced((y) => jvp((z: Tensor) => grad(f)(z), [y], [s1(1)])[1])(x), second, 1e-6);
  expectClose(jvp((y: Tensor) => grad((z: Tensor) => traced(f)(z))(y), [x], [s1(1)])[1], second, 1e-6);
}

describe("cond", () => {
  const f = (x: Tensor): Tensor => {
    const z = mul(x, x);
    const inner = cond(
      greater(x, 1),
      (y: Tensor) => ({ a: mul(exp(y), z), b: [mul(y, 3)] }),
      (y: Tensor) => ({ b: [sin(mul(y, z))], a: y }),
      mul(x, 0.5),
    );
    return mul(inner.a, inner.b[0]);
  };
  test.each([0.3, 2])("at %f", (v) => {
    agrees(f, s1(v));
  });
  test("in a scan, whose examples choose differently under vmap", () => {
    const g = (x: Tensor): Tensor =>
      scan(
        (h: Tensor, t: Tensor) => [
          cond(
            greater(h, t),
            (a: Tensor) => mul(a, sin(x)),
            (a: Tensor) => add(a, x),
            h,
          ),
          h,
        ],
        x,
        tensorOf([0.1, 0.9, 0.4]),
      )[0];
    agrees(g, s1(0.6));
    const xs = tensorOf([0.3, 0.6, 1.2]);
    const each = (h: F): Tensor => stack([0, 1, 2].map((i) => h(at(xs, i))));
    expectClose(vmap(g)(xs), each(g));
    expectClose(
      vmap((x: Tensor) => grad(g)(x))(xs),
      each((x) => grad(g)(x)),
    );
    expectClose(
      grad((x: Tensor) => sum(vmap(g)(x)))(xs),
      each((x) => grad(g)(x)),
    );
    expectClose(vmap(f)(xs), each(f));
    const shared = (x: Tensor, p: Tensor): Tensor =>
      cond(
        greater(p, 0),
        (a: Tensor) => mul(a, a),
        () => s1(7),
        x,
      );
    expectClose(vmap(shared, { inAxes: [0, null] })(xs, s1(1)), mul(xs, xs));
    expectClose(vmap(shared, { inAxes: [0, null] })(xs, s1(-1)), full([3], 7));
  });
  test("assigns Variables on one side only", () => {
    const v = new Variable(s1(2));
    const w = new Variable(s1(5));
    const run = (p: Tensor): Tensor =>
      cond(
        greater(p, 0),
        (x: Tensor) => {
          v.value = mul(x, w.value);
          return x;
        },
        (x: Tensor) => {
          w.value = mul(w.value, 2);
          return mul(x, v.value);
        },
        s1(3),
      );
    const call = tracedCall(run);
    expect([call(s1(1)).item(), v.value.item(), w.value.item()]).toEqual([3, 15, 5]);
    expect([call(s1(-1)).item(), v.value.item(), w.value.item()]).toEqual([45, 15, 10]);
    const [, [gv, gw]] = lossAndGradients(() => add(call(s1(1)), v.value), [v, w]);
    expect([gv.item(), gw.item()]).toEqual([0, 3]);
  });
  test("refuses what does not fit", () => {
    const run = (g: () => unknown) => () => tracedCall((_: Tensor) => g())(s1(1));
    const t = (): Tensor => greater(s1(1), 0);
    expect(
      run(() =>
        cond(
          t(),
          () => s1(1),
          () => full([2], 1),
        ),
      ),
    ).toThrow(/differ in shape/);
    expect(
      run(() =>
        cond(
          t(),
          () => s1(1),
          () => full([], 1, "float32"),
        ),
      ),
    ).toThrow(/differ in dtype/);
    expect(
      run(() =>
        cond(
          t(),
          () => [s1(1)] as Tensor[],
          () => [s1(1), s1(1)],
        ),
      ),
    ).toThrow(/not built alike/);
    expect(() =>
      cond(
        greater(full([2], 1), 0),
        () => s1(1),
        () => s1(1),
      ),
    ).toThrow(/not a scalar/);
  });
});

describe("whileLoop", () => {
  const f = (x: Tensor): Tensor => {
    const c = mul(x, 1.5);
    const { y } = whileLoop(
      ({ y: now, n }: { y: Tensor; n: Tensor }) => less(add(now, mul(n, 0)), 10),
      ({ y: now, n }) => ({ n: add(n, 1), y: mul(now, add(c, 1)) }),
      { y: x, n: full([], 0, "float64") },
    );
    return sin(y);
  };
  test("forward mode everywhere, reverse mode eagerly", () => {
    agrees(f, s1(0.7), false);
    expect(() => traced((y) => grad(f)(y))(s1(0.7))).toThrow(/no reverse derivative[\s\S]*use scan/);
  });
  test("vmap over examples that end at different times", () => {
    const xs = tensorOf([0.3, 0.7, 20]);
    expectClose(vmap(f)(xs), stack([f(s1(0.3)), f(s1(0.7)), f(s1(20))]));
    const count = (x: Tensor): Tensor =>
      whileLoop(
        (s: { i: Tensor; x: Tensor }) => less(s.i, 4),
        (s) => ({ i: add(s.i, 1), x: mul(s.x, x) }),
        {
          i: full([], 0, "int32"),
          x: s1(1),
        },
      ).x;
    expectClose(vmap(count)(xs), stack([0.3, 0.7, 20].map((v) => s1(v ** 4))));
  });
  test("test and body each close over tensors of their own", () => {
    const g = (x: Tensor): Tensor => {
      const limit = add(x, 9);
      const slope = sin(x);
      const step = mul(x, 1.5);
      const offset = exp(x);
      const { y } = whileLoop(
        ({ y: now, n }: { y: Tensor; n: Tensor }) => less(add(now, mul(n, slope)), limit),
        ({ y: now, n }) => ({ n: add(n, 1), y: add(mul(now, add(step, 1)), offset) }),
        { y: x, n: full([], 0, "float64") },
      );
      return sin(y);
    };
    agrees(g, s1(0.7), false);
    const xs = [0.3, 0.7, 1.1];
    expectClose(vmap(g)(tensorOf(xs)), stack(xs.map((v) => g(s1(v)))));
    expectClose(vmap(traced(g))(tensorOf(xs)), stack(xs.map((v) => g(s1(v)))));
  });
  test("carries Variables", () => {
    const n = new Variable(full([], 0, "int32"));
    const call = tracedCall((x: Tensor) =>
      whileLoop(
        () => less(n.value, 3),
        (y: Tensor) => {
          n.value = add(n.value, 1);
          return mul(y, 2);
        },
        x,
      ),
    );
    expect(call(s1(1)).item()).toBe(8);
    expect(n.value.item()).toBe(3);
    expect(() =>
      tracedCall((x: Tensor) =>
        whileLoop(
          (y: Tensor) => {
            n.value = add(n.value, 1);
            return less(y, 1);
          },
          (y) => y,
          x,
        ),
      )(s1(2)),
    ).toThrow(/the test assigns/);
    expect(() =>
      whileLoop(
        (x: Tensor) => less(sum(x), 1),
        () => full([2], 1),
        s1(0),
      ),
    ).toThrow(/carry went in as/);
  });
});
