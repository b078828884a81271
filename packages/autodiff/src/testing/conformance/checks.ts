import { buildExpression } from "../../kernel/expression.js";
import type { Buffer, CheckKernel, Kernel } from "../../kernel/program.js";
import { demandNumbers } from "./assertions.js";
import { elementsOf, readBuffer, resetStatus, writeBuffer } from "./compare-programs.js";
import { naiveMemory, runNaively } from "./naive-program.js";
import { access, branch, loop, map, ProgramBuilder, reduction, row } from "./program-builder.js";
import type { Suite, Trial } from "./suite.js";

/** Checks of indices: what they find, where they stand, and what must not happen after one has failed. */
export function checkConformance(suite: Suite): void {
  suite.add(
    "a check lets pass what is in range, reports the first that is not, and ends the run there",
    ["float32", "int32"],
    async (trial) => {
      const right = [0, 1, 2, -3, 7, 1, 0, 2, -1, 2, 1, 0];
      const wrong = [3, -4, 2 ** 31 - 1, -(2 ** 31), 8, 6];
      for (const ignored of [null, 7, 2 ** 31 - 1]) {
        for (const [place, value] of [[-1, 0], ...[0, 5, 11].flatMap((at) => wrong.map((x) => [at, x]))]) {
          const b = new ProgramBuilder();
          const values = right.map((x, i) => (i === place ? value : x === 7 && ignored !== 7 ? 0 : x));
          const index = b.buffer("int32", values);
          b.status = b.buffer("int32", [0, 0]);
          const state = b.buffer("float32", [0]);
          const check = { kind: "check", name: "check", low: -3, high: 3, ignored } as const;
          const status = access(b.status, []);
          const one: Kernel = { kind: "fill", name: "state", shape: [], value: 1, target: access(state, []) };
          await trial.expectAsNaive(
            b.program([
              { ...check, shape: [2, 0], index: access(index, [1, 1]), code: 1, status },
              // Columns of a matrix, then row by row in a loop.
              { ...check, shape: [2, 3], index: access(index, [1, 4]), code: 2, status },
              loop(3, false, [{ ...check, shape: [4], index: access(index, [1], 0, [4]), code: 3, status }]),
              { ...check, shape: [], index: access(index, [], 11), code: 4, status },
              one,
            ]),
          );
          if (ignored !== null) continue;
          const short = b.program([
            { ...check, shape: [12], index: access(index, [1]), code: 9, status },
            one,
          ]);
          await trial.expectOutcome(short, (outcome) =>
            demandNumbers(`state after ${value} at ${place}`, elementsOf(outcome, state), [
              place < 0 ? 1 : 0,
            ]),
          );
        }
      }
    },
  );

  for (const [place, around] of Object.entries(places)) {
    for (const [what, writer] of Object.entries(writers)) {
      suite.add(
        `after one that failed ${place}, ${what} changes no state`,
        ["float32", "int32", "bool"],
        (trial) => failOnce(trial, around, writer),
      );
    }
  }
}

/** Makes a check of six indices, or, with steps, of as many as one round of the loops around it moves on. */
type MakeCheck = (steps: readonly number[]) => CheckKernel;

/** Where a check may stand. */
const places: { readonly [place: string]: (check: MakeCheck, b: ProgramBuilder) => readonly Kernel[] } = {
  "at the top": (check) => [check([])],
  "in a loop": (check) => [loop(3, false, [check([2])])],
  "in a loop in a loop, backwards": (check) => [loop(2, true, [loop(3, true, [check([0, 2])])])],
  "in a branch": (check, b) => [branch(access(b.buffer("bool", [1], "input"), []), [check([])], [])],
  "in a repetition": (check, b) => {
    const count = b.buffer("int32", 1, "temporary");
    const more = b.buffer("bool", 1, "temporary");
    const ofCount = (body: Parameters<typeof buildExpression>[1], out: Buffer): Kernel =>
      map("count", [], buildExpression(["int32"], body), [access(count, [])], [access(out, [])]);
    return [
      { kind: "fill", name: "zero", shape: [], value: 0, target: access(count, []) },
      {
        kind: "while",
        name: "while",
        condition: access(more, []),
        test: [ofCount((k, x) => k.lt(x, k.constant(2, "int32")), more)],
        body: [check([]), ofCount((k, x) => k.add(x, k.constant(1, "int32")), count)],
      },
    ];
  },
};

/** Kernels of every kind that writes state. */
const writers: { readonly [what: string]: (b: ProgramBuilder, source: Buffer) => readonly Kernel[] } = {
  "a map": (b, source) => [accumulate(source, state(b, 6))],
  "a map in a loop": (b, source) => [loop(3, false, [accumulate(source, state(b, 6))])],
  "a map in a branch": (b, source) => [
    branch(access(b.buffer("bool", [1], "input"), []), [accumulate(source, state(b, 6))], []),
  ],
  "a reduction": (b, source) => [reduction("sum", [6], 1, access(source, [1]), access(state(b, 1), []))],
  "a fill": (b) => [{ kind: "fill", name: "fill", shape: [6], value: 7, target: access(state(b, 6), [1]) }],
  "a product": (b, source) => [
    {
      kind: "gemm",
      ...{ name: "gemm", batch: [], m: 2, n: 2, k: 3, mode: "accumulate" },
      a: access(source, [3, 1]),
      b: { packed: false, at: access(source, [2, 1]) },
      c: access(state(b, 4), [2, 1]),
    },
  ],
  "a running sum": (b, source) => [
    row({ kind: "cumulativeSum", reverse: false }, 2, 3, access(source, [3]), access(state(b, 6), [3])),
  ],
  "a scattered sum": (b, source) => [
    {
      kind: "scatterAdd",
      ...{ name: "scatterAdd", shape: [1, 6, 1], rows: 3 },
      source: access(source, [0, 1, 0]),
      index: access(b.buffer("int32", [0, 1, 2, 2, 1, 0], "input"), [0, 1]),
      target: access(state(b, 3), [0, 1, 0]),
    },
  ],
  "a generator of random bits": (b) => {
    const counter = b.buffer("int32", [1, 2, 3]);
    const bits = b.buffer("int32", 5);
    const next = buildExpression(["int32"], (k, x) => k.add(x, k.constant(1, "int32")));
    const state = access(counter, [1]);
    return [
      map("next", [3], next, [state], [state]),
      { kind: "randomBits", name: "bits", length: 5, state, target: access(bits, [1]) },
    ];
  },
};

const state = (b: ProgramBuilder, length: number): Buffer =>
  b.buffer(
    "float32",
    Array.from({ length }, (_, i) => i + 1),
  );

const accumulate = (source: Buffer, target: Buffer): Kernel => {
  const expression = buildExpression(["float32", "float32"], (k, x, y) =>
    k.add(k.mul(y, k.constant(2, "float32")), x),
  );
  return map(
    "accumulate",
    [6],
    expression,
    [access(source, [1]), access(target, [1])],
    [access(target, [1])],
  );
};

/** What the check sees in each of three runs: one index is wrong in the second. */
const indicesOfRuns = [
  [0, 1, 2, 2, 1, 0],
  [0, 1, 2, 0, 3, -1],
  [2, 2, 2, 0, 0, 0],
];

async function failOnce(
  trial: Trial,
  around: (typeof places)[string],
  writer: (typeof writers)[string],
): Promise<void> {
  const b = new ProgramBuilder();
  const index = b.buffer("int32", 6, "input");
  const source = b.buffer("float32", trial.numbers.wholes(6), "state");
  const status = b.buffer("int32", 2, "output");
  b.status = status;
  const check: MakeCheck = (steps) => ({
    ...({ kind: "check", name: "check", low: 0, high: 3, ignored: null, code: 1 } as const),
    shape: [steps.at(-1) ?? 6],
    index: access(index, [1], 0, steps),
    status: access(status, []),
  });
  const program = b.program([...around(check, b), ...writer(b, source)]);
  if (!trial.runs(program)) return;
  for (const threads of trial.threads) {
    const executable = trial.backend.prepare(program, { threads });
    executable.setUp();
    const memory = naiveMemory(program);
    for (const [run, indices] of indicesOfRuns.entries()) {
      memory.set(index, indices);
      memory.set(status, [0, 0]);
      await writeBuffer(executable, index, indices);
      if (run > 0) resetStatus(executable, status);
      executable.run();
      runNaively(program, memory);
      const [code, element] = await readBuffer(executable, status);
      demandNumbers(`the status of run ${run}`, [code], [run === 1 ? 1 : 0]);
      if (run === 1) demandNumbers("the element in the status", [element], [3]);
      for (const buffer of program.buffers) {
        if (buffer.role !== "state") continue;
        const want = memory.get(buffer) ?? [];
        demandNumbers(`${buffer.name} after run ${run}`, await readBuffer(executable, buffer), want);
      }
    }
    executable.dispose();
  }
}
