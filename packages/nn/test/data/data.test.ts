import { arange, ones, Random, type Tensor, tensor, zeros } from "@scope/autodiff";
import {
  type BucketOptions,
  batches,
  bucketByLength,
  fit,
  Linear,
  meanSquaredError,
  Normalizer,
  padSequences,
  SGD,
  splitInTime,
  windows,
} from "@scope/nn";
import { describe, expect, test } from "vitest";

describe("windows", () => {
  const series = tensor([
    [0, 100],
    [1, 101],
    [2, 102],
    [3, 103],
    [4, 104],
    [5, 105],
  ]);

  test("every window and its target, in order", () => {
    const { inputs, targets } = windows(series, { length: 2, horizon: 3 });
    expect(inputs.toArray()).toEqual([
      [
        [0, 100],
        [1, 101],
      ],
      [
        [1, 101],
        [2, 102],
      ],
    ]);
    expect(targets.toArray()).toEqual([
      [4, 104],
      [5, 105],
    ]);
  });

  test("a stride, another series of targets, a target for every step, int32 kept", () => {
    const ids = tensor([7, 8, 9, 10, 11, 12, 13], { dtype: "int32" });
    const { inputs, targets } = windows(ids, { length: 3, stride: 3, everyStep: true });
    expect(inputs.dtype).toBe("int32");
    expect(inputs.toArray()).toEqual([
      [7, 8, 9],
      [10, 11, 12],
    ]);
    expect(targets.toArray()).toEqual([
      [8, 9, 10],
      [11, 12, 13],
    ]);
    const other = windows(series, { length: 5, targets: tensor([10, 20, 30, 40, 50, 60]) });
    expect(other.targets.toArray()).toEqual([60]);
    expect(windows(series, { length: 2, horizon: 0 }).targets.at(0).toArray()).toEqual([1, 101]);
  });

  test("what cannot be cut is refused", () => {
    expect(() => windows(series, { length: 6 })).toThrow("too short for one window");
    expect(() => windows(series, { length: 0 })).toThrow("length is not a count");
    expect(() => windows(series, { length: 1, stride: 0.5 })).toThrow("stride is not a count");
    expect(() => windows(series, { length: 1, targets: tensor([1, 2]) })).toThrow("do not share a time axis");
  });
});

describe("batches", () => {
  const data = { x: tensor([[0], [1], [2], [3], [4]]), y: [tensor([0, 10, 20, 30, 40], { dtype: "int32" })] };

  test("in order, with a smaller last batch, again and again", () => {
    const cut = batches(data, { size: 2 });
    expect(cut.length).toBe(3);
    for (let pass = 0; pass < 2; pass++)
      expect(Array.from(cut, ({ y }) => y[0].toArray())).toEqual([[0, 10], [20, 30], [40]]);
    expect(batches(data, { size: 2, dropLast: true }).length).toBe(2);
    expect(Array.from(batches(data, { size: 2, dropLast: true }))).toHaveLength(2);
  });

  test("shuffling keeps examples together, differs from pass to pass, and is the same for one seed", () => {
    const many = {
      x: tensor(Float64Array.from({ length: 64 }, (_, i) => i)),
      y: tensor(Float64Array.from({ length: 64 }, (_, i) => 10 * i)),
    };
    const passes = (seed: number): number[][] => {
      const cut = batches(many, { size: 10, shuffle: true, seed });
      return [0, 1].map(() =>
        Array.from(cut, ({ x, y }) => {
          expect(y.sub(x.mul(10)).abs().sum().item()).toBe(0);
          return Array.from(x.data);
        }).flat(),
      );
    };
    const [first, second] = passes(3);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, i) => i));
    expect(first).not.toEqual(second);
    expect(first).not.toEqual(Array.from({ length: 64 }, (_, i) => i));
    expect(passes(3)).toEqual([first, second]);
    expect(passes(4)[0]).not.toEqual(first);
    const shared = batches(many, { size: 64, shuffle: true, random: new Random(3) });
    expect(Array.from(Array.from(shared)[0].x.data)).toEqual(first);
  });

  test("a generator of orders is one, whether it is drawn from or not", () => {
    const odd = { size: 1, random: 5 as unknown as Random };
    for (const shuffle of [true, false]) {
      expect(() => batches(tensor([1, 2]), { ...odd, shuffle })).toThrow("batches: random");
      expect(() => bucketByLength([tensor([1])], { ...odd, shuffle })).toThrow("bucketByLength: random");
    }
  });

  test("what does not fit together is refused", () => {
    expect(() => batches({ x: tensor([1, 2]), y: tensor([1]) }, { size: 1 })).toThrow(
      "one entry per example",
    );
    expect(() => batches({}, { size: 1 })).toThrow("no tensor in the data");
    expect(() => batches([1, 2], { size: 1 })).toThrow("not a tree of tensors");
    expect(() => batches(tensor(3), { size: 1 })).toThrow("one entry per example");
    expect(() => batches(tensor([1]), { size: 0 })).toThrow("size is not a count");
    expect(() => batches(tensor([1]), { size: 2, dropLast: true })).toThrow("not one batch");
  });
});

describe("sequences of different lengths", () => {
  test("padding fills up at the end and lengths say how far", () => {
    const { values, lengths } = padSequences(
      [
        tensor([[1, 2]]),
        tensor([
          [3, 4],
          [5, 6],
        ]),
      ],
      { padding: -1 },
    );
    expect(values.toArray()).toEqual([
      [
        [1, 2],
        [-1, -1],
      ],
      [
        [3, 4],
        [5, 6],
      ],
    ]);
    expect(lengths.dtype).toBe("int32");
    expect(lengths.toArray()).toEqual([1, 2]);
  });

  test("buckets hold every sequence once, with little padding", () => {
    const lengths = Array.from({ length: 50 }, (_, i) => 1 + ((i * 37) % 23));
    const sequences = lengths.map((length, i) => tensor(new Float64Array(length).fill(i)));
    const cut = bucketByLength(sequences, { size: 8, shuffle: true, seed: 1 });
    const seen: number[] = [];
    let padded = 0;
    for (const batch of cut) {
      batch.indices.data.forEach((index, row) => {
        seen.push(index);
        expect(batch.lengths.data[row]).toBe(lengths[index]);
        expect(batch.values.at(row).at(0).item()).toBe(index);
        padded += batch.values.shape[1] - lengths[index];
      });
    }
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(cut.length).toBe(7);
    expect(padded).toBeLessThan(lengths.reduce((a, b) => a + b, 0) / 3);
  });

  describe("lengths are rounded up to few", () => {
    const sequences = Array.from({ length: 103 }, (_, i) =>
      tensor(new Float64Array(1 + ((i * 37) % 30)).fill(i)),
    );
    const shapes = (options: Partial<BucketOptions>, passes = 3): string[] => {
      const cut = bucketByLength(sequences, { size: 10, shuffle: true, seed: 2, ...options });
      const seen = new Set<string>();
      for (let k = 0; k < passes; k++) for (const { values } of cut) seen.add(values.shape.join());
      return [...seen].sort();
    };
    test("four by default, the smaller last batch included, in every pass the same", () => {
      expect(shapes({})).toHaveLength(4);
      expect(shapes({}, 9)).toEqual(shapes({}, 1));
      expect(shapes({ size: 103 })).toEqual(["103,30"]);
      expect(shapes({ size: 1000 })).toEqual(["103,30"]);
    });
    test("as many as asked for, or those that are given", () => {
      for (const paddedLengths of [1, 2, 3, 6]) {
        const count = new Set(shapes({ paddedLengths }).map((shape) => shape.split(",")[1])).size;
        expect(count).toBeLessThanOrEqual(Math.max(paddedLengths, 2));
      }
      expect(shapes({ paddedLengths: 1 })).toEqual(["10,30", "3,30"]);
      expect(shapes({ paddedLengths: [8, 20, 32] })).toEqual(["10,20", "10,32", "10,8", "3,32"]);
      for (const wrong of [0, 1.5, [], [8, 20], [20, 8, 30], [8.5, 30], ["30"], null])
        expect(() => shapes({ paddedLengths: wrong as number })).toThrow(/paddedLengths|padded lengths/);
    });
    test("those that add the least padding: as of all choices", () => {
      const lengths = [1, 2, 2, 3, 9, 10, 10, 17, 20, 20, 21, 30];
      const list = lengths.map((length) => zeros([length]));
      const paddingOf = (paddedLengths: number | number[]): number =>
        Array.from(
          bucketByLength(list, { size: 1, paddedLengths }),
          ({ values, lengths }) => values.size - lengths.data[0],
        ).reduce((a, b) => a + b, 0);
      const values = [...new Set(lengths)];
      const choices = values.flatMap((a) => values.flatMap((b) => (a < b && b < 30 ? [[a, b, 30]] : [])));
      expect(paddingOf(3)).toBe(Math.min(...choices.map(paddingOf)));
      expect(paddingOf(values.length)).toBe(0);
    });
    test("thousands of lengths are chosen among as well", () => {
      const list = Array.from({ length: 3000 }, (_, i) => zeros([i + 1]));
      const cut = bucketByLength(list, { size: 1, paddedLengths: 3 });
      const seen = new Set(Array.from(cut, ({ values }) => values.shape[1]));
      expect([...seen].sort((a, b) => a - b)[2]).toBe(3000);
      expect(seen.size).toBe(3);
    });
    test("targets come along, by sequence and by step", () => {
      const targets = { y: arange(103), pair: [zeros([103, 2]), ones([103])] as const };
      const stepTargets = sequences.map((each) => each.mul(10).cast("int32"));
      const cut = bucketByLength(sequences, { size: 10, shuffle: true, targets, stepTargets });
      for (const { values, lengths, indices, targets, stepTargets } of cut) {
        expect(targets.y.toArray()).toEqual(indices.toArray());
        expect(targets.pair[0].shape).toEqual([indices.size, 2]);
        expect(stepTargets.shape).toEqual(values.shape);
        expect(stepTargets.dtype).toBe("int32");
        indices.data.forEach((index, row) => {
          const own = lengths.data[row];
          const expected = Array.from({ length: values.shape[1] }, (_, t) => (t < own ? 10 * index : -1));
          expect(stepTargets.at(row).toArray()).toEqual(expected);
        });
      }
      const first = [...bucketByLength(sequences, { size: 10 })][0];
      expect(Object.keys(first).sort()).toEqual(["indices", "lengths", "values"]);
      expect(() => bucketByLength(sequences, { size: 10, targets: zeros([5]) })).toThrow(
        "one target for each",
      );
      expect(() => bucketByLength(sequences, { size: 10, stepTargets: stepTargets.slice(1) })).toThrow(
        "one target for each",
      );
    });
    test("in fit, there is one trace for each shape, and no warning", async () => {
      const model = new Linear(1, 1, { seed: 1 });
      let traces = 0;
      await fit(model, bucketByLength(sequences, { size: 10, shuffle: true, targets: ones([103]) }), {
        loss: ({ values, targets }) => {
          traces++;
          return meanSquaredError(
            model.forward(values.cast("float32").expandDims(-1)).mean({ axis: [1, 2] }),
            targets,
          );
        },
        optimizer: new SGD(model.parameters(), { learningRate: 1e-5 }),
        epochs: 4,
      });
      expect(traces).toBe(4);
    });
  });

  test("padding goes up to a length that is asked for", () => {
    expect(padSequences([tensor([1])], { length: 3 }).values.toArray()).toEqual([[1, 0, 0]]);
    expect(() => padSequences([tensor([1, 2])], { length: 1 })).toThrow("length is out of range");
  });

  test("what does not fit together is refused", () => {
    expect(() => padSequences([])).toThrow("there is no sequence");
    for (const odd of [tensor([[1, 2]]), tensor(1), tensor([1], { dtype: "int32" })])
      for (const sequences of [
        [tensor([1]), odd],
        [tensor([1]), tensor([2, 3]), odd, tensor([4])],
      ])
        expect(() => padSequences(sequences)).toThrow("do not fit together");
    expect(() => padSequences([tensor(1)])).toThrow("do not fit together");
  });
});

test("the types are tuples where the data is", () => {
  const [past, future] = splitInTime({ x: tensor([1, 2, 3]) }, [2]);
  const [xs, ys]: readonly [Tensor, Tensor] = [
    ...batches([tensor([1, 2]), tensor([[3], [4]])], { size: 2 }),
  ][0];
  const one: { readonly x: Tensor } = past;
  expect([one.x.toArray(), future.x.toArray()]).toEqual([[1, 2], [3]]);
  expect([xs.toArray(), ys.toArray()]).toEqual([
    [1, 2],
    [[3], [4]],
  ]);
  const cuts: number[] = [1, 2];
  const parts: Tensor[] = splitInTime(tensor([1, 2, 3]), cuts);
  expect(parts).toHaveLength(3);
});

test("splits are in time order and complete", () => {
  const parts = splitInTime({ x: tensor([1, 2, 3, 4, 5, 6]) }, [0.5, 0.75]);
  expect(parts.map(({ x }) => x.toArray())).toEqual([[1, 2, 3], [4, 5], [6]]);
  expect(() => splitInTime(tensor([1, 2]), [2])).toThrow("something in every part");
  expect(() => splitInTime(tensor([1, 2, 3]), [2, 1])).toThrow("something in every part");
});

describe("Normalizer", () => {
  test("means and deviations by feature; a constant feature is left in its scale", () => {
    const data = tensor([
      [1, 10, 0.1],
      [3, 30, 0.1],
    ]);
    const normalizer = new Normalizer(3).measure(data);
    expect(
      normalizer
        .forward(data)
        .slice([null, [0, 2]])
        .toArray(),
    ).toEqual([
      [-1, -1],
      [1, 1],
    ]);
    expect(normalizer.deviation.value.at(2).item()).toBe(1);
    const back = normalizer.inverse(normalizer.forward(data)).sub(data).abs();
    expect(back.max().item()).toBeLessThan(1e-5);
  });

  test("its statistics travel in the state dict and are not trained", () => {
    const measured = new Normalizer(2).measure(
      tensor([
        [1, 2],
        [5, 10],
      ]),
    );
    const loaded = new Normalizer(2).loadStateDict(measured.stateDict());
    expect(loaded.forward(tensor([[5, 10]])).toArray()).toEqual([[1, 1]]);
    expect(measured.parameters()).toEqual([]);
  });

  test("data without a mean is refused and changes nothing", () => {
    const normalizer = new Normalizer(1);
    expect(() => normalizer.measure(tensor([[Number.NaN]]))).toThrow("the data has no mean");
    expect(() => normalizer.measure(tensor([[1, 2]]))).toThrow("does not fit the layer");
    expect(normalizer.mean.value.toArray()).toEqual([0]);
  });
});
