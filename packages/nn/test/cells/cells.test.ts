import type { Tensor } from "@scope/autodiff";
import { ones, zeros } from "@scope/autodiff";
import { GRUCell, LSTMCell, RNNCell } from "@scope/nn";
import { describe, expect, test } from "vitest";
import { precisions, readCases } from "../fixture-cases.js";
import { expectTorch, type ModuleCase } from "../layers/against-torch.js";
import { thrownCode } from "../thrown-code.js";

interface CellCase extends ModuleCase {
  readonly module: "RNNCell" | "LSTMCell" | "GRUCell";
  readonly nonlinearity?: "tanh" | "relu";
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bias: boolean;
}

const cases = readCases<CellCase>("cells.json");
const batch = 3;

describe.each(precisions)("cells in %s agree with PyTorch, values and all gradients", (dtype, tolerance) => {
  test.each(cases.map((each) => [describeCase(each), each] as const))("%s", (_name, each) => {
    const { inputSize, hiddenSize, bias, nonlinearity } = each;
    const options = { bias, dtype };
    if (each.module === "LSTMCell") {
      const cell = new LSTMCell(inputSize, hiddenSize, options);
      const start = cell.initialState(batch);
      expectTorch(cell, each, dtype, tolerance, ({ x, h0 = start.h, c0 = start.c }) => ({
        ...cell.step(x, { h: h0, c: c0 }),
      }));
      return;
    }
    const cell =
      each.module === "RNNCell"
        ? new RNNCell(inputSize, hiddenSize, { ...options, nonlinearity })
        : new GRUCell(inputSize, hiddenSize, options);
    const start = cell.initialState(batch);
    expectTorch(cell, each, dtype, tolerance, ({ x, h0 = start.h }) => ({ ...cell.step(x, { h: h0 }) }));
  });
});

function describeCase({ module, nonlinearity, bias, inputs }: CellCase): string {
  return `${module} ${nonlinearity ?? ""} ${bias ? "with" : "without"} bias, ${"h0" in inputs ? "given" : "zero"} state`;
}

test("every kind is among the fixtures", () => {
  expect(cases.length).toBe(16);
});

describe("mistakes", () => {
  const h = (...shape: number[]): { h: Tensor } => ({ h: zeros(shape) });

  test.each([
    ["a size of 0", () => new RNNCell(0, 3), "value/count"],
    ["a fractional size", () => new LSTMCell(3, 2.5), "value/count"],
    ["a NaN size", () => new GRUCell(Number.NaN, 3), "value/count"],
    ["a wrong input", () => new RNNCell(3, 4).step(zeros([2, 4]), h(2, 4)), "input/features"],
    ["an input without batch", () => new RNNCell(3, 4).step(zeros([3]), h(1, 4)), "input/features"],
    ["a wrong batch of the state", () => new GRUCell(3, 4).step(zeros([2, 3]), h(1, 4)), "recurrent/state"],
    ["a wrong size of the state", () => new GRUCell(3, 4).step(zeros([2, 3]), h(2, 3)), "recurrent/state"],
    ["a negative batch", () => new GRUCell(3, 4).initialState(-1), "value/count"],
    ["a forget bias without bias", () => new LSTMCell(3, 4, { bias: false, forgetBias: 1 }), "value/range"],
    ["a NaN forget bias", () => new LSTMCell(3, 4, { forgetBias: Number.NaN }), "value/range"],
  ])("%s", (_what, run, code) => expect(thrownCode(run)).toBe(code));
});

test("forgetBias is what both biases of the forget gate add up to", () => {
  const cell = new LSTMCell(2, 3, { forgetBias: 1.5, seed: 4 });
  const { bias_ih, bias_hh } = cell.stateDict();
  const both = bias_ih.add(bias_hh).data;
  expect([...both].slice(3, 6)).toEqual([1.5, 1.5, 1.5]);
  expect(both[0]).not.toBe(1.5);
  expect(both[6]).not.toBe(1.5);
});

test("seeds: the same one gives the same cell, and its weights differ from each other", () => {
  const one = new GRUCell(4, 4, { seed: 3 }).stateDict();
  const two = new GRUCell(4, 4, { seed: 3 }).stateDict();
  const three = new GRUCell(4, 4, { seed: 5 }).stateDict();
  expect(one.weight_ih.toArray()).toEqual(two.weight_ih.toArray());
  expect(one.weight_ih.toArray()).not.toEqual(three.weight_ih.toArray());
  expect(one.weight_ih.toArray()).not.toEqual(one.weight_hh.toArray());
  expect(one.weight_ih.sub(ones([])).shape).toEqual([12, 4]);
});
