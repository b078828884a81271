import {
  add,
  grad,
  lossAndGradients,
  mul,
  ones,
  Random,
  scan,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  Variable,
  valueAndGrad,
  zeros,
} from "@scope/autodiff";
import {
  Cell,
  type CellOptions,
  detach,
  GRU,
  GRUCell,
  Linear,
  LSTM,
  LSTMCell,
  Recurrent,
  RecurrentStack,
  RNN,
  RNNCell,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { apart } from "../apart.js";
import { thrownCode } from "../thrown-code.js";

const wave = (...shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => Math.sin(0.9 * i + 0.1 * shape.length)),
  ).reshape(shape);
};
const double = { dtype: "float64", seed: 1 } as const;

/** A cell of one's own, which says nothing about time. */
class LeakyCell extends Cell<{ h: Tensor }> {
  readonly input = new Linear(3, 4, double);
  readonly recurrent = new Linear(4, 4, { ...double, bias: false });
  initialState(batchSize: number): { h: Tensor } {
    return { h: zeros([batchSize, 4], { dtype: "float64" }) };
  }
  step(x: Tensor, { h }: { h: Tensor }): { h: Tensor } {
    return { h: add(mul(h, 0.5), mul(tanh(add(this.input.forward(x), this.recurrent.forward(h))), 0.5)) };
  }
  output({ h }: { h: Tensor }): Tensor {
    return h;
  }
}

describe("one step after the other is the whole sequence", () => {
  const [batch, time] = [2, 6];
  const xs = wave(batch, time, 3);
  const at = (t: number): Tensor => xs.slice([null, [t, t + 1], null]).reshape([batch, 3]);

  test.each([
    ["RNN", () => new RNN(3, 4, double)],
    ["GRU of two layers", () => new GRU(3, 4, { ...double, layers: 2 })],
  ] as const)("%s", (_name, make) => {
    const layer = make();
    const [outputs, last] = layer.forward(xs);
    let state = layer.initialState(batch);
    for (let t = 0; t < time; t++) {
      const [y, next] = layer.step(at(t), state);
      expect(apart(y, outputs.slice([null, [t, t + 1], null]).reshape([batch, 4]))).toBeLessThan(1e-14);
      state = next;
    }
    expect(apart(state.h, last.h)).toBeLessThan(1e-14);
  });

  test("LSTM of two layers, in evaluation, with dropout between", () => {
    const lstm = new LSTM(3, 4, { ...double, layers: 2, dropout: 0.5 }).eval();
    const [outputs, last] = lstm.forward(xs);
    let state = lstm.initialState(batch);
    let y = zeros([batch, 4], { dtype: "float64" });
    for (let t = 0; t < time; t++) [y, state] = lstm.step(at(t), state);
    expect(apart(y, outputs.slice([null, [time - 1, time], null]).reshape([batch, 4]))).toBeLessThan(1e-14);
    expect(apart(state.c, last.c)).toBeLessThan(1e-14);
  });

  test("a cell of one's own", () => {
    const layer = new Recurrent(new LeakyCell());
    const [outputs, last] = layer.forward(xs);
    let state = layer.initialState(batch);
    for (let t = 0; t < time; t++) [, state] = layer.step(at(t), state);
    expect(apart(state.h, last.h)).toBeLessThan(1e-14);
    expect(outputs.shape).toEqual([batch, time, 4]);
  });
});

describe("Recurrent and the layers are the same thing", () => {
  const xs = wave(2, 5, 3);
  test("values, time first, and reverse", () => {
    const gru = new GRU(3, 4, { ...double, bidirectional: true });
    const [both] = gru.forward(xs);
    const weights = gru.stateDict();
    const alone = (suffix: string): GRUCell =>
      new GRUCell(3, 4, double).loadStateDict(
        Object.fromEntries(
          ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((name) => [
            name,
            weights[`${name}_${suffix}`],
          ]),
        ),
      );
    const [forwards] = new Recurrent(alone("l0")).forward(xs);
    const [backwards] = new Recurrent(alone("l0_reverse"), { reverse: true }).forward(xs);
    expect(apart(both.slice([null, null, [0, 4]]), forwards)).toBeLessThan(1e-14);
    expect(apart(both.slice([null, null, [4, 8]]), backwards)).toBeLessThan(1e-14);
    const [inTime] = new Recurrent(alone("l0"), { timeFirst: true }).forward(xs.permute([1, 0, 2]));
    expect(apart(inTime.permute([1, 0, 2]), forwards)).toBe(0);
  });
  test("the gradient is that of a loop written by hand", () => {
    const cell = new LSTMCell(3, 4, double);
    const layer = new Recurrent(cell);
    const byHand = (x: Tensor): Tensor => {
      let state = cell.initialState(2);
      let total = tensor(0, { dtype: "float64" });
      for (let t = 0; t < 5; t++) {
        state = cell.step(x.slice([null, [t, t + 1], null]).reshape([2, 3]), state);
        total = add(total, sum(mul(cell.output(state), t + 1)));
      }
      return total;
    };
    const factors = tensor(Float64Array.from([1, 2, 3, 4, 5])).reshape([1, 5, 1]);
    const [value, gradient] = valueAndGrad((x: Tensor) => sum(mul(layer.forward(x)[0], factors)))(xs);
    const [expected, expectedGradient] = valueAndGrad(byHand)(xs);
    expect(apart(value, expected)).toBeLessThan(1e-12);
    expect(apart(gradient, expectedGradient)).toBeLessThan(1e-12);
  });
});

describe("lengths", () => {
  const lengths = [4, 0, 2];
  const xs = wave(3, 4, 3);
  const padding = tensor(
    Float64Array.from(lengths.flatMap((n) => [0, 1, 2, 3].map((t) => (t < n ? 0 : 1)))),
  ).reshape([3, 4, 1]);

  test.each([
    ["LSTM", () => new LSTM(3, 4, { ...double, layers: 2, bidirectional: true })],
    ["cell of one's own", () => new Recurrent(new LeakyCell())],
    ["reversed", () => new Recurrent(new LeakyCell(), { reverse: true })],
  ] as const)("%s: padding changes nothing, whatever it holds", (_name, make) => {
    // Both kinds of layers have the methods and the h that are used here.
    const layer = make() as Recurrent<{ h: Tensor }>;
    const run = (x: Tensor): [Tensor, readonly Tensor[], Tensor] => {
      const variable = new Variable(x);
      const [, gradients, output] = lossAndGradients(() => {
        const [ys, { h }] = layer.forward(variable.value, undefined, { lengths });
        return [add(sum(mul(ys, ys)), sum(h)), ys] as const;
      }, [variable, ...layer.parameters()]);
      return [output, gradients, gradients[0]];
    };
    const [clean, cleanGradients] = run(mul(xs, sub(1, padding)));
    for (const filler of [1e30, Number.NaN, Number.POSITIVE_INFINITY]) {
      const dirty = tensor(
        Float64Array.from(xs.data, (x, i) => (padding.data[Math.floor(i / 3)] === 1 ? filler : x)),
      ).reshape([3, 4, 3]);
      const [output, gradients, ofInput] = run(dirty);
      expect(output.toArray()).toEqual(clean.toArray());
      expect(gradients.map((g) => g.toArray())).toEqual(cleanGradients.map((g) => g.toArray()));
      expect([...mul(ofInput, padding).data].every((x) => x === 0)).toBe(true);
    }
    expect([...mul(clean, padding).data].every((x) => x === 0)).toBe(true);
  });

  test("each sequence is what it would be alone", () => {
    const layer = new GRU(3, 4, { ...double, bidirectional: true });
    const [ys, { h }] = layer.forward(xs, undefined, { lengths: tensor(lengths, { dtype: "int32" }) });
    const [alone, last] = layer.forward(xs.slice([[2, 3], [0, 2], null]));
    expect(apart(ys.slice([[2, 3], [0, 2], null]), alone)).toBeLessThan(1e-15);
    expect(apart(h.slice([null, [2, 3], null]), last.h)).toBeLessThan(1e-15);
  });

  test.each([
    ["too long", () => [5, 1, 1], "index/value"],
    ["negative", () => [-1, 1, 1], "index/value"],
    ["fractional", () => [1.5, 1, 1], "index/value"],
    ["NaN", () => [Number.NaN, 1, 1], "index/value"],
    ["too long, in a tensor", () => tensor([5, 1, 1], { dtype: "int32" }), "index/value"],
    ["too few", () => [1, 1], "recurrent/lengths-shape"],
    ["of two axes", () => zeros([3, 1], { dtype: "int32" }), "recurrent/lengths-shape"],
    ["of float32", () => ones([3]), "dtype/indices"],
  ] as const)("mistake: %s", (_what, make, code) => {
    expect(thrownCode(() => new RNN(3, 4).forward(xs.cast("float32"), undefined, { lengths: make() }))).toBe(
      code,
    );
  });
});

// The casts are what plain JavaScript may pass.
describe("mistakes", () => {
  const x = zeros([2, 5, 3]);
  const h = (...shape: number[]): { h: Tensor } => ({ h: zeros(shape) });
  test.each([
    ["layers without end", () => new LSTM(3, 4, { layers: 1e9 }), "value/count"],
    ["no layers", () => new RNN(3, 4, { layers: 0 }), "value/count"],
    ["a rate of 1", () => new RNN(3, 4, { layers: 2, dropout: 1 }), "value/range"],
    ["a NaN rate", () => new RNN(3, 4, { dropout: Number.NaN }), "value/range"],
    ["an unknown nonlinearity", () => new RNN(3, 4, { nonlinearity: "sin" as "tanh" }), "value/range"],
    ["one sequence without batch", () => new RNN(3, 4).forward(zeros([5, 3])), "recurrent/input"],
    ["another number of features", () => new RNN(4, 4).forward(x), "input/features"],
    ["double input for single weights", () => new RNN(3, 4).forward(x.cast("float64")), "input/dtype"],
    ["a state without layers", () => new RNN(3, 4).forward(x, h(2, 4)), "recurrent/state"],
    [
      "a state of too few layers",
      () => new RNN(3, 4, { layers: 2 }).forward(x, h(1, 2, 4)),
      "recurrent/state",
    ],
    ["a state of another batch", () => new RNN(3, 4).forward(x, h(1, 3, 4)), "recurrent/state"],
    ["a state of another size", () => new RNN(3, 4).step(zeros([2, 3]), h(1, 2, 5)), "recurrent/state"],
    ["half a state", () => new LSTM(3, 4).forward(x, h(1, 2, 4) as { h: Tensor; c: Tensor }), "state/tree"],
    ["a sequence for a step", () => new RNN(3, 4).step(x, h(1, 2, 4)), "input/features"],
    [
      "steps in both directions",
      () => new GRU(3, 4, { bidirectional: true }).step(zeros([2, 3]), h(2, 2, 4)),
      "module/step",
    ],
    [
      "steps from the end",
      () => new Recurrent(new RNNCell(3, 4), { reverse: true }).step(zeros([2, 3]), h(2, 4)),
      "module/step",
    ],
    ["no cell", () => new Recurrent(new Linear(1, 1) as unknown as RNNCell), "module/cell"],
    [
      "a state that does not fit a cell",
      () => new Recurrent(new RNNCell(3, 4)).forward(x, h(2, 5)),
      "recurrent/state",
    ],
    [
      "a state that is no tree",
      () => new Recurrent(new RNNCell(3, 4)).forward(x, { h: 3 as unknown as Tensor }),
      "state/tree",
    ],
  ])("%s", (_what, run, code) => expect(thrownCode(run)).toBe(code));
});

describe("time", () => {
  test("the number of parameters does not depend on it, and 0 steps are none", () => {
    const lstm = new LSTM(3, 4, double);
    const count = lstm.parameters().length;
    for (const steps of [1, 7, 0]) {
      const [ys, state] = lstm.forward(wave(2, steps, 3));
      expect(ys.shape).toEqual([2, steps, 4]);
      expect(state.c.shape).toEqual([1, 2, 4]);
      expect(lstm.parameters()).toHaveLength(count);
    }
  });
  test("truncated BPTT: a detached state is outside of the gradient", () => {
    const rnn = new RNN(2, 3, double);
    const xs = wave(1, 4, 2);
    const through = grad((x: Tensor) => {
      const [, state] = rnn.forward(x);
      return sum(rnn.forward(x, state)[0]);
    })(xs);
    const cut = grad((x: Tensor) => {
      const [, state] = rnn.forward(x);
      return sum(rnn.forward(x, detach(state))[0]);
    })(xs);
    const [, state] = rnn.forward(xs);
    const second = grad((x: Tensor) => sum(rnn.forward(x, state)[0]))(xs);
    // Two programs, in which multiplications and additions are fused in different places: one ulp.
    expect(apart(cut, second)).toBeLessThan(1e-15);
    expect(apart(through, second)).toBeGreaterThan(1e-3);
  });
  test("the gradient reaches every step by way of zeros that are added to the states", () => {
    const cell = new RNNCell(2, 3, double);
    const xs = wave(5, 1, 2);
    const taps = zeros([5, 1, 3], { dtype: "float64" });
    const flow = grad((added: Tensor) => {
      const [inputs, step] = cell.prepare(xs);
      const body = (state: { h: Tensor }, { x, tap }: { x: Tensor; tap: Tensor }): [{ h: Tensor }, null] => [
        { h: add(step(x, state).h, tap) },
        null,
      ];
      return sum(scan(body, cell.initialState(1), { x: inputs, tap: added })[0].h);
    })(taps);
    expect(flow.shape).toEqual([5, 1, 3]);
    expect([...flow.data].every((x) => Number.isFinite(x) && x !== 0)).toBe(true);
  });
});

test("dropout between layers acts in training only, and is part of the state", () => {
  const lstm = new LSTM(3, 4, { layers: 2, dropout: 0.5, seed: 3 });
  const xs = wave(2, 3, 3).cast("float32");
  expect(apart(lstm.forward(xs)[0], lstm.forward(xs)[0])).toBeGreaterThan(0);
  lstm.eval();
  expect(apart(lstm.forward(xs)[0], lstm.forward(xs)[0])).toBe(0);
  expect(Object.keys(lstm.stateDict()).some((name) => name.startsWith("dropout.random"))).toBe(true);
  expect(new LSTM(3, 4, { dropout: 0.5 }).dropout).toBeNull();
});

test("what makes the cells of a stack is given a generator to draw from, if one or a seed is", () => {
  const given: CellOptions[] = [];
  class Own extends RecurrentStack<{ h: Tensor }> {
    constructor(options: CellOptions) {
      super(2, 3, { ...options, layers: 2 }, (size, shared) => {
        given.push(shared);
        return new GRUCell(size, 3, shared);
      });
    }
  }
  const random = new Random(4);
  for (const options of [{ random }, { seed: 4 }, {}]) new Own(options);
  expect(given.map((each) => each.random instanceof Random)).toEqual([true, true, true, true, false, false]);
  expect(given[0].random).toBe(random);
  expect(given[2].random).toBe(given[3].random);
  expect(given[2].random?.normal([2]).shape).toEqual([2]);
});
