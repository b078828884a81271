import { Random, tensor } from "@scope/autodiff";
import { batches, bucketByLength, Normalizer, padSequences, splitInTime, windows } from "@scope/nn";
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

  test("what does not fit together is refused", () => {
    expect(() => padSequences([])).toThrow("there is no sequence");
    expect(() => padSequences([tensor([1]), tensor([[1, 2]])])).toThrow("do not fit together");
  });
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
