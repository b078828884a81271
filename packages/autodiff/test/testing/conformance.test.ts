import { describe, expect, test } from "vitest";
import { javascriptProgramBackend } from "../../src/backends/javascript/program.js";
import type { HostBackend, HostExecutable } from "../../src/kernel/backend.js";
import type { ExpressionNode } from "../../src/kernel/instruction.js";
import { bodiesOf, type Kernel, type Program } from "../../src/kernel/program.js";
import { conformance } from "../../src/testing/conformance.js";

// Whether the suite finds what is wrong: backends with one fault each, and backends that lack something.

/** The reference with programs, or executables, that are changed on the way. */
const backendWith = (
  change: (program: Program, threads: number | null) => Program,
  made: (executable: HostExecutable) => HostExecutable = (executable) => executable,
): HostBackend => ({
  ...javascriptProgramBackend,
  name: "faulty",
  prepare: (program, options) =>
    made(javascriptProgramBackend.prepare(change(program, options.threads), options)),
});

/** Changes every kernel, those inside of others included. */
function eachKernel(kernels: readonly Kernel[], change: (kernel: Kernel) => Kernel): Kernel[] {
  return kernels.map((kernel) => {
    const [first = [], second = []] = bodiesOf(kernel).map((body) => eachKernel(body, change));
    switch (kernel.kind) {
      case "loop":
        return change({ ...kernel, body: first });
      case "branch":
        return change({ ...kernel, whenTrue: first, whenFalse: second });
      case "while":
        return change({ ...kernel, test: first, body: second });
      default:
        return change(kernel);
    }
  });
}
const changing =
  (change: (kernel: Kernel) => Kernel) =>
  (program: Program): Program => ({ ...program, kernels: eachKernel(program.kernels, change) });
const changingNodes = (change: (node: ExpressionNode) => ExpressionNode): ((program: Program) => Program) =>
  changing((kernel) =>
    kernel.kind === "map" || kernel.kind === "reduce"
      ? { ...kernel, expression: { ...kernel.expression, nodes: kernel.expression.nodes.map(change) } }
      : kernel,
  );

const ownRuns = (methods: (made: HostExecutable) => Partial<HostExecutable>) => (made: HostExecutable) => {
  const same: HostExecutable = {
    ...{ bytes: made.bytes, codeBytes: made.codeBytes, machine: made.machine },
    array: (buffer) => made.array(buffer),
    setUp: () => made.setUp(),
    run: () => made.run(),
    profile: () => made.profile(),
    dispose: () => made.dispose(),
  };
  return { ...same, ...methods(made) };
};

const faults: {
  readonly [fault: string]: readonly [group: string, backend: HostBackend, threads?: number[]];
} = {
  "tanh is sin": [
    "instructions: tanh",
    backendWith(
      changingNodes((node) =>
        node.kind === "unary" && node.name === "tanh" ? { ...node, name: "sin" } : node,
      ),
    ),
  ],
  "constants are rounded to whole numbers": [
    "random programs",
    backendWith(
      changingNodes((node) => (node.kind === "constant" ? { ...node, value: Math.trunc(node.value) } : node)),
    ),
  ],
  "max is min": [
    "reductions",
    backendWith(
      changing((kernel) =>
        kernel.kind === "reduce" && kernel.combine === "max" ? { ...kernel, combine: "min" } : kernel,
      ),
    ),
  ],
  "loops run forwards only": [
    "control flow: loops",
    backendWith(changing((kernel) => (kernel.kind === "loop" ? { ...kernel, reverse: false } : kernel))),
  ],
  "loops stop one round short": [
    "gemm: a recurrence",
    backendWith(
      changing((kernel) =>
        kernel.kind === "loop" && kernel.length > 1 ? { ...kernel, length: kernel.length - 1 } : kernel,
      ),
    ),
  ],
  "the last column of products is left out": [
    "gemm: NN",
    backendWith(
      changing((kernel) =>
        kernel.kind === "gemm" && kernel.n > 16 ? { ...kernel, n: kernel.n - 1 } : kernel,
      ),
    ),
  ],
  "subnormal numbers are always flushed": [
    "special values: flush",
    backendWith((program) => ({ ...program, flushSubnormals: true })),
  ],
  "setup is forgotten": [
    "setup",
    backendWith(
      (program) => program,
      ownRuns(() => ({ setUp() {} })),
    ),
  ],
  "setup runs once only": [
    "setup",
    backendWith(
      (program) => program,
      ownRuns((made) => {
        let first = true;
        return {
          setUp() {
            if (first) made.setUp();
            first = false;
          },
        };
      }),
    ),
  ],
  "checks find nothing": [
    "checks",
    backendWith(changing((kernel) => (kernel.kind === "check" ? { ...kernel, shape: [0] } : kernel))),
  ],
  "checks come after what changes state": [
    "checks: after one that failed at the top",
    backendWith((program) => {
      const isCheck = ({ kind }: Kernel): boolean => kind === "check";
      const [checks, others] = [
        program.kernels.filter(isCheck),
        program.kernels.filter((each) => !isCheck(each)),
      ];
      return { ...program, kernels: [...others, ...checks] };
    }),
  ],
  "temporaries share memory while both are needed": [
    "memory",
    backendWith((program) => {
      const temporaries = program.buffers.filter(({ role }) => role === "temporary");
      const widest = temporaries.reduce((a, b) => (a.length >= b.length ? a : b), temporaries[0]);
      for (const each of temporaries.slice(0, 3))
        if (each !== widest && each.dtype === widest.dtype) each.inPlaceOf ??= widest;
      return { ...program, buffers: program.buffers.filter(({ inPlaceOf }) => inPlaceOf === null) };
    }),
  ],
  "results depend on the number of threads": [
    "large kernels: random bits",
    backendWith((program, threads) =>
      changing((kernel) =>
        kernel.kind === "randomBits" && threads === 3 ? { ...kernel, length: kernel.length - 1 } : kernel,
      )(program),
    ),
    [1, 3],
  ],
  "profiles have no names": [
    "instances",
    backendWith(
      (program) => program,
      ownRuns((made) => ({ profile: () => made.profile().map((each) => ({ ...each, name: "" })) })),
    ),
  ],
};

/** What goes wrong in the cases whose names begin so. */
async function failuresOf(group: string, backend: HostBackend, threads: number[] = []): Promise<string[]> {
  const failures: string[] = [];
  const cases = conformance(backend, { samples: 40, threads }).cases.filter(({ name }) =>
    name.startsWith(group),
  );
  expect(cases.length).toBeGreaterThan(0);
  for (const each of cases) {
    try {
      await each.run();
    } catch (error) {
      expect(error).toMatchObject({ name: "ConformanceError" });
      failures.push(`${each.name}: ${(error as Error).message}`);
    }
  }
  return failures;
}

describe("a fault that is planted is found", () => {
  test.each(Object.entries(faults))("%s", async (_, [group, backend, threads]) => {
    expect(await failuresOf(group, javascriptProgramBackend, threads)).toEqual([]);
    const [first] = await failuresOf(group, backend, threads);
    expect(first).toMatch(/\n {2}got: .*\n {2}expected: /s);
  });
});

describe("what a backend lacks", () => {
  test("is left out and counted, whether a dtype or a kernel", async () => {
    const backend: HostBackend = {
      ...javascriptProgramBackend,
      capabilities: {
        ...javascriptProgramBackend.capabilities,
        dtypes: ["float32", "int32", "bool"],
        refuses: (kernel) => (kernel.kind === "while" ? "no repetitions" : null),
      },
    };
    const whole = conformance(javascriptProgramBackend);
    const part = conformance(backend, { samples: 10 });
    expect(part.leftOut().map(({ reason }) => reason)).toEqual(["no float64"]);
    expect(part.cases.length + part.leftOut()[0].cases).toBe(whole.cases.length);
    for (const { name, run } of part.cases) if (/control flow|reductions/.test(name)) await run();
    const [float64, repetitions] = part.leftOut();
    expect(float64.programs).toBeGreaterThan(100);
    expect(repetitions).toEqual({ reason: "no repetitions", cases: 1, programs: 0 });
    expect(part.programs()).toBeGreaterThan(300);
  });

  test.each([
    ["no backend", undefined, undefined, "value/backend"],
    ["another option", javascriptProgramBackend, { only: "gemm" }, "option/unknown"],
    ["no threads", javascriptProgramBackend, { threads: [0] }, "value/count"],
  ])("%s is refused", (_, backend, options, code) => {
    expect(() => conformance(backend as HostBackend, options as object)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
