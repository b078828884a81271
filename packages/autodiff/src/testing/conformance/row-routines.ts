import type { DType } from "../../base/dtype.js";
import { demandNumbers } from "./assertions.js";
import { elementsOf } from "./compare-programs.js";
import { access, numeric, ProgramBuilder, row, type SeededNumbers } from "./program-builder.js";
import type { Suite, Trial } from "./suite.js";

const lengths = [1, 2, 3, 4, 5, 8, 9, 17, 64, 67, 131];

/** Running sums. */
export function cumulativeSumCases(suite: Suite): void {
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
}

/** The order of rows: whole, the beginning of it, with NaN and ties. */
export function argSortCases(suite: Suite): void {
  wholeOrderCases(suite);
  partialOrderCases(suite);
  orderOfNaNCase(suite);
}

/** Demands the first `limit` places of the order of rows of `n` values, as they are naively. */
async function expectOrder(
  trial: Trial,
  dtype: DType,
  values: readonly number[],
  n: number,
  descending: boolean,
  limit: number = n,
): Promise<void> {
  const b = new ProgramBuilder();
  const rows = values.length / n;
  const x = b.buffer(dtype, values);
  const out = b.buffer("int32", Math.max(1, rows * limit));
  const sort = row({ kind: "argSort", descending, limit }, rows, n, access(x, [n]), access(out, [limit]));
  await trial.expectAsNaive(b.program([sort]));
}

function wholeOrderCases(suite: Suite): void {
  for (const dtype of numeric)
    suite.add(
      `sorts rows of ${dtype} with ties and NaN, both directions`,
      [dtype, "int32"],
      async (trial) => {
        for (const n of lengths) {
          for (const descending of [false, true]) {
            const values = trial.numbers.wholes(3 * n, -n / 2, n / 2);
            if (dtype !== "int32") {
              for (let i = 0; i < values.length; i += 5) values[i] = Number.NaN;
              values.splice(1, 2, -Infinity, Infinity);
            }
            await expectOrder(trial, dtype, values.slice(0, 3 * n), n, descending);
          }
        }
      },
    );

  suite.add("sorts a long row, and one that is sorted already", ["float32", "int32"], async (trial) => {
    const { numbers } = trial;
    for (const values of [numbers.wholes(2000, -50, 50), Array.from({ length: 1500 }, (_, i) => i)])
      await expectOrder(trial, "float32", values, values.length, false);
  });
}

function partialOrderCases(suite: Suite): void {
  for (const dtype of numeric)
    suite.add(
      `the first of long rows of ${dtype} with ties and NaN, both directions`,
      [dtype, "int32"],
      async (trial) => {
        const n = 200;
        for (const limit of [0, 1, 2, 5, 49, 50, 51, 199]) {
          for (const descending of [false, true]) {
            const values = trial.numbers.wholes(3 * n, -30, 30);
            // One row is in order already, one the other way round: all elements pass the heap in one of them.
            for (let i = 0; i < n; i++) [values[n + i], values[2 * n + i]] = [i, -i];
            if (dtype !== "int32") for (let i = 0; i < n; i += 20) values[i] = Number.NaN;
            await expectOrder(trial, dtype, values, n, descending, limit);
          }
        }
      },
    );
}

function orderOfNaNCase(suite: Suite): void {
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
}

/** Where rows have their first extremes. */
export function argExtremeCases(suite: Suite): void {
  for (const dtype of numeric)
    suite.add(`first greatest and least of rows of ${dtype}; NaN wins`, [dtype, "int32"], async (trial) => {
      for (const n of lengths) {
        for (const largest of [false, true]) {
          for (const nan of dtype === "int32" ? [false] : [false, true]) {
            const b = new ProgramBuilder();
            const x = b.buffer(dtype, rowsWithNaN(trial.numbers, n, nan));
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
}

/** Four rows of `n`; the second may have NaN in its middle and at its end. */
function rowsWithNaN(numbers: SeededNumbers, n: number, nan: boolean): number[] {
  const values = numbers.wholes(4 * n, -3, 3);
  if (nan) for (const at of [n + (n >> 1), 2 * n - 1]) values[at] = Number.NaN;
  return values;
}
