import { lossAndGradients, type ScopeError, type Tensor, tensor, Variable, zeros } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import {
  bucketByLength,
  Cell,
  fit,
  GRU,
  GRUCell,
  type History,
  LayerNorm,
  Linear,
  LSTM,
  Module,
  meanSquaredError,
  Parameter,
  padSequences,
  Recurrent,
  RecurrentLayers,
  RNN,
  Sequential,
  SGD,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { thrownError } from "./thrown-code.js";

/** What a method says to arguments that no compiler has looked at. */
const said = (on: object, method: string, ...given: readonly unknown[]): ScopeError =>
  thrownError(() => Reflect.apply(Reflect.get(on, method), on, given));

describe("an input of another rank is told which axis to give or to take", () => {
  const gru = new GRU(3, 4);
  const state = gru.initialState(1);
  test("steps", () => {
    for (const [on, before] of [
      [gru, state],
      [new GRUCell(3, 4), { h: zeros([1, 4]) }],
    ]) {
      expect(said(on, "step", tensor([0.5]), before).mend).toContain("expandDims(x, 0) makes a batch of one");
      expect(said(on, "step", zeros([1, 5, 3]), before).mend).toMatch(
        /^at\(x, t, \{ axis: 1 \}\) .* forward/,
      );
      expect(said(on, "step", zeros([1, 7]), before).mend).toContain("the layer with the input's size");
    }
    const timeFirst = new RNN(3, 4, { timeFirst: true });
    expect(said(timeFirst, "step", zeros([5, 1, 3]), timeFirst.initialState(1)).mend).toContain(
      "{ axis: 0 }",
    );
  });
  test("sequences", () => {
    expect(said(gru, "forward", zeros([5, 3])).mend).toMatch(
      /^expandDims\(x, 0\) .*expandDims\(x, -1\) .*step\(x, state\)$/,
    );
    expect(said(new GRU(3, 4, { timeFirst: true }), "forward", zeros([5, 3])).mend).toMatch(
      /^expandDims\(x, 1\) /,
    );
    expect(said(gru, "forward", zeros([5])).mend).toContain("reshape(x, [1, -1, 1])");
    expect(said(gru, "forward", zeros([2, 5, 1, 3]))).toMatchObject({
      code: "recurrent/input",
      op: "GRU",
      mend: expect.stringContaining("puts the features on one axis"),
    });
    expect(said(gru, "forward", [[[1, 2, 3]]])).toMatchObject({ code: "input/type", op: "GRU" });
  });
  test("the mends work", () => {
    const x = zeros([5, 3]);
    expect(gru.forward(x.expandDims(0))[0].shape).toEqual([1, 5, 4]);
    expect(new GRU(3, 4, { timeFirst: true }).forward(x.expandDims(1))[0].shape).toEqual([5, 1, 4]);
    expect(gru.step(zeros([1, 5, 3]).at(2, { axis: 1 }), state)[0].shape).toEqual([1, 4]);
    const square = zeros([2, 5, 1, 3]);
    expect(gru.forward(square.reshape([...square.shape.slice(0, 2), -1]))[0].shape).toEqual([2, 5, 4]);
  });
  test("Linear", () => {
    expect(said(new Linear(1, 2), "forward", tensor(3)).mend).toContain("expandDims(x, 0)");
    expect(said(new Linear(1, 2), "forward", zeros([8])).mend).toContain("1 feature: expandDims(x, -1)");
    expect(said(new Linear(3, 2), "forward", zeros([8])).mend).toContain("the input with 3 features");
  });
});

describe("Sequential", () => {
  test("a pair that goes on is told how to take its first part", () => {
    const lstm = new LSTM(2, 3);
    const layers: object = Reflect.construct(Sequential, [lstm, new Linear(3, 1)]);
    const error = said(layers, "forward", zeros([1, 4, 2]));
    expect(error).toMatchObject({
      code: "module/result",
      op: "Sequential",
      got: "layer 0 (LSTM): [a tensor, object]",
      mend: expect.stringContaining("(x) => lstm.forward(x)[0]"),
    });
    expect(error.message).toMatch(/\n {2}in: {7}0$/);
    const mended = new Sequential((x) => lstm.forward(x)[0], new Linear(3, 1));
    expect(mended.forward(zeros([1, 4, 2])).shape).toEqual([1, 4, 1]);
  });
  test("a function that returns nothing", () => {
    const layers: object = Reflect.construct(Sequential, [() => undefined]);
    expect(said(layers, "forward", zeros([1]))).toMatchObject({
      code: "module/result",
      got: "layer 0: undefined",
    });
  });
});

describe("states that are left out are told in the name of what was called", () => {
  const x = zeros([2, 3]);
  const xs = zeros([2, 5, 3]);
  test.each([
    ["GRU.step", "GRU", () => said(new GRU(3, 4), "step", x)],
    ["LSTM.forward", "LSTM", () => said(new LSTM(3, 4), "forward", xs, null)],
    ["LSTM.step with half a state", "LSTM", () => said(new LSTM(3, 4), "step", x, { h: zeros([1, 2, 4]) })],
    ["GRUCell.step", "GRUCell", () => said(new GRUCell(3, 4), "step", x)],
    ["Recurrent.step", "Recurrent", () => said(new Recurrent(new GRUCell(3, 4)), "step", x)],
    ["Recurrent.forward", "Recurrent", () => said(new Recurrent(new GRUCell(3, 4)), "forward", xs, null)],
  ] as const)("%s", (_what, op, run) => {
    expect(run()).toMatchObject({ code: "state/tree", op, mend: expect.stringContaining("initialState(") });
  });
});

test("sequences that are no tensors", () => {
  for (const error of [
    thrownError(() => Reflect.apply(padSequences, undefined, [[[1, 2], [3]]])),
    thrownError(() => Reflect.apply(bucketByLength, undefined, [[[1, 2]], { size: 1 }])),
  ]) {
    expect(error).toMatchObject({
      code: "data/sequence-type",
      got: "at 0, an array",
      mend: expect.stringContaining("tensor([1, 2])"),
    });
  }
  const second = thrownError(() => Reflect.apply(padSequences, undefined, [[tensor([1]), [3], tensor([2])]]));
  expect(second.got).toBe("at 1, an array");
  expect(thrownError(() => Reflect.apply(padSequences, undefined, [tensor([1])])).got).toBe("a tensor");
  expect(thrownError(() => Reflect.apply(padSequences, undefined, [])).got).toBe("undefined");
});

describe("fit", () => {
  const model = new Linear(1, 1);
  const other = new Linear(1, 1);
  const x = zeros([2, 1]);
  const run = (more: object): Promise<History> =>
    Reflect.apply(fit, undefined, [
      model,
      [x],
      {
        loss: (batch: Tensor) => model.forward(batch).mean(),
        optimizer: new SGD(model.parameters()),
        epochs: 1,
        ...more,
      },
    ]);

  test.each([true, false])(
    "a loss that reads nothing of what is trained is refused (compile: %o)",
    async (compile) => {
      const before = model.weight.value.toArray();
      await expect(run({ compile, loss: (batch: Tensor) => batch.mean() })).rejects.toMatchObject({
        code: "fit/not-connected",
        op: "fit",
        got: "a loss that reads none of its 2 parameters",
      });
      const wrongModel = run({ compile, loss: (batch: Tensor) => other.forward(batch).mean() });
      await expect(wrongModel).rejects.toMatchObject({
        got: "a loss that reads none of its 2 parameters, but 2 others",
      });
      expect(model.weight.value.toArray()).toEqual(before);
    },
  );
  test.each([true, false])("a loss of gradient 0 is none of these (compile: %o)", async (compile) => {
    const history = await run({ compile, loss: (batch: Tensor) => model.forward(batch).mul(0).mean() });
    expect(history.gradientNorms).toEqual([0]);
  });
  test("Variables of other kinds may be trained", async () => {
    const v = new Variable(tensor(1));
    const optimizer = new SGD([v], { learningRate: 1 });
    await run({ optimizer, loss: () => v.value.mul(0.5) });
    expect(v.value.item()).toBe(0.5);
  });

  test("a reporter that would never be told", async () => {
    const nothing = (): void => undefined;
    await expect(run({ reporter: { onStep: nothing } })).rejects.toMatchObject({
      code: "fit/reporter",
      op: "fit",
      got: "reporter: onStep",
      expected: "{ started, stepped, epochEnded, ended }",
    });
    await expect(run({ reporter: { stepped: 3 } })).rejects.toMatchObject({ got: "reporter: stepped" });
    await expect(run({ reporter: nothing })).rejects.toMatchObject({ code: "fit/kind", got: "function" });
    class Deaf {
      onStep(): void {}
    }
    await expect(run({ reporter: new Deaf() })).rejects.toMatchObject({ code: "fit/reporter" });
  });
  test("a signal that could never stop it", async () => {
    for (const signal of [{}, new AbortController(), true, null])
      await expect(run({ signal })).rejects.toMatchObject({
        code: "fit/kind",
        op: "fit",
        mend: "pass an AbortSignal: new AbortController().signal",
      });
    expect((await run({ signal: { aborted: true } })).stopped).toBe("aborted");
  });
  test("a reporter may keep data, and one of a class functions of its own", async () => {
    const plain = {
      losses: [0],
      ended: undefined,
      stepped({ loss }: { readonly loss: number }): void {
        this.losses.push(loss);
      },
    };
    class Own {
      steps = 0;
      readonly count = (): void => {
        this.steps++;
      };
      stepped(): void {
        this.count();
      }
    }
    const own = new Own();
    await run({ reporter: plain });
    await run({ reporter: own });
    expect([plain.losses.length, own.steps]).toEqual([2, 1]);
  });
});

test("a Variable or a Parameter is of a tensor, at first and later", () => {
  for (const of of [Variable, Parameter]) {
    expect(thrownError(() => Reflect.construct(of, [[1, 2]]))).toMatchObject({
      name: "VariableError",
      code: "variable/value",
      got: "[1, 2]",
      mend: expect.stringContaining("tensor([[1, 2]"),
    });
  }
  const parameter = new Parameter(tensor([[1, 2]]));
  expect(thrownError(() => Reflect.set(parameter, "value", [[1, 2]])).code).toBe("variable/value");
  expect(parameter.value.toArray()).toEqual([[1, 2]]);
});

describe("a cell without one of its methods", () => {
  class Half extends Module {}
  Object.setPrototypeOf(Half.prototype, Cell.prototype);
  test("is told which", () => {
    expect(thrownError(() => Reflect.construct(Recurrent, [new Half()]))).toMatchObject({
      code: "module/cell",
      got: "a Cell without initialState, step, output",
    });
    const most = Object.assign(new Half(), { initialState: () => ({}), step: () => ({}) });
    expect(thrownError(() => Reflect.construct(Recurrent, [most])).got).toBe("a Cell without output");
    expect(thrownError(() => Reflect.construct(Recurrent, [[]])).got).toBe("an array");
  });
});

test("a cell whose output is no tensor is named, whichever way it is run", () => {
  class Mute extends Cell<{ h: Tensor }> {
    initialState = (batchSize: number) => ({ h: zeros([batchSize, 2]) });
    step = (_: Tensor, state: { h: Tensor }) => state;
    output(): Tensor {
      return JSON.parse("null");
    }
  }
  const layer = new Recurrent(new Mute());
  const sequence = zeros([1, 3, 2]);
  for (const run of [
    () => layer.forward(sequence),
    () => layer.forward(sequence, undefined, { lengths: [2] }),
    () => layer.step(zeros([1, 2]), layer.initialState(1)),
    () => new RecurrentLayers(2, () => new Mute()),
  ])
    expect(thrownError(run)).toMatchObject({ code: "input/type", op: "Mute.output", got: "output: null" });
});

test("a class without a name speaks in that of the one that it extends", () => {
  const model = new (class extends Linear {})(2, 1);
  expect(said(model, "loadStateDict", "x").op).toBe("Linear.loadStateDict");
  const optimizer = new (class extends SGD {})(model.parameters(), { learningRate: 0.1 });
  expect(said(optimizer, "step").op).toBe("SGD.step");
});

test("a text in place of options names no option that it is not", () => {
  expect(thrownError(() => Reflect.apply(compile, null, [() => zeros([]), "wasm"])).mend).toBe(
    "name the option that is meant: { name: … } or { backend: … } or { threads: … } or { flushSubnormals: … }",
  );
  const x = zeros([2]);
  expect(thrownError(() => Reflect.apply(meanSquaredError, null, [x, x, "sum"])).mend).toBe(
    'name the option: { reduction: "sum" }',
  );
});

describe("a state dict that was JSON", () => {
  const arrays = (module: Module): Record<string, unknown> =>
    Object.fromEntries(Object.entries(module.stateDict()).map(([name, t]) => [name, t.toArray()]));
  const load = (module: Module, state: unknown): unknown =>
    Reflect.apply(module.loadStateDict, module, [JSON.parse(JSON.stringify(state))]);

  test.each([
    ["float32, random state", (seed: number) => new GRU(2, 3, { layers: 2, dropout: 0.5, seed })],
    ["float64", (seed: number) => new Linear(2, 3, { dtype: "float64", seed })],
    [
      "scalars and int32",
      (seed: number) => {
        class Own extends Module {
          readonly scale = new Parameter(tensor(seed / 3));
          readonly steps = new Variable(tensor([seed], { dtype: "int32" }));
        }
        return new Own();
      },
    ],
  ] as const)("comes back: %s", (_what, make: (seed: number) => Module) => {
    const [one, two] = [make(1), make(2)];
    expect(arrays(two)).not.toEqual(arrays(one));
    load(two, arrays(one));
    expect(arrays(two)).toEqual(arrays(one));
    expect(two.variables().map(({ dtype }) => dtype)).toEqual(one.variables().map(({ dtype }) => dtype));
  });
  test("what does not fit is named, and nothing is changed", () => {
    const linear = new Linear(2, 1, { seed: 1 });
    const before = arrays(linear);
    const wrong = (weight: unknown): ScopeError => thrownError(() => load(linear, { weight, bias: [7] }));
    expect(wrong([[1, Number.NaN]])).toMatchObject({
      code: "state-dict/entries",
      got: "misshapen: weight: an element is not a number. null at [0][1]",
      mend: expect.stringMatching(/getting-started.*null in JSON was NaN/),
    });
    expect(wrong([[1], [2]]).got).toContain("weight is float32[2, 1], expected float32[1, 2]");
    expect(wrong([[1, 2], [3]]).got).toContain("weight: rows differ in length");
    expect(wrong({ shape: [1, 2], values: [1, 2] }).got).toContain("weight is object, not a tensor");
    expect(wrong("[[1, 2]]").got).toContain("weight is string, not a tensor");
    expect(arrays(linear)).toEqual(before);
  });
});

describe("more bits than the layer computes with", () => {
  const x = zeros([2, 3], { dtype: "float64" });
  test.each([
    ["Linear", (dtype: "float32" | "float64") => new Linear(3, 4, { dtype }).forward(x)],
    ["LayerNorm", (dtype: "float32" | "float64") => new LayerNorm(3, { dtype }).forward(x)],
    ["GRU", (dtype: "float32" | "float64") => new GRU(3, 4, { dtype }).forward(x.expandDims(0))[0]],
  ] as const)("%s", (op, run) => {
    expect(run("float64").dtype).toBe("float64");
    expect(thrownError(() => run("float32"))).toMatchObject({ name: "DTypeError", code: "input/dtype", op });
  });
  test("what has no parameters takes both, and fewer bits are taken by all", () => {
    expect(new LayerNorm(3, { affine: false }).forward(x).dtype).toBe("float64");
    const linear = new Linear(3, 1, { dtype: "float64" });
    const [loss] = lossAndGradients(() => linear.forward(zeros([2, 3])).mean(), linear.parameters());
    expect(loss.dtype).toBe("float64");
  });
});
