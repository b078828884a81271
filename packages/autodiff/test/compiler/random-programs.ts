import type { Shape } from "../../src/base/shape.js";
import { cond, whileLoop } from "../../src/compile.js";
import * as ops from "../../src/index.js";
import { type Tensor, Variable } from "../../src/index.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { plainSteps } from "./random-plain-steps.js";
import {
  fit,
  type ProgramOptions,
  pick,
  push,
  type Scope,
  type Step,
  withAxis,
} from "./random-program-scope.js";

// Programs drawn at random: straight lines of ops over a pool of values, with loops, branches, transforms and Variables in between.
// Every choice follows from a seed and from shapes, so that a program does the same whenever it runs, eagerly or traced.

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
  s.random.pick(nested ? structured : plainSteps)(s);
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
