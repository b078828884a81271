import { describe, expect, test } from "vitest";
import { bytesOf } from "../../src/base/dtype.js";
import { sizeOf } from "../../src/base/shape.js";
import { add, mul } from "../../src/ops/arithmetic.js";
import { greater } from "../../src/ops/comparison.js";
import { cast } from "../../src/ops/conversion.js";
import { exp, tanh } from "../../src/ops/exponential.js";
import { randomBitsOp } from "../../src/ops/random/bits.js";
import { sum } from "../../src/ops/reduction.js";

import { sin } from "../../src/ops/trigonometric.js";
import { fromArray, Tensor } from "../../src/tensor/tensor.js";
import { applyOne } from "../../src/trace/apply.js";
import { alias } from "../../src/trace/identity.js";
import type { Graph, Node } from "../../src/trace/op.js";
import { Tape } from "../../src/trace/tape.js";
import { live, traceFlat } from "../../src/trace/trace.js";
import { Variable } from "../../src/trace/variable.js";
import { checkpoint } from "../../src/transforms/checkpoint.js";
import { grad, lossAndGradients } from "../../src/transforms/gradient.js";
import { jvp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { withTape } from "../../src/transforms/sweep.js";
import { expectClose, full, matmul, Seeded, s1 } from "./tensors.js";
import { tracedCall } from "./traced-call.js";

// What derivatives cost, in nodes and bytes; never in time.

const spec = (...shape: number[]): Tensor => new Tensor(shape, "float32", null, null, 0, null);
function graphOf(f: (inputs: readonly Tensor[]) => readonly Tensor[], specs: readonly Tensor[]): Graph {
  const { trace, inputs, outputs } = traceFlat(f, specs);
  return live({ inputs, nodes: trace.nodes, outputs });
}
const bytes = (t: Tensor): number => sizeOf(t.shape) * bytesOf[t.dtype];
/** Bytes that a tape's entries keep, each storage once. */
function kept(tape: Tape): number {
  const storages = new Map<object, number>();
  for (const e of tape.entries) {
    for (const t of [...e.inputs, ...e.outputs])
      if (t.storage !== null) storages.set(t.storage, t.storage.byteLength);
  }
  return [...storages.values()].reduce((a, b) => a + b, 0);
}
function recorded(f: (x: Tensor) => Tensor, x: Tensor): Tape {
  const tape = new Tape();
  const leaf = alias(x);
  tape.watch(leaf);
  withTape(tape, () => f(leaf));
  return tape;
}
const [T, B, H, I] = [64, 32, 128, 16];
const scans = (g: Graph): readonly Node[] => g.nodes.filter((n) => n.op.name === "scan");
const timeStacks = (node: Node): readonly (readonly number[])[] =>
  node.outputs.map((t) => t.shape).filter((shape) => shape[0] === T && shape.length === 3);

describe("the gradient of a traced rnn", () => {
  const rnn = ([w, u, h0, xs]: readonly Tensor[]): Tensor => {
    const body = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
      const next = tanh(add(matmul(h, w), matmul(x, u)));
      return [next, next];
    };
    return sum(scan(body, h0, xs)[1]);
  };
  const specs = [spec(H, H), spec(I, H), spec(B, H), spec(T, B, I)];
  const g = graphOf((all) => [grad((w: Tensor) => rnn([w, ...all.slice(1)]))(all[0])], specs);

  test("is two scans, of which the first stacks the states once", () => {
    expect(scans(g)).toHaveLength(2);
    expect(timeStacks(scans(g)[0])).toEqual([[T, B, H]]);
  });
  test("has as many nodes at T = 100,000, and they are few", () => {
    const long = [...specs.slice(0, 3), spec(100_000, B, I)];
    const h = graphOf((all) => [grad((w: Tensor) => rnn([w, ...all.slice(1)]))(all[0])], long);
    expect(h.nodes.length).toBe(g.nodes.length);
    expect(g.nodes.length).toBeLessThan(20);
  });
  test("with a checkpointed cell stacks nothing but states", () => {
    const deep = (
      all: readonly Tensor[],
      wrap: (f: (h: Tensor, x: Tensor) => Tensor) => (h: Tensor, x: Tensor) => Tensor,
    ): Tensor => {
      const cell = wrap((h, x) => tanh(matmul(sin(exp(add(matmul(h, all[0]), matmul(x, all[1])))), all[0])));
      const body = (h: Tensor, x: Tensor): [Tensor, null] => [cell(h, x), null];
      return sum(scan(body, all[2], all[3])[0]);
    };
    const stacked = (wrap: Parameters<typeof deep>[1]): number => {
      const made = graphOf((all) => [grad((w: Tensor) => deep([w, ...all.slice(1)], wrap))(all[0])], specs);
      return scans(made)[0].outputs.reduce((n, t) => n + bytes(t), 0);
    };
    const carry = B * H * 4;
    expect(stacked((f) => checkpoint(f))).toBe(T * B * H * 4 + carry);
    expect(stacked((f) => f)).toBe(3 * T * B * H * 4 + carry);
  });
  test("of random masks stacks the counter, not the mask", () => {
    const state = new Variable(fromArray(new Int32Array([1, 2, 0]), [3], "int32"));
    const one = fromArray(new Int32Array([0, 0, 1]), [3], "int32");
    const f = (w: Tensor): Tensor => {
      const body = (h: Tensor): [Tensor, null] => {
        const bits = applyOne(randomBitsOp, [state.value], [B, H]);
        state.value = add(state.value, one);
        return [mul(mul(h, w), cast(greater(bits, 0), "float32")), null];
      };
      return sum(scan(body, full([B, H], 1, "float32"), null, { length: T })[0]);
    };
    const made = graphOf(
      ([w]) =>
        lossAndGradients(() => f(w), [])
          .slice(0, 1)
          .map(() => grad(f)(w)),
      [spec(B, H)],
    );
    const forward = scans(made).find((n) => n.outputs.some((t) => t.shape[0] === T));
    const stacks = forward?.outputs.filter((t) => t.shape[0] === T).map((t) => `${t.dtype}[${t.shape}]`);
    expect(stacks).toEqual([`int32[${T},3]`, `float32[${T},${B},${H}]`]);
  });
  test("computes once what follows from constants alone", () => {
    const f = (w: Tensor): Tensor => {
      const body = (h: Tensor): [Tensor, null] => [mul(h, exp(w)), null];
      return sum(scan(body, full([B, H], 1, "float32"), null, { length: T })[0]);
    };
    const made = graphOf(([w]) => [grad(f)(w)], [spec(B, H)]);
    expect(timeStacks(scans(made)[0])).toEqual([[T, B, H]]);
    expect(made.nodes.filter((n) => n.op.name === "exp")).toHaveLength(1);
  });
});

describe("what tapes keep", () => {
  const x = full([1000], 0.5);
  const chain =
    (f: (h: Tensor) => Tensor) =>
    (t: Tensor): Tensor => {
      let h = t;
      for (let k = 0; k < 100; k++) h = f(h);
      return h;
    };
  test("additions: nothing", () => {
    expect(
      kept(
        recorded(
          chain((h) => add(h, x)),
          x,
        ),
      ),
    ).toBe(0);
  });
  test("a product: the other factor alone", () => {
    const other = full([1000], 2);
    expect(kept(recorded((t) => mul(t, other), x))).toBe(8000);
    expect(kept(recorded((t) => mul(other, t), x))).toBe(8000);
    expect(kept(recorded((t) => mul(t, t), x))).toBe(8000);
  });
  test("tanh: its output", () => {
    expect(kept(recorded(chain(tanh), x))).toBe(100 * 8000);
  });
  test("a checkpointed chain: its argument, also when a pullback is recorded", () => {
    const f = checkpoint(chain((h) => tanh(h)));
    expect(kept(recorded(f, x))).toBe(8000);
    const twice = recorded((t) => grad((y: Tensor) => sum(f(y)))(t), x);
    expect(kept(twice)).toBeLessThan(10 * 8000);
  });
  test("a call: its residuals", () => {
    const call = tracedCall((h: Tensor) => add(add(add(tanh(h), 1), 2), x));
    expect(kept(recorded((t) => call(t), x))).toBe(8000);
  });
});

describe("nothing recurses over depth", () => {
  test("an eager tanh rnn over 100,000 steps, forward and backward", () => {
    const n = 100_000;
    const xs = fromArray(new Float64Array(n).fill(0.01), [n], "float64");
    const f = ([w, inputs]: readonly [Tensor, Tensor]): Tensor =>
      scan(
        (h: Tensor, x: Tensor) => {
          const next = tanh(add(mul(h, w), x));
          return [next, next];
        },
        s1(0.1),
        inputs,
      )[0];
    const [gw, gx] = grad(f)([s1(0.9), xs]);
    const [cw, cx] = tracedCall((w: Tensor, inputs: Tensor) => grad(f)([w, inputs]))(s1(0.9), xs);
    expectClose(cw, gw, 1e-12);
    expectClose(cx, gx, 1e-12);
    const [, tangent] = jvp((w: Tensor) => f([w, xs]), [s1(0.9)], [s1(1)]);
    expectClose(tangent, gw, 1e-9);
  });
  test("a traced chain of 100,000 ops and its gradient", () => {
    const random = new Seeded(1).tensor(2);
    const f = (x: Tensor): Tensor => {
      let h = x;
      for (let k = 0; k < 50_000; k++) h = mul(alias(h), 1.00001);
      return sum(h);
    };
    expectClose(tracedCall((x: Tensor) => grad(f)(x))(random), grad(f)(random), 1e-12);
    expectClose(grad((x: Tensor) => tracedCall(f)(x))(random), grad(f)(random), 1e-12);
  });
});
