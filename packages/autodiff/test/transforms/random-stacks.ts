import { expect } from "vitest";
import { add, mul } from "../../src/ops/arithmetic.js";
import { greater, where } from "../../src/ops/comparison.js";
import { exp, tanh } from "../../src/ops/exponential.js";
import { unstack } from "../../src/ops/joining.js";
import { sum } from "../../src/ops/reduction.js";
import { reshape } from "../../src/ops/shape.js";
import { cos, sin } from "../../src/ops/trigonometric.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { current } from "../../src/trace/context.js";
import { Variable } from "../../src/trace/variable.js";
import { checkpoint } from "../../src/transforms/checkpoint.js";
import { cond } from "../../src/transforms/cond.js";
import { customDerivative } from "../../src/transforms/custom-derivative.js";
import { grad } from "../../src/transforms/gradient.js";
import { jacobian } from "../../src/transforms/jacobian.js";
import { jvp, linearize, vjp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { vmap } from "../../src/transforms/vmap.js";
import { isNear } from "../near.js";
import { full, matmul, Seeded, tensorOf } from "./tensors.js";
import { tracedCall } from "./traced-call.js";

// Random stacks of transforms and wrappers that preserve the meaning of a function, against the same program without the wrappers.

export type F = (x: Tensor) => Tensor;
export const size = 3;
const dummy = (n: number): Tensor => full([n], 0);
export const zero = (): Tensor => full([size], 0);
const one = (): Tensor => full([size], 1);
const total = (t: Tensor): Tensor => unstack(t).reduce((a, b) => add(a, b));

export type Wrappers = { readonly [name: string]: (g: F) => F };
/** Each returns a function with the values and derivatives of `g`. */
export const plainWrappers: Wrappers = {
  nothing: (g) => g,
  checkpoint: (g) => (x) => checkpoint(g)(x),
  checkpointOfCapture: (g) => (x) => checkpoint(() => g(x))(),
  checkpointInCheckpoint: (g) => (x) =>
    checkpoint((y: Tensor) => mul(0.5, add(checkpoint(() => g(x))(), checkpoint(() => g(y))())))(x),
  captureReturned: (g) => (x) => {
    const y = g(x);
    return checkpoint(() => checkpoint(() => y)())();
  },
  checkpointInScan: (g) => (x) =>
    scan((c: Tensor, d: Tensor) => [checkpoint(() => add(c, g(x)))(), d], zero(), dummy(1))[0],
  scanInCheckpoint: (g) => (x) =>
    checkpoint(() => scan((c: Tensor, d: Tensor) => [add(c, g(x)), d], zero(), dummy(1))[0])(),
  vmapInCheckpoint: (g) => (x) =>
    checkpoint(() => reshape(vmap((y: Tensor) => g(add(y, mul(x, 0))))(reshape(x, [1, size])), [size]))(),
  callInCheckpoint: (g) => (x) => checkpoint(() => tracedCall((y: Tensor) => g(add(y, mul(x, 0))))(x))(),
  call: (g) => (x) => tracedCall(g)(x),
  callOnce: (g) => tracedCall(g),
  callWithVariable: (g) => {
    const v = new Variable(zero());
    const call = tracedCall((x: Tensor) => {
      const y = g(v.value);
      v.value = mul(y, 1);
      return add(y, mul(x, 0));
    });
    return (x) => {
      v.value = x;
      const y = call(x);
      return mul(0.5, add(y, v.value));
    };
  },
  vmapOfOne: (g) => (x) => reshape(vmap(g)(reshape(x, [1, size])), [size]),
  vmapOfCapture: (g) => (x) => reshape(vmap((_: Tensor) => g(x))(dummy(1)), [size]),
  vmapOverLast: (g) => (x) => reshape(vmap(g, { inAxes: 1, outAxes: 1 })(reshape(x, [size, 1])), [size]),
  scanCarry: (g) => (x) => scan((c: Tensor, d: Tensor) => [g(c), d], x, dummy(1))[0],
  scanReverse: (g) => (x) =>
    scan((c: Tensor, y: Tensor) => [add(c, g(y)), y], zero(), reshape(x, [1, size]), { reverse: true })[0],
  scanXs: (g) => (x) => scan((c: Tensor, y: Tensor) => [add(c, g(y)), c], zero(), reshape(x, [1, size]))[0],
  scanCapture: (g) => (x) => mul(0.5, scan((c: Tensor, d: Tensor) => [add(c, g(x)), d], zero(), dummy(2))[0]),
  scanYs: (g) => (x) =>
    mul(0.5, reshape(total(scan((c: Tensor, _: Tensor) => [c, g(c)], x, dummy(2))[1]), [size])),
  scanIntegerCarry: (g) => (x) => {
    const body = ({ i, c }: { i: Tensor; c: Tensor }, d: Tensor): [{ i: Tensor; c: Tensor }, Tensor] => [
      { c: where(greater(i, 0), g(x), c), i: add(i, 1) },
      d,
    ];
    return scan(body, { i: full([], 0, "int32"), c: x }, dummy(2))[0].c;
  },
  variable: (g) => {
    const v = new Variable(zero());
    return (x) => {
      v.value = x;
      return g(v.value);
    };
  },
  variableInScan: (g) => {
    const v = new Variable(zero());
    return (x) => {
      v.value = x;
      scan(
        (c: Tensor, d: Tensor) => {
          v.value = g(v.value);
          return [c, d];
        },
        full([], 0),
        dummy(1),
      );
      return v.value;
    };
  },
  variableInCheckpoint: (g) => {
    const v = new Variable(zero());
    return (x) => {
      v.value = x;
      checkpoint((y: Tensor) => {
        v.value = g(v.value);
        return y;
      })(x);
      return v.value;
    };
  },
  jvpPrimal: (g) => (x) => jvp(g, [x], [x])[0],
  vjpPrimal: (g) => (x) => vjp(g, x)[0],
  gradientOfDot: (g) => (x) => grad((u: Tensor) => sum(mul(u, g(x))))(one()),
  tangentOfScale: (g) => (x) => jvp((k: Tensor) => mul(k, g(x)), [one()], [one()])[1],
  linearized: (g) => (x) => linearize((k: Tensor) => mul(k, g(x)), zero())[1](one()),
  jacobianOfScale: (g) => (x) => sum(jacobian((k: Tensor) => mul(k, g(x)))(one()), { axis: 1 }),
  jvpInScan: (g) => (x) =>
    scan(
      (c: Tensor, d: Tensor) => [jvp((k: Tensor) => mul(k, g(c)), [one()], [one()])[1], d],
      x,
      dummy(1),
    )[0],
  pullbackInScan: (g) => (x) => {
    const [, pull] = vjp((u: Tensor) => mul(u, g(x)), full([size], 2));
    return scan((c: Tensor, d: Tensor) => [pull(c)[0], d], one(), dummy(1))[0];
  },
  gradientInCheckpoint: (g) => (x) =>
    checkpoint((y: Tensor) => grad((u: Tensor) => sum(mul(u, g(y))))(one()))(x),
  condBoth: (g) => (x) => cond(greater(sum(x), 0), g, (y: Tensor) => mul(1, g(y)), x),
  condInScan: (g) => (x) => {
    const body = (c: Tensor, d: Tensor): [Tensor, Tensor] => [
      cond(
        greater(d, 0),
        (y: Tensor) => y,
        (y: Tensor) => g(add(y, mul(x, 0))),
        c,
      ),
      d,
    ];
    return scan(body, x, tensorOf([1, -1]))[0];
  },
  customTwice: (g) => {
    // f(u) = u·u with its own rule, so that what goes through it is g and its derivatives are right.
    const square = customDerivative((u: Tensor) => mul(u, u), { vjp: ([u], _y, c) => [mul(c, mul(u, 2))] });
    const halfSquare = customDerivative((u: Tensor) => mul(0.5, mul(u, u)), { jvp: ([u], [t]) => mul(u, t) });
    return (x) => {
      const y = g(x);
      return add(y, add(mul(0.5, square(y)), mul(-1, halfSquare(y))));
    };
  },
};

function base(random: Seeded): F {
  const a = random.tensor(size, size);
  const b = random.tensor(size);
  const linear: F = (x) => add(reshape(matmul(a, reshape(x, [size, 1])), [size]), b);
  const choices: readonly F[] = [
    (x) => tanh(linear(x)),
    (x) => mul(sin(x), linear(x)),
    (x) => mul(x, cos(sum(mul(x, b)))),
    (x) => exp(mul(0.3, linear(x))),
    (x) => where(greater(x, 0), mul(x, x), mul(x, sum(x))),
  ];
  return random.pick(choices);
}

function differentiated(f: F, u: Tensor, mode: number): F {
  if (mode < 0.45) return (x) => jvp(f, [x], [u])[1];
  if (mode < 0.9) return (x) => vjp(f, x)[1](u)[0];
  return (x) => linearize(f, x)[1](u);
}

/** One random program; throws where the wrapped one differs. Returns whether it was one that vmap refuses on purpose. */
export function runSeed(seed: number, wrappers: Wrappers): "agrees" | "refused" {
  const random = new Seeded(seed * 7919);
  let plain = base(random);
  let wrapped = plain;
  let order = 0;
  const names: string[] = [];
  const wrap = (): void => {
    const name = random.pick(Object.keys(wrappers));
    wrapped = wrappers[name](wrapped);
    names.push(name);
  };
  for (let layers = 1 + Math.floor(random.next() * 5); layers > 0; layers--) {
    const what = random.next();
    const [p, w] = [plain, wrapped];
    if (what < 0.25) {
      const f = base(random);
      plain = (x) => f(p(x));
      wrapped = (x) => f(w(x));
      names.push("∘");
    } else if (what < 0.6 && order < 3) {
      const u = random.tensor(size);
      const mode = random.next();
      plain = differentiated(p, u, mode);
      wrapped = differentiated(w, u, mode);
      order++;
      names.push(mode < 0.45 ? "JVP" : mode < 0.9 ? "VJP" : "LINEARIZE");
    }
    wrap();
    if (random.next() < 0.4) wrap();
  }
  const x = random.tensor(size);
  const label = `seed ${seed}: ${names.join(" ")}`;
  try {
    const want = plain(x).data;
    if (want.every((v) => !Number.isFinite(v))) throw new Error(`the plain program gives ${want}`);
    // Twice: the second run finds cached programs and Variables that hold the first run's values.
    for (const got of [wrapped(x), wrapped(x)]) {
      got.data.forEach((v, i) => {
        if (!isNear(v, want[i], 1e-8 * Math.max(1, Math.abs(want[i]))))
          throw new Error(`${v} instead of ${want[i]}`);
      });
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message.includes("differs between examples")) return "refused";
    throw new Error(`${label}: ${message}`, { cause: error });
  }
  expect(current().tapes.length).toBe(0);
  expect(current().trace).toBeNull();
  return "agrees";
}
