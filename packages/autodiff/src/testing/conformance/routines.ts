import type { Kernel, RowKernel } from "../../kernel/program.js";
import { demand, demandNumbers } from "./assertions.js";
import { elementsOf } from "./compare-programs.js";
import { access, loop, numeric, ProgramBuilder } from "./program-builder.js";
import { plainThreefry } from "./reference-scalars.js";
import type { Suite } from "./suite.js";

const lengths = [1, 2, 3, 4, 5, 8, 9, 17, 64, 67, 131];

const row = (
  routine: RowKernel["routine"],
  rows: number,
  n: number,
  source: RowKernel["source"],
  target: RowKernel["target"],
): Kernel => ({
  kind: "row",
  name: routine.kind,
  routine,
  rows,
  n,
  source,
  target,
});

export function routineConformance(suite: Suite): void {
  for (const dtype of numeric)
    suite.add(`running sums of ${dtype}, both directions, also in place`, [dtype, "int32"], async (trial) => {
      const { numbers } = trial;
      for (const n of lengths) {
        for (const reverse of [false, true]) {
          const b = new ProgramBuilder();
          const x = b.buffer(dtype, numbers.wholes(3 * (n + 2)));
          const y = b.buffer(dtype, 3 * n);
          const routine = { kind: "cumulativeSum", reverse } as const;
          await trial.expectAsNaive(
            b.program([
              row(routine, 3, n, access(x, [n + 2], 1), access(y, [n])),
              row(routine, 2, n, access(y, [n]), access(y, [n])),
            ]),
          );
        }
      }
    });

  for (const dtype of numeric)
    suite.add(
      `sorts rows of ${dtype} with ties and NaN, both directions`,
      [dtype, "int32"],
      async (trial) => {
        const { numbers } = trial;
        for (const n of lengths) {
          for (const descending of [false, true]) {
            const b = new ProgramBuilder();
            const values = numbers.wholes(3 * n, -n / 2, n / 2);
            if (dtype !== "int32") {
              for (let i = 0; i < values.length; i += 5) values[i] = Number.NaN;
              values.splice(1, 2, -Infinity, Infinity);
            }
            const x = b.buffer(dtype, values.slice(0, 3 * n));
            const out = b.buffer("int32", 3 * n);
            await trial.expectAsNaive(
              b.program([
                row({ kind: "argSort", descending, limit: n }, 3, n, access(x, [n]), access(out, [n])),
              ]),
            );
          }
        }
      },
    );

  suite.add("sorts a long row, and one that is sorted already", ["float32", "int32"], async (trial) => {
    const { numbers } = trial;
    for (const values of [numbers.wholes(2000, -50, 50), Array.from({ length: 1500 }, (_, i) => i)]) {
      const b = new ProgramBuilder();
      const n = values.length;
      const x = b.buffer("float32", values);
      const out = b.buffer("int32", n);
      await trial.expectAsNaive(
        b.program([
          row({ kind: "argSort", descending: false, limit: n }, 1, n, access(x, [n]), access(out, [n])),
        ]),
      );
    }
  });

  for (const dtype of numeric)
    suite.add(
      `the first of long rows of ${dtype} with ties and NaN, both directions`,
      [dtype, "int32"],
      async (trial) => {
        const { numbers } = trial;
        const n = 200;
        for (const limit of [0, 1, 2, 5, 49, 50, 51, 199]) {
          for (const descending of [false, true]) {
            const b = new ProgramBuilder();
            const values = numbers.wholes(3 * n, -30, 30);
            // One row is in order already, one the other way round: all elements pass the heap in one of them.
            for (let i = 0; i < n; i++) [values[n + i], values[2 * n + i]] = [i, -i];
            if (dtype !== "int32") for (let i = 0; i < n; i += 20) values[i] = Number.NaN;
            const x = b.buffer(dtype, values);
            const out = b.buffer("int32", Math.max(1, 3 * limit));
            await trial.expectAsNaive(
              b.program([
                row({ kind: "argSort", descending, limit }, 3, n, access(x, [n]), access(out, [limit])),
              ]),
            );
          }
        }
      },
    );

  suite.add(
    "NaN sorts last ascending and first descending; ties keep their order",
    ["float32", "int32"],
    async (trial) => {
      for (const [descending, want] of [
        [false, [5, 2, 6, 0, 3, 1, 4]],
        [true, [1, 4, 0, 3, 2, 6, 5]],
      ] as const) {
        const b = new ProgramBuilder();
        const x = b.buffer("float32", [3, Number.NaN, 1, 3, Number.NaN, -1, 1]);
        const out = b.buffer("int32", 7);
        const program = b.program([
          row({ kind: "argSort", descending, limit: 7 }, 1, 7, access(x, [7]), access(out, [7])),
        ]);
        await trial.expectOutcome(program, (outcome) =>
          demandNumbers(descending ? "descending" : "ascending", elementsOf(outcome, out), want),
        );
      }
    },
  );

  for (const dtype of numeric)
    suite.add(`first greatest and least of rows of ${dtype}; NaN wins`, [dtype, "int32"], async (trial) => {
      const { numbers } = trial;
      for (const n of lengths) {
        for (const largest of [false, true]) {
          for (const nan of dtype === "int32" ? [false] : [false, true]) {
            const b = new ProgramBuilder();
            const values = numbers.wholes(4 * n, -3, 3);
            if (nan) values[n + (n >> 1)] = Number.NaN;
            if (nan) values[2 * n - 1] = Number.NaN;
            const x = b.buffer(dtype, values);
            const out = b.buffer("int32", 8);
            await trial.expectAsNaive(
              b.program([row({ kind: "argExtreme", largest }, 4, n, access(x, [n]), access(out, [2]))]),
            );
          }
        }
      }
    });

  suite.add("extremes of rows that are all infinite", ["float32", "int32"], async (trial) => {
    for (const [value, largest] of [
      [-Infinity, true],
      [Infinity, false],
    ] as const) {
      const b = new ProgramBuilder();
      const x = b.buffer("float32", new Array<number>(5).fill(value));
      const out = b.buffer("int32", [9]);
      const program = b.program([
        row({ kind: "argExtreme", largest }, 1, 5, access(x, [5]), access(out, [1])),
      ]);
      await trial.expectOutcome(program, (outcome) =>
        demandNumbers(`${value} everywhere`, elementsOf(outcome, out), [0]),
      );
    }
  });

  for (const dtype of numeric)
    suite.add(
      `scatterAdd of ${dtype} with repeated indices, strides, and steps of a loop`,
      [dtype, "int32"],
      async (trial) => {
        const { numbers } = trial;
        for (const [batch, count, width] of [
          [1, 1, 1],
          [1, 9, 1],
          [2, 7, 5],
          [3, 20, 8],
          [1, 4, 33],
          [2, 0, 3],
          [1, 64, 17],
          [2, 65, 37],
          [1, 300, 1],
        ] as const) {
          const b = new ProgramBuilder();
          const rows = 6;
          const source = b.buffer(dtype, numbers.wholes(Math.max(1, 2 * batch * count * width)));
          const index = b.buffer("int32", numbers.wholes(Math.max(1, 2 * batch * count), 0, rows - 1));
          const target = b.buffer(dtype, numbers.wholes(batch * rows * (width + 2)));
          const shape = [batch, count, width] as const;
          await trial.expectAsNaive(
            b.program([
              loop(2, true, [
                {
                  kind: "scatterAdd",
                  name: "scatterAdd",
                  shape,
                  rows,
                  source: access(source, [count * width, width, 1], 0, [batch * count * width]),
                  index: access(index, [count, 1], 0, [batch * count]),
                  target: access(target, [rows * (width + 2), width + 2, 1], 1),
                },
              ]),
              {
                kind: "scatterAdd",
                name: "transposed",
                shape,
                rows,
                source: access(source, [count * width, 1, count]),
                index: access(index, [count, 1]),
                target: access(target, [rows * (width + 2), width + 2, 1]),
              },
            ]),
          );
        }
      },
    );

  suite.add(
    "random bits: the published answers of Threefry-2x32 with 20 rounds",
    ["int32"],
    async (trial) => {
      // Key, counter word 0, position, word: from the known answers of Random123; element 2i, 2i + 1 are the two words of counter i.
      const b = new ProgramBuilder();
      const state = b.buffer("int32", [0, 0, 0]);
      const out = b.buffer("int32", 4);
      const program = b.program([
        { kind: "randomBits", name: "bits", length: 3, state: access(state, [1]), target: access(out, [1]) },
      ]);
      await trial.expectOutcome(program, (outcome) => {
        const [first, second, third, untouched] = elementsOf(outcome, out).map((x) => x >>> 0);
        demandNumbers("the words of counter 0", [first, second], [0x6b200159, 0x99ba4efe]);
        demand(third !== first, "the first word of counter 1", third, "another than that of counter 0");
        demandNumbers("what lies behind", [untouched], [0]);
      });
    },
  );

  suite.add(
    "random bits: as by Threefry written out plainly, for any state and length",
    ["int32"],
    async (trial) => {
      const { numbers } = trial;
      const vectors = [
        [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
        [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
        [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
      ];
      for (const [k0, k1, c0, c1, x, y] of vectors)
        demandNumbers("Threefry", plainThreefry(k0, k1, c0, c1), [x, y]);
      for (const n of [1, 2, 7, 8, 33, 600]) {
        const words = [
          numbers.whole(-(2 ** 31), 2 ** 31 - 1),
          numbers.whole(-(2 ** 31), 2 ** 31 - 1),
          numbers.whole(-9, 9),
        ];
        const b = new ProgramBuilder();
        const state = b.buffer("int32", [99, ...words]);
        const out = b.buffer("int32", n + 1);
        const program = b.program([
          {
            kind: "randomBits",
            name: "bits",
            length: n,
            state: access(state, [1], 1),
            target: access(out, [1], 1),
          },
        ]);
        const want = Array.from(
          { length: n },
          (_, i) => plainThreefry(words[0], words[1], words[2], i >> 1)[i & 1] | 0,
        );
        await trial.expectOutcome(program, (outcome) =>
          demandNumbers(`${n} words from ${words}`, elementsOf(outcome, out).slice(1), want),
        );
      }
    },
  );
}
