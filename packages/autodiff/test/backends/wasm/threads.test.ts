import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { wasmProgramBackend } from "../../../src/backends/wasm/index.js";
import { sharedKernels } from "../../../src/backends/wasm/threads/choose-shared.js";
import { currentPool, deadlineOf, prepareThreaded } from "../../../src/backends/wasm/threads/prepare.js";
import { CompileError } from "../../../src/base/errors.js";
import { compile } from "../../../src/compiler/compile.js";
import { exp, matmul, type Tensor, tensor } from "../../../src/index.js";
import type { HostExecutable } from "../../../src/kernel/backend.js";
import type { Kernel, Program } from "../../../src/kernel/program.js";
import { seeds } from "../../../src/testing/arbitraries.js";
import { access, loop, ProgramBuilder } from "../../../src/testing/conformance/program-builder.js";
import { gradientOf } from "../../compiler/agreement.js";
import { randomInputs, randomProgram } from "../../compiler/random-programs.js";
import { casesOf } from "../../repository/case-counts.js";
import { sharingBackend } from "./sharing-backend.js";

const bitsOf = (results: readonly Tensor[]): string[] =>
  results.map(({ data }) => Array.from(data, (x) => (Object.is(x, -0) ? "-0" : String(x))).join());

describe("bits do not depend on the number of threads", () => {
  test.each([false, true])("of random programs and their gradients (all by workers: %s)", (patient) => {
    const backend = sharingBackend({ patient });
    const drawn = fc.tuple(seeds(), fc.integer({ min: 1, max: 10 }), fc.constantFrom("float32", "float64"));
    fc.assert(
      fc.property(drawn, ([seed, steps, dtype]) => {
        const f = gradientOf(randomProgram(seed, { steps, dtype, differentiable: true, variables: [] }));
        const inputs = randomInputs(seed, dtype);
        const results = [1, 2, 3, 7].map((threads) => {
          const compiled = compile((...all: Tensor[]) => f(all), { backend, threads });
          const bits = bitsOf(compiled(...inputs));
          compiled.dispose();
          return bits;
        });
        for (const other of results.slice(1)) expect(other).toEqual(results[0]);
      }),
      { numRuns: casesOf(15), seed: 5 },
    );
  });

  // Sizes at which the routines of products change: rows in place, packed, by columns, in long sums, as dot products.
  test.each([
    [32, 64, 96],
    [1, 300, 200],
    [2, 65, 40],
    [200, 5000, 24],
    [193, 17, 16],
    [7, 9, 1],
  ])("of products %i × %i × %i with either operand turned", (m, k, n) => {
    const backend = sharingBackend({ patient: true });
    const wave = (rows: number, columns: number): Tensor =>
      tensor(Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i))).reshape([rows, columns]);
    const products = (a: Tensor, b: Tensor, at: Tensor, bt: Tensor): Tensor[] => [
      matmul(a, b),
      matmul(at.transpose(), b),
      matmul(a, bt.transpose()),
      matmul(at.transpose(), bt.transpose()),
    ];
    const operands = [wave(m, k), wave(k, n), wave(k, m), wave(n, k)] as const;
    const results = [1, 2, 3].map((threads) => {
      const compiled = compile(products, { backend, threads });
      expect(compiled.explain(...operands)).toContain(threads === 1 ? "1 thread\n" : `${threads} threads\n`);
      return bitsOf(compiled(...operands));
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});

/** A program that fills a large array again and again. */
function filling(rounds: number): { program: Program; written: (executable: HostExecutable) => boolean } {
  const b = new ProgramBuilder();
  const x = b.buffer("float32", 2 ** 18);
  const fill: Kernel = { kind: "fill", name: "fill", shape: [2 ** 18], value: 3, target: access(x, [1]) };
  const written = (executable: HostExecutable): boolean => executable.array(x).every((value) => value === 3);
  return { program: b.program([loop(rounds, false, [fill])]), written };
}
const everything = { worthwhile: 0, grain: 1 };

describe("workers", () => {
  afterEach(() => currentPool()?.end("the test is over"));

  test("are not started for what is too small, which runs as on one thread", () => {
    const { program } = filling(1);
    expect(prepareThreaded(program, 2, { worthwhile: 1e6 })).toBeNull();
    const f = compile((x: Tensor) => exp(x), { backend: sharingBackend({ worthwhile: 20 }), threads: 2 });
    expect(f.explain(tensor([0, 1]))).toMatch(/vectors, 1 thread\n/);
  });

  test("that end while no program runs are told by the next run", async () => {
    const { program, written } = filling(2);
    const executable = prepareThreaded(program, 2, { ...everything, patient: true })!;
    executable.run();
    expect(written(executable)).toBe(true);
    const pool = currentPool()!;
    const [worker] = pool.workers;
    worker.kill();
    await vi.waitFor(() => expect(pool.failure).not.toBeNull());
    expect(() => executable.run()).toThrow(CompileError);
    expect(() => executable.run()).toThrow(/worker 1 has ended[\s\S]*threads: 1/);
    // Programs that are prepared from now on have workers again.
    const next = prepareThreaded(program, 2, { ...everything, patient: true })!;
    next.run();
    expect(written(next)).toBe(true);
  });

  test("that end in the middle of a program make an error, not a hang", () => {
    const { program } = filling(1_000_000);
    const executable = prepareThreaded(program, 2, { ...everything, patient: true, deadline: 300 })!;
    currentPool()!.workers[0].kill();
    expect(() => executable.run()).toThrow(/has not finished its part for 0.3 s/);
    expect(() => executable.run()).toThrow(CompileError);
  });

  test("are missed after what their longest part may take, and 2 s", () => {
    const { program } = filling(1_000_000);
    const executable = prepareThreaded(program, 2, { ...everything, patient: true })!;
    currentPool()!.workers[0].kill();
    const start = performance.now();
    expect(() => executable.run()).toThrow(/has not finished its part for 2.0 s/);
    expect(performance.now() - start).toBeGreaterThan(1900);
    expect(executable.machine).toContain("2 threads");
    // A product that takes 3.4 s on one thread, cut into 16 parts.
    const b = new ProgramBuilder();
    const [x, y, z] = [1, 2, 3].map(() => b.buffer("float32", 1));
    const size = 4096;
    const at = (buffer: typeof x) => access(buffer, [size, 1]);
    const product: Kernel = {
      ...{ kind: "gemm", name: "product", batch: [], m: size, n: size, k: size, mode: "set" },
      ...{ a: at(x), b: { packed: false, at: at(y) }, c: at(z) },
    };
    const shared = sharedKernels(b.program([product]), { worthwhile: 20, threads: 2 });
    expect(deadlineOf(shared)).toBeGreaterThan(10_000);
  });

  test("are not waited for: a program runs before they have started", () => {
    const { program, written } = filling(3);
    const executable = prepareThreaded(program, 3, everything)!;
    executable.run();
    expect(written(executable)).toBe(true);
    expect(executable.machine).toBe("WebAssembly, 128-bit vectors, 3 threads");
  });

  test("leave a program that is disposed of, and work for others", () => {
    const { program, written } = filling(2);
    const one = prepareThreaded(program, 2, { ...everything, patient: true })!;
    const other = prepareThreaded(program, 2, { ...everything, patient: true })!;
    one.run();
    one.dispose();
    other.run();
    one.dispose();
    other.run();
    expect(written(one) && written(other)).toBe(true);
  });

  test("share kernels in profiles, too", () => {
    const executable = prepareThreaded(filling(4).program, 2, { ...everything, patient: true })!;
    expect(executable.profile()).toMatchObject([{ name: "fill", calls: 4 }]);
  });
});

test("more than one thread without the module that brings them is an error that names it", () => {
  const prepare = (): unknown => wasmProgramBackend.prepare(filling(1).program, { threads: 2 });
  expect(prepare).toThrow(/@scope\/autodiff\/threads/);
  expect(prepare).toThrow(expect.objectContaining({ code: "compile/threads" }));
});
