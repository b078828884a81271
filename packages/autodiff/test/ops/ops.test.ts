import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DType } from "../../src/base/dtype.js";
import type { Shape } from "../../src/base/shape.js";
import { cast } from "../../src/ops/conversion.js";
import type { ElementwiseSamples, StructuralSamples } from "../../src/ops/samples.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { broadcastableShapes, seeds } from "../../src/testing/arbitraries.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { applyOne } from "../../src/trace/apply.js";
import type { Op } from "../../src/trace/op.js";
import { isNear } from "../near.js";
import { casesOf } from "../repository/case-counts.js";
import { errorOf } from "./codes.js";
import {
  batchIsLoop,
  derivativesAreRight,
  forSeeds,
  isElementwise,
  missingIsZero,
  ofOp,
  readsAreEnough,
  shapeRuleIsTrue,
  traceIsEager,
  ulpsBetween,
} from "./laws.js";
import { opModules, opTable } from "./op-table.js";

const { entries: table, missing } = opTable(opModules);

/** Operands of an elementwise op at the given shapes. */
function drawOperands(
  { domain, dtypes }: ElementwiseSamples,
  shapes: readonly Shape[],
  seed: number,
): Tensor[] {
  const random = seededRandom(seed);
  return domain.map((intervals, i) => random.tensor(shapes[i], intervals, dtypes?.[i] ?? "float64"));
}

function elementwiseLaws(op: Op, samples: ElementwiseSamples): void {
  const { domain, exact, reference, ulps = 2, dtypes } = samples;
  const overShapes = (runs: number, law: (inputs: Tensor[], seed: number) => void): void => {
    const drawn = fc.tuple(broadcastableShapes(domain.length, { maxRank: 3, maxSize: 3 }), seeds());
    fc.assert(
      fc.property(drawn, ([shapes, seed]) => {
        law(drawOperands(samples, shapes, seed), seed);
      }),
      { numRuns: casesOf(runs) },
    );
  };

  test("exact values, one by one and side by side", () => {
    const random = seededRandom(0);
    const column = (i: number): number[] => exact.map((row) => row[i]);
    const run = (pick: (i: number) => number | number[]): number[] => {
      const inputs = domain.map((_, i) => cast(random.of(pick(i)), dtypes?.[i] ?? "float64"));
      return Array.from(applyOne(op, inputs, null).data);
    };
    expect(run(column)).toEqual(column(domain.length));
    for (const row of exact)
      expect(
        run((i) => row[i]),
        `of ${row.slice(0, -1).join(", ")}`,
      ).toEqual(row.slice(-1));
  });
  test("values against the reference, float64 and float32", () => {
    const random = seededRandom(1);
    for (const dtype of ["float64", "float32"] as const) {
      const operandDType = (i: number): DType => (dtypes?.[i] === "bool" ? "bool" : dtype);
      const inputs = domain.map((intervals, i) =>
        cast(random.tensor([100], intervals, dtypes?.[i] ?? "float64"), operandDType(i)),
      );
      const { data } = applyOne(op, inputs, null);
      for (let k = 0; k < 100; k++) {
        const operands = inputs.map((t) => t.data[k]);
        const expected = reference(...operands);
        const where = `${dtype} ${operands.join(", ")}: ${data[k]}, not ${expected}`;
        if (dtype === "float64")
          expect(isNear(data[k], expected, 1e-14 * Math.max(1e-2, Math.abs(expected))), where).toBe(true);
        else expect(ulpsBetween(data[k], Math.fround(expected)), where).toBeLessThanOrEqual(ulps);
      }
    }
  });
  test("derivatives in both modes and to second order, over broadcasts", () => {
    overShapes(25, (inputs, seed) => derivativesAreRight(ofOp(op, null), inputs, seed));
  });
  test("shape rule, trace, what is kept, what is missing", () => {
    overShapes(30, (inputs, seed) => {
      shapeRuleIsTrue(op, inputs, null);
      traceIsEager(ofOp(op, null), inputs);
      readsAreEnough(op, inputs, null);
      missingIsZero(op, inputs, null, seed);
    });
  });
  test("a batch is a loop", () => {
    overShapes(30, (first, seed) => {
      const shapes = first.map((t) => t.shape);
      const others = [1, 2].map((k) => drawOperands(samples, shapes, seed + k));
      for (let mask = 1; mask < 2 ** first.length; mask++) {
        const batched = first.map((_, i) => (mask & (1 << i)) !== 0);
        const examples = [first, ...others].map((inputs) =>
          inputs.map((t, i) => (batched[i] ? t : first[i])),
        );
        batchIsLoop(op, examples, batched, null);
      }
    });
  });
}

function structuralLaws(op: Op, samples: StructuralSamples<unknown>): void {
  test("exact values", () => {
    for (const { inputs, attributes, outputs } of samples.exact(seededRandom(0)))
      expect(ofOp(op, attributes)(inputs).map((t) => t.toArray())).toEqual(outputs);
  });
  test("derivatives in both modes and to second order", () => {
    forSeeds(30, (seed) => {
      const { inputs, attributes } = samples.draw(seededRandom(seed));
      if (samples.cutsGradient !== true) derivativesAreRight(ofOp(op, attributes), inputs, seed);
    });
  });
  test("shape rule, trace, what is kept, what is missing", () => {
    forSeeds(40, (seed) => {
      const { inputs, attributes } = samples.draw(seededRandom(seed));
      shapeRuleIsTrue(op, inputs, attributes);
      traceIsEager(ofOp(op, attributes), inputs);
      readsAreEnough(op, inputs, attributes);
      if (samples.cutsGradient !== true) missingIsZero(op, inputs, attributes, seed);
    });
  });
  test("a batch is a loop", () => {
    forSeeds(40, (seed) => {
      const random = seededRandom(seed);
      const { inputs: first, attributes } = samples.draw(random);
      for (let mask = 1; mask < 2 ** first.length; mask++) {
        const batched = first.map((_, i) => (mask & (1 << i)) !== 0);
        // Whole numbers may be indices, and keep to the values that were drawn, in another order.
        const vary = (t: Tensor): Tensor =>
          t.dtype === "float64" ? random.tensor(t.shape) : shuffled(t, random.permutation(t.size));
        const examples = [0, 1, 2].map((k) =>
          k === 0 ? first : first.map((t, i) => (batched[i] ? vary(t) : t)),
        );
        batchIsLoop(op, examples, batched, attributes);
      }
    });
  });
}
function shuffled(t: Tensor, order: readonly number[]): Tensor {
  const { data } = t;
  return seededRandom(0).of(
    nest(
      order.map((k) => data[k]),
      t.shape,
    ),
    t.dtype,
  );
}
function nest(values: readonly number[], shape: Shape): number | number[] | readonly never[] {
  if (shape.length === 0) return values[0];
  const inner = values.length / shape[0];
  // Arrays of arrays, as deep as the shape.
  return Array.from({ length: shape[0] }, (_, i) =>
    nest(values.slice(i * inner, (i + 1) * inner), shape.slice(1)),
  ) as number[];
}

describe.each(table)("$name", ({ op, samples }) => {
  if (isElementwise(samples)) elementwiseLaws(op, samples);
  else structuralLaws(op, samples);
});

const rejections = table.flatMap(({ name, samples }) =>
  samples.rejects.map((rejection, i) => ({ ...rejection, name, i })),
);
test.each(rejections)("$name refuses bad input: $code ($i)", ({ code, run }) => {
  expect(errorOf(() => run(seededRandom(2))).code).toBe(code);
});
test("the messages, one for each code", () => {
  const messages: Record<string, string> = {};
  for (const { code, run } of rejections) messages[code] ??= errorOf(() => run(seededRandom(2))).message;
  expect(messages).toMatchSnapshot();
});

test("every op has samples", () => {
  expect(missing).toEqual([]);
  expect(table.length).toBeGreaterThan(40);
});
test("the table refuses an op without samples", () => {
  const lonely = opTable({ "lonely.ts": { lonelyOp: table[0].op } });
  expect(lonely.missing).toEqual(["lonely.ts: lonelyOp has no lonelySamples in lonely.samples.ts"]);
});
