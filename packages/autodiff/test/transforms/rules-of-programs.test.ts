import { describe, expect, test } from "vitest";
import { backendChoice } from "../../src/compiler/backend.js";
import { compile } from "../../src/compiler/compile.js";
import { Instance } from "../../src/compiler/instance.js";
import { add, mul } from "../../src/ops/arithmetic.js";
import { tanh } from "../../src/ops/exponential.js";
import { sum } from "../../src/ops/reduction.js";
import { reshape } from "../../src/ops/shape.js";
import { sin } from "../../src/ops/trigonometric.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { current } from "../../src/trace/context.js";
import { alias } from "../../src/trace/identity.js";
import { Tape } from "../../src/trace/tape.js";
import { traceFlat } from "../../src/trace/trace.js";
import { checkpoint } from "../../src/transforms/checkpoint.js";
import { close } from "../../src/transforms/close.js";
import { jvpFlat } from "../../src/transforms/forward.js";
import { grad } from "../../src/transforms/gradient.js";
import { jvp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { withTape } from "../../src/transforms/sweep.js";
import { expectClose, full, Seeded, s1, tensorOf } from "./tensors.js";

// Rules about what becomes of programs: how they nest, and how their memory grows with time. Bytes are those of the plan, or those that are kept; nothing is timed.

type F = (x: Tensor) => Tensor;

describe("compile", () => {
  test("inside an open trace is just the function: no call, and no program of its own", () => {
    let runs = 0;
    const inner = compile((x: Tensor) => {
      runs++;
      return sin(mul(x, x));
    });
    const { trace } = traceFlat(([x]) => [inner(inner(x))], [s1(1)]);
    expect(trace.nodes.map((n) => n.op.name)).toEqual(["mul", "sin", "mul", "sin"]);
    expect(runs).toBe(2);
    const outer = compile((x: Tensor) => mul(inner(x), 2));
    expectClose(outer(s1(0.5)), mul(sin(s1(0.25)), 2), 1e-12);
    expect(runs).toBe(3);
    // Outside it is a program, traced once.
    for (const x of [1, 2]) expectClose(inner(s1(x)), sin(s1(x * x)), 1e-12);
    expect(runs).toBe(4);
  });
  test("inside a body of scan, too: the loop holds its ops", () => {
    const inner = compile((h: Tensor) => tanh(h));
    const { graph } = close(
      ([h]) => [scan((c: Tensor, x: Tensor) => [inner(add(c, x)), null], h, full([3], 1))[0]],
      [s1(1)],
    );
    const structure = graph.nodes.map(({ op, attributes }) => op.structure?.(attributes));
    const bodies = structure.flatMap((each) => (each?.kind === "loop" ? [each.body] : []));
    expect(bodies.map((body) => body.nodes.map((n) => n.op.name))).toEqual([["add", "tanh"]]);
  });
});

/** Bytes of memory that a compiled function needs in all. */
const planned = (f: F, x: Tensor): number => {
  const source = { name: "f", ...close(([t]) => [f(t)], [x]), flushSubnormals: false };
  return new Instance(source, backendChoice("wasm")()).executable.bytes;
};

// Above 256 elements a tensor has an array of its own.
const size = 320;
const start = full([size], 0.1);
const weight = new Seeded(1).tensor(size);
const step = (w: Tensor, h: Tensor): Tensor => tanh(add(mul(h, w), 0.1));
const steps = (w: Tensor, h: Tensor, length: number): Tensor =>
  scan((c: Tensor) => [step(w, c), null], h, null, { length })[0];
const straight =
  (length: number): F =>
  (w) =>
    sum(steps(w, start, length));
/** The same in √T stretches of √T steps, of which the way back runs each again. */
const inStretches =
  (length: number): F =>
  (w) => {
    const stretch = checkpoint((h: Tensor) => steps(w, h, Math.sqrt(length)));
    return sum(scan((h: Tensor) => [stretch(h), null], start, null, { length: Math.sqrt(length) })[0]);
  };

describe("checkpoint inside scan", () => {
  const [T, state] = [256, size * 8];
  test("needs memory for √T states, in the plan of a program", () => {
    const bytes = (program: (length: number) => F, length: number): number =>
      planned((w) => grad(program(length))(w), weight);
    expectClose(compile(grad(inStretches(16)))(weight), grad(straight(16))(weight), 1e-12);
    // The plain loop stacks every state: four times as many steps, four times as many states.
    expect(bytes(straight, 4 * T) - bytes(straight, T)).toBeGreaterThanOrEqual(3 * T * state);
    // One stack of stretches' starts and one of the steps of a stretch: each grows by √(4T) − √T = √T states.
    const [short, long] = [bytes(inStretches, T), bytes(inStretches, 4 * T)];
    expect(long - short).toBeLessThanOrEqual(2 * Math.sqrt(T) * state);
    expect(short).toBeLessThan(3 * Math.sqrt(T) * state);
  });
  test("keeps √T states on a tape", () => {
    const kept = (program: (length: number) => F, length: number): number => {
      const tape = new Tape();
      const w = alias(weight);
      tape.watch(w);
      withTape(tape, () => program(length)(w));
      const storages = new Set(
        tape.entries.flatMap((e) => [...e.inputs, ...e.outputs]).map((t) => t.storage),
      );
      return [...storages].reduce((n, storage) => n + (storage?.byteLength ?? 0), 0);
    };
    expect(kept(straight, 4 * T) - kept(straight, T)).toBeGreaterThanOrEqual(3 * T * state);
    expect(kept(inStretches, 4 * T) - kept(inStretches, T)).toBeLessThanOrEqual(2 * Math.sqrt(T) * state);
  });
});

describe("forward mode through scan", () => {
  const [T, ones] = [100, full([size], 1)];
  const forward =
    (length: number): F =>
    (w) =>
      jvp(straight(length), [w], [ones])[1];
  test("keeps no stack, in the plan of a program", () => {
    expectClose(compile(forward(16))(weight), sum(grad(straight(16))(weight)), 1e-9);
    const { graph } = close(([w]) => [forward(T)(w)], [weight]);
    const stacks = graph.nodes.flatMap((n) => n.outputs).filter((t) => t.shape[0] === T);
    expect(stacks).toEqual([]);
    expect(planned(forward(4 * T), weight)).toBe(planned(forward(T), weight));
    // Reverse mode has to.
    const back = (length: number): number => planned((w) => grad(straight(length))(w), weight);
    expect(back(4 * T) - back(T)).toBeGreaterThanOrEqual(3 * T * size * 8);
  });
  test("keeps no list, eagerly: what a stream holds does not grow", () => {
    /** Tensors that are reachable from an object without going through weak references. */
    const held = (root: object): number => {
      const seen = new Set<object>();
      const open: unknown[] = [root];
      while (open.length > 0) {
        const next = open.pop();
        if (typeof next !== "object" || next === null || seen.has(next) || ArrayBuffer.isView(next)) continue;
        seen.add(next);
        if (next instanceof Map) open.push(...next.keys(), ...next.values());
        else if (next instanceof Set) open.push(...next);
        else open.push(...Object.values(next));
      }
      return [...seen].filter((each) => each instanceof Tensor).length;
    };
    const after = (length: number): number => {
      let count = Number.NaN;
      const f = (w: Tensor): Tensor => {
        const y = straight(length)(w);
        const [stream] = current().tapes;
        count = held(stream);
        return y;
      };
      const [, [tangent]] = jvpFlat(([w]) => [f(w)], [weight], [ones]);
      expectClose(reshape(tangent ?? tensorOf([Number.NaN]), []), forward(length)(weight), 1e-12);
      return count;
    };
    expect(after(4 * T)).toBe(after(T));
  });
});
