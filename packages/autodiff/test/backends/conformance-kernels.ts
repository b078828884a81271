import { expect, it } from "vitest";
import type { DType } from "../../src/base/dtype.js";
import { rowMajor } from "../../src/base/shape.js";
import { buildExpression } from "../../src/kernel/expression.js";
import type { Combine, Expression } from "../../src/kernel/instruction.js";
import type { Kernel, ProgramBackend } from "../../src/kernel/program.js";
import { expectAsNaive, runProgram } from "./compare-programs.js";
import { access, branch, loop, ProgramBuilder, plain, readBuffer, SeededNumbers } from "./program-builder.js";

const numeric: readonly DType[] = ["float32", "float64", "int32"];
const combines: readonly Combine[] = ["sum", "prod", "max", "min"];
const size = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
const identity = (dtype: DType): Expression => buildExpression([dtype], (_kernel, x) => x);

const shapes: readonly (readonly number[])[] = [
  [],
  [1],
  [2],
  [3],
  [4],
  [5],
  [7],
  [8],
  [9],
  [17],
  [65],
  [131],
  [512],
  [513],
  [1500],
  [0],
  [3, 0],
  [1, 1],
  [2, 3],
  [3, 17],
  [17, 3],
  [5, 1, 7],
  [4, 131],
  [131, 2],
  [2, 3, 4, 5],
  [600, 3],
];

export function kernelConformance(backend: ProgramBackend): void {
  const numbers = new SeededNumbers(3);

  for (const dtype of numeric) {
    it(`maps of ${dtype} over contiguous shapes`, () => {
      for (const shape of shapes) {
        const b = new ProgramBuilder();
        const n = size(shape);
        const strides = rowMajor(shape);
        const x = b.buffer(dtype, numbers.wholes(n));
        const y = b.buffer(dtype, numbers.wholes(n));
        const out = b.buffer(dtype, n);
        const expression = buildExpression([dtype, dtype], (k, p, q) => k.add(k.mul(p, q), p));
        expectAsNaive(
          backend,
          b.program([
            {
              kind: "map",
              name: `map [${shape}]`,
              shape,
              expression,
              reads: [plain(access(x, strides)), plain(access(y, strides))],
              writes: [access(out, strides)],
            },
          ]),
        );
      }
    });
  }

  it("maps with broadcast, transposed, negative, spread and shifted accesses", () => {
    const shape = [5, 7, 9];
    const layouts: readonly (readonly [readonly number[], number])[] = [
      [[63, 9, 1], 0],
      [[1, 5, 35], 0],
      [[0, 0, 0], 3],
      [[0, 9, 1], 0],
      [[63, 0, 1], 0],
      [[9, 0, 0], 0],
      [[0, 1, 0], 2],
      [[-63, 9, 1], 252],
      [[63, 9, -1], 8],
      [[-63, -9, -1], 314],
      [[200, 20, 2], 5],
      [[1, 45, 5], 0],
      [[0, 0, 1], 1],
    ];
    for (const [strides, offset] of layouts) {
      const b = new ProgramBuilder();
      const x = b.buffer("float32", numbers.wholes(1200));
      const y = b.buffer("float32", numbers.wholes(1200));
      const out = b.buffer("float32", 1200);
      const expression = buildExpression(["float32", "float32"], (k, p, q) => k.sub(p, q));
      const kernel: Kernel = {
        kind: "map",
        name: `strides [${strides}]`,
        shape,
        expression,
        reads: [plain(access(x, strides, offset)), plain(access(y, [63, 9, 1]))],
        writes: [access(out, [63, 9, 1], 1)],
      };
      expectAsNaive(backend, b.program([kernel]));
      if (strides.includes(0)) continue;
      expectAsNaive(backend, b.program([{ ...kernel, writes: [access(out, strides, offset)] }]));
    }
  });

  it("maps in place, with several results, one of them a read that another overwrites", () => {
    for (const n of [1, 4, 67, 1030]) {
      const b = new ProgramBuilder();
      const x = b.buffer("float32", numbers.wholes(n));
      const y = b.buffer("float32", numbers.wholes(n));
      const expression = buildExpression(["float32", "float32"], (k, p, q) => [k.add(p, q), p, k.mul(p, p)]);
      const z = b.buffer("float32", n);
      expectAsNaive(
        backend,
        b.program([
          {
            kind: "map",
            name: "swap",
            shape: [n],
            expression,
            reads: [plain(access(x, [1])), plain(access(y, [1]))],
            writes: [access(x, [1]), access(y, [1]), access(z, [1])],
          },
        ]),
      );
    }
  });

  it("maps over positions", () => {
    for (const shape of [[7], [3, 5], [1, 6], [600, 2], [2, 3, 4]]) {
      for (let axis = 0; axis < shape.length; axis++) {
        const b = new ProgramBuilder();
        const out = b.buffer("int32", size(shape));
        const x = b.buffer("int32", numbers.wholes(size(shape)));
        const expression = buildExpression(["int32"], (k, p) =>
          k.add(k.mul(k.index(axis), k.constant(10, "int32")), p),
        );
        const strides = rowMajor(shape);
        expectAsNaive(
          backend,
          b.program([
            {
              kind: "map",
              name: "index",
              shape,
              expression,
              reads: [plain(access(x, strides))],
              writes: [access(out, strides)],
            },
          ]),
        );
      }
    }
  });

  it("maps with mixed dtypes and all of them written", () => {
    for (const n of [1, 3, 16, 37, 515]) {
      const b = new ProgramBuilder();
      const f = b.buffer("float32", numbers.wholes(n));
      const d = b.buffer("float64", numbers.wholes(n));
      const i = b.buffer("int32", numbers.wholes(n));
      const c = b.buffer("bool", numbers.wholes(n, 0, 1));
      const outs = (["float32", "float64", "int32", "bool"] as const).map((dtype) => b.buffer(dtype, n));
      const expression = buildExpression(["float32", "float64", "int32", "bool"], (k, p, q, r, s) => {
        const wide = k.add(k.cast(p, "float64"), q);
        const less = k.lt(k.cast(r, "float32"), p);
        return [k.select(s, p, k.cast(r, "float32")), wide, k.cast(wide, "int32"), k.and(s, k.not(less))];
      });
      expectAsNaive(
        backend,
        b.program([
          {
            kind: "map",
            name: "mixed",
            shape: [n],
            expression,
            reads: [f, d, i, c].map((buffer) => plain(access(buffer, [1]))),
            writes: outs.map((buffer) => access(buffer, [1])),
          },
        ]),
      );
    }
  });

  it("gathered reads, of rows and of elements, inside loops", () => {
    for (const [count, row] of [
      [1, 1],
      [5, 8],
      [9, 33],
      [130, 3],
    ]) {
      const b = new ProgramBuilder();
      const table = b.buffer("float32", numbers.wholes(12 * row));
      const index = b.buffer("int32", numbers.wholes(4 * count, 0, 11));
      const out = b.buffer("float32", 4 * count * row);
      const kernel = (steps: readonly number[], outSteps: readonly number[]): Kernel => ({
        kind: "map",
        name: "embed",
        shape: [count, row],
        expression: buildExpression(["float32"], (k, x) => k.neg(x)),
        reads: [
          {
            kind: "gathered",
            at: access(table, [0, 1]),
            index: access(index, [1, 0], 0, steps),
            stride: row,
          },
        ],
        writes: [access(out, [row, 1], 0, outSteps)],
      });
      expectAsNaive(backend, b.program([kernel([], [])]));
      expectAsNaive(backend, b.program([loop(4, true, [kernel([count], [count * row])])]));
      const elements: Kernel = {
        kind: "map",
        name: "pick",
        shape: [count],
        expression: identity("float32"),
        reads: [
          { kind: "gathered", at: access(table, [0], row - 1), index: access(index, [1]), stride: row },
        ],
        writes: [access(out, [1])],
      };
      expectAsNaive(backend, b.program([elements]));
    }
  });

  for (const combine of combines) {
    it(`${combine} over inner, outer and all axes`, () => {
      for (const dtype of numeric) {
        for (const [kept, reduced] of [
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
        ] as const) {
          const shape = [...kept, ...reduced];
          const n = size(shape);
          // Products stay exact: mostly ones, with few twos.
          const values =
            combine === "prod"
              ? numbers.wholes(n).map((x, i) => (i % 61 === 0 ? 2 : x < 0 ? -1 : 1))
              : numbers.wholes(n);
          const inner = rowMajor(shape);
          const outer = [
            ...rowMajor(kept).map((s) => s),
            ...rowMajor(reduced).map((s) => s * Math.max(1, size(kept))),
          ];
          for (const strides of [inner, outer]) {
            const b = new ProgramBuilder();
            const x = b.buffer(dtype, values);
            const out = b.buffer(dtype, size(kept));
            expectAsNaive(
              backend,
              b.program([
                {
                  kind: "reduce",
                  name: `${combine} ${dtype} [${kept}] of [${reduced}] strides [${strides}]`,
                  shape,
                  reduced: reduced.length,
                  reads: [plain(access(x, strides))],
                  expression: identity(dtype),
                  combine: combine,
                  write: access(out, rowMajor(kept)),
                },
              ]),
            );
          }
        }
      }
    });
  }

  it("reductions of expressions, with positions", () => {
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
        (combine): Kernel => ({
          kind: "reduce",
          name: combine,
          shape: [rows, n],
          reduced: 1,
          expression,
          reads: [plain(access(x, [n, 1])), plain(access(y, [0, 1]))],
          combine,
          write: access(b.buffer("float32", rows), [1]),
        }),
      );
      expectAsNaive(backend, b.program(kernels));
    }
  });

  it("NaN wins in max and min, wherever it lies; sums and products pass it on", () => {
    for (const n of [1, 2, 5, 9, 64, 67]) {
      for (const at of new Set([0, n >> 1, n - 1])) {
        for (const dtype of ["float32", "float64"] as const) {
          const values = numbers.wholes(n);
          values[at] = Number.NaN;
          for (const combine of combines) {
            const b = new ProgramBuilder();
            const out = b.buffer(dtype, 1);
            const x = b.buffer(dtype, values);
            const program = b.program([
              {
                kind: "reduce",
                name: combine,
                shape: [n],
                reduced: 1,
                reads: [plain(access(x, [1]))],
                combine: combine,
                expression: identity(dtype),
                write: access(out, []),
              },
            ]);
            expect(runProgram(backend, program)(out)).toEqual([Number.NaN]);
          }
        }
      }
    }
  });

  it("any and all: max and min of bool", () => {
    for (const n of [1, 7, 8, 40, 600]) {
      for (const combine of ["max", "min"] as const) {
        const b = new ProgramBuilder();
        const x = b.buffer("bool", numbers.wholes(3 * n, 0, 1));
        const out = b.buffer("bool", 3);
        expectAsNaive(
          backend,
          b.program([
            {
              kind: "reduce",
              name: combine,
              shape: [3, n],
              reduced: 1,
              reads: [plain(access(x, [n, 1]))],
              combine: combine,
              expression: identity("bool"),
              write: access(out, [1]),
            },
          ]),
        );
      }
    }
  });

  it("float sums are as good as pairwise", () => {
    const n = 10_007;
    const values = Float32Array.from(new SeededNumbers(5).uniforms(n, 0, 1));
    const b = new ProgramBuilder();
    const x = b.buffer("float32", values);
    const out = b.buffer("float32", 1);
    const program = b.program([
      {
        kind: "reduce",
        name: "sum",
        shape: [n],
        reduced: 1,
        reads: [plain(access(x, [1]))],
        combine: "sum",
        expression: identity("float32"),
        write: access(out, []),
      },
    ]);
    const want = values.reduce((sum, value) => sum + value, 0);
    expect(Math.abs(runProgram(backend, program)(out)[0] / want - 1)).toBeLessThan(2e-5);
  });

  it("fills of every dtype, contiguous and strided", () => {
    for (const dtype of [...numeric, "bool"] as const) {
      for (const [shape, strides] of [
        [[], []],
        [[7], [1]],
        [[67], [1]],
        [[5], [3]],
        [
          [3, 5],
          [20, 2],
        ],
        [[4], [0]],
        [[0], [1]],
      ] as const) {
        const b = new ProgramBuilder();
        const target = b.buffer(dtype, new Array<number>(80).fill(0));
        expectAsNaive(
          backend,
          b.program([{ kind: "fill", name: "fill", shape, value: 1, target: access(target, strides, 2) }]),
        );
      }
    }
  });

  it("loops: nested, reversed, of length 0, with steps of every level", () => {
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
        expectAsNaive(
          backend,
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

  it("branches by the byte of each round", () => {
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
    expectAsNaive(
      backend,
      b.program([loop(5, false, [branch(access(conditions, [], 0, [1]), [step(1)], [step(-1), step(3)])])]),
    );
    expectAsNaive(backend, b.program([branch(access(conditions, [], 1), [], [step(5)])]));
  });

  it("repeats while the test holds, also not at all, and inside a loop", () => {
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
      expectAsNaive(backend, b.program([loop(3, true, [kernel])]));
    }
  });

  it("keeps memory between runs, takes arguments from the host, and profiles by name", () => {
    const b = new ProgramBuilder();
    const x = b.buffer("float32", 5);
    const total = b.buffer("float32", [10, 20, 30, 40, 50]);
    const expression = buildExpression(["float32", "float32"], (k, p, q) => k.add(p, q));
    const program = b.program([
      loop(2, false, [
        {
          kind: "map",
          name: "accumulate",
          shape: [5],
          expression,
          reads: [plain(access(x, [1])), plain(access(total, [1]))],
          writes: [access(total, [1])],
        },
      ]),
    ]);
    const executable = backend.instantiate(program);
    new Float32Array(executable.memory, x.address, 5).set([1, 2, 3, 4, 5]);
    executable.run();
    executable.run();
    expect(readBuffer(executable.memory, total)).toEqual([14, 28, 42, 56, 70]);
    const [entry] = executable.profile().filter(({ name }) => name === "accumulate");
    expect(entry.calls).toBe(2);
    expect(entry.milliseconds).toBeGreaterThanOrEqual(0);
    expect(readBuffer(executable.memory, total)).toEqual([16, 32, 48, 64, 80]);
    // A second instance has a memory of its own, with the initial content.
    expect(readBuffer(backend.instantiate(program).memory, total)).toEqual([10, 20, 30, 40, 50]);
  });
}
