import { describe, expect, test } from "vitest";
import { add, mul } from "../../src/ops/arithmetic.js";
import { cast } from "../../src/ops/conversion.js";
import { exp, tanh } from "../../src/ops/exponential.js";
import { stack } from "../../src/ops/joining.js";
import { randomBitsOp } from "../../src/ops/random/bits.js";
import { Random } from "../../src/ops/random/random.js";
import { sum } from "../../src/ops/reduction.js";

import { at } from "../../src/ops/slicing.js";
import { sin } from "../../src/ops/trigonometric.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { applyOne } from "../../src/trace/apply.js";
import { alias } from "../../src/trace/identity.js";
import { Tape } from "../../src/trace/tape.js";
import { traceFlat } from "../../src/trace/trace.js";
import { Variable } from "../../src/trace/variable.js";
import { checkpoint } from "../../src/transforms/checkpoint.js";
import { customDerivative } from "../../src/transforms/custom-derivative.js";
import { jvpFlat } from "../../src/transforms/forward.js";
import { grad, lossAndGradients } from "../../src/transforms/gradient.js";
import { jvp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { withTape } from "../../src/transforms/sweep.js";
import { vmap } from "../../src/transforms/vmap.js";
import { expectClose, full, numeric, s1, tensorOf } from "./tensors.js";
import { tracedCall } from "./traced-call.js";

type F = (x: Tensor) => Tensor;
const traced = (f: F) => (x: Tensor) => tracedCall((y: Tensor) => f(y))(x);
const d = (f: F, x: number): number => grad(f)(s1(x)).item();

describe("scan", () => {
  const w = new Variable(s1(0.6));
  const state = new Variable(s1(0.2));
  const count = new Variable(full([], 0, "int32"));
  const reset = (): void => {
    w.value = s1(0.6);
    state.value = s1(0.2);
    count.value = full([], 0, "int32");
  };
  const f = (): Tensor => {
    const body = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
      const old = state.value;
      state.value = tanh(add(mul(state.value, w.value), x));
      count.value = add(count.value, 1);
      return [mul(h, state.value), add(h, old)];
    };
    const [h, ys] = scan(body, s1(1), tensorOf([0.5, -0.4, 0.9]));
    return add(add(h, sum(ys)), state.value);
  };
  const slope = (variable: Variable): Tensor =>
    numeric(
      (t) => {
        reset();
        variable.value = t;
        return f();
      },
      variable === w ? s1(0.6) : s1(0.2),
    );

  test("read-only Variables become constants, assigned ones hidden carries", () => {
    const want = [slope(w), slope(state)];
    reset();
    const value = f();
    const last = state.value;
    const inCall = tracedCall((x: Tensor) => add(f(), mul(x, 0)));
    const programs: readonly (() => readonly [Tensor, readonly Tensor[]])[] = [
      () => lossAndGradients(f, [w, state]),
      () => {
        const [v, a, b] = tracedCall((_: Tensor) => {
          const [loss, gradients] = lossAndGradients(f, [w, state]);
          return [loss, ...gradients];
        })(s1(0));
        return [v, [a, b]];
      },
      () => lossAndGradients(() => inCall(s1(0)), [w, state]),
      () => lossAndGradients(() => inCall(s1(1)), [w, state]),
      () => lossAndGradients(() => checkpoint(f)(), [w, state]),
      () => {
        const [v, a, b] = tracedCall((_: Tensor) => {
          const [loss, gradients] = lossAndGradients(() => checkpoint(f)(), [w, state]);
          return [loss, ...gradients];
        })(s1(0));
        return [v, [a, b]];
      },
    ];
    for (const program of programs) {
      reset();
      const [v, gradients] = program();
      expectClose(v, value);
      expectClose(state.value, last);
      expect(count.value.item()).toBe(3);
      gradients.forEach((g, i) => {
        expectClose(g, want[i], 1e-6);
      });
    }
    // None where the suite runs compiled: inside of a program a call is its function.
    expect(inCall.traces).toBeLessThanOrEqual(1);
  });
  test("which carries are active is a fixed point", () => {
    // x reaches c only through b, and b only through a.
    const chain = (x: Tensor): Tensor => {
      const body = (
        { a, b, c }: { a: Tensor; b: Tensor; c: Tensor },
        y: Tensor,
      ): [{ a: Tensor; b: Tensor; c: Tensor }, null] => [{ a: mul(x, y), b: sin(a), c: add(c, b) }, null];
      return scan(body, { a: s1(0), b: s1(0), c: s1(0) }, tensorOf([1, 2, 3, 4]))[0].c;
    };
    const want = numeric(chain, s1(0.4));
    expectClose(traced((x) => grad(chain)(x))(s1(0.4)), want, 1e-6);
    expectClose(grad(traced(chain))(s1(0.4)), want, 1e-6);
    expectClose(jvp(traced(chain), [s1(0.4)], [s1(1)])[1], want, 1e-6);
    expectClose(vmap(chain)(tensorOf([0.4, 2])), stack([chain(s1(0.4)), chain(s1(2))]));
  });
  test("eagerly xs is unstacked once", () => {
    const tape = new Tape();
    const xs = alias(full([50, 4], 0.5));
    tape.watch(xs);
    withTape(tape, () => scan((h: Tensor, x: Tensor) => [add(h, x), null], full([4], 0), xs));
    expect(tape.entries.filter((e) => e.inputs.some((t) => t.id === xs.id))).toHaveLength(1);
  });
});

describe("checkpoint, vmap and customDerivative", () => {
  test("an eager replay substitutes captures by name, reads Variables from their first values, and may nest", () => {
    const w = new Variable(s1(0.7));
    const s = new Variable(s1(0.1));
    const inner = (x: Tensor): Tensor => {
      s.value = sin(add(s.value, mul(x, w.value)));
      return mul(s.value, x);
    };
    const program = (wrap: (f: F) => F) => (): Tensor =>
      wrap((x) =>
        mul(wrap(inner)(wrap(inner)(x)), add(s.value, grad((z: Tensor) => mul(sin(z), w.value))(x))),
      )(s1(0.9));
    const results = [
      (f: F): F => f,
      (f: F): F =>
        (x) =>
          checkpoint(f)(x),
    ].map((wrap) => {
      s.value = s1(0.1);
      const [v, g] = lossAndGradients(program(wrap), [w, s]);
      const last = s.value;
      s.value = s1(0.1);
      const inTrace = tracedCall((_: Tensor) => {
        const [loss, gradients] = lossAndGradients(program(wrap), [w, s]);
        return [loss, ...gradients];
      })(s1(0));
      s.value = s1(0.1);
      const hessian = jvpFlat(
        () => [lossAndGradients(program(wrap), [w, s])[1][0]],
        [],
        [],
        new Map([[w, s1(1)]]),
      );
      return stack([v, ...g, last, ...inTrace, hessian[1][0] ?? s1(Number.NaN)]);
    });
    expectClose(results[1], results[0], 1e-12);
    const k = s1(2);
    expect(grad((x: Tensor) => checkpoint((y: Tensor) => mul(y, x))(x))(k).item()).toBe(4);
    expect(grad((x: Tensor) => checkpoint((_y: Tensor) => x)(k))(k).item()).toBe(1);
  });
  test("a pullback of a checkpoint is a checkpoint: outer tapes keep no interior", () => {
    const entries = (f: F): number => {
      const tape = new Tape();
      const x = alias(s1(0.3));
      tape.watch(x);
      withTape(tape, () => grad(f)(x));
      return tape.entries.filter((e) => e.op.name === "exp" || e.op.name === "sin").length;
    };
    const body = (x: Tensor): Tensor => exp(sin(exp(x)));
    expect(entries(body)).toBeGreaterThan(0);
    expect(entries((x) => checkpoint(body)(x))).toBe(0);
  });
  test("what is computed again stands behind a barrier", () => {
    const { trace } = traceFlat(
      ([x]) => [grad((y: Tensor) => checkpoint((z: Tensor) => exp(sin(z)))(y))(x)],
      [s1(1)],
    );
    const again = trace.nodes.filter((n) => n.op.name === "checkpoint").at(-1);
    const structure = again?.op.structure?.(again.attributes);
    expect(structure?.kind === "inline" && structure.barrier).toBe(true);
    const names = structure?.kind === "inline" ? structure.graph.nodes.map((n) => n.op.name) : [];
    expect(names.filter((name) => name === "barrier")).toHaveLength(2);
    expect(names.indexOf("barrier")).toBeLessThan(names.indexOf("exp"));
  });
  test("vmap refuses to assign a Variable what differs between examples", () => {
    const v = new Variable(s1(1));
    const assign = (x: Tensor): Tensor => {
      v.value = x;
      return x;
    };
    expect(() => vmap(assign)(tensorOf([1, 2]))).toThrow(/differs between examples/);
    expect(v.value.item()).toBe(1);
    vmap((x: Tensor) => {
      v.value = add(v.value, 1);
      return mul(x, v.value);
    })(tensorOf([1, 2]));
    expect(v.value.item()).toBe(2);
  });
  test("vmap shares the state of random numbers: equal masks, one draw; a state for each example is a mapped input", () => {
    const random = new Random(5);
    const alone = new Random(5);
    const drop = (x: Tensor): Tensor => mul(x, cast(random.bernoulli([6]), "float64"));
    const want = cast(alone.bernoulli([6]), "float64");
    const masks = vmap(drop)(full([3, 6], 1));
    for (let i = 0; i < 3; i++) expectClose(at(masks, i), want);
    expect([...random.state.value.data]).toEqual([...alone.state.value.data]);
    // And so do the gradients of the examples.
    const slopes = vmap(grad((x: Tensor) => sum(drop(x))))(full([3, 6], 1));
    const next = cast(alone.bernoulli([6]), "float64");
    for (let i = 0; i < 3; i++) expectClose(at(slopes, i), next);
    const states = tensorOf(
      [
        [1, 2, 0],
        [1, 3, 0],
        [1, 2, 1],
      ],
      "int32",
    );
    const bits = (state: Tensor): Tensor => applyOne(randomBitsOp, [state], [4]);
    const drawn = vmap(bits)(states);
    for (let i = 0; i < 3; i++) expectClose(at(drawn, i), bits(at(states, i)));
    expect(new Set([0, 1, 2].map((i) => String(at(drawn, i).toArray()))).size).toBe(3);
  });
  test("customDerivative stays a node, in both modes, under vmap, scan and call", () => {
    // A planted rule: 10 x instead of 2 x.
    const f = customDerivative((x: Tensor) => mul(x, x), { vjp: ([x], _y, c) => [mul(c, mul(x, 10))] });
    const g = customDerivative((x: Tensor) => mul(x, x), { jvp: ([x], [t]) => mul(t, mul(x, 10)) });
    for (const h of [f, g]) {
      expect(d(h, 2)).toBe(20);
      expect(jvp(h, [s1(2)], [s1(1)])[1].item()).toBe(20);
      expect(d((x) => grad(h)(x), 2)).toBe(10);
      expect(traced((x) => grad(h)(x))(s1(2)).item()).toBe(20);
      expect(d(traced(h), 2)).toBe(20);
      expectClose(vmap((x: Tensor) => grad(h)(x))(tensorOf([1, 2])), tensorOf([10, 20]));
      expectClose(grad((x: Tensor) => sum(vmap(h)(x)))(tensorOf([1, 2])), tensorOf([10, 20]));
      const inScan = (w: Tensor): Tensor =>
        scan((c: Tensor, x: Tensor) => [add(c, h(mul(w, x))), c], s1(0), tensorOf([1, 2]))[0];
      expect([d(inScan, 1), traced((w) => grad(inScan)(w))(s1(1)).item(), d(traced(inScan), 1)]).toEqual([
        50, 50, 50,
      ]);
    }
    const { trace } = traceFlat(([x]) => [f(x)], [s1(1)]);
    expect(trace.nodes.map((n) => n.op.name)).toEqual(["customDerivative"]);
  });
  test("under vmap a shared input gets the sum of the examples' gradients", () => {
    const f = customDerivative((w: Tensor, x: Tensor) => mul(w, x), {
      vjp: ([w, x], _y, c) => [mul(c, x), mul(c, w)],
    });
    const loss = (w: Tensor): Tensor => sum(vmap((x: Tensor) => f(w, x))(tensorOf([1, 2, 3])));
    expect(d(loss, 5)).toBe(6);
  });
  test("customDerivative may read values eagerly, and refuses to capture what is differentiated", () => {
    const f = customDerivative((x: Tensor) => (x.item() > 0 ? mul(x, 1) : mul(x, -1)), {
      vjp: ([x], _y, c) => [mul(c, x)],
    });
    expect(d(f, -3)).toBe(-3);
    const capturing = (w: Tensor): Tensor =>
      customDerivative((x: Tensor) => mul(x, w), { vjp: (_, _y, c) => [c] })(s1(1));
    expect(() => grad(capturing)(s1(1))).toThrow(/captures a tensor/);
    expect(() => jvp(capturing, [s1(1)], [s1(1)])).toThrow(/captures a tensor/);
    expect(() => traced((w) => grad(capturing)(w))(s1(1))).toThrow(/captures a tensor/);
    expect(() => grad(traced(capturing))(s1(1))).toThrow(/captures a tensor/);
  });
});
