import { describe, expect, test } from "vitest";
import { isFloatDType } from "../../src/base/dtype.js";
import { cast } from "../../src/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { apply } from "../../src/trace/apply.js";
import { composites } from "../ops/composites.js";
import { isElementwise } from "../ops/laws.js";
import { opModules, opTable } from "../ops/op-table.js";
import { casesOf } from "../repository/case-counts.js";
import { compiledIsEager, type Flat, gradientOf, inFloat32 } from "./agreement.js";

// Every op, compiled, on the samples that its own tests draw: values and derivatives, in both float dtypes.

const draws = casesOf(4);
/** Samples are of about this size, and differences of them may be all that is left of a sum. */
const least = 1;

function holds(f: Flat, inputs: readonly Tensor[], what: string, differentiable: boolean): void {
  const floats = inputs.some((t) => isFloatDType(t.dtype));
  for (const [dtype, given] of [
    ["float64", inputs],
    ["float32", inFloat32(inputs)],
  ] as const) {
    compiledIsEager(f, given, `${what} ${dtype}`, undefined, least);
    if (floats && differentiable && f(given).some((t) => isFloatDType(t.dtype)))
      compiledIsEager(gradientOf(f), given, `gradient of ${what} ${dtype}`, undefined, least);
    if (!floats) break;
  }
}

describe.each(opTable(opModules).entries)("$name", ({ op, samples }) => {
  test("compiled is eager", () => {
    for (let seed = 1; seed <= draws; seed++) {
      const random = seededRandom(seed);
      if (isElementwise(samples)) {
        const shape = random.shape();
        const dtypes = samples.dtypes ?? [];
        const inputs = samples.domain.map((intervals, i) => {
          const part = shape
            .slice(random.integer(0, shape.length))
            .map((d) => (random.integer(0, 3) === 0 ? 1 : d));
          return random.tensor(i === 0 ? shape : part, intervals, dtypes[i] ?? "float64");
        });
        holds((all) => apply(op, all, null), inputs, op.name, true);
      } else {
        const { inputs, attributes } = samples.draw(random);
        holds((all) => apply(op, all, attributes), inputs, op.name, samples.cutsGradient !== true);
      }
    }
  });
  test("at its exact values", () => {
    const random = seededRandom(0);
    if (isElementwise(samples)) {
      const inputs = samples.domain.map((_, i) =>
        cast(random.of(samples.exact.map((row) => row[i])), samples.dtypes?.[i] ?? "float64"),
      );
      holds((all) => apply(op, all, null), inputs, op.name, false);
    } else
      for (const { inputs, attributes } of samples.exact(random))
        holds((all) => apply(op, all, attributes), inputs, op.name, false);
  });
});

describe.each(Object.entries(composites))("%s", (_name, { draw, exact, cutsGradient }) => {
  test("compiled is eager", () => {
    const list = (result: Tensor | readonly Tensor[]): readonly Tensor[] =>
      "id" in result ? [result] : result;
    if (draw === undefined) {
      // Made of nothing: the same inside of a program.
      compiledIsEager(() => exact(seededRandom(0)).flatMap(([made]) => list(made)), [], _name);
      return;
    }
    for (let seed = 1; seed <= draws; seed++) {
      const { inputs, f } = draw(seededRandom(seed));
      holds((all) => list(f(...all)), inputs, _name, cutsGradient !== true);
    }
  });
});

test("there are ops", () => {
  expect(opTable(opModules).entries.length).toBeGreaterThan(50);
});
