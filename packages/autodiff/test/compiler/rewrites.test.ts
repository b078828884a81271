import { describe, expect, test } from "vitest";
import { compile } from "../../src/compile.js";
import {
  abs,
  add,
  cast,
  concat,
  div,
  equal,
  exp,
  full,
  grad,
  matmul,
  max,
  mean,
  mul,
  neg,
  pow,
  prod,
  relu,
  reshape,
  scan,
  scatterAdd,
  slice,
  split,
  stack,
  sub,
  sum,
  type Tensor,
  take,
  tensor,
  transpose,
  vmap,
  where,
  zeros,
} from "../../src/index.js";

// Each algebraic rewrite of the compiler, at the values where algebra and floating point part: the same bits as eagerly, the sign of zero and NaN included.

const special = [0, -0, 1, -1, 2, Infinity, -Infinity, NaN, 2 ** -149, -(2 ** -149), 2 ** -126, -3.5];
const v = tensor(special);
const column = reshape(v, [12, 1]);
const signs = tensor([0, -0, -0, 0, 1, -1]);
const none = zeros([12, 0]);
const half = (k: 0 | 1) => (x: Tensor) => slice(x, [[k * 6, k * 6 + 6]]);

const rewrites: {
  [rewrite: string]: readonly [f: (...x: Tensor[]) => unknown, ...inputs: Tensor[]];
} = {
  "constants are folded": [
    () => [
      add(-0, 0),
      sub(-0, 0),
      mul(-0, 3),
      neg(zeros([2])),
      div(1, full([2], -0)),
      add(full([1], -0), -0),
    ],
  ],
  "x + 0": [(x) => [add(x, 0), add(0, x), add(x, zeros([12]))], v],
  "x + (−0)": [(x) => [add(x, -0), add(-0, x), add(x, full([12], -0))], v],
  "x − 0": [(x) => [sub(x, 0), sub(x, -0), sub(0, x), sub(-0, x)], v],
  "x · 1, x / 1": [(x) => [mul(x, 1), mul(1, x), div(x, 1), mul(x, -1)], v],
  "x · 0, x − x": [(x) => [mul(x, 0), mul(x, -0), sub(x, x), div(x, x)], v],
  "−(−x)": [(x) => [neg(neg(x)), neg(x), sub(0, neg(x))], v],
  "equal branches": [(x) => [where(equal(x, 0), x, x), where(true, x, 0), where(false, x, x)], v],
  "xʸ for known y": [
    (x) => [pow(x, 1), pow(x, 2), pow(x, 0)],
    tensor(special.map((x) => (Math.abs(x) < 1e-30 ? 0 * x : x))),
  ],
  "sums that start from 0": [
    (x) => [sum(x, { axis: 1 }), sum(x), mean(x, { axis: 1 }), sum(x, { axis: [] })],
    column,
  ],
  "sums of one or none": [
    (x, y) => [
      sum(x, { axis: 0 }),
      sum(y),
      sum(y, { axis: 1 }),
      prod(y, { axis: 1 }),
      prod(x, { axis: 0 }),
      max(x, { axis: 0 }),
    ],
    reshape(v, [1, 12]),
    none,
  ],
  "sums of what is the same everywhere": [
    () => [
      sum(full([3], -0)),
      sum(full([0], -3)),
      sum(full([4, 0], -1), { axis: 1 }),
      sum(full([3], 2)),
      mean(full([2], -0)),
    ],
  ],
  "sums of sums": [
    (x) => [sum(sum(reshape(x, [2, 3]), { axis: 0 })), sum(transpose(reshape(x, [3, 2])), { axis: 0 })],
    signs,
  ],
  "a sum plus 0": [
    (x) => [
      add(sum(x), 0),
      add(exp(x), 0),
      add(abs(x), 0),
      add(mul(x, x), 0),
      add(relu(x), 0),
      add(add(x, 1), 0),
    ],
    v,
  ],
  "sums of products": [(x) => sum(matmul(reshape(x, [3, 2, 1]), reshape(x, [3, 1, 2])), { axis: 0 }), signs],
  "sums of added pieces": [
    (x) =>
      grad((t: Tensor) => {
        const [a, b] = split(t, [6, 6]);
        return add(sum(mul(a, full([6], -0))), sum(mul(b, full([6], -0))));
      })(x),
    v,
  ],
  pieces: [
    (x) => [
      concat([full([1], -0), x]),
      stack([full([1], -0), full([1], 0)]),
      x.pad([[1, 1]]),
      x.pad([[1, 1]], { value: -0 }),
    ],
    v,
  ],
  "slices of elementwise work": [
    (x) => {
      const y = add(mul(x, 1), 0);
      return [half(0)(y), half(1)(y)];
    },
    v,
  ],
  scatterAdd: [
    (x) => [
      scatterAdd(full([3], -0), tensor([0, 0, 1], { dtype: "int32" }), slice(x, [[1, 4]])),
      scatterAdd(zeros([3]), tensor([2], { dtype: "int32" }), -0),
    ],
    v,
  ],
  casts: [(x) => [add(cast(x, "float64"), 0), add(cast(cast(x, "float64"), "float32"), 0)], v],
};
for (const [m, k, n] of [
  [1, 1, 1],
  [1, 7, 3],
  [2, 3, 1],
  [5, 4, 6],
  [6, 70, 16],
  [13, 3, 33],
  [1, 200, 40],
]) {
  const negative = (...shape: number[]): Tensor => full(shape, -0);
  const ones = full([k, n], 1);
  const [a, b] = [negative(m, k).add(-0), ones.mul(1)];
  rewrites[`products of −0 onto −0, ${m}×${k}×${n}`] = [
    (x, y, row, t) => [
      matmul(x, y),
      add(matmul(x, y), row),
      add(row, matmul(x, y)),
      add(matmul(x, y), t),
      add(t, add(matmul(x, y), row)),
      add(mul(t, 1), matmul(x, neg(neg(y)))),
    ],
    a,
    b,
    negative(n).add(-0),
    negative(m, n).add(-0),
  ];
}
const rows = reshape(concat([signs, signs]), [4, 3]);
const start = tensor([-0, -0, -0]);
Object.assign(rewrites, {
  "sums over time": [
    (xs: Tensor, from: Tensor) => [
      scan((c: Tensor, x: Tensor) => [add(c, x), c], from, xs)[0],
      scan((c: Tensor, x: Tensor) => [add(c, mul(x, -1)), x], zeros([3], { dtype: xs.dtype }), xs)[0],
    ],
    rows,
    start,
  ],
  "sums of products over time": [
    (xs: Tensor, from: Tensor) =>
      scan(
        (c: Tensor, x: Tensor) => [add(c, matmul(reshape(x, [1, 3]), full([3, 3], 0))), x],
        reshape(from, [1, 3]),
        xs,
      )[0],
    mul(rows, -0),
    start,
  ],
  "the same in every step": [
    (xs: Tensor, from: Tensor) => scan((c: Tensor, x: Tensor) => [add(c, from), x], from, xs)[0],
    rows,
    start,
  ],
  "a vmap": [(xs: Tensor) => vmap((x: Tensor) => add(sum(x), add(x, 0)))(xs), rows],
});

/** Rows of a table that nobody reads may hold anything. */
const table = tensor([
  [1, 2],
  [NaN, Infinity],
  [-0, 3],
]);
const index = tensor(Int32Array.from({ length: 16 }, (_, i) => (i % 2) * 2));
Object.assign(rewrites, {
  "look-ups before products": [
    (t: Tensor, w: Tensor) => [
      matmul(take(t, index), w),
      grad((u: Tensor) => sum(mul(matmul(take(t, index), u), 0.5)))(w),
    ],
    table,
    tensor([
      [1, 2],
      [3, 4],
    ]),
  ],
  "gradients of look-ups before products": [
    (t: Tensor, w: Tensor) => grad((x: Tensor) => sum(matmul(take(x, index), w)))(t),
    zeros([3, 2]),
    tensor([
      [1, Infinity],
      [3, 4],
    ]),
  ],
});

const bits = (t: Tensor): string =>
  `${t.dtype}[${t.shape}] ${[...t.data].map((x) => (Object.is(x, -0) ? "-0" : String(x))).join(" ")}`;
const listed = (made: unknown): string[] =>
  Array.isArray(made) ? made.flatMap(listed) : [bits(made as Tensor)];

describe.each(["wasm", "javascript"] as const)("the same bits on %s as eagerly", (backend) => {
  test.each(Object.keys(rewrites))("%s", (name) => {
    const [f, ...inputs] = rewrites[name];
    for (const dtype of ["float32", "float64"] as const) {
      const given = inputs.map((t) => cast(t, dtype));
      const traced = (...x: Tensor[]): Tensor[] => [f(...x)].flat(2) as Tensor[];
      expect(listed(compile(traced, { backend })(...given))).toEqual(listed(traced(...given)));
    }
  });
});
