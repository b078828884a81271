import type { DType } from "../../base/dtype.js";
import { sizeOf } from "../../base/shape.js";
import type { GemmKernel } from "../../kernel/program.js";
import { demand } from "./assertions.js";
import { elementsOf } from "./compare-programs.js";
import { indicesOf } from "./naive-program.js";
import { access, clip, loop, ProgramBuilder } from "./program-builder.js";
import type { Suite, Trial } from "./suite.js";

type Form = "NN" | "NT" | "TN";
const forms: readonly Form[] = ["NN", "NT", "TN"];
const modes: readonly GemmKernel["mode"][] = ["set", "accumulate", "bias"];
const floats = ["float32", "float64"] as const;

const odd = [1, 2, 3, 4, 5, 6, 7, 8, 9];
type Size = readonly [m: number, n: number, k: number];
const sizes: readonly Size[] = [
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

/** Products of matrices: every layout, mode and size, batches, loops, rounding. */
export function gemmConformance(suite: Suite): void {
  sizeCases(suite);
  wrappingCase(suite);
  leadingDimensionCase(suite);
  batchCase(suite);
  recurrenceCase(suite);
  roundingCases(suite);
}

/** Demands a product of matrices side by side as it is naively; elements are small where products must be exact, and any at all where they wrap. */
async function expectProduct(
  trial: Trial,
  dtype: DType,
  [m, n, k]: Size,
  form: Form,
  mode: GemmKernel["mode"],
  pack: boolean = false,
): Promise<void> {
  const drawn = (length: number, most: number): number[] =>
    dtype === "int32"
      ? trial.numbers.wholes(length, -(2 ** 31), 2 ** 31 - 1)
      : trial.numbers.wholes(length, -most, most);
  const b = new ProgramBuilder();
  const left = b.buffer(dtype, drawn(m * k, 4));
  const right = b.buffer(dtype, drawn(k * n, 4));
  const bias = b.buffer(dtype, drawn(n, 8));
  const c = b.buffer(dtype, drawn(m * n, 8));
  const matrices = {
    a: access(left, aStrides(form, m, k)),
    b: access(right, bStrides(form, n, k)),
    c: access(c, [n, 1]),
    ...(mode === "bias" ? { bias: access(bias, [1]) } : {}),
  };
  const kernels = b.gemm(trial.backend.capabilities, { m, n, k, mode, ...matrices }, pack);
  const kind = dtype === "int32" ? dtype : form;
  await trial.expectAsNaive({ ...b.program(kernels), name: `${kind} ${mode} ${m}×${k}×${n}` });
}

function sizeCases(suite: Suite): void {
  for (const dtype of floats) {
    for (const form of forms) {
      for (const pack of [false, true])
        suite.add(`${form} of ${dtype}, all modes, odd sizes; packed: ${pack}`, [dtype], async (trial) => {
          for (const size of sizes)
            for (const mode of modes) await expectProduct(trial, dtype, size, form, mode, pack);
        });
    }
  }
}

function wrappingCase(suite: Suite): void {
  suite.add("int32 wraps in every column, rows and batches of any size", ["int32"], async (trial) => {
    for (const n of [...odd, 16, 17, 33])
      for (const [m, k] of [
        [1, 3],
        [2, 5],
        [7, 66],
      ] as const)
        for (const mode of modes) await expectProduct(trial, "int32", [m, n, k], "NN", mode);
  });
}

function leadingDimensionCase(suite: Suite): void {
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
          const kernels = b.gemm(trial.backend.capabilities, {
            ...{ m, n, k, mode: "accumulate" },
            a: access(left, form === "TN" ? [1, m + 3] : [k + 5, 1], 3),
            b: access(right, form === "NT" ? [1, k + 2] : [n + 1, 1], 5),
            c: access(c, [n + 4, 1], 7),
          });
          await trial.expectAsNaive(b.program(kernels));
        }
      }
    },
  );
}

/** Strides over axes of batches, `each` elements apart; 0 where all batches share an operand. */
const batchStrides = (batch: readonly number[], each: number, isShared: boolean): number[] =>
  batch.map((_, i) => (isShared ? 0 : batch.slice(i + 1).reduce((size, d) => size * d, each)));

function batchCase(suite: Suite): void {
  suite.add("batches, with operands shared between them", ["float32"], async (trial) => {
    const { numbers } = trial;
    const [m, n, k] = [5, 9, 6];
    for (const batch of [[1], [3], [2, 3], [0]]) {
      for (const shared of ["none", "a", "b"] as const) {
        for (const form of forms) {
          const b = new ProgramBuilder();
          const count = Math.max(1, sizeOf(batch));
          const left = b.buffer("float32", numbers.wholes(count * m * k, -4, 4));
          const right = b.buffer("float32", numbers.wholes(count * k * n, -4, 4));
          const c = b.buffer("float32", count * m * n);
          const kernels = b.gemm(trial.backend.capabilities, {
            ...{ batch, m, n, k },
            a: access(left, [...batchStrides(batch, m * k, shared === "a"), ...aStrides(form, m, k)]),
            b: access(right, [...batchStrides(batch, k * n, shared === "b"), ...bStrides(form, n, k)]),
            c: access(c, [...batchStrides(batch, m * n, false), n, 1]),
          });
          await trial.expectAsNaive(b.program(kernels));
        }
      }
    }
  });
}

function recurrenceCase(suite: Suite): void {
  suite.add(
    "a recurrence: packed weights before a loop, one product and one map per round, either direction",
    ["float32"],
    async (trial) => {
      const { numbers } = trial;
      const [time, batch, hidden] = [5, 7, 12];
      const step = batch * hidden;
      for (const reverse of [false, true]) {
        for (const pack of [false, true]) {
          const b = new ProgramBuilder();
          const inputs = b.buffer("float32", numbers.wholes(time * step, -2, 2));
          const weights = b.buffer("float32", numbers.wholes(hidden * hidden, -1, 1));
          const states = b.buffer("float32", (time + 2) * step);
          // h lies one block behind where it is written (one ahead when reversed); the product goes into the inputs.
          const matrices = {
            a: access(states, [hidden, 1], reverse ? 2 * step : 0, [step]),
            b: access(weights, [hidden, 1]),
            c: access(inputs, [hidden, 1], 0, [step]),
          };
          const size = { m: batch, n: hidden, k: hidden };
          const kernels = b.gemm(
            trial.backend.capabilities,
            { ...size, mode: "accumulate", ...matrices },
            pack,
          );
          const inLoop = kernels.filter((kernel) => kernel.kind === "gemm");
          const before = kernels.filter((kernel) => kernel.kind === "pack");
          const next = clip([batch, hidden], matrices.c, access(states, [hidden, 1], step, [step]));
          await trial.expectAsNaive(b.program([...before, loop(time, reverse, [...inLoop, next])]));
        }
      }
    },
  );
}

function roundingCases(suite: Suite): void {
  for (const dtype of floats)
    suite.add(`real numbers of ${dtype}, within rounding of double precision`, [dtype], async (trial) => {
      const { numbers } = trial;
      const [round, unit] = dtype === "float32" ? [Math.fround, 2 ** -24] : [(x: number) => x, 2 ** -53];
      for (const size of [
        [13, 21, 257],
        [64, 64, 64],
        [1, 33, 512],
      ] as const) {
        const [m, n, k] = size;
        const b = new ProgramBuilder();
        const x = numbers.uniforms(m * k).map(round);
        const y = numbers.uniforms(k * n).map(round);
        const matrices = {
          a: access(b.buffer(dtype, x), [k, 1]),
          b: access(b.buffer(dtype, y), [n, 1]),
          c: access(b.buffer(dtype, m * n), [n, 1]),
        };
        const program = b.program(b.gemm(trial.backend.capabilities, { m, n, k, ...matrices }, true));
        await trial.expectOutcome(program, (outcome) => {
          const worst = worstError(elementsOf(outcome, matrices.c.buffer), x, y, size) / unit;
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

/** The greatest error of a product x·y against double precision, relative to the sum of the magnitudes of its terms. */
function worstError(
  got: readonly number[],
  x: readonly number[],
  y: readonly number[],
  [m, n, k]: Size,
): number {
  let worst = 0;
  for (const [i, j] of indicesOf([m, n])) {
    let sum = 0;
    let size = 0;
    for (let l = 0; l < k; l++) {
      const term = x[i * k + l] * y[l * n + j];
      sum += term;
      size += Math.abs(term);
    }
    worst = Math.max(worst, Math.abs(got[i * n + j] - sum) / size);
  }
  return worst;
}
