import type { Shape } from "../../src/base/shape.js";
import { cond, whileLoop } from "../../src/compile.js";
import * as ops from "../../src/index.js";
import { type Tensor, Variable } from "../../src/index.js";
import type { SampleRandom } from "../../src/ops/samples.js";
import { seededRandom } from "../../src/testing/seeded-random.js";

// Programs drawn at random: straight lines of ops over a pool of values, with loops, branches, transforms and Variables in between.
// Every choice follows from a seed and from shapes, so that a program does the same whenever it runs, eagerly or traced.

export interface ProgramOptions {
  readonly steps: number;
  readonly dtype: "float32" | "float64";
  /** Whether reverse mode will go through it (no whileLoop). */
  readonly differentiable: boolean;
  readonly variables: readonly Variable[];
}

/** What a step may use. */
interface Scope {
  readonly random: SampleRandom;
  readonly options: ProgramOptions;
  readonly floats: Tensor[];
  readonly integers: Tensor[];
  readonly bools: Tensor[];
  /** How many loops and transforms it may still open. */
  readonly depth: number;
}

const largest = 120;

/** Any tensor made to a shape: by broadcasting if it fits, else the sine of its mean everywhere. */
function fit(t: Tensor, shape: Shape): Tensor {
  const lead = shape.length - t.shape.length;
  const fits = lead >= 0 && t.shape.every((d, k) => d === shape[k + lead] || d === 1);
  return ops.broadcastTo(fits ? t : ops.sin(ops.mean(t)), shape);
}

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

type Step = (scope: Scope) => void;
const pick = (s: Scope): Tensor => s.random.pick(s.floats);
/** A value with an axis, and one of its axes. */
function withAxis(s: Scope): { x: Tensor; axis: number } {
  const candidates = s.floats.filter((t) => t.rank > 0);
  const x = candidates.length > 0 ? s.random.pick(candidates) : ops.broadcastTo(pick(s), [3]);
  return { x, axis: s.random.integer(-x.rank, x.rank - 1) };
}
const sizeAt = (x: Tensor, axis: number): number => x.shape.at(axis) ?? 1;
const push = (s: Scope, ...made: readonly Tensor[]): void => {
  for (const t of made) if (t.size <= largest) s.floats.push(t);
};
const constant = (s: Scope, shape: Shape): Tensor => s.random.tensor(shape, [-0.8, 0.8], s.options.dtype);

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

/** A function made of further steps, of a value and what is around. */
const inner = (s: Scope, steps: number): ((...values: Tensor[]) => Tensor) => {
  const seed = s.random.integer(0, 1e9);
  const outer = [...s.floats];
  const integers = [...s.integers];
  return (...values) => {
    const random = seededRandom(seed);
    // Sometimes the surroundings are captured.
    const captured = random.integer(0, 1) === 0 ? [] : [random.pick(outer), random.pick(outer)];
    const scope: Scope = {
      ...s,
      random,
      floats: [...captured, ...values],
      integers: [...integers],
      bools: [],
      depth: s.depth - 1,
    };
    for (let i = 0; i < steps; i++) step(scope);
    return scope.floats[scope.floats.length - 1];
  };
};

const plain: readonly Step[] = [
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

const structured: readonly Step[] = [
  // A loop over the first axis; the carry is any value, what it captures too.
  (s) => {
    const { x } = withAxis(s);
    const start = pick(s);
    const body = inner(s, s.random.integer(1, 4));
    const reverse = s.random.integer(0, 2) === 0;
    const keep = s.random.integer(0, 2) === 0;
    const way = s.random.integer(0, 3);
    const cell = (c: Tensor, t: Tensor): [Tensor, Tensor] => {
      const made = body(c, t);
      const next = ops.tanh(ops.add(ops.mul(0.5, c), fit(made, c.shape)));
      return [keep ? c : next, way === 0 ? next : way === 1 ? c : made];
    };
    const run = way === 3 ? ops.checkpoint(cell) : cell;
    const [last, ys] = ops.scan(run, start, x, { reverse });
    push(s, last, ys);
  },
  // Two carries that meet, one of them whole numbers.
  (s) => {
    const { x } = withAxis(s);
    const start = pick(s);
    const body = inner(s, s.random.integer(1, 3));
    const [carry, ys] = ops.scan(
      ({ c, d, n }: { c: Tensor; d: Tensor; n: Tensor }, t: Tensor) => {
        const made = fit(body(c, t), d.shape);
        const even = ops.equal(ops.mod(n, 2), 0);
        return [
          { c: d, d: ops.where(even, ops.tanh(ops.add(made, c)), ops.mul(0.5, d)), n: ops.add(n, 1) },
          n,
        ] as const;
      },
      { c: start, d: ops.mul(start, 0.5), n: ops.zeros([], { dtype: "int32" }) },
      x,
    );
    push(s, carry.c, carry.d);
    s.integers.push(carry.n, ys);
  },
  // A sum over time of what each step gives, as the gradient of a weight is.
  (s) => {
    const { x } = withAxis(s);
    const body = inner(s, s.random.integer(1, 3));
    const shape = s.random.pick([[], [3], [2, 1]] as Shape[]);
    const [total] = ops.scan(
      (c: Tensor, t: Tensor) => [ops.add(c, fit(body(t), shape)), null],
      ops.zeros(shape, { dtype: s.options.dtype }),
      x,
    );
    push(s, ops.mul(0.3, total));
  },
  (s) => {
    const { x } = withAxis(s);
    // A Variable assigned inside would have one value per example, which vmap refuses.
    const body = inner({ ...s, options: { ...s.options, variables: [] } }, s.random.integer(1, 3));
    push(s, ops.vmap((t: Tensor) => body(t))(x));
  },
  (s) => {
    const body = inner(s, s.random.integer(1, 3));
    push(s, ops.checkpoint((t: Tensor) => body(t))(pick(s)));
  },
  (s) => {
    const x = pick(s);
    const [p, q] = [inner(s, s.random.integer(1, 2)), inner(s, s.random.integer(1, 2))];
    const predicate = ops.greater(ops.mean(pick(s)), 0.117);
    push(
      s,
      cond(
        predicate,
        (t: Tensor) => fit(p(t), t.shape),
        (t: Tensor) => fit(q(t), t.shape),
        x,
      ),
    );
  },
  (s) => {
    const x = pick(s);
    const body = inner(s, s.random.integer(1, 3));
    if (!s.options.differentiable || s.depth < 1) return;
    push(s, ops.tanh(ops.grad((t: Tensor) => ops.sum(ops.sin(body(t))))(x)));
  },
  (s) => {
    const x = pick(s);
    const body = inner(s, s.random.integer(1, 3));
    push(s, ops.tanh(ops.jvp((t: Tensor) => body(t), [x], [ops.cos(x)])[1]));
  },
  (s) => {
    if (s.options.differentiable) return;
    const body = inner(s, s.random.integer(1, 2));
    const times = s.random.integer(0, 3);
    const made = whileLoop(
      ({ n }: { n: Tensor; c: Tensor }) => ops.less(n, times),
      ({ n, c }) => ({ n: ops.add(n, 1), c: ops.tanh(fit(body(c), c.shape)) }),
      { n: ops.zeros([], { dtype: "int32" }), c: pick(s) },
    );
    push(s, made.c);
  },
];

function step(s: Scope): void {
  const nested = s.depth > 0 && s.random.integer(0, 3) === 0;
  s.random.pick(nested ? structured : plain)(s);
}

/** A program of some inputs; it returns a few of the values that it made. */
export function randomProgram(
  seed: number,
  options: ProgramOptions,
): (inputs: readonly Tensor[]) => Tensor[] {
  return (inputs) => {
    const random = seededRandom(seed);
    const s: Scope = { random, options, floats: [...inputs], integers: [], bools: [], depth: 2 };
    for (let i = 0; i < options.steps; i++) step(s);
    const results = s.floats.slice(-3);
    // Sometimes a result is an input, or the same tensor twice.
    if (random.integer(0, 4) === 0) results.push(inputs[0], results[0]);
    return options.differentiable ? results : [...results, ...s.integers.slice(-1), ...s.bools.slice(-1)];
  };
}

/** Inputs for a program. */
export function randomInputs(seed: number, dtype: "float32" | "float64"): Tensor[] {
  const random = seededRandom(seed + 1);
  return Array.from({ length: random.integer(1, 3) }, () =>
    random.tensor(random.shape(random.integer(0, 3)), [-1, 1], dtype),
  );
}

/** Variables for a program, always with the same values. */
export function randomVariables(seed: number, dtype: "float32" | "float64"): Variable[] {
  const random = seededRandom(seed + 2);
  return Array.from({ length: 2 }, () => new Variable(random.tensor(random.shape(), [-1, 1], dtype)));
}
