import { buildExpression, type KernelBuilder, type Scalar } from "../../kernel/expression.js";
import type { Access, Kernel } from "../../kernel/program.js";
import { access, branch, loop, map, ProgramBuilder, reduction } from "./program-builder.js";
import type { Suite, Trial } from "./suite.js";

/** Kernels that hold others: loops, branches, repetitions. */
export function controlFlowConformance(suite: Suite): void {
  loopCase(suite);
  branchCase(suite);
  repetitionCase(suite);
}

function loopCase(suite: Suite): void {
  suite.add("loops: nested, reversed, of length 0, with steps of every level", ["float32"], async (trial) => {
    for (const lengths of [
      [3, 4],
      [1, 5],
      [0, 2],
      [2, 0],
    ] as const) {
      for (const directions of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ] as const)
        await expectLoops(trial, lengths, directions);
    }
  });
}

/** Demands a loop in a loop, with a map in the inner and a reduction in the outer one, as it is naively. */
async function expectLoops(
  trial: Trial,
  [outer, inner]: readonly [outer: number, inner: number],
  [outerReverse, innerReverse]: readonly [outer: boolean, inner: boolean],
): Promise<void> {
  const { numbers } = trial;
  const b = new ProgramBuilder();
  const n = 5;
  const steps = [inner * n, n];
  const xs = b.buffer("float32", numbers.wholes(Math.max(1, outer * inner * n)));
  const state = access(b.buffer("float32", numbers.wholes(n)), [1]);
  const ys = b.buffer("float32", Math.max(1, outer * inner * n));
  const sums = b.buffer("float32", Math.max(1, outer));
  // state ← x − state: the order of the rounds shows in every element.
  const expression = buildExpression(["float32", "float32"], (k, x, s) => {
    const next = k.sub(x, s);
    return [next, next];
  });
  const reads = [access(xs, [1], 0, steps), state];
  const writes = [state, access(ys, [1], 0, steps)];
  const step = map("step", [n], expression, reads, writes);
  const sum = reduction("sum", [n], 1, state, access(sums, [], 0, [1]));
  await trial.expectAsNaive(b.program([loop(outer, outerReverse, [loop(inner, innerReverse, [step]), sum])]));
}

function branchCase(suite: Suite): void {
  suite.add("branches by the byte of each round", ["float32", "bool"], async (trial) => {
    const b = new ProgramBuilder();
    const conditions = b.buffer("bool", [1, 0, 0, 1, 1]);
    const x = access(b.buffer("float32", [1, 2, 3]), [1]);
    const step = (c: number): Kernel => {
      const expression = buildExpression(["float32"], (k, p) =>
        k.add(k.mul(p, k.constant(2, "float32")), k.constant(c, "float32")),
      );
      return map("step", [3], expression, [x], [x]);
    };
    await trial.expectAsNaive(
      b.program([loop(5, false, [branch(access(conditions, [], 0, [1]), [step(1)], [step(-1), step(3)])])]),
    );
    await trial.expectAsNaive(b.program([branch(access(conditions, [], 1), [], [step(5)])]));
  });
}

function repetitionCase(suite: Suite): void {
  suite.add(
    "repeats while the test holds, also not at all, and inside a loop",
    ["int32", "bool"],
    async (trial) => {
      for (const limit of [0, 1, 6]) {
        const b = new ProgramBuilder();
        const count = access(b.buffer("int32", [0, 0, 0]), [], 0, [1]);
        const condition = access(b.buffer("bool", 1), []);
        const ofCount = (
          name: string,
          body: (k: KernelBuilder, x: Scalar) => Scalar,
          write: Access,
        ): Kernel => map(name, [], buildExpression(["int32"], body), [count], [write]);
        const test = ofCount("test", (k, x) => k.lt(x, k.constant(limit, "int32")), condition);
        const body = ofCount("count", (k, x) => k.add(x, k.constant(1, "int32")), count);
        const repetition: Kernel = { kind: "while", name: "while", condition, test: [test], body: [body] };
        await trial.expectAsNaive(b.program([loop(3, true, [repetition])]));
      }
    },
  );
}
