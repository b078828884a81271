import type { Tensor } from "@scope/autodiff";
import { GRU, LSTM, RNN } from "@scope/nn";
import { describe, expect, test } from "vitest";
import { precisions, readCases } from "../fixture-cases.js";
import { expectTorch, type ModuleCase } from "./against-torch.js";

interface LayerCase extends ModuleCase {
  readonly module: "RNN" | "LSTM" | "GRU";
  readonly nonlinearity?: "tanh" | "relu";
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly bias: boolean;
  readonly lengths: readonly number[] | null;
}

const cases = ["rnn.json", "lstm.json", "gru.json"].flatMap((file) => readCases<LayerCase>(file));

function describeCase({
  module,
  nonlinearity,
  layers,
  bidirectional,
  bias,
  lengths,
  inputs,
}: LayerCase): string {
  const parts = [
    module,
    nonlinearity,
    `${layers} layers`,
    bidirectional ? "bidirectional" : "",
    bias ? "" : "no bias",
  ];
  return `${parts.join(" ")} lengths ${lengths?.join(",") ?? "all"}, ${"h0" in inputs ? "given" : "zero"} state`;
}

describe.each(precisions)("layers in %s agree with PyTorch, values and all gradients", (dtype, tolerance) => {
  test.each(cases.map((each) => [describeCase(each), each] as const))("%s", (_name, each) => {
    const { inputSize, hiddenSize, nonlinearity } = each;
    const { layers, bidirectional, bias } = each;
    const options = { layers, bidirectional, bias, dtype };
    const given = each.lengths === null ? undefined : { lengths: each.lengths };
    if (each.module === "LSTM") {
      const lstm = new LSTM(inputSize, hiddenSize, options);
      expectTorch(
        lstm,
        each,
        dtype,
        tolerance,
        ({ x, h0, c0 }: Readonly<Record<string, Tensor | undefined>>) => {
          if (x === undefined) throw new Error("no x in the fixture");
          const [output, state] = lstm.forward(x, h0 && c0 && { h: h0, c: c0 }, given);
          return { output, ...state };
        },
      );
      return;
    }
    const layer =
      each.module === "RNN"
        ? new RNN(inputSize, hiddenSize, { ...options, nonlinearity })
        : new GRU(inputSize, hiddenSize, options);
    expectTorch(layer, each, dtype, tolerance, ({ x, h0 }: Readonly<Record<string, Tensor | undefined>>) => {
      if (x === undefined) throw new Error("no x in the fixture");
      const [output, state] = layer.forward(x, h0 && { h: h0 }, given);
      return { output, ...state };
    });
  });
});

test("every kind is among the fixtures", () => {
  expect(cases.length).toBe(84);
});
