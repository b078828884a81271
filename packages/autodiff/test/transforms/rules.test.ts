import { describe, expect, test } from "vitest";
import { add, mul } from "../../src/ops/arithmetic.js";
import { greater } from "../../src/ops/comparison.js";
import { cast } from "../../src/ops/conversion.js";
import { exp, tanh } from "../../src/ops/exponential.js";
import { sum } from "../../src/ops/reduction.js";
import { reshape } from "../../src/ops/shape.js";
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
import { jvpFlat } from "../../src/transforms/forward.js";
import { grad, lossAndGradients } from "../../src/transforms/gradient.js";
import { jvp, linearize, vjp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { scanOp } from "../../src/transforms/scan-op.js";
import { splitOf } from "../../src/transforms/split.js";
import { withTape } from "../../src/transforms/sweep.js";
import { vmap } from "../../src/transforms/vmap.js";
import { expectClose, full, s1, tensorOf } from "./tensors.js";
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
  test("each tape renames a Variable's value at first sight, outermost first", () => {
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
  test("assigning touches first: a tape's leaf is the value from before, also where nothing read it", () => {
    const a = new Variable(s1(3));
    const overwrite = (): Tensor => {
      a.value = s1(5);
      return mul(a.value, a.value);
    };
    const tape = new Tape();
    withTape(tape, overwrite);
    expect([tape.leaves.get(a)?.item(), a.value.item(), tape.entries.length]).toEqual([3, 5, 0]);
    a.value = s1(3);
    expect(lossAndGradients(overwrite, [a])[1][0].item()).toBe(0);
    // Reading afterwards would otherwise give 5 the tangent that was meant for 3.
    const seeds = new Map([[a, s1(1)]]);
    const programs: readonly F[] = [(x) => x, (x) => checkpoint((y: Tensor) => y)(x)];
    for (const wrap of programs) {
      a.value = s1(3);
      expect(jvpFlat(() => [wrap(overwrite())], [], [], seeds)[1]).toEqual([null]);
    }
    a.value = s1(3);
    const own = mul(a.value, 1);
    const [, [tangent]] = jvpFlat(
      () => {
        a.value = mul(a.value, own);
        return [a.value];
      },
      [],
      [],
      seeds,
    );
    expect([tangent?.item(), a.value.item()]).toEqual([3, 9]);
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
  test("a trace hides outer tapes: they see one op, and neither symbols nor the Variables that it reads", () => {
    const a = new Variable(s1(3));
    const inside = (x: Tensor): Tensor => {
      expect(current().tapes).toHaveLength(0);
      return mul(mul(x, a.value), a.value);
    };
    const tape = new Tape();
    const x = alias(s1(2));
    tape.watch(x);
    let y = x;
    withTape(tape, () => {
      y = tracedCall((z: Tensor) => inside(z))(x);
    });
    expect(y.item()).toBe(18);
    expect(tape.entries.map((e) => e.op.name)).toEqual(["call"]);
    expect(tape.leaves.get(a)?.item()).toBe(3);
    // The leaf is the value that goes into the call, not a symbol of the trace.
    const [, [tangent]] = jvpFlat(
      () => [tracedCall((z: Tensor) => inside(z))(s1(2))],
      [],
      [],
      new Map([[a, s1(1)]]),
    );
    expect(tangent?.item()).toBe(12);
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
