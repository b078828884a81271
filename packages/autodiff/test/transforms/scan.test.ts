import { describe, expect, test } from "vitest";
import { add, mul, sub } from "../../src/ops/arithmetic.js";
import { tanh } from "../../src/ops/exponential.js";
import { stack } from "../../src/ops/joining.js";
import { sum } from "../../src/ops/reduction.js";
import { permute } from "../../src/ops/shape.js";
import { at } from "../../src/ops/slicing.js";
import { sin } from "../../src/ops/trigonometric.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { checkpoint } from "../../src/transforms/checkpoint.js";
import { grad } from "../../src/transforms/gradient.js";
import { jvp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { vmap } from "../../src/transforms/vmap.js";
import { expectClose, full, matmul, numeric, Seeded, s1, tensorOf } from "./tensors.js";
import { tracedCall } from "./traced-call.js";

const random = new Seeded(7);
const args = [random.tensor(3, 3), random.tensor(2, 3), random.tensor(4, 3), random.tensor(5, 4, 2)];
type Cell = (h: Tensor, x: Tensor) => Tensor;
const traced = (f: (x: Tensor) => Tensor) => (x: Tensor) => tracedCall((y: Tensor) => f(y))(x);

function rnn([w, u, h0, xs]: readonly Tensor[], wrap: (cell: Cell) => Cell = (cell) => cell): Tensor {
  const cell = wrap((h, x) => tanh(add(matmul(h, permute(w, [1, 0])), matmul(x, u))));
  const body = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
    const next = cell(h, x);
    return [next, mul(next, next)];
  };
  const [h, ys] = scan(body, h0, xs);
  return add(sum(mul(ys, ys)), sum(h));
}

function loop([w, u, h0, xs]: readonly Tensor[]): Tensor {
  let h = h0;
  let total = sum(mul(0, h0));
  for (let t = 0; t < xs.shape[0]; t++) {
    h = tanh(add(matmul(h, permute(w, [1, 0])), matmul(at(xs, t), u)));
    const y = mul(h, h);
    total = add(total, sum(mul(y, y)));
  }
  return add(total, sum(h));
}

describe.each(["w", "u", "h0", "xs"].map((name, k) => ({ name, k })))("scan of an rnn by $name", ({ k }) => {
  const put = (x: Tensor): Tensor[] => args.map((a, i) => (i === k ? x : a));
  const f = (x: Tensor): Tensor => rnn(put(x));
  const x = args[k];
  const u = random.tensor(...x.shape);
  const along = (g: (y: Tensor) => Tensor) => (y: Tensor) => sum(mul(grad(g)(y), u));
  const first = grad(f)(x);
  const second = grad(along(f))(x);
  const two = stack([x, mul(x, 2)]);
  const firsts = stack([first, grad(f)(mul(x, 2))]);

  test("is the hand-written loop", () => {
    expectClose(f(x), loop(put(x)), 1e-12);
    expectClose(first, grad((y: Tensor) => loop(put(y)))(x), 1e-12);
    expectClose(traced((y) => grad(f)(y))(x), first, 1e-12);
    expectClose(first, numeric(f, x), 1e-6);
  });
  test("traced, through a call, second and third order", () => {
    expectClose(grad((y: Tensor) => traced(f)(y))(x), first);
    expectClose(second, numeric(along(f), x), 1e-5);
    expectClose(traced((y) => grad(along(f))(y))(x), second);
    expectClose(grad((y: Tensor) => traced(along(f))(y))(x), second);
    expectClose(grad(along(traced(f)))(x), second);
    const third = (y: Tensor): Tensor => sum(mul(grad(along(f))(y), u));
    expectClose(traced((y) => grad(third)(y))(x), grad(third)(x), 1e-8);
  });
  test("forward mode", () => {
    const slope = sum(mul(first, u));
    expectClose(jvp(f, [x], [u])[1], slope);
    expectClose(traced((y) => jvp(f, [y], [u])[1])(x), slope);
    expectClose(jvp(traced(f), [x], [u])[1], slope);
    expectClose(traced((y) => jvp((z: Tensor) => grad(f)(z), [y], [u])[1])(x), second);
    expectClose(traced((y) => grad((z: Tensor) => jvp(f, [z], [u])[1])(y))(x), second);
  });
  test("vmap", () => {
    expectClose(vmap((y: Tensor) => grad(f)(y))(two), firsts);
    expectClose(grad((y: Tensor) => sum(vmap(f)(y)))(two), firsts);
    expectClose(traced((y) => grad((z: Tensor) => sum(vmap(f)(z)))(y))(two), firsts);
    expectClose(vmap((y: Tensor) => grad(along(f))(y))(two), stack([second, grad(along(f))(mul(x, 2))]));
  });
  test("with a checkpointed cell, and checkpointed as a whole", () => {
    const cell = (y: Tensor): Tensor => rnn(put(y), (g) => checkpoint(g));
    const whole = (y: Tensor): Tensor => checkpoint(f)(y);
    for (const g of [cell, whole]) {
      expectClose(g(x), f(x));
      expectClose(grad(g)(x), first);
      expectClose(traced((y) => grad(g)(y))(x), first);
      expectClose(grad((y: Tensor) => traced(g)(y))(x), first);
      expectClose(grad(along(g))(x), second);
      expectClose(traced((y) => grad(along(g))(y))(x), second);
      expectClose(jvp(g, [x], [u])[1], sum(mul(first, u)));
      expectClose(jvp((y: Tensor) => grad(g)(y), [x], [u])[1], second);
      expectClose(traced((y) => jvp((z: Tensor) => grad(g)(z), [y], [u])[1])(x), second);
      expectClose(vmap((y: Tensor) => grad(g)(y))(two), firsts);
    }
  });
});

describe("scan", () => {
  test("in a scan, in reverse, whose body captures the outer carry", () => {
    const f = (w: Tensor): Tensor => {
      const outer = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
        const inner = (k: Tensor, z: Tensor): [Tensor, Tensor] => {
          const n = tanh(add(mul(k, w), add(mul(z, x), h)));
          return [n, mul(n, h)];
        };
        const [k, ys] = scan(inner, mul(h, 0.5), tensorOf([0.1, 0.2, 0.3]), { reverse: true });
        return [add(k, sum(ys)), k];
      };
      return scan(outer, s1(0.3), tensorOf([1, -1, 0.5, 2]))[0];
    };
    const w = s1(0.7);
    const first = grad(f)(w);
    expectClose(first, numeric(f, w), 1e-6);
    expectClose(traced((y) => grad(f)(y))(w), first);
    expectClose(grad((y: Tensor) => traced(f)(y))(w), first);
    const second = grad((y: Tensor) => grad(f)(y))(w);
    expectClose(
      second,
      numeric((y) => grad(f)(y), w),
      1e-5,
    );
    expectClose(traced((y) => grad((z: Tensor) => grad(f)(z))(y))(w), second);
    const ws = [0.7, -0.2, 1.1];
    expectClose(vmap((y: Tensor) => grad(f)(y))(tensorOf(ws)), stack(ws.map((v) => grad(f)(s1(v)))));
  });
  test("holds gradients and tangents in its body", () => {
    const xs = tensorOf([1, 2, 3]);
    const f = (w: Tensor): Tensor =>
      scan(
        (h: Tensor, x: Tensor) => [sub(h, mul(0.1, grad((z: Tensor) => mul(sin(mul(z, w)), x))(h))), h],
        s1(0.4),
        xs,
      )[0];
    const w = s1(0.8);
    expectClose(grad(f)(w), numeric(f, w), 1e-7);
    expectClose(traced((y) => grad(f)(y))(w), grad(f)(w));
    expectClose(traced((y) => jvp(f, [y], [s1(1)])[1])(w), grad(f)(w));
    const g = (v: Tensor): Tensor =>
      scan(
        (h: Tensor, x: Tensor) => [jvp((z: Tensor) => mul(sin(mul(z, v)), x), [h], [mul(v, v)])[1], h],
        s1(0.4),
        xs,
      )[0];
    expectClose(traced((y) => grad(g)(y))(w), numeric(g, w), 1e-6);
    expectClose(grad(g)(w), numeric(g, w), 1e-6);
  });
  test("of no steps, with carries passed through, reset or unused", () => {
    const both = (f: (h: Tensor) => Tensor, want: Tensor): void => {
      const h = s1(2);
      expectClose(grad(f)(h), want, 1e-6);
      expectClose(traced((y) => grad(f)(y))(h), want, 1e-6);
      expectClose(grad((y: Tensor) => traced(f)(y))(h), want, 1e-6);
      expectClose(traced((y) => jvp(f, [y], [s1(1)])[1])(h), want, 1e-6);
      expectClose(jvp(traced(f), [h], [s1(1)])[1], want, 1e-6);
    };
    both((h) => scan((c: Tensor, x: Tensor) => [mul(c, x), c], h, full([0], 0))[0], s1(1));
    const swap = (h: Tensor): Tensor => {
      const body = ([a, b]: [Tensor, Tensor], x: Tensor): [[Tensor, Tensor], Tensor] => [
        [a, mul(x, 2)],
        add(mul(a, b), x),
      ];
      const [[a, b], y] = scan(body, [h, h], tensorOf([1, 2, 3]));
      return add(add(mul(a, b), a), sum(y));
    };
    both(swap, numeric(swap, s1(2)));
    both((h) => scan((c: Tensor, x: Tensor) => [c, mul(c, x)], h, tensorOf([1, 2, 3]))[0], s1(1));
    both(
      (h) => mul(scan((c: Tensor, _x: Tensor) => [mul(1.5, full([], 2)), c], h, tensorOf([1, 2]))[0], h),
      s1(3),
    );
    const none = scan((c: Tensor, x: Tensor) => [c, { d: stack([x, x]) }], s1(1), full([0], 0));
    expect(none[1].d.shape).toEqual([0, 2]);
  });
  test("without xs, over trees whose keys come in any order, with numbers", () => {
    const body = ({ a, b }: { a: Tensor; b: Tensor }): [{ b: Tensor; a: Tensor }, null] => [
      { b: add(a, b), a: b },
      null,
    ];
    const [{ a }] = scan(body, { a: s1(0), b: s1(1) }, null, { length: 10 });
    expect(a.item()).toBe(55);
    const [{ n }] = scan(
      (c: { n: Tensor }) => [{ n: add(c.n, 1) }, 0] as const,
      { n: full([], 0, "float32") },
      null,
      { length: 3 },
    );
    expect(n.item()).toBe(3);
  });
});
