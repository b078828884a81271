import { rowMajor, sizeOf as size } from "../../base/shape.js";
import { buildExpression } from "../../kernel/expression.js";
import type { MapKernel } from "../../kernel/program.js";
import { access, identity, loop, map, numeric, ProgramBuilder } from "./program-builder.js";
import type { Suite } from "./suite.js";

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

/** Kernels that write element by element: maps over every layout, gathered reads, fills. */
export function mapConformance(suite: Suite): void {
  contiguousCases(suite);
  layoutCase(suite);
  inPlaceCase(suite);
  positionCase(suite);
  mixedDTypeCase(suite);
  gatherCase(suite);
  fillCase(suite);
}

function contiguousCases(suite: Suite): void {
  for (const dtype of numeric) {
    suite.add(`maps of ${dtype} over contiguous shapes`, [dtype], async (trial) => {
      const { numbers } = trial;
      for (const shape of shapes) {
        const b = new ProgramBuilder();
        const n = size(shape);
        const [x, y, out] = [numbers.wholes(n), numbers.wholes(n), n].map((content) =>
          access(b.buffer(dtype, content), rowMajor(shape)),
        );
        const expression = buildExpression([dtype, dtype], (k, p, q) => k.add(k.mul(p, q), p));
        await trial.expectAsNaive(b.program([map(`map [${shape}]`, shape, expression, [x, y], [out])]));
      }
    });
  }
}

/** Layouts of [5, 7, 9]: broadcast, transposed, turned round, with gaps, shifted. */
const layouts: readonly (readonly [strides: readonly number[], offset: number])[] = [
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

function layoutCase(suite: Suite): void {
  suite.add(
    "maps with broadcast, transposed, negative, spread and shifted accesses",
    ["float32"],
    async (trial) => {
      const { numbers } = trial;
      for (const [strides, offset] of layouts) {
        const b = new ProgramBuilder();
        const x = b.buffer("float32", numbers.wholes(1200));
        const y = b.buffer("float32", numbers.wholes(1200));
        const out = b.buffer("float32", 1200);
        const expression = buildExpression(["float32", "float32"], (k, p, q) => k.sub(p, q));
        const reads = [access(x, strides, offset), access(y, [63, 9, 1])];
        const writes = [access(out, [63, 9, 1], 1)];
        const kernel = map(`strides [${strides}]`, [5, 7, 9], expression, reads, writes);
        await trial.expectAsNaive(b.program([kernel]));
        if (strides.includes(0)) continue;
        await trial.expectAsNaive(b.program([{ ...kernel, writes: [access(out, strides, offset)] }]));
      }
    },
  );
}

function inPlaceCase(suite: Suite): void {
  suite.add(
    "maps in place, with several results, one of them a read that another overwrites",
    ["float32"],
    async (trial) => {
      const { numbers } = trial;
      for (const n of [1, 4, 67, 1030]) {
        const b = new ProgramBuilder();
        const [x, y, z] = [numbers.wholes(n), numbers.wholes(n), n].map((content) =>
          access(b.buffer("float32", content), [1]),
        );
        const expression = buildExpression(["float32", "float32"], (k, p, q) => [
          k.add(p, q),
          p,
          k.mul(p, p),
        ]);
        await trial.expectAsNaive(b.program([map("swap", [n], expression, [x, y], [x, y, z])]));
      }
    },
  );
}

function positionCase(suite: Suite): void {
  suite.add("maps over positions", ["int32"], async (trial) => {
    const { numbers } = trial;
    for (const shape of [[7], [3, 5], [1, 6], [600, 2], [2, 3, 4]]) {
      for (let axis = 0; axis < shape.length; axis++) {
        const b = new ProgramBuilder();
        const out = b.buffer("int32", size(shape));
        const x = b.buffer("int32", numbers.wholes(size(shape)));
        const expression = buildExpression(["int32"], (k, p) =>
          k.add(k.mul(k.index(axis), k.constant(10, "int32")), p),
        );
        const strides = rowMajor(shape);
        await trial.expectAsNaive(
          b.program([map("index", shape, expression, [access(x, strides)], [access(out, strides)])]),
        );
      }
    }
  });
}

function mixedDTypeCase(suite: Suite): void {
  suite.add("maps with mixed dtypes and all of them written", numeric, async (trial) => {
    const { numbers } = trial;
    const dtypes = ["float32", "float64", "int32", "bool"] as const;
    for (const n of [1, 3, 16, 37, 515]) {
      const b = new ProgramBuilder();
      const reads = dtypes.map((dtype) =>
        access(b.buffer(dtype, dtype === "bool" ? numbers.wholes(n, 0, 1) : numbers.wholes(n)), [1]),
      );
      const writes = dtypes.map((dtype) => access(b.buffer(dtype, n), [1]));
      const expression = buildExpression(dtypes, (k, p, q, r, s) => {
        const wide = k.add(k.cast(p, "float64"), q);
        const less = k.lt(k.cast(r, "float32"), p);
        return [k.select(s, p, k.cast(r, "float32")), wide, k.cast(wide, "int32"), k.and(s, k.not(less))];
      });
      await trial.expectAsNaive(b.program([map("mixed", [n], expression, reads, writes)]));
    }
  });
}

function gatherCase(suite: Suite): void {
  suite.add("gathered reads, of rows and of elements, inside loops", ["float32", "int32"], async (trial) => {
    const { numbers } = trial;
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
      const rows = (steps: readonly number[], outSteps: readonly number[]): MapKernel => ({
        kind: "map",
        ...{ name: "embed", shape: [count, row] },
        expression: buildExpression(["float32"], (k, x) => k.neg(x)),
        reads: [
          {
            kind: "gathered",
            ...{ at: access(table, [0, 1]), index: access(index, [1, 0], 0, steps), stride: row },
          },
        ],
        writes: [access(out, [row, 1], 0, outSteps)],
      });
      const elements: MapKernel = {
        kind: "map",
        ...{ name: "pick", shape: [count] },
        expression: identity("float32"),
        reads: [
          { kind: "gathered", at: access(table, [0], row - 1), index: access(index, [1]), stride: row },
        ],
        writes: [access(out, [1])],
      };
      await trial.expectAsNaive(b.program([rows([], [])]));
      await trial.expectAsNaive(b.program([loop(4, true, [rows([count], [count * row])])]));
      await trial.expectAsNaive(b.program([elements]));
    }
  });
}

const filled = [
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
] as const;

function fillCase(suite: Suite): void {
  suite.add("fills of every dtype, contiguous and strided", [], async (trial) => {
    for (const dtype of [...numeric, "bool"] as const) {
      for (const [shape, strides] of filled) {
        const b = new ProgramBuilder();
        const target = b.buffer(dtype, new Array<number>(80).fill(0));
        await trial.expectAsNaive(
          b.program([{ kind: "fill", name: "fill", shape, value: 1, target: access(target, strides, 2) }]),
        );
      }
    }
  });
}
