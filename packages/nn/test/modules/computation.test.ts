import {
  grad,
  lossAndGradients,
  matmul,
  ones,
  square,
  sum,
  type Tensor,
  tanh,
  tensor,
  transpose,
  valueAndGrad,
} from "@scope/autodiff";
import { Dropout, GRU, Linear, Module, normal, Parameter, Sequential } from "@scope/nn";
import { expect, test } from "vitest";
import { relativeDifference } from "../relative-difference.js";

const dtype = "float64";
const x = normal([5, 2], { seed: 1, dtype });
const loss = (y: Tensor): Tensor => sum(square(y));

test("a Sequential computes what its parts do by hand, and so do its gradients", () => {
  const model = new Sequential(
    new Linear(2, 3, { seed: 1, dtype }),
    tanh,
    new Linear(3, 1, { seed: 2, dtype }),
  );
  const parameters = model.parameters();
  const [value, gradients] = lossAndGradients(() => loss(model.forward(x)), parameters);
  const byHand = valueAndGrad(([w, b, v, c]: readonly Tensor[]) =>
    loss(matmul(tanh(matmul(x, transpose(w)).add(b)), transpose(v)).add(c)),
  );
  const [expected, expectedGradients] = byHand(parameters.map((parameter) => parameter.value));
  expect(relativeDifference(value, expected)).toBeLessThan(1e-14);
  gradients.forEach((gradient, k) => {
    expect(relativeDifference(gradient, expectedGradients[k])).toBeLessThan(1e-14);
  });
});

test("what two properties share gets the sum of its gradients", () => {
  class Tied extends Module {
    readonly one = new Linear(2, 2, { bias: false, seed: 1, dtype });
    readonly two = this.one;
    forward(input: Tensor): Tensor {
      return this.two.forward(this.one.forward(input));
    }
  }
  const tied = new Tied();
  const [, gradients] = lossAndGradients(() => loss(tied.forward(x)), tied.parameters());
  const apart = grad(([w, v]: readonly Tensor[]) => loss(matmul(matmul(x, transpose(w)), transpose(v))));
  const [first, second] = apart([tied.one.weight.value, tied.one.weight.value]);
  expect(gradients).toHaveLength(1);
  expect(relativeDifference(gradients[0], first.add(second))).toBeLessThan(1e-14);
});

test("modules in arrays and records compute, and parameters that are not read get zeros", () => {
  class Mixed extends Module {
    readonly scale = new Parameter(tensor([1, 2], { dtype }));
    readonly list = [new Linear(2, 3, { seed: 1, dtype }), new Linear(3, 2, { bias: false, seed: 2, dtype })];
    readonly record = { unread: new Parameter(tensor([3], { dtype })) };
    forward(input: Tensor): Tensor {
      return this.list[1].forward(tanh(this.list[0].forward(input.mul(this.scale))));
    }
  }
  const mixed = new Mixed();
  const [, gradients] = lossAndGradients(() => loss(mixed.forward(x)), mixed.parameters());
  const named = Object.fromEntries(mixed.namedParameters().map(([name], k) => [name, gradients[k]]));
  expect(named["record.unread"].toArray()).toEqual([0]);
  for (const name of ["scale", "list.0.weight", "list.0.bias", "list.1.weight"])
    expect(
      named[name].data.every((each) => Number.isFinite(each) && each !== 0),
      name,
    ).toBe(true);
});

test("training and evaluation: dropout passes a gradient on where it passed the value on", () => {
  const dropout = new Dropout(0.5, { seed: 1 });
  const model = new Sequential(dropout, (y) => y.mul(3));
  const slope = (): readonly number[] => [...grad((y: Tensor) => sum(model.forward(y)))(ones([40])).data];
  const training = slope();
  expect(new Set(training)).toEqual(new Set([0, 6]));
  model.eval();
  expect(new Set(slope())).toEqual(new Set([3]));
});

test("a saved state computes the same in another module, in its own precision", () => {
  const [one, two] = [new GRU(2, 3, { seed: 1, dtype }), new GRU(2, 3, { seed: 2, dtype })];
  const single = new GRU(2, 3, { seed: 3 });
  const run = (gru: GRU, input: Tensor): [Tensor, readonly Tensor[]] =>
    lossAndGradients(() => loss(gru.forward(input)[0]), gru.parameters());
  const xs = x.reshape([1, 5, 2]);
  const [value, gradients] = run(one, xs);
  expect(run(two, xs)[0].item()).not.toBe(value.item());
  two.loadStateDict(one.stateDict());
  single.loadStateDict(one.stateDict());
  const [again, gradientsAgain] = run(two, xs);
  expect(again.item()).toBe(value.item());
  gradientsAgain.forEach((gradient, k) => {
    expect(gradient.toArray()).toEqual(gradients[k].toArray());
  });
  const [rounded] = run(single, xs.cast("float32"));
  expect(rounded.dtype).toBe("float32");
  expect(Math.abs(rounded.item() / value.item() - 1)).toBeLessThan(1e-6);
});
