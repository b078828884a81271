import { matmul, type Tensor, transpose } from "@scope/autodiff";
import {
  Embedding,
  GRU,
  gainOf,
  kaimingNormal,
  kaimingUniform,
  Linear,
  LSTM,
  type Module,
  normal,
  orthogonal,
  RNN,
  scaledIdentity,
  uniform,
  xavierNormal,
  xavierUniform,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { readCases } from "../fixture-cases.js";
import { thrownCode } from "../thrown-code.js";

interface FanCase {
  readonly shape: readonly number[];
  readonly gain?: number;
  readonly mode?: "fan_in" | "fan_out";
  readonly nonlinearity?: string;
  readonly slope?: number;
  readonly high?: number;
  readonly std?: number;
}
type InitializerCase =
  | {
      readonly initializer: "gain";
      readonly nonlinearity: string;
      readonly slope?: number;
      readonly gain: number;
    }
  | ({
      readonly initializer: "xavier_uniform" | "xavier_normal" | "kaiming_uniform" | "kaiming_normal";
    } & FanCase)
  | {
      readonly initializer: "default";
      readonly module: "Linear" | "RNN" | "LSTM" | "GRU" | "Embedding";
      readonly bound?: number;
      readonly parameters: Readonly<Record<string, { readonly shape: readonly number[] }>>;
    };

// Apart from one, both libraries have the same names, and the fixture holds no others.
const nonlinearityOf = (torch: string | undefined): Parameters<typeof gainOf>[0] | undefined =>
  torch === "leaky_relu" ? "leakyRelu" : (torch as Parameters<typeof gainOf>[0] | undefined);

const numbers = (t: Tensor): number[] => [...t.data];
const largest = (t: Tensor): number => Math.max(...numbers(t).map(Math.abs));
const deviation = (t: Tensor): number => Math.sqrt(numbers(t).reduce((s, x) => s + x * x, 0) / t.size);

/** Draws many values at once: more rows and columns in the proportion of the fixture's fans would change the law, so that it draws again and again. */
function many(draw: (seed: number) => Tensor, count = 400): Tensor[] {
  return Array.from({ length: count }, (_, seed) => draw(seed));
}

const cases = readCases<InitializerCase>("initializers.json");

test.each(cases.filter((each) => each.initializer === "gain"))(
  "gain of %o",
  ({ nonlinearity, slope, gain }) => {
    const kind = nonlinearityOf(nonlinearity);
    expect(kind === undefined ? Number.NaN : gainOf(kind, slope)).toBeCloseTo(gain, 12);
  },
);

const laws = cases.flatMap((each) =>
  each.initializer === "gain" || each.initializer === "default" ? [] : [each],
);
test.each(laws)("$initializer $shape $gain $mode $nonlinearity has PyTorch's law", (each) => {
  const draw = (seed: number): Tensor => {
    if (each.initializer === "xavier_uniform") return xavierUniform(each.shape, { gain: each.gain, seed });
    if (each.initializer === "xavier_normal") return xavierNormal(each.shape, { gain: each.gain, seed });
    const options = {
      mode: each.mode === "fan_out" ? ("fanOut" as const) : ("fanIn" as const),
      nonlinearity: nonlinearityOf(each.nonlinearity),
      slope: each.slope,
      seed,
    };
    return each.initializer === "kaiming_uniform"
      ? kaimingUniform(each.shape, options)
      : kaimingNormal(each.shape, options);
  };
  const drawn = many(draw);
  expect(drawn[0].shape).toEqual(each.shape);
  if (each.high !== undefined) {
    const bound = Math.max(...drawn.map(largest));
    expect(bound).toBeLessThanOrEqual(each.high * (1 + 1e-6));
    expect(bound).toBeGreaterThan(each.high * 0.99);
  } else {
    // In standard deviations; each bound is four standard errors of what is measured.
    const values = many(draw, 1000).flatMap((t) => numbers(t).map((x) => x / (each.std ?? 0)));
    const n = values.length;
    const measured = Math.sqrt(values.reduce((s, x) => s + x * x, 0) / n);
    expect(Math.abs(measured - 1)).toBeLessThan(4 / Math.sqrt(2 * n));
    expect(Math.abs(values.reduce((s, x) => s + x, 0) / n)).toBeLessThan(4 / Math.sqrt(n));
    for (const [bound, share] of [
      [0.5, 0.382925],
      [1, 0.682689],
      [2, 0.9545],
    ]) {
      const within = values.filter((x) => Math.abs(x) < bound).length / n;
      expect(Math.abs(within - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / n));
    }
  }
});

const defaults = cases.flatMap((each) => (each.initializer === "default" ? [each] : []));
test.each(defaults)("$module starts like PyTorch's", ({ module, bound, parameters }) => {
  const stack = { layers: 2, bidirectional: true, seed: 1 };
  const make: { readonly [K in typeof module]: (seed: number) => Module } = {
    Linear: (seed) => new Linear(8, 3, { seed }),
    RNN: (seed) => new RNN(4, 9, { ...stack, seed }),
    LSTM: (seed) => new LSTM(4, 9, { ...stack, seed }),
    GRU: (seed) => new GRU(4, 9, { ...stack, seed }),
    Embedding: (seed) => new Embedding(6, 3, { seed }),
  };
  const named = make[module](1).namedParameters();
  const shapes = Object.fromEntries(named.map(([name, { shape }]) => [name, { shape: [...shape] }]));
  expect(shapes).toEqual(parameters);
  expect(named.map(([name]) => name)).toEqual(Object.keys(parameters));
  const all = Array.from({ length: 60 }, (_, seed) => make[module](seed + 1).parameters()).flat();
  if (bound !== undefined) {
    const reached = Math.max(...all.map((parameter) => largest(parameter.value)));
    expect(reached).toBeLessThanOrEqual(bound * (1 + 1e-6));
    expect(reached).toBeGreaterThan(bound * 0.99);
  } else {
    const power = all.reduce((s, parameter) => s + deviation(parameter.value) ** 2, 0) / all.length;
    expect(Math.sqrt(power)).toBeCloseTo(1, 1);
  }
});

describe("orthogonal", () => {
  test.each([[[4, 4]], [[6, 3]], [[3, 6]], [[2, 3, 2]], [[64, 64]]])("%j", (shape) => {
    const drawn = orthogonal(shape, { gain: 2, seed: 5, dtype: "float64" });
    expect(drawn.shape).toEqual(shape);
    const flat = drawn.reshape([shape[0], -1]);
    const [rows, columns] = flat.shape;
    const product = rows <= columns ? matmul(flat, transpose(flat)) : matmul(transpose(flat), flat);
    const size = Math.min(rows, columns);
    numbers(product).forEach((value, k) => {
      expect(Math.abs(value - (k % (size + 1) === 0 ? 4 : 0))).toBeLessThan(1e-12);
    });
  });
});

// The casts are what plain JavaScript may pass.
describe("mistakes", () => {
  test.each([
    ["a vector has no fans", () => xavierUniform([3]), "initializer/fan"],
    ["a vector is not orthogonal", () => orthogonal([3]), "initializer/fan"],
    ["a negative gain", () => xavierNormal([3, 3], { gain: -1 }), "value/range"],
    ["high below low", () => uniform([3], { low: 1, high: 0 }), "value/range"],
    ["a NaN std", () => normal([3], { std: Number.NaN }), "value/range"],
    ["a negative size", () => scaledIdentity(-1), "value/count"],
    ["an unknown nonlinearity", () => gainOf("step" as "tanh"), "value/range"],
    ["an unknown mode", () => kaimingNormal([2, 2], { mode: "fan" as "fanIn" }), "value/range"],
  ])("%s", (_what, run, code) => expect(thrownCode(run)).toBe(code));
});
