import { describe, expect, test } from "vitest";
import { greater } from "../../src/ops/comparison.js";
import { cast } from "../../src/ops/conversion.js";
import { add, mul } from "../../src/ops/elementwise.js";
import { exp, tanh } from "../../src/ops/exponential.js";
import { stack } from "../../src/ops/joining.js";
import { reshape, sum } from "../../src/ops/shape.js";
import { at } from "../../src/ops/slicing.js";
import { sin } from "../../src/ops/trigonometric.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { apply, applyOne } from "../../src/trace/apply.js";
import { current } from "../../src/trace/context.js";
import { alias, identityOp } from "../../src/trace/identity.js";
import { Tape } from "../../src/trace/tape.js";
import { traceFlat } from "../../src/trace/trace.js";
import { Variable } from "../../src/trace/variable.js";
import { callOp } from "../../src/transforms/call.js";
import { checkpoint } from "../../src/transforms/checkpoint.js";
import { close } from "../../src/transforms/close.js";
import { customDerivative } from "../../src/transforms/custom-derivative.js";
import { jvpFlat } from "../../src/transforms/forward.js";
import { grad, lossAndGradients } from "../../src/transforms/gradient.js";
import { jvp, linearize, vjp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { scanOp } from "../../src/transforms/scan-op.js";
import { splitOf } from "../../src/transforms/split.js";
import { withTape } from "../../src/transforms/sweep.js";
import { vmap } from "../../src/transforms/vmap.js";
import { expectClose, full, numeric, s1, tensorOf } from "./tensors.js";
import { interpreter, tracedCall } from "./traced-call.js";

type F = (x: Tensor) => Tensor;
const traced = (f: F) => (x: Tensor) => tracedCall((y: Tensor) => f(y))(x);
const d = (f: F, x: number): number => grad(f)(s1(x)).item();

describe("names: tapes go by identity", () => {
  test("an op never returns one of its inputs, nor the same output twice", () => {
    const x = s1(1);
    expect(applyOne(identityOp, [x], null)).not.toBe(x);
    const { graph } = close(([a, b]) => [a, a, b], [x, x]);
    const out = apply(callOp, [x, x], { graph, runner: interpreter });
    expect(new Set([x, ...out]).size).toBe(4);
    const passed = tracedCall((h: Tensor) => scan((c: Tensor, y: Tensor) => [c, y], h, full([2], 1))[0]);
    expect(passed(x)).not.toBe(x);
    const body = close(([c]) => [c], [x]).graph;
    expect(apply(scanOp, [x], { body, constants: 0, carries: 1, length: 1, reverse: false })[0]).not.toBe(x);
  });
  test("an argument is renamed: a closure's copy of it is not the argument", () => {
    const y = s1(3);
    expect(grad((x: Tensor) => mul(x, y))(y).item()).toBe(3);
    expect(jvp((x: Tensor) => mul(x, y), [y], [s1(1)])[1].item()).toBe(3);
    expect(vjp((x: Tensor) => mul(x, y), y)[1](s1(1))[0].item()).toBe(3);
    expect(linearize((x: Tensor) => mul(x, y), y)[1](s1(1)).item()).toBe(3);
    const twice = grad((p: { a: Tensor; b: Tensor }) => mul(p.a, mul(p.b, p.b)))({ a: y, b: y });
    expect([twice.a.item(), twice.b.item()]).toEqual([9, 18]);
    // The renaming is recorded by outer tapes.
    expect(d((x) => grad((z: Tensor) => mul(mul(z, z), x))(x), 3)).toBe(12);
    expect(grad((x: Tensor) => x)(y).item()).toBe(1);
  });
  test("each tape renames a Variable's value at first sight, outermost first, and assigning touches it first", () => {
    const t = s1(3);
    const a = new Variable(t);
    const b = new Variable(t);
    const [, [ga, gb]] = lossAndGradients(() => mul(a.value, mul(b.value, mul(b.value, t))), [a, b]);
    expect([ga.item(), gb.item()]).toEqual([27, 54]);
    const assigned = lossAndGradients(() => {
      const old = a.value;
      a.value = mul(a.value, 2);
      return mul(a.value, old);
    }, [a]);
    expect([assigned[0].item(), assigned[1][0].item(), a.value.item()]).toEqual([18, 12, 6]);
    a.value = t;
    const overwritten = lossAndGradients(() => {
      a.value = s1(5);
      return mul(a.value, a.value);
    }, [a]);
    expect(overwritten[1][0].item()).toBe(0);
    a.value = t;
    const cube = (): Tensor => mul(a.value, mul(a.value, a.value));
    const [, [second]] = lossAndGradients(() => mul(lossAndGradients(cube, [a])[1][0], a.value), [a]);
    expect(second.item()).toBe(81);
  });
  test("forward mode over Variables seeds the leaf at first sight", () => {
    const a = new Variable(s1(3));
    const gradient = (): Tensor => lossAndGradients(() => mul(a.value, mul(a.value, a.value)), [a])[1][0];
    const [, [tangent]] = jvpFlat(() => [gradient()], [], [], new Map([[a, s1(1)]]));
    expect(tangent?.item()).toBe(18);
  });
  test("a tape that is open when a store begins does not rename its values again", () => {
    const a = new Variable(s1(3));
    const f = (): Tensor => checkpoint((x: Tensor) => mul(x, mul(a.value, a.value)))(s1(2));
    expect(lossAndGradients(f, [a])[1][0].item()).toBe(12);
    const twice = lossAndGradients(() => lossAndGradients(f, [a])[1][0], [a]);
    expect(twice[1][0].item()).toBe(4);
  });
});

describe("tapes", () => {
  test("inner tapes first; what they make of an op is what outer ones see", () => {
    const cube = traced((x) => mul(x, mul(x, x)));
    expect(d((x) => grad(cube)(x), 2)).toBeCloseTo(12, 12);
    expect(d((x) => grad((y: Tensor) => grad(cube)(y))(x), 2)).toBeCloseTo(6, 12);
  });
  test("derivative ops are hidden from their tape and those inside: no perturbation is confused", () => {
    expect(d((x) => mul(x, grad((y: Tensor) => add(x, y))(s1(1))), 1)).toBe(1);
    expect(
      jvp(
        (x: Tensor) => mul(x, jvp((y: Tensor) => add(x, y), [s1(1)], [s1(1)])[1]),
        [s1(1)],
        [s1(1)],
      )[1].item(),
    ).toBe(1);
    expect(d((x) => mul(x, jvp((y: Tensor) => mul(x, y), [s1(2)], [s1(1)])[1]), 3)).toBe(6);
    expect(
      jvp((x: Tensor) => mul(x, grad((y: Tensor) => mul(x, y))(s1(2))), [s1(3)], [s1(1)])[1].item(),
    ).toBe(6);
  });
  test("outer tapes watch what was computed under an inner one; the inner sweep runs after its tape has left", () => {
    expect(
      d((x) => {
        let kept = s1(0);
        grad((y: Tensor) => {
          kept = mul(y, x);
          return kept;
        })(x);
        return kept;
      }, 3),
    ).toBe(6);
  });
  test("only float outputs are watched", () => {
    expect(d((x) => mul(x, cast(greater(x, 0), "float64")), 2)).toBe(1);
    const tape = new Tape();
    const x = alias(full([2], 1));
    tape.watch(x);
    withTape(tape, () => greater(x, 0));
    expect(tape.entries).toHaveLength(0);
  });
  test("null is a symbolic zero, per output, in both directions", () => {
    const f = (x: Tensor): [Tensor, Tensor] => [mul(x, 2), mul(x, x)];
    const [, pull] = vjp(tracedCall(f), s1(3));
    const zero = null as unknown as Tensor;
    expect([
      pull([zero, s1(1)])[0].item(),
      pull([s1(1), zero])[0].item(),
      pull([zero, zero])[0].item(),
    ]).toEqual([6, 2, 0]);
    expect(jvp((a: Tensor, b: Tensor) => mul(a, b), [s1(2), s1(3)], [zero, s1(1)])[1].item()).toBe(2);
  });
  test("a body's way back is traced for the cotangents that exist only", () => {
    const { graph } = close(([x]) => [exp(exp(x)), mul(x, 2)], [s1(1)]);
    const split = splitOf(graph, [true]);
    const count = (given: readonly boolean[]): number => split.back(given).graph.nodes.length;
    expect(count([false, true])).toBeLessThan(count([true, true]));
    expect(split.back([false, true]).residuals).toHaveLength(0);
  });
  test("a sweep of grad lets go of entries; a pullback of vjp may be called again", () => {
    const [, pull] = vjp((x: Tensor) => mul(x, x), s1(3));
    expect([pull(s1(1))[0].item(), pull(s1(2))[0].item()]).toEqual([6, 12]);
  });
  test("a tape keeps what the op's derivative reads and nothing else", () => {
    const tape = new Tape();
    const [a, b] = [alias(full([1000], 1)), full([1000], 2)];
    tape.watch(a);
    withTape(tape, () => tanh(mul(add(a, b), b)));
    const kept = tape.entries.map(
      (e) => [...e.inputs, ...e.outputs].filter((t) => t.storage !== null).length,
    );
    // add: nothing; mul: the other operand; tanh: its output.
    expect(tape.entries.map((e) => e.op.name)).toEqual(["add", "mul", "tanh"]);
    expect(kept).toEqual([0, 1, 1]);
  });
  test("what is older than a tape is not watched by it", () => {
    const old = s1(1);
    const tape = new Tape();
    expect(tape.isWatched(old.id)).toBe(false);
    const later = s1(2);
    tape.watch(later);
    expect([
      tape.isWatched(later.id),
      tape.isWatched(later.id + 1),
      tape.isWatched(later.id + 100_000),
    ]).toEqual([true, false, false]);
  });
});

describe("traces", () => {
  test("the question is whether a trace is open, not whether an input is symbolic", () => {
    const alone = (w: Tensor): Tensor => tracedCall((x: Tensor) => mul(x, mul(w, w)))(s1(2));
    expect(d(alone, 3)).toBe(12);
    const inCheckpoint = traced((w) =>
      grad((v: Tensor) => checkpoint((x: Tensor) => mul(x, mul(v, v)))(s1(2)))(w),
    );
    expect(inCheckpoint(s1(3)).item()).toBe(12);
    const inScan = (w: Tensor): Tensor =>
      tracedCall(
        (x: Tensor) => scan((c: Tensor, y: Tensor) => [add(c, mul(y, mul(w, w))), c], full([], 0), x)[0],
      )(tensorOf([2]));
    expect(d(inScan, 3)).toBe(12);
    const { trace } = traceFlat(([x]) => [mul(x, sum(tanh(mul(reshape(s1(1), [1]), 2))))], [s1(0)]);
    expect(trace.nodes.map((n) => n.op.name)).toContain("tanh");
  });
  test("a trace hides outer tapes and lifts captures, whatever the composition", () => {
    const via: readonly ((g: F) => F)[] = [
      (g) => checkpoint(g),
      (g) => tracedCall(g),
      (g) => (x) => at(vmap(g)(reshape(x, [1])), 0),
      (g) => (x) => scan((c: Tensor, y: Tensor) => [g(y), c], s1(0), reshape(x, [1]))[0],
    ];
    const f = (w: Tensor, g: (h: F) => F): Tensor => {
      const z = mul(w, w);
      return g((x) => sin(mul(mul(x, z), w)))(s1(0.3));
    };
    const plain = (w: Tensor): Tensor => f(w, (g) => g);
    const w = s1(1.3);
    const first = grad(plain)(w);
    for (const g of via) {
      const h = (v: Tensor): Tensor => f(v, g);
      expectClose(grad(h)(w), first);
      expectClose(jvp(h, [w], [s1(1)])[1], first);
      expectClose(traced((v) => grad(h)(v))(w), first);
      expectClose(grad((v: Tensor) => grad(h)(v))(w), grad((v: Tensor) => grad(plain)(v))(w));
    }
  });
  test("a failed trace leaves Variables and the stack as they were", () => {
    const v = new Variable(s1(1));
    const failing = (): unknown =>
      tracedCall((x: Tensor) => {
        v.value = mul(x, 2);
        throw new Error("boom");
      })(s1(1));
    expect(failing).toThrow("boom");
    expect(v.value.item()).toBe(1);
    expect(() =>
      grad(() => {
        throw new Error("boom");
      })(s1(1)),
    ).toThrow("boom");
    expect([current().trace, current().tapes.length]).toEqual([null, 0]);
  });
  test("a symbol that outlives its trace is an error, at once and inside another trace", () => {
    let leaked = s1(0);
    tracedCall((x: Tensor) => {
      leaked = mul(x, 2);
      return leaked;
    })(s1(1));
    expect(() => add(leaked, 1)).toThrow(/outside of the function that was being traced/);
    expect(() => tracedCall((x: Tensor) => add(x, leaked))(s1(1))).toThrow(/outside of the function/);
    expect(() => grad((x: Tensor) => add(x, leaked))(s1(1))).toThrow(/outside of the function/);
  });
  test("a program that captured a watched tensor is not kept for the next call", () => {
    let held = s1(0);
    const call = tracedCall((x: Tensor) => mul(x, held));
    for (const v of [2, 3]) {
      const f = (w: Tensor): Tensor => {
        held = w;
        return call(mul(w, 1));
      };
      expect(d(f, v)).toBe(2 * v);
    }
  });
});

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
