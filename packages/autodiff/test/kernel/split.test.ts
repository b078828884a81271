import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { javascriptProgramBackend } from "../../src/backends/javascript/program.js";
import { wasmProgramBackend } from "../../src/backends/wasm/index.js";
import { allDTypes } from "../../src/base/dtype.js";
import type { Backend } from "../../src/kernel/backend.js";
import { dependencies } from "../../src/kernel/dependencies.js";
import { planMemory } from "../../src/kernel/plan-memory.js";
import type { Buffer, Kernel, Program } from "../../src/kernel/program.js";
import { joinedKernel, partOf, rangesOf, splitAxis, splitKernel } from "../../src/kernel/split.js";
import { microsecondsOf, nominalSpeed, work } from "../../src/kernel/work.js";
import { elementsOf, naiveOutcome, runOnce } from "../../src/testing/conformance/compare-programs.js";
import {
  access,
  loop,
  ProgramBuilder,
  plain,
  SeededNumbers,
} from "../../src/testing/conformance/program-builder.js";
import { randomKernel } from "../../src/testing/conformance/random-programs.js";
import { casesOf } from "../repository/case-counts.js";

const everything = { grain: 1, worthwhile: 0 };

/** A kernel among loops that do nothing else. */
const inLoops = (kernels: readonly Kernel[], loops: readonly number[]): readonly Kernel[] =>
  [...loops].reverse().reduce<readonly Kernel[]>((body, length) => [loop(length, false, body)], kernels);

const shuffled = <T>(numbers: SeededNumbers, list: readonly T[]): T[] => {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = numbers.whole(0, i);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
};

/** What both programs leave in their buffers, by the definitions of the kernels. */
function expectAlike(whole: Program, split: Program): void {
  const [want, got] = [naiveOutcome(whole), naiveOutcome(split)];
  for (const buffer of whole.buffers) expect(got.get(buffer)).toEqual(want.get(buffer));
}

describe("parts of a kernel", () => {
  test("of random maps and reductions do together what the whole does, in any order", () => {
    let parts = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 30 }), fc.constantFrom(2, 3, 7), (seed, count) => {
        const numbers = new SeededNumbers(seed);
        const b = new ProgramBuilder();
        const loops = Array.from({ length: numbers.whole(0, 1) }, () => numbers.whole(1, 2));
        const kernel = randomKernel(numbers, allDTypes, b, loops);
        const split = shuffled(numbers, splitKernel(kernel, count, everything));
        parts += split.length;
        expectAlike(b.program(inLoops([kernel], loops)), b.program(inLoops(split, loops)));
        expectAlike(b.program(inLoops([kernel], loops)), b.program(inLoops([joinedKernel(kernel)], loops)));
      }),
      { numRuns: casesOf(200), seed: 4 },
    );
    expect(parts).toBeGreaterThan(casesOf(200) * 1.5);
  });

  test("of products, fills, rows and additions at indices do, too", () => {
    const numbers = new SeededNumbers(7);
    const filled = (b: ProgramBuilder, n: number): Buffer => b.buffer("float32", numbers.wholes(n));
    const makers: ((b: ProgramBuilder) => Kernel)[] = [
      (b) => ({
        ...{ kind: "gemm", name: "rows", batch: [], m: 9, n: 5, k: 4, mode: "accumulate" },
        ...{ a: access(filled(b, 36), [4, 1]), c: access(filled(b, 45), [5, 1]) },
        b: { packed: false, at: access(filled(b, 20), [5, 1]) },
      }),
      (b) => ({
        ...{ kind: "gemm", name: "columns", batch: [], m: 2, n: 11, k: 4, mode: "bias" },
        ...{ a: access(filled(b, 8), [4, 1]), c: access(filled(b, 22), [11, 1]) },
        ...{ b: { packed: false, at: access(filled(b, 44), [11, 1]) }, bias: access(filled(b, 11), [1]) },
      }),
      (b) => ({
        ...{ kind: "gemm", name: "batch", batch: [8], m: 2, n: 2, k: 3, mode: "set" },
        ...{ a: access(filled(b, 48), [6, 3, 1]), c: access(filled(b, 32), [4, 2, 1]) },
        b: { packed: false, at: access(filled(b, 48), [6, 2, 1]) },
      }),
      (b) => ({ kind: "fill", name: "fill", shape: [3, 4], value: 2, target: access(filled(b, 20), [5, 1]) }),
      (b) => ({
        ...{ kind: "row", name: "rows", routine: { kind: "cumulativeSum", reverse: false }, rows: 9, n: 4 },
        ...{ source: access(filled(b, 36), [4]), target: access(filled(b, 36), [4]) },
      }),
      (b) => ({
        ...{ kind: "scatterAdd", name: "columns", shape: [1, 6, 13], rows: 3 },
        ...{ source: access(filled(b, 78), [78, 13, 1]), target: access(filled(b, 39), [39, 13, 1]) },
        index: access(b.buffer("int32", numbers.wholes(6, 0, 2)), [6, 1]),
      }),
      (b) => ({
        ...{ kind: "scatterAdd", name: "batch", shape: [14, 3, 1], rows: 3 },
        ...{ source: access(filled(b, 42), [3, 1, 1]), target: access(filled(b, 42), [3, 1, 1]) },
        index: access(b.buffer("int32", numbers.wholes(42, 0, 2)), [3, 1]),
      }),
    ];
    for (const make of makers) {
      for (const count of [2, 3, 7]) {
        const b = new ProgramBuilder();
        const kernel = make(b);
        const split = splitKernel(kernel, count, everything);
        expect(split.length, kernel.name).toBeGreaterThan(1);
        expectAlike(b.program([kernel]), b.program([...split].reverse()));
      }
    }
  });

  test.each([javascriptProgramBackend, wasmProgramBackend])("of random bits, on $name", async (backend) => {
    const b = new ProgramBuilder();
    const state = access(b.buffer("int32", [123, 456, 7]), [1]);
    const [one, other] = [b.buffer("int32", 1001), b.buffer("int32", 1001)];
    const whole: Kernel = { kind: "randomBits", name: "bits", length: 1001, state, target: access(one, [1]) };
    const parts = splitKernel({ ...whole, target: access(other, [1]) }, 3, everything);
    expect(parts.length).toBe(3);
    const { outcome } = await runOnce(backend, b.program([whole, ...parts]), null);
    expect(elementsOf(outcome, other)).toEqual(elementsOf(outcome, one));
  });

  test.each([
    [40, 5],
    [71, 700],
    [16, 513],
  ])("of packing [%i columns, %i rows] fill the operand of a product", async (n, k) => {
    const backend: Backend = wasmProgramBackend;
    const numbers = new SeededNumbers(3);
    const b = new ProgramBuilder();
    const source = access(b.buffer("float32", numbers.wholes(k * n)), [n, 1]);
    const length = backend.capabilities.packedLength(k, n, "float32");
    const [one, other] = [b.buffer("float32", length), b.buffer("float32", length)];
    const whole: Kernel = { kind: "pack", name: "pack", k, n, source, packed: access(one, []) };
    const parts = splitKernel({ ...whole, packed: access(other, []) }, 2, everything);
    expect(parts.length).toBe(n > 16 ? 2 : 1);
    const { outcome } = await runOnce(backend, b.program([whole, ...parts]), null);
    expect(elementsOf(outcome, other)).toEqual(elementsOf(outcome, one));
  });

  test("begin at cache lines, and are of nearly equal size", () => {
    const b = new ProgramBuilder();
    const target = access(b.buffer("float32", 1000), [1]);
    const fill: Kernel = { kind: "fill", name: "fill", shape: [1000], value: 1, target };
    const ranges = rangesOf(splitAxis(fill, 3) ?? { along: 0, size: 0, grain: 1 }, 3);
    expect(ranges).toEqual([
      { begin: 0, end: 336 },
      { begin: 336, end: 672 },
      { begin: 672, end: 1000 },
    ]);
  });

  test("are not made of what takes no time, of one sum, of checks and of loops", () => {
    const b = new ProgramBuilder();
    const large = b.buffer("float32", 2 ** 20);
    const one = b.buffer("float32", 1);
    const read = plain(access(large, [1]));
    const identity = { nodes: [{ kind: "read", index: 0, dtype: "float32" }] as const, results: [0] };
    const sum: Kernel = {
      ...{ kind: "reduce", name: "sum", shape: [2 ** 20], reduced: 1, reads: [read], combine: "sum" },
      ...{ expression: identity, write: access(one, []) },
    };
    const small: Kernel = { kind: "fill", name: "small", shape: [64], value: 1, target: access(large, [1]) };
    for (const kernel of [sum, small, loop(100, false, [sum])])
      expect(splitKernel(kernel, 2)).toEqual([kernel]);
    expect(splitKernel({ ...small, shape: [2 ** 20] }, 2).length).toBe(2);
    expect(() => partOf(loop(1, false, []), 0, { begin: 0, end: 1 })).toThrow(/loop is not split along 0/);
  });
});

test("work counts operations, functions and bytes, and a loop its rounds", () => {
  const b = new ProgramBuilder();
  const x = b.buffer("float32", 600);
  const map: Kernel = {
    ...{ kind: "map", name: "tanh", shape: [20, 30], reads: [plain(access(x, [30, 1]))] },
    expression: {
      nodes: [
        { kind: "read", index: 0, dtype: "float32" },
        { kind: "unary", name: "tanh", a: 0, dtype: "float32" },
        { kind: "binary", name: "mul", a: 1, b: 0, dtype: "float32" },
      ],
      results: [2],
    },
    writes: [access(x, [30, 1])],
  };
  expect(work(map)).toEqual({ operations: 1200, functions: 600, bytes: 4800 });
  expect(work(loop(5, false, [map, map])).operations).toBe(12_000);
  expect(microsecondsOf(work(map))).toBeCloseTo(0.6 + 600 / nominalSpeed.operations, 6);
});

test("dependencies are reads after writes, writes after both, and the reuse of memory", () => {
  const b = new ProgramBuilder();
  const [x, y, z] = [0, 1, 2].map(() => b.buffer("float32", 64));
  const copy = (from: Buffer, to: Buffer): Kernel => ({
    ...{ kind: "map", name: "copy", shape: [64], reads: [plain(access(from, [1]))] },
    expression: { nodes: [{ kind: "read", index: 0, dtype: "float32" }], results: [0] },
    writes: [access(to, [1])],
  });
  expect(dependencies([copy(x, y), copy(x, z), copy(y, x)])).toEqual([[], [], [0, 1]]);
  expect(dependencies([copy(x, y), loop(2, false, [copy(y, z)]), copy(x, y)])).toEqual([[], [0], [0, 1]]);
  // Two temporaries whose lives do not meet lie in the same place.
  const [p, q] = [1, 2].map((i): Buffer => ({ ...x, id: 10 + i, name: `t${i}`, role: "temporary" }));
  const kernels = [copy(x, p), copy(p, y), copy(x, q), copy(q, z)];
  expect(dependencies(kernels)).toEqual([[], [0], [], [2]]);
  const plan = planMemory({ ...b.program(kernels), buffers: [x, y, z, p, q] });
  expect(plan.addressOf(p)).toBe(plan.addressOf(q));
  expect(dependencies(kernels, plan)).toEqual([[], [0], [0, 1], [0, 2]]);
});
