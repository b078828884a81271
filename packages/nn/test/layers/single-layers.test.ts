import { sum, type Tensor, tensor, zeros } from "@scope/autodiff";
import { Dropout, Embedding, LayerNorm, Linear } from "@scope/nn";
import { describe, expect, test } from "vitest";
import { precisions, readCases } from "../fixture-cases.js";
import { thrownCode, thrownError } from "../thrown-code.js";
import { expectTorch, type ModuleCase } from "./against-torch.js";

type SingleCase = ModuleCase &
  (
    | {
        readonly module: "Linear";
        readonly inFeatures: number;
        readonly outFeatures: number;
        readonly bias: boolean;
      }
    | {
        readonly module: "LayerNorm";
        readonly shape: readonly number[];
        readonly eps: number;
        readonly affine: boolean;
        readonly note?: string;
      }
    | {
        readonly module: "Embedding";
        readonly count: number;
        readonly size: number;
        readonly paddingIndex: number | null;
      }
  );

const cases = readCases<SingleCase>("layers.json");

describe.each(precisions)("layers in %s agree with PyTorch, values and all gradients", (dtype, tolerance) => {
  test.each(cases.map((each, k) => [`${each.module} ${k}`, each] as const))("%s", (_name, each) => {
    if (each.module === "Linear") {
      const linear = new Linear(each.inFeatures, each.outFeatures, { bias: each.bias, dtype });
      expectTorch(linear, each, dtype, tolerance, ({ x }) => ({ output: linear.forward(x) }));
    } else if (each.module === "LayerNorm") {
      const norm = new LayerNorm(each.shape, { epsilon: each.eps, affine: each.affine, dtype });
      // Where all inputs are equal, only rounding is left of the differences, and it is divided by √ε.
      const slack = each.note === undefined ? 1 : 10;
      expectTorch(norm, each, dtype, tolerance * slack, ({ x }) => ({ output: norm.forward(x) }));
    } else {
      const paddingIndex = each.paddingIndex ?? undefined;
      const embedding = new Embedding(each.count, each.size, { paddingIndex, dtype });
      expectTorch(embedding, each, dtype, tolerance, ({ indices }) => ({
        output: embedding.forward(indices),
      }));
    }
  });
});

const int = (values: number[]): Tensor => tensor(values, { dtype: "int32" });

describe("mistakes", () => {
  test.each([
    ["Linear of size 0", () => new Linear(0, 1), "value/count"],
    ["Linear with another input", () => new Linear(3, 1).forward(zeros([2, 4])), "input/features"],
    ["Embedding of fractional size", () => new Embedding(2, 1.5), "value/count"],
    [
      "a padding index that is no symbol",
      () => new Embedding(2, 1, { paddingIndex: 2 }),
      "embedding/padding-index",
    ],
    ["a rate of 1", () => new Dropout(1), "value/range"],
    ["a negative rate", () => new Dropout(-0.1), "value/range"],
    ["a NaN rate", () => new Dropout(Number.NaN), "value/range"],
    ["LayerNorm without axes", () => new LayerNorm([]), "value/count"],
    ["LayerNorm with a negative epsilon", () => new LayerNorm(2, { epsilon: -1 }), "value/range"],
    ["LayerNorm of another shape", () => new LayerNorm([2, 3]).forward(zeros([3, 2])), "layer-norm/shape"],
  ])("%s", (_what, run, code) => expect(thrownCode(run)).toBe(code));

  test("an index that is no symbol, and indices that are not whole", () => {
    const embedding = new Embedding(2, 1);
    // A negative one too: a look-up would count it from the end.
    for (const wrong of [2, -1]) {
      expect(thrownError(() => embedding.forward(int([wrong])))).toMatchObject({
        code: "index/value",
        op: "Embedding",
        got: String(wrong),
        expected: "whole numbers from 0 to 1",
      });
    }
    expect(thrownError(() => embedding.forward(tensor([1])))).toMatchObject({
      code: "dtype/indices",
      op: "Embedding",
    });
    expect(thrownError(() => Reflect.apply(embedding.forward, embedding, [[1]]))).toMatchObject({
      code: "input/type",
      op: "Embedding",
      got: "indices: an array",
    });
  });
});

describe("Embedding", () => {
  test("the padding vector starts at 0", () => {
    const { weight } = new Embedding(3, 2, { paddingIndex: 1, seed: 1 }).stateDict();
    expect(weight.at(1).toArray()).toEqual([0, 0]);
    expect(weight.at(0).data[0]).not.toBe(0);
  });
});

describe("Dropout", () => {
  test("keeps the mean in training, and everything in evaluation", () => {
    const dropout = new Dropout(0.25, { seed: 3 });
    const x = zeros([20000]).add(1);
    const y = dropout.forward(x);
    const kept = [...y.data].filter((value) => value !== 0);
    expect(kept.length / 20000).toBeCloseTo(0.75, 1.8);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.75)]));
    expect(dropout.eval().forward(x)).toBe(x);
    expect(sum(new Dropout(0).forward(x)).item()).toBe(20000);
  });
  test("its state is saved: the same masks come again", () => {
    const dropout = new Dropout(0.5, { seed: 3 });
    const x = zeros([50]).add(1);
    const before = dropout.stateDict();
    const first = dropout.forward(x).toArray();
    const second = dropout.forward(x).toArray();
    expect(second).not.toEqual(first);
    dropout.loadStateDict(before);
    expect(dropout.forward(x).toArray()).toEqual(first);
  });
  test("two of them drop different elements, without seeds as well", () => {
    const x = zeros([100]).add(1);
    expect(new Dropout(0.5).forward(x).toArray()).not.toEqual(new Dropout(0.5).forward(x).toArray());
  });
  test.each([0, 0.3, 0.5])(
    "at rate %d whole numbers and booleans become float32, in training and in evaluation",
    (rate) => {
      for (const dtype of ["int32", "bool"] as const) {
        const dropout = new Dropout(rate, { seed: 3 });
        const x = tensor([1, 0, 1], { dtype });
        expect(dropout.forward(x).dtype).toBe("float32");
        expect(dropout.eval().forward(x).dtype).toBe("float32");
        expect(dropout.forward(x).toArray()).toEqual([1, 0, 1]);
      }
      expect(new Dropout(rate).forward(tensor([1], { dtype: "float64" })).dtype).toBe("float64");
    },
  );
});
