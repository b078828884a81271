/** Shapes, tensors and seeds as fast-check's arbitraries; the one entry that needs fast-check.
 * @packageDocumentation */

import * as fc from "fast-check";
import { checkCount, checkOptions } from "../base/checks.js";
import type { DType } from "../base/dtype.js";
import { type Shape, shapeFrom } from "../base/shape.js";
import type { Interval } from "../ops/samples.js";
import type { Tensor } from "../tensor/tensor.js";
import { intervalsFrom, seededRandom } from "./seeded-random.js";

/** Options of {@link shapes}. */
export interface ShapeOptions {
  /** The least number of axes (0). */
  readonly minRank?: number;
  /** The greatest number of axes (3). */
  readonly maxRank?: number;
  /** The least size of an axis (1). */
  readonly minSize?: number;
  /** The greatest size of an axis (4). */
  readonly maxSize?: number;
}

/** Shapes; they shrink to fewer and smaller axes.
 * @param options - `minRank` (0), `maxRank` (3), `minSize` (1), `maxSize` (4)
 * @example
 * import * as fc from "fast-check"
 * fc.sample(shapes({ minRank: 2, maxRank: 2 }), 5).every((shape) => shape.length === 2) // => true
 */
export const shapes = (options: ShapeOptions = {}): fc.Arbitrary<Shape> => {
  checkOptions("shapes", options, ["minRank", "maxRank", "minSize", "maxSize"]);
  const { minRank = 0, maxRank = 3, minSize = 1, maxSize = 4 } = options;
  for (const [name, value] of Object.entries({ minRank, minSize })) checkCount("shapes", name, value, 0);
  checkCount("shapes", "maxRank", maxRank, minRank);
  checkCount("shapes", "maxSize", maxSize, minSize);
  return fc.array(fc.integer({ min: minSize, max: maxSize }), { minLength: minRank, maxLength: maxRank });
};

/** Several shapes that broadcast with each other: some axes are 1, some leading ones left out.
 * @param count - how many shapes
 * @param options - of the shape that they broadcast to
 * @example
 * import * as fc from "fast-check"
 * const [[a, b]] = fc.sample(broadcastableShapes(2), 1)
 * add(zeros(a), zeros(b)).rank === Math.max(a.length, b.length) // => true
 */
export const broadcastableShapes = (
  count: number,
  options?: ShapeOptions,
): fc.Arbitrary<readonly Shape[]> => {
  checkCount("broadcastableShapes", "count", count, 0, 2 ** 16);
  return shapes(options).chain((full) =>
    fc.array(
      fc
        .tuple(
          fc.nat({ max: full.length }),
          fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }),
        )
        .map(([leading, ones]) => full.map((size, k) => (ones[k] ? 1 : size)).slice(leading)),
      { minLength: count, maxLength: count },
    ),
  );
};

/** Seeds that do not shrink: shrinking a value drives it to 0, the very kink of many functions.
 * @example
 * import * as fc from "fast-check"
 * fc.sample(seeds(), 5).every(Number.isInteger) // => true
 */
export const seeds = (): fc.Arbitrary<number> => fc.noShrink(fc.integer());

/** Tensors whose values a seed decides; only the shape shrinks.
 * @param options - `shape` (any, see {@link shapes}), `domain`: one or several intervals (−2 … 2), `dtype` (float64)
 * @example
 * import * as fc from "fast-check"
 * fc.assert(fc.property(tensors({ domain: [0.5, 1] }), (x) => x.data.every((v) => v >= 0.5)))
 * fc.sample(tensors({ shape: [2, 3] }), 1)[0].shape // => [2, 3]
 */
export const tensors = (
  options: {
    readonly shape?: Shape | fc.Arbitrary<Shape>;
    readonly domain?: Interval | readonly Interval[];
    readonly dtype?: DType;
  } = {},
): fc.Arbitrary<Tensor> => {
  checkOptions("tensors", options, ["shape", "domain", "dtype"]);
  const { shape = shapes(), domain, dtype } = options;
  intervalsFrom("tensors", domain, dtype);
  const arbitrary = shape instanceof fc.Arbitrary ? shape : fc.constant(shapeFrom("tensors", shape));
  return fc.tuple(arbitrary, seeds()).map(([s, seed]) => seededRandom(seed).tensor(s, domain, dtype));
};
