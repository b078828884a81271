import type { ScatterAddKernel } from "../../kernel/program.js";
import { demand, demandNumbers } from "./assertions.js";
import { elementsOf } from "./compare-programs.js";
import { access, loop, numeric, ProgramBuilder } from "./program-builder.js";
import { plainThreefry } from "./reference-scalars.js";
import { argExtremeCases, argSortCases, cumulativeSumCases } from "./row-routines.js";
import type { Suite } from "./suite.js";

/** Kernels that are no expressions: running sums, orders, extremes, scattered sums, random bits. */
export function routineConformance(suite: Suite): void {
  cumulativeSumCases(suite);
  argSortCases(suite);
  argExtremeCases(suite);
  scatterAddCases(suite);
  randomBitsCases(suite);
}

const scatterSizes: readonly (readonly [batch: number, count: number, width: number])[] = [
  [1, 1, 1],
  [1, 9, 1],
  [2, 7, 5],
  [3, 20, 8],
  [1, 4, 33],
  [2, 0, 3],
  [1, 64, 17],
  [2, 65, 37],
  [1, 300, 1],
];

function scatterAddCases(suite: Suite): void {
  for (const dtype of numeric)
    suite.add(
      `scatterAdd of ${dtype} with repeated indices, strides, and steps of a loop`,
      [dtype, "int32"],
      async (trial) => {
        const { numbers } = trial;
        for (const [batch, count, width] of scatterSizes) {
          const b = new ProgramBuilder();
          const rows = 6;
          const source = b.buffer(dtype, numbers.wholes(Math.max(1, 2 * batch * count * width)));
          const index = b.buffer("int32", numbers.wholes(Math.max(1, 2 * batch * count), 0, rows - 1));
          const target = b.buffer(dtype, numbers.wholes(batch * rows * (width + 2)));
          const strides = [rows * (width + 2), width + 2, 1];
          const inLoop: ScatterAddKernel = {
            kind: "scatterAdd",
            ...{ name: "scatterAdd", shape: [batch, count, width], rows },
            source: access(source, [count * width, width, 1], 0, [batch * count * width]),
            index: access(index, [count, 1], 0, [batch * count]),
            target: access(target, strides, 1),
          };
          const transposed: ScatterAddKernel = {
            ...inLoop,
            name: "transposed",
            source: access(source, [count * width, 1, count]),
            index: access(index, [count, 1]),
            target: access(target, strides),
          };
          await trial.expectAsNaive(b.program([loop(2, true, [inLoop]), transposed]));
        }
      },
    );
}

function randomBitsCases(suite: Suite): void {
  publishedBitsCase(suite);
  drawnBitsCase(suite);
}

function publishedBitsCase(suite: Suite): void {
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
}

/** Two words of key, two of counter, and the two words that Threefry makes of them, as published with Random123. */
const threefryAnswers = [
  [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
  [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
];

function drawnBitsCase(suite: Suite): void {
  suite.add(
    "random bits: as by Threefry written out plainly, for any state and length",
    ["int32"],
    async (trial) => {
      const { numbers } = trial;
      for (const [k0, k1, c0, c1, x, y] of threefryAnswers)
        demandNumbers("Threefry", plainThreefry(k0, k1, c0, c1), [x, y]);
      for (const n of [1, 2, 7, 8, 33, 600]) {
        const words = [
          numbers.whole(-(2 ** 31), 2 ** 31 - 1),
          numbers.whole(-(2 ** 31), 2 ** 31 - 1),
          numbers.whole(-9, 9),
        ];
        const b = new ProgramBuilder();
        const state = access(b.buffer("int32", [99, ...words]), [1], 1);
        const out = b.buffer("int32", n + 1);
        const program = b.program([
          { kind: "randomBits", name: "bits", length: n, state, target: access(out, [1], 1) },
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
