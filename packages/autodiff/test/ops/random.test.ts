import { describe, expect, test } from "vitest";
import * as s from "../../src/index.js";
import { checkGradients } from "../../src/testing.js";
import { errorOf } from "./codes.js";

const { Random } = s;
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;
/** Share of values for which a test holds. */
const share = (values: ArrayLike<number>, holds: (x: number) => boolean): number =>
  Array.from(values).filter(holds).length / values.length;
/** The distribution function of the normal law, by the error function of the library itself. */
const normalBelow = (z: number): number =>
  (1 + s.erf(s.tensor(z / Math.SQRT2, { dtype: "float64" })).item()) / 2;

describe("the numbers themselves may never change", () => {
  test("bits of the published vector, through the class", () => {
    // Key 0 and counter 0: 6b200159 99ba4efe; the low 24 bits make the number.
    expect(new Random(0).uniform([2]).toArray()).toEqual([0x200159 * 2 ** -24, 0xba4efe * 2 ** -24]);
  });
  test("of a seed with more than 32 bits, every kind", () => {
    const random = new Random(2 ** 40 + 7);
    const draws = [
      random.uniform([2], { low: -1, high: 1 }),
      random.uniform([2], { dtype: "float64" }),
      random.normal([2]),
      random.normal([2], { dtype: "float64", mean: 1, std: 2 }),
      random.randint([4], { low: -5, high: 5 }),
      random.bernoulli([4], { p: 0.3 }),
      random.permutation(5),
      random.categorical(s.zeros([4, 3])),
    ];
    expect(draws.map((t) => t.toArray())).toMatchInlineSnapshot(`
      [
        [
          -0.39260733127593994,
          0.7875863313674927,
        ],
        [
          0.9455281041705108,
          0.8829729516149882,
        ],
        [
          -0.3061999976634979,
          -0.9059504270553589,
        ],
        [
          1.401745657682759,
          1.6566191530850076,
        ],
        [
          -4,
          -5,
          -4,
          -2,
        ],
        [
          true,
          true,
          false,
          false,
        ],
        [
          2,
          4,
          1,
          3,
          0,
        ],
        [
          0,
          2,
          2,
          2,
        ],
      ]
    `);
  });
});

describe("distributions, over 20,000 draws", () => {
  const n = 20_000;
  // Five standard errors of a share: the seed is fixed, so that this either holds or does not.
  const near = (p: number): [number, number] => [
    p - 5 * Math.sqrt((p * (1 - p)) / n),
    p + 5 * Math.sqrt((p * (1 - p)) / n),
  ];
  const expectShare = (found: number, p: number): void => {
    const [low, high] = near(p);
    expect(found).toBeGreaterThanOrEqual(low);
    expect(found).toBeLessThanOrEqual(high);
  };
  test.each(["float32", "float64"] as const)("uniform %s", (dtype) => {
    const { data } = new Random(1).uniform([n], { dtype });
    expect(data.every((x) => x >= 0 && x < 1)).toBe(true);
    for (const p of [0.01, 0.25, 0.5, 0.9])
      expectShare(
        share(data.slice(), (x) => x < p),
        p,
      );
  });
  test.each(["float32", "float64"] as const)("normal %s", (dtype) => {
    const { data } = new Random(2).normal([n], { dtype });
    for (const z of [-2.5, -1, 0, 0.5, 2])
      expectShare(
        share(data.slice(), (x) => x < z),
        normalBelow(z),
      );
    const all = data.slice();
    expect(Math.abs(mean(all))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(mean(all.map((x) => x * x)) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    // Neighbours are not related.
    expect(Math.abs(mean(Array.from({ length: n / 2 }, (_, i) => all[2 * i] * all[2 * i + 1])))).toBeLessThan(
      5 / Math.sqrt(n / 2),
    );
  });
  test("mean and standard deviation", () => {
    const { data } = new Random(3).normal([n], { mean: 10, std: 2 });
    const all = data.slice();
    expect(Math.abs(mean(all) - 10)).toBeLessThan((5 * 2) / Math.sqrt(n));
    expect(Math.abs(mean(all.map((x) => (x - 10) ** 2)) / 4 - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    for (const z of [-2, -0.5, 1])
      expectShare(
        share(all, (x) => x < 10 + 2 * z),
        normalBelow(z),
      );
  });
  test("randint", () => {
    const { data, dtype } = new Random(4).randint([n], { low: -3, high: 4 });
    expect(dtype).toBe("int32");
    for (let k = -3; k < 4; k++)
      expectShare(
        share(data.slice(), (x) => x === k),
        1 / 7,
      );
    expect(
      new Random(4)
        .randint([200], { low: -(2 ** 31), high: -1 })
        .data.every((x) => x >= -(2 ** 31) && x < -1),
    ).toBe(true);
  });
  test("bernoulli, of one probability and of many", () => {
    expectShare(
      share(new Random(5).bernoulli([n], { p: 0.3 }).data.slice(), (x) => x === 1),
      0.3,
    );
    const rows = new Random(5).bernoulli([2, n], { p: s.tensor([[0.1], [0.8]]) });
    expectShare(
      share(rows.at(0).data.slice(), (x) => x === 1),
      0.1,
    );
    expectShare(
      share(rows.at(1).data.slice(), (x) => x === 1),
      0.8,
    );
    expect(s.any(new Random(5).bernoulli([n], { p: 0 })).item()).toBe(0);
  });
  test("categorical, along any axis", () => {
    const p = [0.1, 0.2, 0, 0.7];
    const logits = s.add(s.log(s.tensor(p)), 3);
    const { data } = new Random(6).categorical(s.broadcastTo(logits, [n, 4]));
    for (const [k, pk] of p.entries())
      expectShare(
        share(data.slice(), (x) => x === k),
        pk,
      );
    const columns = new Random(6).categorical(s.broadcastTo(s.expandDims(logits, 1), [4, n]), { axis: 0 });
    expectShare(
      share(columns.data.slice(), (x) => x === 3),
      0.7,
    );
  });
  test("permutation: every order of three is equally likely", () => {
    const random = new Random(7);
    const orders = Array.from({ length: 3000 }, () => random.permutation(3).toArray().toString());
    expect(new Set(orders).size).toBe(6);
    for (const order of new Set(orders))
      expect(orders.filter((o) => o === order).length).toBeGreaterThan(380);
  });
});

describe("state", () => {
  test("every draw moves on; the state can be put back", () => {
    const random = new Random(1);
    const before = random.state.value;
    const first = random.normal([3]).toArray();
    expect(random.normal([3]).toArray()).not.toEqual(first);
    expect(random.state.value.at(2).item()).toBe(2);
    random.state.value = before;
    expect(random.normal([3]).toArray()).toEqual(first);
  });
  test("forks are reproducible, and differ from each other and from their parent", () => {
    const draws = (): string[] => {
      const random = new Random(1);
      return [...random.split(3), random].map((r) => String(r.uniform([2]).toArray()));
    };
    expect(new Set(draws()).size).toBe(4);
    expect(draws()).toEqual(draws());
  });
  test("examples of a batch share the counter: the same numbers for all, and one step", () => {
    const random = new Random(1);
    const rows = s.vmap((x: s.Tensor) => s.add(x, random.uniform([2])))(s.zeros([3, 1]));
    expect(rows.at(0).toArray()).toEqual(rows.at(2).toArray());
    expect(rows.at(0).toArray()).toEqual(new Random(1).uniform([2]).toArray());
    expect(random.state.value.at(2).item()).toBe(1);
  });
  test("noise is a constant of derivatives", () => {
    const at = s.tensor([0.5, 2], { dtype: "float64" });
    checkGradients((x: s.Tensor) => s.mul(x, new Random(2).normal([2], { dtype: "float64" })), [at]);
    const random = new Random(2);
    const gradient = s.grad((x: s.Tensor) => s.sum(s.mul(x, random.uniform([2]))))(s.tensor([1, 1]));
    expect(gradient.toArray()).toEqual(new Random(2).uniform([2]).toArray());
  });
  test("nothing to draw", () => {
    const random = new Random(0);
    expect(random.uniform([0]).toArray()).toEqual([]);
    expect(random.normal([2, 0], { dtype: "float64" }).toArray()).toEqual([[], []]);
    expect(random.permutation(0).toArray()).toEqual([]);
    expect(random.categorical(s.zeros([0, 2])).toArray()).toEqual([]);
  });
});

describe("bad arguments", () => {
  const random = new Random(0);
  const bad: readonly (readonly [string, () => unknown])[] = [
    ["value/seed", () => new Random(-1)],
    ["value/seed", () => new Random(0.5)],
    ["value/seed", () => new Random(Number.NaN)],
    ["shape/invalid", () => random.uniform([-1])],
    ["shape/invalid", () => random.normal([1.5])],
    ["shape/invalid", () => random.randint([-1], { high: 2 })],
    ["shape/invalid", () => random.bernoulli([-1])],
    // @ts-expect-error Uniform numbers are float.
    ["dtype/float", () => random.uniform([1], { dtype: "int32" })],
    // @ts-expect-error There is no such dtype.
    ["dtype/unknown", () => random.normal([1], { dtype: "float16" })],
    ["value/distribution", () => random.uniform([1], { low: 2, high: 1 })],
    ["value/distribution", () => random.uniform([1], { high: Number.POSITIVE_INFINITY })],
    ["value/distribution", () => random.normal([1], { std: -1 })],
    ["value/distribution", () => random.normal([1], { mean: Number.NaN })],
    ["value/distribution", () => random.randint([1], { low: 2, high: 2 })],
    ["value/distribution", () => random.randint([1], { high: 1.5 })],
    ["value/distribution", () => random.randint([1], { low: -(2 ** 31), high: 2 ** 31 })],
    ["value/distribution", () => random.bernoulli([1], { p: 1.5 })],
    ["shape/broadcast-to", () => random.bernoulli([2], { p: s.tensor([0.5, 0.5, 0.5]) })],
    ["value/count", () => random.permutation(1.5)],
    ["value/count", () => random.split(-1)],
    ["value/count", () => random.split(1e9)],
    ["index/axis", () => random.categorical(0)],
    ["value/empty-reduction", () => random.categorical(s.zeros([2, 0]))],
    ["variable/traced", () => s.vmap((x: s.Tensor) => s.add(x, random.fork().uniform([])))(s.zeros([2]))],
  ];
  test.each(bad.map(([code, run], i) => ({ code, run, i })))("$i $code", ({ code, run }) => {
    const before = random.state.value;
    expect(errorOf(run).code).toBe(code);
    expect(random.state.value, "before any work").toBe(before);
  });
});
