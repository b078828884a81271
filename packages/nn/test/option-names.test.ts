import { ScopeError, tensor } from "@scope/autodiff";
import {
  Adagrad,
  Adam,
  AdamW,
  Dropout,
  Embedding,
  fit,
  GRU,
  Linear,
  LSTM,
  Parameter,
  RMSProp,
  RNN,
  SGD,
} from "@scope/nn";
import { describe, expect, test } from "vitest";

// Options reach these as plain JavaScript passes them: no compiler has looked at them.
type Maker = new (...given: never[]) => object;

function complaint(of: Maker, ...given: readonly unknown[]): Partial<ScopeError> {
  try {
    Reflect.construct(of, given);
  } catch (error) {
    if (error instanceof ScopeError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const w = [new Parameter(tensor([1]))];

describe("options that plain JavaScript gets wrong", () => {
  test.each([Adagrad, Adam, AdamW, RMSProp, SGD])("%o: lr, and a bare rate", (of: Maker) => {
    expect(complaint(of, w, { lr: 0.1 })).toMatchObject({
      code: "option/unknown",
      op: of.name,
      mend: "lr is called learningRate here",
    });
    expect(complaint(of, w, 0.1)).toMatchObject({
      code: "option/object",
      mend: "name the option: { learningRate: 0.1 }",
    });
    expect(complaint(of, [{ parameters: w, lr: 0.1 }]).code).toBe("option/unknown");
  });
  test("groups keep options of their own", () => {
    expect(new Adam([{ parameters: w, learningRate: 0.5 }]).learningRate).toBe(0.5);
  });
  test.each([RNN, LSTM, GRU])("%o: num_layers, batch_first, a bare number", (of: Maker) => {
    expect(complaint(of, 3, 4, { numLayers: 2 }).mend).toBe("numLayers is called layers here");
    expect(complaint(of, 3, 4, { num_layers: 2 }).mend).toBe("num_layers is called layers here");
    expect(complaint(of, 3, 4, { batch_first: true }).mend).toContain("timeFirst");
    expect(complaint(of, 3, 4, 2).mend).toBe("name the option: { layers: 2 }");
  });
  test("each recurrent layer has its own options", () => {
    expect(new RNN(3, 4, { nonlinearity: "relu" }).cells.length).toBe(1);
    expect(new LSTM(3, 4, { forgetBias: 1 }).cells.length).toBe(1);
    expect(complaint(GRU, 3, 4, { forgetBias: 1 }).code).toBe("option/unknown");
  });
  test("layers of one step", () => {
    expect(complaint(Linear, 3, 4, false).mend).toBe("name the option: { bias: false }");
    expect(complaint(Linear, 3, 4, { use_bias: false }).code).toBe("option/unknown");
    expect(complaint(Embedding, 3, 4, { padding_idx: 0 }).mend).toBe(
      "padding_idx is called paddingIndex here",
    );
    expect(complaint(Dropout, 0.5, 1).mend).toBe("name the option: { seed: 1 }");
  });
  test("fit", async () => {
    const data: unknown[] = [];
    const run = async (options: unknown): Promise<unknown> =>
      Reflect.apply(fit, undefined, [new Linear(1, 1), data, options]);
    await expect(run({ loss: () => tensor(0), epoch: 3 })).rejects.toMatchObject({
      code: "option/unknown",
      got: "epoch",
    });
    await expect(run(3)).rejects.toMatchObject({ code: "option/object" });
  });
});
