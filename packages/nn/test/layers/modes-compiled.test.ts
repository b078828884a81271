import { ones, type Tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { Dropout, Linear, Module, Sequential } from "@scope/nn";
import { describe, expect, test } from "vitest";

describe("train and eval of what was compiled before", () => {
  const x = ones([200]);
  const zeros = (t: Tensor): number => [...t.data].filter((v) => v === 0).length;

  test("dropout acts in training only", () => {
    const dropout = new Dropout(0.5, { seed: 1 });
    const f = compile((t: Tensor) => dropout.forward(t));
    expect(zeros(f(x))).toBeGreaterThan(50);
    dropout.eval();
    expect(f(x).toArray()).toEqual(x.toArray());
    dropout.train();
    const [first, second] = [f(x).toArray(), f(x).toArray()];
    expect(first).not.toEqual(second);
  });
  test("inside other modules, and in modules of one's own", () => {
    class Doubled extends Module {
      forward(t: Tensor): Tensor {
        return this.training ? t.mul(2) : t;
      }
    }
    const model = new Sequential(
      new Linear(200, 3, { seed: 2 }),
      new Sequential(new Dropout(0.9, { seed: 3 })),
      new Doubled(),
    );
    const f = compile((t: Tensor) => model.forward(t));
    const trained = f(x).toArray();
    model.eval();
    const [evaluated, wanted] = [f(x), model.forward(x)].map((t) => [...t.data]);
    evaluated.forEach((y, i) => {
      expect(y).toBeCloseTo(wanted[i], 5);
    });
    expect(trained).not.toEqual(evaluated);
  });
});
