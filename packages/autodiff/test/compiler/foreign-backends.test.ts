import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { javascriptProgramBackend } from "../../src/backends/javascript/program.js";
import { type BackendChoice, setDefaultBackend, setDefaultThreads } from "../../src/compiler/backend.js";
import { compile } from "../../src/compiler/compile.js";
import { add, exp, grad, greater, mul, scan, sum, type Tensor, tensor, Variable } from "../../src/index.js";
import type { Backend, Capabilities, HostBackend, HostExecutable } from "../../src/kernel/backend.js";
import type { Kernel, Program } from "../../src/kernel/program.js";
import { kernelsOf } from "../../src/kernel/refusal.js";
import { cond } from "../../src/transforms/cond.js";
import { filesUnder, read } from "../repository/source-files.js";

// What other packages may bring, with faults of every kind, and what the compiler makes of it.

interface Recorder extends HostBackend {
  readonly prepared: { readonly program: Program; readonly threads: number | null }[];
}

/** The reference as another package would bring it, with a record of what it was asked for. */
function foreign(
  changes: {
    readonly name?: string;
    readonly capabilities?: Partial<Capabilities>;
    readonly unavailable?: Backend["unavailable"];
    readonly executable?: (made: HostExecutable) => HostExecutable;
  } = {},
): Recorder {
  const { name = "foreign", capabilities, unavailable, executable = (made) => made } = changes;
  const prepared: Recorder["prepared"] = [];
  return {
    name,
    capabilities: { ...javascriptProgramBackend.capabilities, ...capabilities },
    ...(unavailable === undefined ? {} : { unavailable }),
    prepared,
    prepare(program, options) {
      prepared.push({ program, threads: options.threads });
      return executable(javascriptProgramBackend.prepare(program, options));
    },
  };
}

/** An executable with some of its methods replaced. */
const withMethods = (made: HostExecutable, methods: Partial<HostExecutable>): HostExecutable =>
  Object.assign(
    Object.create(made) as HostExecutable,
    { run: () => made.run(), setUp: () => made.setUp() },
    methods,
    {
      array: methods.array ?? made.array.bind(made),
    },
  );

const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(console, "warn").mockImplementation((...parts: unknown[]) => {
    warnings.push(parts.join(" "));
  });
});
afterEach(async () => {
  setDefaultThreads(null);
  await setDefaultBackend("wasm");
  vi.restoreAllMocks();
});

const square = (x: Tensor): Tensor => mul(x, x);

describe("a backend that cannot run a program", () => {
  test.each([
    ["an argument", (x: Tensor) => add(x, 1), "float64"],
    ["a value between", (x: Tensor) => exp(x.cast("float64")).cast("float32"), "float32"],
    ["a constant", (x: Tensor) => mul(x, tensor([2], { dtype: "float64" })).cast("float32"), "float32"],
    [
      "a loop",
      (x: Tensor) =>
        scan((c, e) => [add(c, e.cast("float64")), e], tensor(0, { dtype: "float64" }), x)[0].cast("float32"),
      "float32",
    ],
  ] as const)("for float64 in %s is not asked to", (_, f, dtype) => {
    const backend = foreign({ capabilities: { dtypes: ["float32", "int32", "bool"] } });
    expect(() => compile(f, { backend, name: "f" })(tensor([1, 2], { dtype }))).toThrow(
      expect.objectContaining({ code: "compile/backend", op: "f", got: expect.stringContaining("float64") }),
    );
    expect(backend.prepared).toEqual([]);
  });

  test("says why, wherever the kernel stands; Variables are as they were", () => {
    const isProduct = (kernel: Kernel): string | null => (kernel.kind === "gemm" ? "no products" : null);
    const backend = foreign({ capabilities: { refuses: isProduct } });
    const count = new Variable(tensor(0));
    const inLoop = compile(
      (w: Tensor) => {
        count.value = add(count.value, 1);
        return scan((h) => [h.matmul(w).tanh(), h.matmul(w)], tensor([[1, 2]]), undefined, { length: 3 })[0];
      },
      { backend, name: "recurrence" },
    );
    const inBranch = compile(
      (x: Tensor) =>
        cond(
          greater(sum(x), 0),
          (y) => y.matmul(y),
          (y) => y,
          x,
        ),
      { backend },
    );
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const refused = expect.objectContaining({ code: "compile/backend", got: "no products" });
    expect(() => inLoop(x)).toThrow(refused);
    expect(() => inLoop(x)).toThrow(/^recurrence: the backend "foreign"/);
    expect(() => inBranch(x)).toThrow(refused);
    expect(count.value.item()).toBe(0);
    expect(backend.prepared).toEqual([]);
  });

  test("names the function that was called, also under a tape", () => {
    const backend = foreign({ capabilities: { refuses: () => "nothing at all" } });
    for (const name of ["first", "second"]) {
      const f = compile((x: Tensor) => sum(exp(x)), { backend, name });
      expect(() => grad((x: Tensor) => f(x))(tensor([1]))).toThrow(new RegExp(`^${name}: `));
    }
  });

  test("whose prepare throws has changed nothing, and is asked again", () => {
    let fails = true;
    const backend = foreign({
      executable(made) {
        if (fails) throw new Error("out of order");
        return made;
      },
    });
    const total = new Variable(tensor([1, 2]));
    const step = compile(
      (x: Tensor) => {
        total.value = add(total.value, x);
      },
      { backend },
    );
    expect(() => step(tensor([1, 1]))).toThrow("out of order");
    expect(total.value.toArray()).toEqual([1, 2]);
    fails = false;
    step(tensor([1, 1]));
    expect(total.value.toArray()).toEqual([2, 3]);
    expect(backend.prepared.length).toBe(2);
  });
});

describe("a backend that gives other arrays than it should", () => {
  test.each([
    ["another dtype", () => new Float64Array(2)],
    ["another length", () => new Float32Array(3)],
    ["nothing", () => undefined as unknown as Float32Array],
  ])("%s is told before anything runs", (_, array) => {
    const run = vi.fn();
    const backend = foreign({ executable: (made) => withMethods(made, { array, run }) });
    expect(() => compile(square, { backend })(tensor([1, 2]))).toThrow(
      expect.objectContaining({ code: "compile/array", expected: "a Float32Array of 2" }),
    );
    expect(run).not.toHaveBeenCalled();
  });
});

describe("choosing", () => {
  test("a name of Scope's own is no obstacle, nor mixed up with it", async () => {
    const backend = foreign({ name: "wasm" });
    const f = compile(square, { backend });
    expect(f(tensor([3])).item()).toBe(9);
    expect(backend.prepared.length).toBe(1);
    expect(f.explain(tensor([3]))).toContain("JavaScript, 1 thread");
    expect(await setDefaultBackend(backend)).toBe(backend);
    expect(compile(square).explain(tensor([3]))).toContain("JavaScript, 1 thread");
    expect(compile(square, { backend: "wasm" }).explain(tensor([3]))).toContain("WebAssembly");
  });

  test.each([
    ["a name that there is not", "cuda"],
    ["null", null],
    ["undefined", undefined],
    ["a list in a list", [["wasm"]]],
    ["a list with a hole", ["wasm", undefined]],
    ["a backend without capabilities", { name: "x", prepare: (): null => null }],
    ["a backend with capabilities of null", { name: "x", prepare: (): null => null, capabilities: null }],
  ])("%s is refused, and the default stays", async (_, choice) => {
    await expect(setDefaultBackend(choice as BackendChoice)).rejects.toMatchObject({
      code: "value/choice",
      op: "setDefaultBackend",
    });
    expect(compile(square).explain(tensor([3]))).toContain("WebAssembly");
    if (choice !== undefined)
      expect(() => compile(square, { backend: choice as BackendChoice })).toThrow(/^compile: /);
  });

  test("an empty list, and one of which none can be used", async () => {
    await expect(setDefaultBackend([])).rejects.toMatchObject({
      code: "compile/unavailable",
      got: "an empty list",
    });
    const failing = foreign({ unavailable: () => Promise.reject(new Error("no driver")) });
    const missing = foreign({ name: "missing", unavailable: () => "no compiler" });
    await expect(setDefaultBackend([failing, missing])).rejects.toMatchObject({
      code: "compile/unavailable",
      got: expect.stringMatching(/no driver.*no compiler/),
    });
    expect(compile(square).explain(tensor([3]))).toContain("WebAssembly");
    expect(warnings).toEqual([]);
  });

  test("of a list the first that can be used is taken, with one line for each before it", async () => {
    const missing = foreign({ name: "missing", unavailable: async () => "no adapter" });
    const good = foreign({ name: "good", unavailable: async () => null });
    expect(await setDefaultBackend([missing, good, "wasm"])).toBe(good);
    expect(warnings).toEqual([
      '@scope/autodiff: the backend "missing" cannot be used here: no adapter; taking "good"',
    ]);
    compile(square)(tensor([3]));
    expect([missing.prepared.length, good.prepared.length]).toEqual([0, 1]);
  });

  test("programs that there are stay where they are when the default changes; new signatures do not", async () => {
    const [first, second] = [foreign(), foreign()];
    await setDefaultBackend(first);
    setDefaultThreads(2);
    const f = compile((x: Tensor) => sum(square(x)));
    f(tensor([1, 2]));
    await setDefaultBackend(second);
    setDefaultThreads(3);
    f(tensor([1, 2]));
    expect(grad((x: Tensor) => f(x))(tensor([1, 2])).toArray()).toEqual([2, 4]);
    expect(second.prepared).toEqual([]);
    f(tensor([1, 2, 3]));
    expect(second.prepared.map(({ threads }) => threads)).toEqual([3]);
    expect(new Set(first.prepared.map(({ threads }) => threads))).toEqual(new Set([2]));
  });

  test("inside another program, a compiled function is part of that one, whatever its backend", () => {
    const [outer, inner] = [foreign(), foreign({ capabilities: { refuses: () => "never asked" } })];
    const g = compile(square, { backend: inner });
    const f = compile((x: Tensor) => sum(g(x)), { backend: outer });
    expect(f(tensor([1, 2])).item()).toBe(5);
    expect([outer.prepared.length, inner.prepared.length]).toEqual([1, 0]);
  });

  test.each([0, -1, 1.5, Number.NaN, "2", 1e9, Infinity, null, [2]])("threads: %s is refused", (threads) => {
    const asked = { threads } as unknown as { threads: number };
    expect(() => compile(square, asked)).toThrow(
      expect.objectContaining({ code: "value/count", op: "compile" }),
    );
    if (threads === null) return;
    expect(() => setDefaultThreads(asked.threads)).toThrow(
      expect.objectContaining({ code: "value/count", op: "setDefaultThreads" }),
    );
  });

  test("threads reach the backend: those of the call, of the process, or null", () => {
    const backend = foreign();
    compile(square, { backend })(tensor([1]));
    compile(square, { backend, threads: 7 })(tensor([1]));
    setDefaultThreads(4);
    compile(square, { backend })(tensor([1]));
    compile(square, { backend, threads: 1 })(tensor([1]));
    expect(backend.prepared.map(({ threads }) => threads)).toEqual([null, 7, 4, 1]);
  });
});

describe("the compiler knows no backend", () => {
  test("no file of it names one, but for the table of names", () => {
    const files = filesUnder("packages/autodiff/src/compiler", ".ts").filter(
      (path) => !path.endsWith("compiler/backend.ts"),
    );
    expect(files.length).toBeGreaterThan(40);
    // Eager loops of the reference fold constants: those are imported, and are no backend of programs.
    const named = (text: string): string[] =>
      text.match(
        /web ?assembly|\bwasm\w*|["'`]javascript["'`]|javascriptProgram\w*|\bnative\b|webgpu|simd|avx|neon/gi,
      ) ?? [];
    expect(named('as in { backend: "javascript" } or WASM')).toEqual(['"javascript"', "WASM"]);
    expect(files.flatMap((path) => named(read(path)).map((word) => `${path}: ${word}`))).toEqual([]);
  });

  test("its numbers are those of the capabilities", () => {
    const f = (xs: readonly Tensor[]): Tensor => xs.reduce((y, x) => add(y, mul(x, exp(x))));
    const at = Array.from({ length: 20 }, (_, i) => tensor([0.1 * i, 0.2, 0.3 - 0.01 * i]));
    const expected = compile(f)(at).toArray() as number[];
    const sizes = [4, 12, 40].map((maxAccesses) => {
      const backend = foreign({ capabilities: { limits: { maxAccesses, maxLazyDepth: 4 } } });
      const got = compile(f, { backend })(at).toArray() as number[];
      for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i], 4);
      const [{ program }] = backend.prepared;
      const maps = [...kernelsOf(program)].filter((kernel) => kernel.kind === "map");
      return Math.max(0, ...maps.map(({ reads, writes }) => reads.length + writes.length));
    });
    expect(sizes[0]).toBeLessThanOrEqual(4);
    expect(sizes[1]).toBeLessThanOrEqual(12);
    expect(sizes[2]).toBeGreaterThan(12);
  });

  test("weights are packed where a backend wants it, once, before the first run", () => {
    const asked: (readonly [number, number])[] = [];
    const packedLength = (k: number, n: number): number => {
      asked.push([k, n]);
      return 0;
    };
    const backend = foreign({ capabilities: { packedLength } });
    const w = new Variable(
      tensor(Array.from({ length: 64 }, (_, i) => Array.from({ length: 48 }, (_, j) => i - j))),
    );
    compile((x: Tensor) => x.matmul(w.value), { backend })(tensor([new Array<number>(64).fill(1)]));
    expect(asked).toContainEqual([64, 48]);
    expect([...kernelsOf(backend.prepared[0].program)].map(({ kind }) => kind)).not.toContain("pack");
  });
});
