import { buildExpression } from "../../kernel/expression.js";
import type { GemmKernel, Kernel } from "../../kernel/program.js";
import { demand } from "./assertions.js";
import { elementsOf } from "./compare-programs.js";
import { access, loop, ProgramBuilder, plain } from "./program-builder.js";
import type { Suite } from "./suite.js";

type Form = "NN" | "NT" | "TN";
const forms: readonly Form[] = ["NN", "NT", "TN"];
const modes: readonly GemmKernel["mode"][] = ["set", "accumulate", "bias"];
const floats = ["float32", "float64"] as const;

const odd = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const sizes: readonly (readonly [m: number, n: number, k: number])[] = [
  ...odd.map((s) => [s, s, s] as const),
  ...odd.map((s) => [s, 17, 5] as const),
  ...odd.map((s) => [3, s, 65] as const),
  ...odd.map((s) => [17, 9, s] as const),
  [1, 65, 67],
  [1, 32, 131],
  [67, 1, 17],
  [65, 67, 17],
  [17, 131, 65],
  [131, 17, 9],
  [32, 48, 600],
  [6, 8, 1030],
  [0, 3, 4],
  [3, 4, 0],
  [12, 16, 4],
];

/** Strides of a or b for a form, over (rows, columns) of the product's operand. */
const aStrides = (form: Form, m: number, k: number): number[] => (form === "TN" ? [1, m] : [k, 1]);
const bStrides = (form: Form, n: number, k: number): number[] => (form === "NT" ? [1, k] : [n, 1]);

export function gemmConformance(suite: Suite): void {
  for (const dtype of floats) {
    for (const form of forms) {
      for (const pack of [false, true])
        suite.add(`${form} of ${dtype}, all modes, odd sizes; packed: ${pack}`, [dtype], async (trial) => {
          const { numbers } = trial;
          for (const [m, n, k] of sizes) {
            for (const mode of modes) {
              const b = new ProgramBuilder();
              const left = b.buffer(dtype, numbers.wholes(m * k, -4, 4));
              const right = b.buffer(dtype, numbers.wholes(k * n, -4, 4));
              const bias = b.buffer(dtype, numbers.wholes(n));
              const c = b.buffer(dtype, numbers.wholes(m * n));
              const kernels = b.gemm(
                suite.backend.capabilities,
                {
                  batch: [],
                  m,
                  n,
                  k,
                  mode,
                  a: access(left, aStrides(form, m, k)),
                  b: { packed: false, at: access(right, bStrides(form, n, k)) },
                  c: access(c, [n, 1]),
                  ...(mode === "bias" ? { bias: access(bias, [1]) } : {}),
                },
                pack,
              );
              await trial.expectAsNaive({ ...b.program(kernels), name: `${form} ${mode} ${m}×${k}×${n}` });
            }
          }
        });
    }
  }

  suite.add("int32 wraps in every column, rows and batches of any size", ["int32"], async (trial) => {
    const { numbers } = trial;
    const large = (length: number): number[] => numbers.wholes(length, -(2 ** 31), 2 ** 31 - 1);
    for (const n of [...odd, 16, 17, 33])
      for (const [m, k] of [
        [1, 3],
        [2, 5],
        [7, 66],
      ] as const)
        for (const mode of modes) {
          const b = new ProgramBuilder();
          const left = b.buffer("int32", large(m * k));
          const right = b.buffer("int32", large(k * n));
          const bias = b.buffer("int32", large(n));
          const c = b.buffer("int32", large(m * n));
          const kernels = b.gemm(
            suite.backend.capabilities,
            {
              ...{ batch: [], m, n, k, mode, a: access(left, [k, 1]), c: access(c, [n, 1]) },
              b: { packed: false, at: access(right, [n, 1]) },
              ...(mode === "bias" ? { bias: access(bias, [1]) } : {}),
            },
            false,
          );
          await trial.expectAsNaive({ ...b.program(kernels), name: `int32 ${mode} ${m}×${k}×${n}` });
        }
  });

  suite.add(
    "inside larger rows: offsets and leading dimensions beyond the sizes",
    ["float32"],
    async (trial) => {
      const { numbers } = trial;
      for (const [m, n, k] of [
        [5, 7, 9],
        [17, 24, 33],
        [1, 16, 8],
      ]) {
        for (const form of forms) {
          const b = new ProgramBuilder();
          const left = b.buffer("float32", numbers.wholes(2000, -4, 4));
          const right = b.buffer("float32", numbers.wholes(2400, -4, 4));
          const c = b.buffer("float32", numbers.wholes(1200));
          const kernels = b.gemm(
            suite.backend.capabilities,
            {
              batch: [],
              m,
              n,
              k,
              mode: "accumulate",
              a: access(left, form === "TN" ? [1, m + 3] : [k + 5, 1], 3),
              b: { packed: false, at: access(right, form === "NT" ? [1, k + 2] : [n + 1, 1], 5) },
              c: access(c, [n + 4, 1], 7),
            },
            false,
          );
          await trial.expectAsNaive(b.program(kernels));
        }
      }
    },
  );

  suite.add("batches, with operands shared between them", ["float32"], async (trial) => {
    const { numbers } = trial;
    const [m, n, k] = [5, 9, 6];
    for (const batch of [[1], [3], [2, 3], [0]]) {
      for (const shared of ["none", "a", "b"] as const) {
        for (const form of forms) {
          const b = new ProgramBuilder();
          const count = batch.reduce((product, d) => product * d, 1);
          const left = b.buffer("float32", numbers.wholes(Math.max(1, count) * m * k, -4, 4));
          const right = b.buffer("float32", numbers.wholes(Math.max(1, count) * k * n, -4, 4));
          const c = b.buffer("float32", Math.max(1, count) * m * n);
          const over = (each: number, isShared: boolean): number[] =>
            batch.map((_, i) =>
              isShared ? 0 : batch.slice(i + 1).reduce((product, d) => product * d, each),
            );
          const kernels = b.gemm(
            suite.backend.capabilities,
            {
              batch,
              m,
              n,
              k,
              mode: "set",
              a: access(left, [...over(m * k, shared === "a"), ...aStrides(form, m, k)]),
              b: {
                packed: false,
                at: access(right, [...over(k * n, shared === "b"), ...bStrides(form, n, k)]),
              },
              c: access(c, [...over(m * n, false), n, 1]),
            },
            false,
          );
          await trial.expectAsNaive(b.program(kernels));
        }
      }
    }
  });

  suite.add(
    "a recurrence: packed weights before a loop, one product and one map per round, either direction",
    ["float32"],
    async (trial) => {
      const { numbers } = trial;
      const [time, batch, hidden] = [5, 7, 12];
      for (const reverse of [false, true]) {
        for (const pack of [false, true]) {
          const b = new ProgramBuilder();
          const inputs = b.buffer("float32", numbers.wholes(time * batch * hidden, -2, 2));
          const weights = b.buffer("float32", numbers.wholes(hidden * hidden, -1, 1));
          const states = b.buffer("float32", (time + 2) * batch * hidden);
          const step = batch * hidden;
          // h lies one block behind where it is written (one ahead when reversed); the product goes into the inputs.
          const kernels = b.gemm(
            suite.backend.capabilities,
            {
              batch: [],
              m: batch,
              n: hidden,
              k: hidden,
              mode: "accumulate",
              a: access(states, [hidden, 1], reverse ? 2 * step : 0, [step]),
              b: { packed: false, at: access(weights, [hidden, 1]) },
              c: access(inputs, [hidden, 1], 0, [step]),
            },
            pack,
          );
          const clip: Kernel = {
            kind: "map",
            name: "clip",
            shape: [batch, hidden],
            expression: buildExpression(["float32"], (q, x) =>
              q.max(q.min(x, q.constant(3, "float32")), q.constant(-3, "float32")),
            ),
            reads: [plain(access(inputs, [hidden, 1], 0, [step]))],
            writes: [access(states, [hidden, 1], step, [step])],
          };
          const inLoop = kernels.filter((kernel) => kernel.kind === "gemm");
          const before = kernels.filter((kernel) => kernel.kind === "pack");
          await trial.expectAsNaive(b.program([...before, loop(time, reverse, [...inLoop, clip])]));
        }
      }
    },
  );

  for (const dtype of floats)
    suite.add(`real numbers of ${dtype}, within rounding of double precision`, [dtype], async (trial) => {
      const { numbers } = trial;
      for (const [m, n, k] of [
        [13, 21, 257],
        [64, 64, 64],
        [1, 33, 512],
      ]) {
        const b = new ProgramBuilder();
        const round = dtype === "float32" ? Math.fround : (x: number) => x;
        const x = numbers.uniforms(m * k).map(round);
        const y = numbers.uniforms(k * n).map(round);
        const left = b.buffer(dtype, x);
        const right = b.buffer(dtype, y);
        const c = b.buffer(dtype, m * n);
        const kernels = b.gemm(
          suite.backend.capabilities,
          {
            batch: [],
            m,
            n,
            k,
            mode: "set",
            a: access(left, [k, 1]),
            b: { packed: false, at: access(right, [n, 1]) },
            c: access(c, [n, 1]),
          },
          true,
        );
        const program = b.program(kernels);
        await trial.expectOutcome(program, (outcome) => {
          const got = elementsOf(outcome, c);
          const unit = dtype === "float32" ? 2 ** -24 : 2 ** -53;
          let worst = 0;
          for (let i = 0; i < m; i++) {
            for (let j = 0; j < n; j++) {
              let sum = 0;
              let size = 0;
              for (let l = 0; l < k; l++) {
                const term = x[i * k + l] * y[l * n + j];
                sum += term;
                size += Math.abs(term);
              }
              worst = Math.max(worst, Math.abs(got[i * n + j] - sum) / (size * unit));
            }
          }
          // The bound for plain summation is k; in practice errors grow like its root.
          const most = 4 * Math.sqrt(k);
          demand(
            worst < most,
            `${m}×${k}×${n} of ${dtype}`,
            `an error of ${worst} units`,
            `less than ${most}`,
          );
        });
      }
    });
}
