import type { Shape } from "../../src/base/shape.js";
import type { Tensor } from "../../src/index.js";
import * as ops from "../../src/index.js";
import { constant, fit, largest, pick, push, type Step, sizeAt, withAxis } from "./random-program-scope.js";

// The steps of random programs that open nothing: one op or a few, of values at hand.

const broadcastable = (a: Tensor, b: Tensor): boolean => {
  const rank = Math.max(a.rank, b.rank);
  let size = 1;
  for (let k = 1; k <= rank; k++) {
    const [p, q] = [a.shape.at(-k) ?? 1, b.shape.at(-k) ?? 1];
    if (k <= a.rank && k <= b.rank && p !== q && p !== 1 && q !== 1) return false;
    size *= Math.max(k <= a.rank ? p : 1, k <= b.rank ? q : 1);
  }
  return size <= largest;
};

// Smooth and of moderate slope, so that rounding is not blown up on the way.
const unary: readonly ((x: Tensor) => Tensor)[] = [
  ops.tanh,
  ops.sin,
  ops.cos,
  ops.sigmoid,
  ops.erf,
  ops.atan,
  ops.softplus,
  ops.neg,
  (x) => ops.gelu(x),
  ops.silu,
  (x) => ops.mul(x, 0.5),
  (x) => ops.sub(1, x),
  (x) => ops.exp(ops.neg(ops.square(x))),
  (x) => ops.sqrt(ops.add(ops.square(x), 1)),
  (x) => ops.log1p(ops.square(x)),
  (x) => ops.relu(ops.sub(x, 0.123)),
  (x) => ops.clip(x, -0.7, 0.9),
  (x) => ops.add(x, 0),
  (x) => ops.mul(x, 1),
];
const binary: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  ops.add,
  ops.sub,
  ops.mul,
  (a, b) => ops.div(a, ops.add(ops.square(b), 1)),
  (a, b) => ops.maximum(a, ops.add(b, 0.111)),
  (a, b) => ops.where(ops.greater(a, 0.137), a, b),
  (a, b) => ops.atan2(a, ops.add(ops.square(b), 1)),
];

const reductions: readonly ((x: Tensor, options: { axis: number; keepDims?: boolean }) => Tensor)[] = [
  (x, o) => ops.mul(0.4, ops.sum(x, o)),
  ops.mean,
  ops.max,
  ops.min,
  ops.logSumExp,
  (x, o) => ops.variance(ops.mul(x, 0.5), o),
];
const alongAxis: readonly ((x: Tensor, options: { axis: number }) => Tensor)[] = [
  ops.softmax,
  ops.logSoftmax,
  ops.flip,
  (x, o) => ops.mul(0.3, ops.cumsum(x, o)),
  (x, o) => ops.roll(x, 2, o),
  (x, o) => ops.repeat(x, 2, o),
  (x, o) => ops.concat([x, ops.tanh(x)], o),
  (x, o) => ops.stack([x, ops.neg(x)], o),
  (x, o) => ops.expandDims(x, o.axis),
  (x, o) =>
    ops.sum(
      ops.stack(
        ops.unstack(x, o).map((t, i) => ops.mul(t, i)),
        { axis: 0 },
      ),
      { axis: 0 },
    ),
];

/** Steps without loops and transforms; each is as likely as the others. */
export const plainSteps: readonly Step[] = [
  (s) => push(s, s.random.pick(unary)(pick(s))),
  (s) => push(s, s.random.pick(unary)(pick(s))),
  (s) => {
    const a = pick(s);
    const others = s.floats.filter((b) => broadcastable(a, b));
    push(s, s.random.pick(binary)(a, s.random.pick(others)));
  },
  (s) => {
    const a = pick(s);
    const others = s.floats.filter((b) => broadcastable(a, b));
    push(s, s.random.pick(binary)(s.random.pick(others), a));
  },
  (s) => {
    const { x, axis } = withAxis(s);
    push(s, s.random.pick(reductions)(x, { axis, keepDims: s.random.integer(0, 1) === 0 }));
  },
  (s) => {
    const { x, axis } = withAxis(s);
    push(s, s.random.pick(alongAxis)(x, { axis }));
  },
  (s) => {
    const x = pick(s);
    push(s, ops.permute(x, s.random.permutation(x.rank)));
  },
  (s) => {
    const x = pick(s);
    const shapes: Shape[] = [[x.size], [1, x.size], [x.size, 1]];
    if (x.size % 2 === 0) shapes.push([2, x.size / 2], [x.size / 2, 1, 2]);
    if (x.size % 3 === 0) shapes.push([x.size / 3, 3]);
    push(s, ops.reshape(x, s.random.pick(shapes)));
  },
  (s) => {
    const { x } = withAxis(s);
    const ranges = x.shape.map((d) => {
      const from = s.random.integer(0, d - 1);
      return s.random.integer(0, 1) === 0 ? null : ([from, s.random.integer(from + 1, d)] as const);
    });
    push(s, ops.slice(x, ranges));
  },
  (s) => {
    const { x, axis } = withAxis(s);
    push(s, ops.at(x, s.random.integer(0, sizeAt(x, axis) - 1), { axis }));
  },
  (s) => {
    const x = pick(s);
    push(
      s,
      ops.pad(
        x,
        x.shape.map(() => [s.random.integer(0, 1), s.random.integer(0, 2)] as const),
        { value: s.random.pick([0, 0.5]) },
      ),
    );
  },
  (s) => {
    const { x } = withAxis(s);
    const k = x.shape.at(-1) ?? 1;
    const w = constant(s, [k, s.random.integer(1, 5)]);
    push(s, ops.tanh(ops.matmul(x, w)));
  },
  (s) => {
    const { x } = withAxis(s);
    const m = x.rank === 1 ? ops.expandDims(x, 0) : x;
    push(s, ops.tanh(ops.matmul(m, ops.swapAxes(m, -1, -2))));
  },
  (s) => {
    // A bool and a whole number join their pools; both come back as floats.
    const x = pick(s);
    s.bools.push(ops.greater(x, s.random.number([0.1, 0.3])));
    s.integers.push(ops.cast(s.bools[s.bools.length - 1], "int32"));
  },
  (s) => {
    if (s.integers.length === 0) return;
    const t = s.random.pick(s.integers);
    s.integers.push(
      s.random.pick([
        (i: Tensor) => ops.add(i, 3),
        (i: Tensor) => ops.mul(i, i),
        (i: Tensor) => ops.mod(i, 3),
        (i: Tensor) => ops.sum(i),
        (i: Tensor) => ops.neg(i),
      ])(t),
    );
    push(s, ops.mul(0.25, ops.cast(ops.mod(t, 4), s.options.dtype)));
  },
  (s) => {
    if (s.bools.length === 0) return;
    const t = s.random.pick(s.bools);
    s.bools.push(
      s.random.pick([
        (b: Tensor) => ops.logicalNot(b),
        (b: Tensor) => ops.any(b),
        (b: Tensor) => ops.all(b),
        (b: Tensor) => ops.logicalXor(b, ops.any(b)),
      ])(t),
    );
    push(s, ops.where(t, 0.4, ops.cast(-0.6, s.options.dtype)));
  },
  (s) => {
    const { x, axis } = withAxis(s);
    const n = sizeAt(x, axis);
    const fixed = ops.tensor(
      Array.from({ length: s.random.integer(1, 4) }, () => s.random.integer(-n, n - 1)),
      { dtype: "int32" },
    );
    const drawn =
      s.integers.length > 0 && s.random.integer(0, 1) === 0 ? ops.mod(s.random.pick(s.integers), n) : fixed;
    push(s, ops.take(x, drawn, { axis }));
  },
  (s) => {
    const { x } = withAxis(s);
    const n = s.random.integer(1, 4);
    const rows = x.shape[0];
    const index = ops.tensor(
      Array.from({ length: rows }, () => s.random.integer(0, n - 1)),
      { dtype: "int32" },
    );
    const into = ops.zeros([n, ...x.shape.slice(1)], { dtype: s.options.dtype });
    const indices = ops.broadcastTo(ops.reshape(index, [rows, ...x.shape.slice(1).map(() => 1)]), x.shape);
    push(s, ops.scatterAdd(into, indices, x, { axis: 0 }));
  },
  (s) => push(s, constant(s, s.random.pick([[], [3], [2, 3], [1, 4]]))),
  (s) =>
    push(
      s,
      ops.full(s.random.pick([[], [3], [2, 3]]), s.random.pick([0, 1, 0.5]), { dtype: s.options.dtype }),
    ),
  (s) => push(s, ops.mul(0.2, ops.arange(0, s.random.integer(1, 5), { dtype: s.options.dtype }))),
  (s) => {
    if (s.options.variables.length === 0) return;
    push(s, s.random.pick(s.options.variables).value);
  },
  (s) => {
    if (s.options.variables.length === 0) return;
    const variable = s.random.pick(s.options.variables);
    const next = fit(pick(s), variable.shape);
    variable.value =
      s.random.integer(0, 2) === 0 ? next : ops.tanh(ops.add(ops.mul(0.5, variable.value), next));
  },
];
