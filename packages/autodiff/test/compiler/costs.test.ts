import { describe, expect, test, vi } from "vitest";
import { wasmProgramBackend } from "../../src/backends/wasm/index.js";
import { compile } from "../../src/compiler/compile.js";
import { Instance } from "../../src/compiler/instance.js";
import {
  add,
  lossAndGradients,
  matmul,
  mul,
  scan,
  sigmoid,
  slice,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  Variable,
  zeros,
} from "../../src/index.js";
import { accessesOf } from "../../src/kernel/accesses.js";
import type { HostBackend } from "../../src/kernel/backend.js";
import { planMemory } from "../../src/kernel/plan-memory.js";
import { homeOf, type Kernel, type Program } from "../../src/kernel/program.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { hostMemory } from "./host-memory.js";

// What compiling must cost and what it must save, counted in kernels, nodes and bytes, never in time.

interface Made {
  readonly program: Program;
  readonly codeBytes: number;
  readonly nodes: readonly number[];
}

/** The programs that are made while `f` runs. */
function programsOf(f: () => void): Made[] {
  const made: Made[] = [];
  const run = vi.spyOn(Instance.prototype, "run").mockImplementation(function (this: Instance, inputs) {
    run.mockRestore();
    const { program, executable, report } = this;
    made.push({ program, codeBytes: executable.codeBytes, nodes: report.passes.map((p) => p.nodes) });
    return this.run(inputs);
  });
  try {
    f();
  } finally {
    run.mockRestore();
  }
  return made;
}

const batch = 3;
const inputs = 5;
const hidden = 7;
const outputs = 4;

/** A training step of an LSTM with an output layer over T steps: loss, backpropagation through time, SGD. */
function lstmStep(length: number): { step: (xs: Tensor, ys: Tensor) => Tensor; xs: Tensor; ys: Tensor } {
  const random = seededRandom(1);
  const draw = (...shape: number[]): Tensor => random.tensor(shape, [-0.3, 0.3], "float32");
  const [wi, wh, b, wo] = [
    draw(4 * hidden, inputs),
    draw(4 * hidden, hidden),
    draw(4 * hidden),
    draw(hidden, outputs),
  ].map((t) => new Variable(t));
  const variables = [wi, wh, b, wo];
  const step = (xs: Tensor, ys: Tensor): Tensor => {
    const [loss, gradients] = lossAndGradients(() => {
      const cell = (
        [h, c]: readonly [Tensor, Tensor],
        x: Tensor,
      ): readonly [readonly [Tensor, Tensor], Tensor] => {
        const z = add(add(matmul(x, transpose(wi.value)), matmul(h, transpose(wh.value))), b.value);
        const gate = (k: number): Tensor => slice(z, [null, [k * hidden, (k + 1) * hidden]]);
        const next = add(mul(sigmoid(gate(1)), c), mul(sigmoid(gate(0)), tanh(gate(2))));
        const out = mul(sigmoid(gate(3)), tanh(next));
        return [[out, next], out];
      };
      const [, hs] = scan(cell, [zeros([batch, hidden]), zeros([batch, hidden])] as const, xs);
      const error = sub(matmul(hs, wo.value), ys);
      return sum(mul(error, error));
    }, variables);
    variables.forEach((v, i) => {
      v.value = sub(v.value, mul(gradients[i], 0.01));
    });
    return loss;
  };
  return { step, xs: draw(length, batch, inputs), ys: draw(length, batch, outputs) };
}

const made = (length: number, backend?: "javascript"): Made => {
  const { step, xs, ys } = lstmStep(length);
  const [program] = programsOf(() => compile(step, backend === undefined ? {} : { backend })(xs, ys));
  return program;
};
const kinds = (kernels: readonly Kernel[]): string[] => kernels.map((k) => k.kind).sort();
const gemms = (kernels: readonly Kernel[]): string[] =>
  kernels.flatMap((k) => (k.kind === "gemm" ? [`${k.m}x${k.k}x${k.n}`] : [])).sort();

describe("a training step of an LSTM", () => {
  const length = 8;
  const { program } = made(length);
  const loops = program.kernels.filter((k) => k.kind === "loop");
  test("is two loops over time, each of one small product and one fused kernel", () => {
    expect(loops.map((l) => [l.length, l.reverse])).toEqual([
      [length, false],
      [length, true],
    ]);
    for (const loop of loops) expect(kinds(loop.body)).toEqual(["gemm", "map"]);
    expect(gemms(loops[0].body)).toEqual([`${batch}x${hidden}x${4 * hidden}`]);
    expect(gemms(loops[1].body)).toEqual([`${batch}x${4 * hidden}x${hidden}`]);
  });
  test("has one product per weight outside of the loops, over all steps at once", () => {
    const rows = length * batch;
    const found = program.kernels.flatMap((k) => (k.kind === "gemm" ? [k] : []));
    // x·Wᵢ and h·Wₒ before and after the forward loop, and the way back through Wₒ.
    const forward = found.filter((k) => k.m === rows);
    expect(forward.map((k) => `${k.k}x${k.n}`).sort()).toEqual(
      [`${inputs}x${4 * hidden}`, `${hidden}x${outputs}`, `${outputs}x${hidden}`].sort(),
    );
    const gradients = found.filter((k) => k.k === rows);
    // Either way round: a gradient may be made as its weight lies.
    expect(gradients.map((k) => [k.m, k.n].sort((p, q) => p - q).join("x")).sort()).toEqual(
      [`${inputs}x${4 * hidden}`, `${hidden}x${4 * hidden}`, `${outputs}x${hidden}`].sort(),
    );
    expect(found.length).toBe(6);
  });
  test("updates its weights in place", () => {
    const written = new Set(program.kernels.flatMap((k) => accessesOf(k).writes.map((a) => a.buffer)));
    const next = [...written].filter((b) => b.name.startsWith("next in"));
    expect(next.length).toBe(4);
    for (const b of next) expect(homeOf(b).name).toBe(b.name.replace("next ", ""));
  });
});

test.each([undefined, "javascript" as const])(
  "code, kernels and nodes do not depend on the number of steps (%s)",
  (backend) => {
    const count = (kernels: readonly Kernel[]): number =>
      kernels.reduce((n, k) => n + 1 + (k.kind === "loop" ? count(k.body) : 0), 0);
    const [short, long] = [made(8, backend), made(1000, backend)];
    expect(long.nodes).toEqual(short.nodes);
    expect(count(long.program.kernels)).toBe(count(short.program.kernels));
    expect(long.program.buffers.length).toBe(short.program.buffers.length);
    // Numbers in the code may be longer.
    expect(long.codeBytes).toBeLessThanOrEqual(1.05 * short.codeBytes);
  },
);

test("memory is shared by values that do not live at the same time", () => {
  const chain = (x: Tensor): Tensor => {
    let y = x;
    for (let i = 0; i < 30; i++) y = matmul(tanh(y), y);
    return y;
  };
  const [{ program }] = programsOf(() => compile(chain)(zeros([32, 32])));
  expect(planMemory(program).bytes).toBeLessThan(12 * 32 * 32 * 4);
});

test("a step allocates nothing: the same memory and the same module in every run", () => {
  const { step, xs, ys } = lstmStep(4);
  const f = compile(step);
  const instantiate = vi.spyOn(
    wasmProgramBackend as { -readonly [K in keyof HostBackend]: HostBackend[K] },
    "prepare",
  );
  const memories: (readonly [ArrayBufferLike, number])[] = [];
  const run = Instance.prototype.run;
  const spied = vi.spyOn(Instance.prototype, "run").mockImplementation(function (this: Instance, given) {
    const results = run.call(this, given);
    const memory = hostMemory(this);
    memories.push([memory, memory.byteLength]);
    return results;
  });
  try {
    for (let k = 0; k < 5; k++) f(xs, ys);
    expect(instantiate.mock.calls.length).toBe(1);
    expect(memories.length).toBe(5);
    for (const [memory, bytes] of memories) {
      expect(memory).toBe(memories[0][0]);
      expect(bytes).toBe(memories[0][1]);
    }
  } finally {
    spied.mockRestore();
    instantiate.mockRestore();
  }
});

test("elementwise work becomes one kernel, a sum with what it sums another", () => {
  const f = (x: Tensor, y: Tensor): Tensor => sum(mul(tanh(add(mul(x, 2), y)), sigmoid(x)), { axis: 1 });
  const [{ program }] = programsOf(() => compile(f)(zeros([4, 5]), zeros([5])));
  expect(kinds(program.kernels.filter((k) => k.name !== "output"))).toEqual(["reduce"]);
  const [g] = programsOf(() =>
    compile((x: Tensor) => mul(tanh(add(mul(x, 2), 1)), sigmoid(x)))(zeros([4, 5])),
  );
  expect(kinds(g.program.kernels)).toEqual(["map"]);
});

describe("explain and profile", () => {
  const { step, xs, ys } = lstmStep(8);
  const f = compile(step, { name: "lstm step" });
  test("tell a person what the program does", () => {
    const text = f.explain(xs, ys);
    expect(text).toMatch(/^lstm step: [\d.]+ k?M?FLOP, .* of memory \(\d+ buffers/);
    for (const pass of ["inline calls", "move loops", "merge sums"]) expect(text).toContain(pass);
    expect(text).toMatch(/loop 1: 1 before it for all steps/);
    expect(text).toMatch(/8 times\n/);
    expect(text).toMatch(/8 times, backwards\n/);
  });
  test("count in units that people read", () => {
    const product = compile((x: Tensor) => matmul(x, x));
    expect(product.explain(zeros([1024, 1024]))).toMatch(/^program: 2\.15 GFLOP/);
    expect(product.explain(zeros([100, 100]))).toMatch(/^program: 2\.0 MFLOP/);
    expect(product.explain(zeros([10, 10]))).toMatch(/^program: 2\.0 kFLOP/);
    expect(product.explain(zeros([2, 2]))).toMatch(/^program: 16 FLOP/);
  });
  test("give a table of kernels by time, and run the step once", () => {
    const before = f(xs, ys).item();
    const table = f.profile(xs, ys);
    expect(table).toMatch(/^lstm step: [\d.]+ ms in kernels\nkernel +calls +ms +%\n/);
    expect(table.split("\n").length).toBeGreaterThan(8);
    expect(f(xs, ys).item()).toBeLessThan(before);
  });
});
