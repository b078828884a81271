import { describe, expect, test } from "vitest";
import * as ops from "../../src/ops/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { vmap } from "../../src/transforms/vmap.js";
import { composites } from "./composites.js";
import { derivativesAreRight, expectSame, type Flat, forSeeds, stackRows, traceIsEager } from "./laws.js";
import { opModules, opTable } from "./op-table.js";

const list = (result: Tensor | readonly Tensor[]): readonly Tensor[] => ("id" in result ? [result] : result);

test("every public function is a record or stands in this table", () => {
  const records = new Set(opTable(opModules).entries.map(({ name }) => name));
  expect(Object.keys(ops).filter((name) => !records.has(name) && !(name in composites))).toEqual([]);
  expect(Object.keys(composites).filter((name) => !(name in ops))).toEqual([]);
});

describe.each(Object.entries(composites))("%s", (_name, { draw, exact, cutsGradient }) => {
  test("exact values", () => {
    for (const [actual, expected] of exact(seededRandom(0)))
      expect("id" in actual ? actual.toArray() : actual.map((t) => t.toArray())).toEqual(expected);
  });
  if (draw === undefined) return;
  test("derivatives in both modes and to second order", () => {
    forSeeds(25, (seed) => {
      const { inputs, f } = draw(seededRandom(seed));
      if (cutsGradient !== true) derivativesAreRight((all) => list(f(...all)), inputs, seed);
    });
  });
  test("traced is eager, vmap is a loop", () => {
    forSeeds(25, (seed) => {
      const random = seededRandom(seed);
      const { inputs, f } = draw(random);
      const flat: Flat = (all) => list(f(...all));
      traceIsEager(flat, inputs);
      const examples = [0, 1, 2].map(() => inputs.map((t) => random.tensor(t.shape, [0.5, 0.9], t.dtype)));
      const batch = inputs.map((_, i) => stackRows(examples.map((all) => all[i])));
      const mapped = vmap((...all: Tensor[]) => flat(all))(...batch);
      const looped = examples.map(flat);
      mapped.forEach((t, i) => {
        expectSame([t], [stackRows(looped.map((results) => results[i]))], 1e-14, "vmap");
      });
    });
  });
});
