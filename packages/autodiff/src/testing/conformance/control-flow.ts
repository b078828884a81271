import { buildExpression } from "../../kernel/expression.js";
import type { Kernel } from "../../kernel/program.js";
import { access, branch, identity, loop, ProgramBuilder, plain } from "./program-builder.js";
import type { Suite } from "./suite.js";

/** Kernels that hold others: loops, branches, repetitions. */
export function controlFlowConformance(suite: Suite): void {
  suite.add("loops: nested, reversed, of length 0, with steps of every level", ["float32"], async (trial) => {
    const { numbers } = trial;
    for (const [outer, inner] of [
      [3, 4],
      [1, 5],
      [0, 2],
      [2, 0],
    ]) {
      for (const directions of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ]) {
        const b = new ProgramBuilder();
        const n = 5;
        const xs = b.buffer("float32", numbers.wholes(Math.max(1, outer * inner * n)));
        const state = b.buffer("float32", numbers.wholes(n));
        const ys = b.buffer("float32", Math.max(1, outer * inner * n));
        const sums = b.buffer("float32", Math.max(1, outer));
        const steps = [inner * n, n];
        // state ← x − state: the order of the rounds shows in every element.
        const expression = buildExpression(["float32", "float32"], (k, x, s) => {
          const next = k.sub(x, s);
          return [next, next];
        });
        await trial.expectAsNaive(
          b.program([
            loop(outer, directions[0], [
              loop(inner, directions[1], [
                {
                  kind: "map",
                  name: "step",
                  shape: [n],
                  expression,
                  reads: [plain(access(xs, [1], 0, steps)), plain(access(state, [1]))],
                  writes: [access(state, [1]), access(ys, [1], 0, steps)],
                },
              ]),
              {
                kind: "reduce",
                name: "sum",
                shape: [n],
                reduced: 1,
                reads: [plain(access(state, [1]))],
                combine: "sum",
                expression: identity("float32"),
                write: access(sums, [], 0, [1]),
              },
            ]),
          ]),
        );
      }
    }
  });

  suite.add("branches by the byte of each round", ["float32", "bool"], async (trial) => {
    const b = new ProgramBuilder();
    const conditions = b.buffer("bool", [1, 0, 0, 1, 1]);
    const x = b.buffer("float32", [1, 2, 3]);
    const step = (c: number): Kernel => ({
      kind: "map",
      name: "step",
      shape: [3],
      reads: [plain(access(x, [1]))],
      writes: [access(x, [1])],
      expression: buildExpression(["float32"], (k, p) =>
        k.add(k.mul(p, k.constant(2, "float32")), k.constant(c, "float32")),
      ),
    });
    await trial.expectAsNaive(
      b.program([loop(5, false, [branch(access(conditions, [], 0, [1]), [step(1)], [step(-1), step(3)])])]),
    );
    await trial.expectAsNaive(b.program([branch(access(conditions, [], 1), [], [step(5)])]));
  });

  suite.add(
    "repeats while the test holds, also not at all, and inside a loop",
    ["int32", "bool"],
    async (trial) => {
      for (const limit of [0, 1, 6]) {
        const b = new ProgramBuilder();
        const counts = b.buffer("int32", [0, 0, 0]);
        const condition = b.buffer("bool", 1);
        const at = access(counts, [], 0, [1]);
        const kernel: Kernel = {
          kind: "while",
          name: "while",
          condition: access(condition, []),
          test: [
            {
              kind: "map",
              name: "test",
              shape: [],
              reads: [plain(at)],
              writes: [access(condition, [])],
              expression: buildExpression(["int32"], (k, x) => k.lt(x, k.constant(limit, "int32"))),
            },
          ],
          body: [
            {
              kind: "map",
              name: "count",
              shape: [],
              reads: [plain(at)],
              writes: [at],
              expression: buildExpression(["int32"], (k, x) => k.add(x, k.constant(1, "int32"))),
            },
          ],
        };
        await trial.expectAsNaive(b.program([loop(3, true, [kernel])]));
      }
    },
  );
}
