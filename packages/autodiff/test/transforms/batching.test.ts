import { describe, expect, test } from "vitest";
import { add, mul } from "../../src/ops/arithmetic.js";
import { greater, less } from "../../src/ops/comparison.js";
import { stack } from "../../src/ops/joining.js";
import { sum } from "../../src/ops/reduction.js";
import { at } from "../../src/ops/slicing.js";
import { cos, sin } from "../../src/ops/trigonometric.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { checkpoint } from "../../src/transforms/checkpoint.js";
import { cond } from "../../src/transforms/cond.js";
import { customDerivative } from "../../src/transforms/custom-derivative.js";
import { grad } from "../../src/transforms/gradient.js";
import { jvp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { vmap } from "../../src/transforms/vmap.js";
import { whileLoop } from "../../src/transforms/while-loop.js";
import { expectClose, full, s1, tensorOf } from "./tensors.js";
import { tracedCall } from "./traced-call.js";

// Bodies under vmap, of which one output depends on each argument alone: what ignores the mapped argument still is one value per example.

type Pair = (x: Tensor, y: Tensor) => readonly [Tensor, Tensor];

/** [sin y, 3x] */
const f = (x: Tensor, y: Tensor): [Tensor, Tensor] => [sin(y), mul(x, 3)];
const ofSecond = (_: Tensor, y: Tensor): Tensor => sin(y);
const zero = (t: Tensor): Tensor => mul(t, 0);

const bodies: { readonly [name: string]: Pair } = {
  "nothing around it": f,
  checkpoint: checkpoint(f),
  call: tracedCall((x: Tensor, y: Tensor) => f(x, y)),
  "scan, stacked results": (x, y) => {
    const [, [p, q]] = scan((c: Tensor, _: Tensor) => [c, f(x, y)], s1(0), full([2], 0));
    return [at(p, 1), at(q, 0)];
  },
  "scan, carries": (x, y) => {
    const start: [Tensor, Tensor] = [zero(y), zero(x)];
    const [last] = scan((_c: [Tensor, Tensor], _: Tensor) => [f(x, y), null], start, full([2], 0));
    return last;
  },
  "scan, carries of one shared start": (x, y) => {
    const start: [Tensor, Tensor] = [s1(0), s1(0)];
    const [last] = scan((_c: [Tensor, Tensor], _: Tensor) => [f(x, y), null], start, full([2], 0));
    return last;
  },
  cond: (x, y) => {
    const otherwise = (p: Tensor, q: Tensor): [Tensor, Tensor] => [zero(q), zero(p)];
    return cond(greater(s1(1), 0), f, otherwise, x, y);
  },
  "cond, on the second": (x, y) => {
    const otherwise = (p: Tensor, q: Tensor): [Tensor, Tensor] => [sin(q), mul(p, 3)];
    return cond(greater(y, 0.5), f, otherwise, x, y);
  },
  "custom derivative, reverse": (x, y) => [
    customDerivative(ofSecond, { vjp: ([p, q], _o, c) => [zero(mul(c, p)), mul(c, cos(q))] })(x, y),
    mul(x, 3),
  ],
  "custom derivative, forward": (x, y) => [
    customDerivative(ofSecond, { jvp: ([, q], [, t]) => mul(t, cos(q)) })(x, y),
    mul(x, 3),
  ],
};
/** No derivative in reverse. */
const whileBody: Pair = (x, y) => {
  const { p, q } = whileLoop(
    ({ n }: { n: Tensor; p: Tensor; q: Tensor }) => less(n, 2),
    ({ n }) => ({ n: add(n, 1), p: sin(y), q: mul(x, 3) }),
    { n: full([], 0, "int32"), p: zero(y), q: zero(x) },
  );
  return [p, q];
};

const three = tensorOf([0.2, 0.7, -0.4]);
const other = tensorOf([1.5, 0.3, 0.9]);
const one = s1(0.7);
const mapped: readonly (readonly [
  what: string,
  x: Tensor,
  y: Tensor,
  inAxes: readonly [0 | null, 0 | null],
])[] = [
  ["the first", three, one, [0, null]],
  ["the second", one, three, [null, 0]],
  ["both", three, other, [0, 0]],
];
const example = (t: Tensor, k: number): Tensor => (t.rank === 0 ? t : at(t, k));

const values = describe.each(Object.entries({ ...bodies, whileLoop: whileBody }));
values("%s", (_name, body) => {
  test.each(mapped)("vmap over %s is a loop", (_what, x, y, inAxes) => {
    const got = vmap((p: Tensor, q: Tensor) => [...body(p, q)], { inAxes: [...inAxes] })(x, y);
    const want = [0, 1, 2].map((k) => f(example(x, k), example(y, k)));
    expect(got).toHaveLength(2);
    got.forEach((t, i) => {
      expectClose(t, stack(want.map((outputs) => outputs[i])), 1e-14);
    });
  });
});

describe.each(Object.entries(bodies))("%s", (_name, body) => {
  test.each(mapped)("and so are its derivatives over %s", (_what, x, y, inAxes) => {
    const weights = tensorOf([2, -1, 3]);
    const loss = (g: Pair) => (all: readonly [Tensor, Tensor]) => {
      const [p, q] = vmap((s: Tensor, t: Tensor) => [...g(s, t)], { inAxes: [...inAxes] })(...all);
      return add(sum(mul(weights, p)), sum(mul(weights, mul(q, q))));
    };
    const want = grad((all: [Tensor, Tensor]) =>
      [0, 1, 2]
        .map((k) => {
          const [p, q] = f(example(all[0], k), example(all[1], k));
          return mul(at(weights, k), add(p, mul(q, q)));
        })
        .reduce((a, b) => add(a, b)),
    )([x, y]);
    grad(loss(body))([x, y]).forEach((t, i) => {
      expectClose(t, want[i], 1e-13);
    });
    const tangents = [x, y].map((t, i) => mul(full(t.shape, 1), 0.5 + i));
    const [, slope] = jvp((p: Tensor, q: Tensor) => loss(body)([p, q]), [x, y], [tangents[0], tangents[1]]);
    const dot = want.map((g, i) => sum(mul(g, tangents[i]))).reduce((a, b) => add(a, b));
    expectClose(slope, dot, 1e-13);
  });
});
