import { rowMajor, sizeOf as size } from "../../base/shape.js";
import { buildExpression } from "../../kernel/expression.js";
import type { Combine } from "../../kernel/instruction.js";
import type { ReduceKernel } from "../../kernel/program.js";
import { demand, demandNumbers } from "./assertions.js";
import { elementsOf } from "./compare-programs.js";
import { access, numeric, ProgramBuilder, plain, reduction, SeededNumbers } from "./program-builder.js";
import type { Suite } from "./suite.js";

const combines: readonly Combine[] = ["sum", "prod", "max", "min"];

/** Kernels that combine elements along axes. */
export function reductionConformance(suite: Suite): void {
  axisCases(suite);
  expressionCase(suite);
  nanCase(suite);
  boolCase(suite);
  roundingCase(suite);
}

const axes = [
  [[], [1]],
  [[], [9]],
  [[], [67]],
  [[], [1031]],
  [[5], [7]],
  [[3], [600]],
  [[600], [3]],
  [[4, 5], [6]],
  [[17], [2, 3]],
  [[2, 2], [65]],
  [[7], []],
  [[131], [5]],
  [[3], [0]],
  [[0], [3]],
  [[8], [8]],
  [[12], [5]],
] as const satisfies readonly (readonly [kept: readonly number[], reduced: readonly number[]])[];

/** Whole numbers, of which any product is exact: mostly ones, with few twos. */
const factorsOf = (wholes: readonly number[]): number[] =>
  wholes.map((x, i) => (i % 61 === 0 ? 2 : x < 0 ? -1 : 1));

function axisCases(suite: Suite): void {
  for (const combine of combines) {
    suite.add(`${combine} over inner, outer and all axes`, [], async (trial) => {
      for (const dtype of numeric) {
        for (const [kept, reduced] of axes) {
          const shape = [...kept, ...reduced];
          const wholes = trial.numbers.wholes(size(shape));
          const values = combine === "prod" ? factorsOf(wholes) : wholes;
          const inner = rowMajor(shape);
          const outer = [...rowMajor(kept), ...rowMajor(reduced).map((s) => s * Math.max(1, size(kept)))];
          for (const strides of [inner, outer]) {
            const b = new ProgramBuilder();
            const x = access(b.buffer(dtype, values), strides);
            const out = access(b.buffer(dtype, size(kept)), rowMajor(kept));
            const name = `${combine} ${dtype} [${kept}] of [${reduced}] strides [${strides}]`;
            await trial.expectAsNaive(
              b.program([{ ...reduction(combine, shape, reduced.length, x, out), name }]),
            );
          }
        }
      }
    });
  }
}

function expressionCase(suite: Suite): void {
  suite.add("reductions of expressions, with positions", ["float32", "int32"], async (trial) => {
    const { numbers } = trial;
    for (const [rows, n] of [
      [1, 1],
      [3, 5],
      [64, 9],
      [9, 64],
      [2, 700],
    ]) {
      const b = new ProgramBuilder();
      const x = b.buffer("float32", numbers.wholes(rows * n));
      const y = b.buffer("float32", numbers.wholes(n));
      const expression = buildExpression(["float32", "float32"], (k, p, q) =>
        k.sub(k.mul(p, q), k.cast(k.index(1), "float32")),
      );
      const kernels = (["sum", "max", "min"] as const).map(
        (combine): ReduceKernel => ({
          kind: "reduce",
          ...{ name: combine, shape: [rows, n], reduced: 1, combine, expression },
          reads: [plain(access(x, [n, 1])), plain(access(y, [0, 1]))],
          write: access(b.buffer("float32", rows), [1]),
        }),
      );
      await trial.expectAsNaive(b.program(kernels));
    }
  });
}

function nanCase(suite: Suite): void {
  suite.add(
    "NaN wins in max and min, wherever it lies; sums and products pass it on",
    ["float32"],
    async (trial) => {
      for (const n of [1, 2, 5, 9, 64, 67]) {
        for (const at of new Set([0, n >> 1, n - 1])) {
          for (const dtype of ["float32", "float64"] as const) {
            const values = trial.numbers.wholes(n);
            values[at] = Number.NaN;
            for (const combine of combines) {
              const b = new ProgramBuilder();
              const out = b.buffer(dtype, 1);
              const x = b.buffer(dtype, values);
              const program = b.program([reduction(combine, [n], 1, access(x, [1]), access(out, []))]);
              await trial.expectOutcome(program, (outcome) =>
                demandNumbers(`${combine} of ${n} ${dtype}, NaN at ${at}`, elementsOf(outcome, out), [
                  Number.NaN,
                ]),
              );
            }
          }
        }
      }
    },
  );
}

function boolCase(suite: Suite): void {
  suite.add("any and all: max and min of bool", ["bool"], async (trial) => {
    for (const n of [1, 7, 8, 40, 600]) {
      for (const combine of ["max", "min"] as const) {
        const b = new ProgramBuilder();
        const x = b.buffer("bool", trial.numbers.wholes(3 * n, 0, 1));
        const out = b.buffer("bool", 3);
        await trial.expectAsNaive(
          b.program([reduction(combine, [3, n], 1, access(x, [n, 1]), access(out, [1]))]),
        );
      }
    }
  });
}

function roundingCase(suite: Suite): void {
  suite.add("float sums are as good as pairwise", ["float32"], async (trial) => {
    const n = 10_007;
    const values = Float32Array.from(new SeededNumbers(5).uniforms(n, 0, 1));
    const b = new ProgramBuilder();
    const x = b.buffer("float32", values);
    const out = b.buffer("float32", 1);
    const program = b.program([reduction("sum", [n], 1, access(x, [1]), access(out, []))]);
    const want = values.reduce((sum, value) => sum + value, 0);
    await trial.expectOutcome(program, (outcome) => {
      const [got] = elementsOf(outcome, out);
      demand(Math.abs(got / want - 1) < 2e-5, `the sum of ${n} numbers`, got, `${want}, within 2e-5 of it`);
    });
  });
}
