import fc from "fast-check";
import { expect, test } from "vitest";
import { rowMajor, sizeOf } from "../../src/base/shape.js";
import {
  broadcastStrides,
  indexAt,
  joinAxes,
  partOf,
  permutationOf,
  windowStarts,
} from "../../src/kernel/layout.js";
import type { Layout } from "../../src/kernel/lowering.js";

// The algebra of layouts against lists of addresses, one for each index.

/** Every index of a shape, in row-major order. */
const indicesOf = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>(
    (all, size) => all.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );
const addressesOf = (shape: readonly number[], strides: readonly number[], offset = 0): number[] =>
  indicesOf(shape).map((index) => index.reduce((sum, i, k) => sum + i * strides[k], offset));
const layoutAddresses = ({ shape, strides, offset }: Layout): number[] =>
  addressesOf(shape, strides ?? rowMajor(shape), offset);

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
const sign = fc.constantFrom(-1, 1);
/** Shapes with the strides of some operands: row-major or permuted ones with gaps between the rows, so that some neighbours join. */
const operands = shapes.chain((shape) =>
  fc.tuple(
    fc.constant(shape),
    fc.array(
      fc.tuple(
        fc.array(fc.constantFrom(1, 1, 1, 2), { minLength: shape.length, maxLength: shape.length }),
        fc.array(fc.constantFrom(1, 1, 1, 0), { minLength: shape.length, maxLength: shape.length }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  ),
);
const stridesWith = (shape: readonly number[], gaps: readonly number[], on: readonly number[]): number[] => {
  let step = 1;
  const strides = shape.map(() => 0);
  for (let k = shape.length - 1; k >= 0; k--) {
    strides[k] = on[k] * step * gaps[k];
    step *= gaps[k] * shape[k];
  }
  return strides;
};

test("joined axes give the same addresses in the same order, and neighbours that are left do not join", () => {
  fc.assert(
    fc.property(operands, ([shape, drawn]) => {
      const strides = drawn.map(([gaps, on]) => stridesWith(shape, gaps, on));
      const joined = joinAxes(shape, strides);
      strides.forEach((own, i) => {
        expect(addressesOf(joined.sizes, joined.strides[i])).toEqual(addressesOf(shape, own));
      });
      expect(joined.sizes).not.toContain(1);
      joined.axes.forEach((axis, at) => {
        expect(joined.strides.map((list) => list[at])).toEqual(strides.map((list) => list[axis]));
        if (at === 0) return;
        const evenly = joined.strides.every((list) => list[at - 1] === list[at] * joined.sizes[at]);
        expect(evenly).toBe(false);
      });
    }),
  );
});

test("axes that must stay apart do", () => {
  expect(joinAxes([2, 3, 4], [[12, 4, 1]]).sizes).toEqual([24]);
  const apart = joinAxes([2, 3, 4], [[12, 4, 1]], (outer, inner) => outer === 1 && inner === 2);
  expect(apart).toEqual({ sizes: [6, 4], strides: [[4, 1]], axes: [1, 2] });
  expect(joinAxes([2, 1, 4], [[4, 9, 1]], () => true)).toEqual({
    sizes: [2, 4],
    strides: [[4, 1]],
    axes: [0, 2],
  });
});

test("an index is that of the element at a position", () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      expect(indicesOf(shape).map((_, i) => indexAt(shape, i))).toEqual(indicesOf(shape));
    }),
  );
});

test("an operand that broadcasts reads one element along the axes that it lacks", () => {
  fc.assert(
    fc.property(
      shapes,
      fc.nat(2),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      (space, lead, ones) => {
        const shape = space.slice(Math.min(lead, space.length)).map((size, k) => (ones[k] ? 1 : size));
        const seen = addressesOf(space, broadcastStrides({ shape, strides: null }, space));
        const cut = space.length - shape.length;
        const naive = indicesOf(space).map((index) =>
          index.slice(cut).reduce((sum, i, k) => sum + (shape[k] === 1 ? 0 : i) * rowMajor(shape)[k], 0),
        );
        expect(seen).toEqual(naive);
      },
    ),
  );
});

/** A slice of a shape: start, size and step of each axis. */
const slicesOf = (shape: readonly number[], steps: fc.Arbitrary<number>) =>
  fc.tuple(
    ...shape.map((size) =>
      fc.tuple(fc.nat(size - 1), fc.nat(size - 1), steps).map(([a, b, step]) => {
        const size = Math.floor(Math.abs(a - b) / Math.abs(step)) + 1;
        return { start: step > 0 ? Math.min(a, b) : Math.max(a, b), size, step };
      }),
    ),
  );
const sliced = (
  shape: readonly number[],
  slice: readonly { start: number; size: number; step: number }[],
): Layout => {
  const own = rowMajor(shape);
  return {
    shape: slice.map(({ size }) => size),
    strides: slice.map(({ step }, k) => step * own[k]),
    offset: slice.reduce((sum, { start }, k) => sum + start * own[k], 0),
  };
};

test("a window begins where its slice did, and what is no window is none", () => {
  const drawn = shapes.chain((shape) =>
    fc.tuple(fc.constant(shape), slicesOf(shape, fc.constantFrom(1, 1, 1, 2, -1))),
  );
  fc.assert(
    fc.property(drawn, ([shape, slice]) => {
      const isWindow = slice.every(({ size, step }) => step === 1 || size === 1);
      const starts = windowStarts(shape, sliced(shape, slice));
      expect(starts).toEqual(isWindow ? slice.map(({ start }) => start) : null);
    }),
  );
  // Two rows that begin in the middle of one and end in the middle of the next.
  expect(windowStarts([3, 4], { shape: [1, 4], strides: null, offset: 2 })).toBe(null);
  expect(windowStarts([3, 4], { shape: [4], strides: null, offset: 0 })).toBe(null);
  expect(windowStarts([0, 4], { shape: [0, 4], strides: null, offset: 0 })).toBe(null);
});

test("a permutation is found, with every axis in its place", () => {
  const drawn = fc
    .array(fc.integer({ min: 2, max: 4 }), { minLength: 1, maxLength: 4 })
    .chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
  fc.assert(
    fc.property(drawn, ([shape, order]) => {
      const own = rowMajor(shape);
      const layout = { shape: order.map((k) => shape[k]), strides: order.map((k) => own[k]), offset: 0 };
      expect(permutationOf(shape, layout)).toEqual(order);
      expect(permutationOf(shape, { ...layout, offset: 1 })).toBe(null);
      const doubled = { ...layout, strides: layout.strides.map((s) => 2 * s) };
      expect(permutationOf(shape, { ...doubled, shape: shape.map(() => 5) })).toBe(null);
    }),
  );
  expect(permutationOf([2, 2], { shape: [2, 2], strides: [2, 2], offset: 0 })).toBe(null);
  expect(permutationOf([2, 1], { shape: [1, 2], strides: [1, 1], offset: 0 })).toBe(null);
});

/** A tensor somewhere in a larger one: a slice with steps of any sign, its axes permuted. */
const places = shapes
  .filter((shape) => sizeOf(shape) > 0)
  .chain((shape) =>
    fc.tuple(
      slicesOf(shape, fc.constantFrom(1, 1, 2, -1)).map((slice) => sliced(shape, slice)),
      fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
    ),
  )
  .map(
    ([{ shape, strides, offset }, order]): Layout => ({
      shape: order.map((k) => shape[k]),
      strides: order.map((k) => strides![k]),
      offset,
    }),
  );

test("a slice of a tensor lies where its elements do", () => {
  const drawn = places.chain((whole) =>
    fc.tuple(
      fc.constant(whole),
      slicesOf(whole.shape, fc.constantFrom(1, 1, 2, -2)).map((slice) => sliced(whole.shape, slice)),
    ),
  );
  fc.assert(
    fc.property(drawn, ([whole, part]) => {
      const there = partOf(whole, part);
      expect(there).not.toBe(null);
      const elements = layoutAddresses(whole);
      expect(layoutAddresses(there!)).toEqual(layoutAddresses(part).map((i) => elements[i]));
    }),
  );
});

test("any part lies where its elements do, or nowhere", () => {
  const drawn = places.chain((whole) =>
    fc.tuple(
      fc.constant(whole),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(6), sign), { maxLength: 3 }),
      fc.nat(sizeOf(whole.shape) - 1),
    ),
  );
  let found = 0;
  fc.assert(
    fc.property(drawn, ([whole, axes, offset]) => {
      const part = {
        shape: axes.map(([size]) => size),
        strides: axes.map(([, step, sign]) => step * sign),
        offset,
      };
      const positions = layoutAddresses(part);
      fc.pre(positions.every((i) => i >= 0 && i < sizeOf(whole.shape)));
      const there = partOf(whole, part);
      if (there === null) return;
      found++;
      const elements = layoutAddresses(whole);
      expect(layoutAddresses(there)).toEqual(positions.map((i) => elements[i]));
    }),
    { numRuns: 1000 },
  );
  expect(found).toBeGreaterThan(100);
  // Two axes of a part along one axis of the tensor, past its end together: a run over two rows.
  expect(
    partOf({ shape: [2, 2], strides: [10, 1], offset: 0 }, { shape: [2, 2], strides: [1, 1], offset: 0 }),
  ).toBe(null);
});
