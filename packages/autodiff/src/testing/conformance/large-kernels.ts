import type { DType } from "../../base/dtype.js";
import { sizeOf } from "../../base/shape.js";
import { buildExpression } from "../../kernel/expression.js";
import type { Buffer, Kernel, RowKernel } from "../../kernel/program.js";
import { demand } from "./assertions.js";
import { elementsOf } from "./compare-programs.js";
import { access, clip, identity, loop, map, ProgramBuilder, reduction, row } from "./program-builder.js";
import type { Suite } from "./suite.js";

/** Kernels large enough that threads share their work, in sizes that no number of threads divides. */
export function largeKernelConformance(suite: Suite): void {
  maps(suite);
  reductions(suite);
  products(suite);
  routines(suite);
  recurrences(suite);
}

function maps(suite: Suite): void {
  const [rows, columns] = [211, 307];
  const size = rows * columns;
  for (const dtype of ["float32", "float64", "int32"] as const satisfies readonly DType[]) {
    suite.add(`maps of ${dtype}: along, across and from the end`, [dtype], async (trial) => {
      for (const [strides, offset] of [
        [[columns, 1], 0],
        [[1, rows], 0],
        [[-columns, -1], size - 1],
      ] as const) {
        const b = new ProgramBuilder();
        const x = b.buffer(dtype, trial.numbers.wholes(size));
        const y = b.buffer(dtype, size, "output");
        const expression = buildExpression([dtype], (k, p) => k.sub(k.mul(p, p), p));
        const [read, write] = [access(x, strides, offset), access(y, [columns, 1])];
        await trial.expectAsNaive(b.program([map("map", [rows, columns], expression, [read], [write])]));
      }
    });
  }
  suite.add("gathered rows", ["float32", "int32"], async (trial) => {
    const { numbers } = trial;
    const [count, width] = [1009, 37];
    const b = new ProgramBuilder();
    const table = b.buffer("float32", numbers.wholes(50 * width));
    const index = b.buffer("int32", numbers.wholes(count, 0, 49));
    const y = b.buffer("float32", count * width, "output");
    const at = access(table, [0, 1]);
    const embed: Kernel = {
      kind: "map",
      name: "embed",
      shape: [count, width],
      reads: [{ kind: "gathered", at, index: access(index, [1, 0]), stride: width }],
      expression: identity("float32"),
      writes: [access(y, [width, 1])],
    };
    await trial.expectAsNaive(b.program([embed]));
  });
}

function reductions(suite: Suite): void {
  for (const combine of ["sum", "max", "min"] as const) {
    suite.add(`${combine} of rows, of columns and of everything`, ["float32"], async (trial) => {
      for (const [shape, strides] of [
        [
          [607, 131],
          [131, 1],
        ],
        [
          [131, 607],
          [1, 131],
        ],
        [[79_517], [1]],
        [
          [3, 26_501],
          [26_501, 1],
        ],
      ]) {
        const b = new ProgramBuilder();
        const x = b.buffer("float32", trial.numbers.wholes(sizeOf(shape)));
        const kept = shape.slice(0, -1);
        const y = b.buffer("float32", sizeOf(kept), "output");
        const ones = kept.map(() => 1);
        const reduce = reduction(combine, shape, 1, access(x, strides), access(y, ones));
        await trial.expectAsNaive({ ...b.program([reduce]), name: `${combine} of [${shape}]` });
      }
    });
  }
  suite.add("sums of real numbers, within rounding of double precision", ["float32"], async (trial) => {
    const n = 100_003;
    const values = trial.numbers.uniforms(n, 0, 1).map(Math.fround);
    const b = new ProgramBuilder();
    const y = b.buffer("float32", 1, "output");
    const x = b.buffer("float32", values);
    const sum = reduction("sum", [n], 1, access(x, [1]), access(y, []));
    const want = values.reduce((total, x) => total + x, 0);
    await trial.expectOutcome(b.program([sum]), (outcome) => {
      const [got] = elementsOf(outcome, y);
      demand(Math.abs(got / want - 1) < 2e-5, `the sum of ${n} numbers`, got, `${want}, within 2e-5 of it`);
    });
  });
}

function products(suite: Suite): void {
  for (const pack of [false, true]) {
    for (const [batch, m, n, k] of [
      [[], 131, 157, 61],
      [[], 1, 1031, 67],
      [[], 517, 3, 64],
      [[7], 33, 35, 37],
    ] as const) {
      suite.add(`products [${batch}] ${m}×${k}×${n}; packed: ${pack}`, ["float32"], async (trial) => {
        const { numbers } = trial;
        const b = new ProgramBuilder();
        const count = sizeOf(batch);
        const left = b.buffer("float32", numbers.wholes(count * m * k, -4, 4));
        const right = b.buffer("float32", numbers.wholes(count * k * n, -4, 4));
        const c = b.buffer("float32", numbers.wholes(count * m * n));
        const over = (size: number): number[] => batch.map(() => size);
        const kernels = b.gemm(
          suite.backend.capabilities,
          {
            ...{ batch, m, n, k, mode: "accumulate" },
            a: access(left, [...over(m * k), k, 1]),
            b: access(right, [...over(k * n), n, 1]),
            c: access(c, [...over(m * n), n, 1]),
          },
          pack,
        );
        await trial.expectAsNaive(b.program(kernels));
      });
    }
  }
}

function routines(suite: Suite): void {
  suite.add("scattered sums", ["float32", "int32"], async (trial) => {
    const { numbers } = trial;
    const [count, width, rows] = [2003, 29, 31];
    const values = numbers.wholes(count * width);
    const b = new ProgramBuilder();
    const target = b.buffer("float32", numbers.wholes(rows * width));
    const scatter: Kernel = {
      kind: "scatterAdd",
      ...{ name: "scatterAdd", shape: [1, count, width], rows },
      source: access(b.buffer("float32", values), [0, width, 1]),
      index: access(b.buffer("int32", numbers.wholes(count, 0, rows - 1)), [0, 1]),
      target: access(target, [0, width, 1]),
    };
    await trial.expectAsNaive(b.program([scatter]));
    // Sums that are not exact show the order of additions where numbers of threads are compared.
    const real = new ProgramBuilder();
    const sums = real.buffer("float32", rows * width);
    const reals: Kernel = {
      ...scatter,
      source: access(real.buffer("float32", numbers.uniforms(count * width)), [0, width, 1]),
      index: access(real.buffer("int32", numbers.wholes(count, 0, rows - 1)), [0, 1]),
      target: access(sums, [0, width, 1]),
    };
    await trial.expectOutcome(real.program([reals]), (outcome) => {
      const least = Math.min(...elementsOf(outcome, sums).map(Math.abs));
      demand(Number.isFinite(least), "the least of the sums", least, "a finite number");
    });
  });
  for (const routine of [
    { kind: "cumulativeSum", reverse: true },
    { kind: "argSort", descending: false, limit: 97 },
    { kind: "argExtreme", largest: true },
  ] as const satisfies readonly RowKernel["routine"][]) {
    suite.add(`${routine.kind} of many rows`, ["float32", "int32"], async (trial) => {
      const [rows, n] = [409, 97];
      const b = new ProgramBuilder();
      const length = routine.kind === "argExtreme" ? 1 : n;
      const out = b.buffer(routine.kind === "cumulativeSum" ? "float32" : "int32", rows * length, "output");
      const source = access(b.buffer("float32", trial.numbers.wholes(rows * n)), [n]);
      const target = access(out, [length]);
      await trial.expectAsNaive(b.program([row(routine, rows, n, source, target)]));
    });
  }
  suite.add("random bits", ["int32"], async (trial) => {
    const length = 20_011;
    const b = new ProgramBuilder();
    const state = access(b.buffer("int32", [12345, -6789, 3]), [1]);
    const target = access(b.buffer("int32", length, "output"), [1]);
    await trial.expectAsNaive(b.program([{ kind: "randomBits", name: "bits", length, state, target }]));
  });
}

function recurrences(suite: Suite): void {
  suite.add("each kernel of a loop waits for what it reads", ["float32"], async (trial) => {
    const [n, rounds] = [6007, 12];
    const b = new ProgramBuilder();
    const x = b.buffer("float32", trial.numbers.wholes(n));
    const y = b.buffer("float32", n, "temporary");
    const total = b.buffer("float32", rounds, "output");
    const expression = buildExpression(["float32", "float32"], (k, p, q) =>
      k.max(k.min(k.sub(p, q), k.constant(99, "float32")), k.constant(-99, "float32")),
    );
    // Every element is read by another part of the next kernel than the one that wrote it.
    const turned = (from: Buffer, to: Buffer): Kernel =>
      map("turn", [n], expression, [access(from, [-1], n - 1), access(from, [0], 17)], [access(to, [1])]);
    const sum = reduction("sum", [n], 1, access(x, [1]), access(total, [], 0, [1]));
    await trial.expectAsNaive(b.program([loop(rounds, false, [turned(x, y), turned(y, x), sum])]));
  });
  suite.add("products and maps take turns in a loop", ["float32"], async (trial) => {
    const { numbers } = trial;
    const [time, batch, hidden] = [4, 37, 67];
    const step = batch * hidden;
    const b = new ProgramBuilder();
    const weights = b.buffer("float32", numbers.wholes(hidden * hidden, -1, 1), "constant");
    const gates = b.buffer("float32", numbers.wholes(time * step, -2, 2));
    const states = b.buffer("float32", (time + 1) * step);
    const c = access(gates, [hidden, 1], 0, [step]);
    const product = b.gemm(
      suite.backend.capabilities,
      {
        ...{ m: batch, n: hidden, k: hidden, mode: "accumulate", c },
        a: access(states, [hidden, 1], 0, [step]),
        b: access(weights, [hidden, 1]),
      },
      true,
      "constant",
    );
    const next = clip([batch, hidden], c, access(states, [hidden, 1], step, [step]));
    b.setup.push(...product.filter(({ kind }) => kind === "pack"));
    const inLoop = product.filter(({ kind }) => kind === "gemm");
    await trial.expectAsNaive(b.program([loop(time, false, [...inLoop, next])]));
  });
}
