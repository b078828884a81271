import fc from "fast-check";
import { expect, test } from "vitest";
import { columnRows } from "../../src/backends/wasm/gemm-path.js";
import { tileRows } from "../../src/backends/wasm/micro-kernel.js";
import { packedBlock } from "../../src/backends/wasm/pack.js";
import { chainLength } from "../../src/backends/wasm/wide-sums.js";
import { seeds } from "../../src/testing/arbitraries.js";
import { casesOf } from "../repository/case-counts.js";
import { compiledIsEager, gradientOf } from "./agreement.js";
import { blockSizes } from "./block-sizes.js";
import { randomProducts } from "./random-products.js";

// Random programs of products give compiled what they give eagerly, on both backends: floats up to rounding, whole numbers exactly.

const runs = casesOf(40);
const drawn = fc.tuple(seeds(), fc.integer({ min: 1, max: 7 }));
const tolerances = { float32: 1e-5, float64: 1e-13, int32: 0 } as const;

test("sizes are those of the blocks in the sources", () => {
  expect(blockSizes).toEqual(expect.arrayContaining([4, tileRows, chainLength, columnRows, packedBlock]));
});

test.each(["float32", "float64", "int32"] as const)("values, %s", (dtype) => {
  fc.assert(
    fc.property(drawn, ([seed, steps]) => {
      const { f, inputs, largest } = randomProducts(seed, { steps, dtype, differentiable: false });
      f(inputs);
      compiledIsEager(f, inputs, `${dtype}, seed ${seed}, ${steps} steps`, tolerances[dtype], largest());
    }),
    { numRuns: runs },
  );
});

test.each(["float32", "float64"] as const)("gradients, %s", (dtype) => {
  fc.assert(
    fc.property(drawn, ([seed, steps]) => {
      const { f, inputs, largest } = randomProducts(seed, { steps, dtype, differentiable: true });
      f(inputs);
      // Gradients are larger than values by about as much as values are larger than inputs.
      const what = `gradients, ${dtype}, seed ${seed}, ${steps} steps`;
      compiledIsEager(gradientOf(f), inputs, what, 10 * tolerances[dtype], largest() ** 2);
    }),
    { numRuns: runs },
  );
});
