import { ones, spec, type Tensor, tanh, tensor, Variable, zeros } from "@scope/autodiff";
import { Dropout, Embedding, fit, GRU, Linear, LSTM, Module, Parameter, Sequential, SGD } from "@scope/nn";
import { describe, expect, test } from "vitest";
import { thrownCode, thrownError } from "../thrown-code.js";

class Everything extends Module {
  readonly scale = new Parameter(tensor([1, 2]));
  readonly steps = new Variable(zeros([], { dtype: "int32" }));
  readonly list = [new Linear(2, 3), new Linear(3, 2, { bias: false })];
  readonly record = { first: new Parameter(tensor(3)), deep: [{ second: new Parameter(tensor(4)) }] };
  readonly dropout = new Dropout(0.5, { seed: 1 });
  readonly size = 3;
  readonly table = zeros([2]);
  readonly nothing = null;
  readonly run = (x: Tensor): Tensor => x;
  forward(x: Tensor): Tensor {
    return this.dropout.forward(this.list[1].forward(tanh(this.list[0].forward(x.mul(this.scale)))));
  }
}

const parameterNames = [
  "scale",
  "list.0.weight",
  "list.0.bias",
  "list.1.weight",
  "record.first",
  "record.deep.0.second",
];

describe("what a module holds", () => {
  test("parameters are found in properties, arrays and records, in order", () => {
    const module = new Everything();
    expect(module.namedParameters().map(([name]) => name)).toEqual(parameterNames);
    expect(module.parameters()).toHaveLength(6);
    expect(module.parameters()[0]).toBe(module.scale);
  });
  test("variables and the state dict hold everything", () => {
    const names = Object.keys(new Everything().stateDict());
    expect(names.filter((name) => !name.startsWith("dropout."))).toEqual([
      "scale",
      "steps",
      ...parameterNames.slice(1),
    ]);
    expect(names.some((name) => name.startsWith("dropout.random"))).toBe(true);
    expect(new Everything().variables().length).toBe(names.length);
  });
  test("what is shared counts once and is saved under each name", () => {
    class Tied extends Module {
      readonly one = new Linear(2, 2, { bias: false });
      readonly two = this.one;
      readonly alias = this.one.weight;
    }
    const tied = new Tied();
    expect(tied.namedParameters().map(([name]) => name)).toEqual(["one.weight"]);
    expect(Object.keys(tied.stateDict())).toEqual(["one.weight", "two.weight", "alias"]);
  });
  test("modules that know each other do not turn for ever", () => {
    class Node extends Module {
      readonly weight = new Parameter(tensor(1));
      other: Node | null = null;
      readonly links: { self: Node } = { self: this };
    }
    const a = new Node();
    const b = new Node();
    a.other = b;
    b.other = a;
    expect(a.namedParameters().map(([name]) => name)).toEqual(["weight", "other.weight"]);
  });
  test("names are PyTorch's", () => {
    class Model extends Module {
      readonly embedding = new Embedding(5, 3);
      readonly lstm = new LSTM(3, 4, { layers: 2, bidirectional: true });
      readonly head = new Sequential(new Linear(8, 4), tanh, new Linear(4, 5));
    }
    const names = new Model().namedParameters().map(([name]) => name);
    const cell = (suffix: string): string[] =>
      ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((name) => `lstm.${name}_${suffix}`);
    expect(names).toEqual([
      "embedding.weight",
      ...["l0", "l0_reverse", "l1", "l1_reverse"].flatMap(cell),
      ...["head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"],
    ]);
  });
});

test("train and eval reach every module inside", () => {
  const module = new Everything();
  expect(module.training).toBe(true);
  expect(module.eval()).toBe(module);
  expect([module.training, module.dropout.training, module.list[1].training]).toEqual([false, false, false]);
  expect(module.train().dropout.training).toBe(true);
});

describe("state dicts", () => {
  test("what was saved comes back, and is a snapshot", () => {
    const one = new GRU(2, 3, { seed: 1 });
    const two = new GRU(2, 3, { seed: 2 });
    const saved = one.stateDict();
    one.parameters()[0].value = zeros([9, 2]);
    two.loadStateDict(saved);
    expect(two.stateDict().weight_ih_l0.toArray()).toEqual(saved.weight_ih_l0.toArray());
    expect(saved.weight_ih_l0.data.some((x) => x !== 0)).toBe(true);
  });

  test("everything that does not fit is named, and nothing changes", () => {
    const linear = new Linear(2, 3, { seed: 1 });
    const before = linear.weight.value.toArray();
    const bad = { weight: ones([3, 2]), biass: ones([3]) };
    expect(() => linear.loadStateDict(bad)).toThrow(/missing: bias[\s\S]*unexpected: biass/);
    const misshapen = { weight: ones([3, 2]), bias: ones([2]) };
    expect(() => linear.loadStateDict(misshapen)).toThrow(
      /misshapen: bias is float32\[2\], expected float32\[3\]/,
    );
    expect(() => linear.loadStateDict(misshapen, { strict: false })).toThrow(/misshapen/);
    expect(thrownCode(() => linear.loadStateDict({ ...bad, bias: ones([3], { dtype: "int32" }) }))).toBe(
      "state-dict/entries",
    );
    // A number, as a file read as JSON may hold it.
    expect(
      thrownCode(() => linear.loadStateDict({ weight: ones([3, 2]), bias: 1 as unknown as Tensor })),
    ).toBe("state-dict/entries");
    expect(linear.weight.value.toArray()).toEqual(before);
  });

  test("without strictness, what fits is loaded", () => {
    const linear = new Linear(2, 3);
    linear.loadStateDict({ weight: ones([3, 2]), other: ones([1]) }, { strict: false });
    expect(linear.weight.value.data.every((x) => x === 1)).toBe(true);
  });

  test("values are cast to the module's precision", () => {
    const double = new Linear(1, 1, { dtype: "float64" });
    const single = new Linear(1, 1);
    const third = tensor([[1 / 3]], { dtype: "float64" });
    const bias = tensor([0]);
    expect(double.loadStateDict({ weight: third, bias }).weight.value.item()).toBe(1 / 3);
    expect(single.loadStateDict({ weight: third, bias }).weight.value.item()).toBe(Math.fround(1 / 3));
    expect(double.forward(ones([1, 1], { dtype: "float64" })).dtype).toBe("float64");
  });
});

class Hidden extends Module {
  readonly seen = new Parameter(tensor([1, 1]));
  readonly #unseen = new Parameter(tensor([[2]]));
  readonly #map = new Map([["scale", new Parameter(tensor([3]))]]);
  forward(x: Tensor): Tensor {
    return x
      .mul(this.seen)
      .mul(this.#unseen)
      .mul(this.#map.get("scale") ?? 1);
  }
}

describe("parameters that a module reads and does not list", () => {
  test("are found", () => {
    const hidden = new Hidden();
    const found = hidden.unlistedParameters(() => hidden.forward(ones([2])));
    expect(found.map(({ shape }) => shape)).toEqual([[1, 1], [1]]);
    const linear = new Linear(2, 2);
    expect(linear.unlistedParameters(() => linear.forward(ones([1, 2])))).toEqual([]);
  });
  test("are in the summary", () => {
    expect(new Hidden().summary(spec([2]))).toMatch(/not listed[\s\S]*2 parameters[\s\S]*\[1, 1\], \[1\]/);
  });
  test("are noted by questions inside questions", () => {
    const one = new Hidden();
    const outer = one.unlistedParameters(() => {
      one.unlistedParameters(() => one.forward(ones([2])));
    });
    expect(outer).toHaveLength(2);
  });
});

describe("summary", () => {
  class CharModel extends Module {
    readonly embedding = new Embedding(65, 16);
    readonly lstm = new LSTM(16, 32);
    readonly head = new Linear(32, 65);
    readonly unused = new Linear(1, 1);
    forward(x: Tensor): Tensor {
      return this.head.forward(this.lstm.forward(this.embedding.forward(x))[0]);
    }
  }
  test("shows names, shapes and counts, and reads no data", () => {
    expect(new CharModel().summary(spec([4, 7], "int32"))).toBe(
      [
        "module       type       output                                       parameters",
        "  embedding  Embedding  [4, 7, 16]                                        1,040",
        "  lstm       LSTM       [4, 7, 32] { h: [1, 4, 32], c: [1, 4, 32] }       6,400",
        "  head       Linear     [4, 7, 65]                                        2,145",
        "  unused     Linear     not called                                            2",
        "9,587 parameters, 38,348 bytes",
      ].join("\n"),
    );
  });
  test("the whole has a row where it holds parameters of its own, or nothing else is there", () => {
    class Scaled extends Module {
      readonly scale = new Parameter(tensor([1, 2]));
      readonly inner = new Linear(2, 2);
      forward(x: Tensor): Tensor {
        return this.inner.forward(x.mul(this.scale));
      }
    }
    expect(new Scaled().summary(spec([4, 2]))).toMatch(/^\(whole\) +Scaled +\[4, 2\] +2$/m);
    expect(new Dropout().summary(spec([4]))).toMatch(/^\(whole\) +Dropout +\[4\] +0$/m);
    expect(new Sequential(new Linear(2, 2)).summary(spec([4, 2]))).not.toContain("whole");
  });
  test("leaves the module as it was", () => {
    const model = new CharModel();
    const before = Object.keys(model.head);
    model.summary(spec([1, 1], "int32"));
    expect(Object.keys(model.head)).toEqual(before);
    expect(Object.hasOwn(model.head, "forward")).toBe(false);
    expect(thrownCode(() => model.summary(spec([1, 1])))).toBe("dtype/indices");
    expect(Object.hasOwn(model.head, "forward")).toBe(false);
  });
  test("shows shape mistakes without data, and needs a forward", () => {
    expect(thrownCode(() => new Linear(3, 2).summary(spec([4, 5])))).toBe("input/features");
    expect(thrownError(() => new Linear(3, 2).summary(spec([4, 5]))).message).not.toContain("in:  ");
    class Empty extends Module {}
    expect(thrownCode(() => new Empty().summary())).toBe("module/forward");
  });
});

describe("Sequential", () => {
  test("applies layers and functions", () => {
    const model = new Sequential(new Linear(2, 3), tanh, new Linear(3, 1));
    expect(model.forward(ones([4, 2])).shape).toEqual([4, 1]);
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
  });
  test("rejects what is neither", () => {
    // As plain JavaScript may pass it.
    expect(thrownCode(() => new Sequential(3 as unknown as typeof tanh))).toBe("module/layer");
  });
  test("an error says in which layer it arose, and keeps its data", () => {
    const wrong = new Sequential(new Linear(2, 3), new Sequential(tanh, new Linear(4, 1)));
    const error = thrownError(() => wrong.forward(ones([5, 2])));
    expect(error).toMatchObject({ code: "input/features", op: "Linear", got: "input [5, 3]" });
    expect(error.message).toMatch(/^Linear: .*\n {2}got:.*\n {2}expected:.*\n {2}mend:.*\n {2}in: {7}1\.1$/);
    expect(error.stack?.split("  in: ")).toHaveLength(2);
    expect(error.stack).toContain(error.message);
    const inFunction = new Sequential(tanh, (x) => x.reshape([7]));
    expect(thrownError(() => inFunction.forward(ones([5, 2]))).message).toMatch(/\n {2}in: {7}1$/);
  });
  test("an error that is not Scope's passes as it is", () => {
    const own = new RangeError("mine");
    const layers = new Sequential(() => {
      throw own;
    });
    expect(() => layers.forward(ones([1]))).toThrow(own);
    expect(own.message).toBe("mine");
  });
});

describe("where in a model an error arose", () => {
  class Model extends Module {
    readonly encoder = new Sequential(new Linear(2, 3), new Linear(4, 4));
    readonly heads = { first: new Linear(3, 1), second: new Linear(4, 1) };
    readonly before: boolean;
    constructor(before: boolean) {
      super();
      this.before = before;
    }
    forward(x: Tensor): Tensor {
      return this.before
        ? this.encoder.forward(x)
        : this.heads.second.forward(this.heads.first.forward(ones([1, 3])));
    }
  }
  test("summary names any module by its path", () => {
    expect(thrownError(() => new Model(true).summary(spec([5, 2]))).message).toMatch(
      /\n {2}in: {7}encoder\.1$/,
    );
    expect(thrownError(() => new Model(false).summary(spec([5, 2]))).message).toMatch(
      /\n {2}in: {7}heads\.second$/,
    );
  });
  test("fit names the layer of a Sequential by its path", async () => {
    const model = new Model(true);
    const optimizer = new SGD(model.parameters());
    const loss = (x: Tensor): Tensor => model.forward(x).mean();
    for (const compile of [true, false]) {
      await expect(fit(model, [ones([5, 2])], { loss, optimizer, epochs: 1, compile })).rejects.toThrow(
        /\n {2}in: {7}encoder\.1$/,
      );
    }
  });
});

test("fields that lie too deep for recursion are refused by everything that looks for parameters", () => {
  const nested = (levels: number): unknown => {
    let deep: unknown = new Linear(1, 1);
    for (let i = 0; i < levels; i++) deep = i % 2 === 0 ? [deep] : { deep };
    return deep;
  };
  class Holder extends Module {
    readonly held: unknown;
    constructor(held: unknown) {
      super();
      this.held = held;
    }
  }
  const fits = new Holder(nested(900));
  expect(fits.parameters()).toHaveLength(2);
  expect(fits.namedParameters()).toHaveLength(2);
  const deep = new Holder(nested(1e5));
  for (const look of [
    () => deep.parameters(),
    () => deep.stateDict(),
    () => deep.train(),
    () => deep.modules(),
  ])
    expect(thrownCode(look)).toBe("module/depth");
});
