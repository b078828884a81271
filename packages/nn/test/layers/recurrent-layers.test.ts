import {
  abs,
  add,
  concat,
  flip,
  grad,
  lossAndGradients,
  matmul,
  max,
  mul,
  ones,
  permute,
  Random,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import {
  Cell,
  GatedCell,
  GRU,
  GRUCell,
  gradientFlow,
  jacobianProducts,
  Linear,
  LSTM,
  LSTMCell,
  Module,
  type PreparedSteps,
  Recurrent,
  RecurrentLayers,
  RNNCell,
  recurrentMatrices,
  type SequenceOptions,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { thrownCode } from "../thrown-code.js";

const double = { dtype: "float64" } as const;
const apart = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return max(abs(sub(a, b))).item();
};
const draw = (...shape: number[]): Tensor => new Random(7).normal(shape, double);

interface Memory {
  readonly h: Tensor;
  readonly slow: readonly [Tensor];
}
/** A cell of one's own, that is no gated cell: its state is a tree, its output narrower than its state. */
class TwoSpeeds extends Cell<Memory> {
  readonly mix: Linear;
  readonly #out: number;
  constructor(inputSize: number, out: number, seed: number) {
    super();
    this.mix = new Linear(inputSize + out, out, { ...double, seed });
    this.#out = out;
  }
  initialState(batchSize: number): Memory {
    const zero = zeros([batchSize, this.#out], double);
    return { h: zero, slow: [zero] };
  }
  step(x: Tensor, { h, slow: [slow] }: Memory): Memory {
    const next = tanh(this.mix.forward(concat([x, h], { axis: -1 })));
    return { h: next.add(mul(slow, 0.1)), slow: [mul(add(slow, next), 0.9)] };
  }
  output({ h }: Memory): Tensor {
    return h;
  }
}
const twoSpeeds = (options: {
  layers?: number;
  bidirectional?: boolean;
  dropout?: number;
}): RecurrentLayers<Memory> =>
  new RecurrentLayers(3, (size, layer, back) => new TwoSpeeds(size, 4, 2 * layer + Number(back)), options);

describe("RecurrentLayers run any cell", () => {
  test("gated cells in them are the layers that are made of such cells", () => {
    for (const bidirectional of [false, true]) {
      const gru = new GRU(3, 4, { ...double, layers: 2, bidirectional, seed: 1 });
      const cells = [...gru.cells];
      const sizes: number[] = [];
      const layers = new RecurrentLayers(
        3,
        (size) => {
          sizes.push(size);
          return cells[sizes.length - 1];
        },
        { layers: 2, bidirectional },
      );
      expect(sizes).toEqual(bidirectional ? [3, 3, 8, 8] : [3, 4]);
      const xs = draw(2, 5, 3);
      for (const lengths of [undefined, [5, 2]]) {
        const [ys, { h }] = gru.forward(xs, undefined, { lengths });
        const [same, states] = layers.forward(xs, undefined, { lengths });
        expect(apart(ys, same)).toBe(0);
        states.forEach((state, k) => {
          expect(apart(state.h, h.at(k))).toBe(0);
        });
      }
    }
  });

  test("stacked, it is one Recurrent after the other; from both ends, one on the sequence turned around", () => {
    const layers = twoSpeeds({ layers: 2, bidirectional: true });
    const xs = draw(2, 5, 3);
    let expected = xs;
    for (const first of [0, 2]) {
      const [forwards] = new Recurrent(layers.cells[first]).forward(expected);
      const [turned] = new Recurrent(layers.cells[first + 1]).forward(flip(expected, { axis: 1 }));
      expected = concat([forwards, flip(turned, { axis: 1 })], { axis: -1 });
    }
    const [ys, states] = layers.forward(xs);
    expect(apart(ys, expected)).toBeLessThan(1e-14);
    expect(states.map(({ slow }) => slow[0].shape)).toEqual(new Array(4).fill([2, 4]));
    expect(Object.keys(layers.stateDict())).toContain("cells.3.mix.weight");
  });

  test("steps are the sequence, and a state goes on where it ended", () => {
    const layers = twoSpeeds({ layers: 3, dropout: 0.5 }).eval();
    const xs = draw(2, 6, 3);
    const [ys, last] = layers.forward(xs);
    let states = layers.initialState(2);
    for (let t = 0; t < 6; t++) {
      const [y, next] = layers.step(xs.at(t, { axis: 1 }), states);
      expect(apart(y, ys.at(t, { axis: 1 }))).toBeLessThan(1e-14);
      states = next;
    }
    states.forEach((state, k) => {
      expect(apart(state.slow[0], last[k].slow[0])).toBeLessThan(1e-14);
    });
    const [, half] = layers.forward(xs.slice([null, [0, 3]]));
    expect(apart(layers.forward(xs.slice([null, [3, 6]]), half)[0], ys.slice([null, [3, 6]]))).toBeLessThan(
      1e-14,
    );
  });

  test("lengths: padding changes nothing, whatever it holds", () => {
    const layers = twoSpeeds({ layers: 2, bidirectional: true });
    const lengths = [4, 2];
    const clean = draw(2, 4, 3);
    const filled = (filler: number): Tensor =>
      tensor(Float64Array.from(clean.data, (x, i) => (i >= 18 ? filler : x))).reshape([2, 4, 3]);
    const [ys, states] = layers.forward(filled(0), undefined, { lengths });
    expect(
      ys
        .at(1)
        .slice([[2, 4]])
        .data.every((y) => y === 0),
    ).toBe(true);
    for (const filler of [Number.NaN, 1e30]) {
      const [same, ends] = layers.forward(filled(filler), undefined, { lengths });
      expect(same.toArray()).toEqual(ys.toArray());
      expect(ends.map(({ h }) => h.toArray())).toEqual(states.map(({ h }) => h.toArray()));
    }
    const [alone] = layers.forward(
      clean.slice([
        [1, 2],
        [0, 2],
      ]),
    );
    expect(
      apart(
        ys.slice([
          [1, 2],
          [0, 2],
        ]),
        alone,
      ),
    ).toBeLessThan(1e-15);
  });

  test("dropout between layers acts in training only; time may come first; a training step compiles", () => {
    const layers = twoSpeeds({ layers: 2, dropout: 0.5 });
    const xs = draw(2, 4, 3);
    expect(apart(layers.forward(xs)[0], layers.forward(xs)[0])).toBeGreaterThan(0);
    layers.eval();
    const [ys] = layers.forward(xs);
    const inTime = new RecurrentLayers(3, (_size, layer) => layers.cells[layer], {
      layers: 2,
      timeFirst: true,
    });
    expect(apart(inTime.forward(permute(xs, [1, 0, 2]))[0], permute(ys, [1, 0, 2]))).toBe(0);
    const step = (x: Tensor): readonly Tensor[] =>
      lossAndGradients(() => sum(layers.forward(x)[0].square()), layers.parameters())[1];
    compile(step)(xs).forEach((gradient, k) => {
      expect(apart(gradient, step(xs)[k])).toBeLessThan(1e-12);
    });
  });

  test.each([
    ["no cell", () => new RecurrentLayers(3, () => new Linear(3, 3) as unknown as RNNCell), "module/cell"],
    [
      "layers without end",
      () => new RecurrentLayers(3, (size) => new RNNCell(size, 3), { layers: 1e9 }),
      "value/count",
    ],
    ["no layers", () => new RecurrentLayers(3, (size) => new RNNCell(size, 3), { layers: 0 }), "value/count"],
    [
      "a rate of 1",
      () => new RecurrentLayers(3, (size) => new RNNCell(size, 3), { dropout: 1 }),
      "value/range",
    ],
    ["other features", () => twoSpeeds({}).forward(zeros([1, 2, 4], double)), "input/features"],
    ["no sequence", () => twoSpeeds({}).forward(zeros([2, 3], double)), "recurrent/input"],
    [
      "too few states",
      () => twoSpeeds({ layers: 2 }).forward(draw(1, 2, 3), twoSpeeds({}).initialState(1)),
      "state/tree",
    ],
    [
      "states of another batch",
      () => twoSpeeds({}).forward(draw(1, 2, 3), twoSpeeds({}).initialState(2)),
      "recurrent/state",
    ],
    [
      "steps in both directions",
      () => twoSpeeds({ bidirectional: true }).step(draw(1, 3), []),
      "module/step",
    ],
    ["too few taps", () => twoSpeeds({}).forward(draw(1, 2, 3), undefined, { taps: [] }), "recurrent/taps"],
    [
      "a tap of one step",
      () => twoSpeeds({}).forward(draw(1, 2, 3), undefined, { taps: twoSpeeds({}).initialState(1) }),
      "recurrent/state",
    ],
  ])("mistake: %s", (_what, run, code) => expect(thrownCode(run)).toBe(code));
});

describe("taps: what diagnostics look through", () => {
  test("zeros change nothing; a tap is added after its step, and not in padding", () => {
    const layer = new Recurrent(new TwoSpeeds(3, 4, 1));
    const xs = draw(2, 4, 3);
    const zero = { h: zeros([4, 2, 4], double), slow: [zeros([4, 2, 4], double)] as const };
    const [plain] = layer.forward(xs);
    expect(apart(layer.forward(xs, undefined, { taps: [zero] })[0], plain)).toBe(0);
    const nudged = { ...zero, h: concat([zeros([3, 2, 4], double), ones([1, 2, 4], double)]) };
    const [ys, { h }] = layer.forward(xs, undefined, { taps: [nudged] });
    expect(apart(ys.slice([null, [0, 3]]), plain.slice([null, [0, 3]]))).toBe(0);
    expect(apart(ys.at(3, { axis: 1 }), plain.at(3, { axis: 1 }).add(1))).toBeLessThan(1e-15);
    expect(apart(ys.at(3, { axis: 1 }), h)).toBe(0);
    const lengths = [3, 4];
    const [padded, last] = layer.forward(xs, undefined, { lengths, taps: [nudged] });
    expect(padded.at(0).at(3).toArray()).toEqual([0, 0, 0, 0]);
    expect(apart(last.h.at(0), plain.at(0).at(2))).toBe(0);
  });

  test("the gradient flow of bidirectional layers agrees with a finite difference of a tap", () => {
    const layers = twoSpeeds({ layers: 2, bidirectional: true });
    const xs = draw(1, 4, 3);
    const loss = (ys: Tensor): Tensor => sum(ys.square());
    const flow = gradientFlow(layers, xs, loss);
    expect(Object.keys(flow)).toEqual(
      ["l0", "l0_reverse", "l1", "l1_reverse"].flatMap((name) => [`h_${name}`, `slow.0_${name}`]),
    );
    const taps = layers.initialState(1).map(() => ({
      h: zeros([4, 1, 4], double),
      slow: [zeros([4, 1, 4], double)] as const,
    }));
    const at = (cell: number, t: number, part: "h" | "slow"): number => {
      const squares = [0, 1, 2, 3].map((unit) => {
        const sides = [1e-5, -1e-5].map((epsilon) => {
          const nudge = tensor(
            Float64Array.from({ length: 16 }, (_, i) => (i === 4 * t + unit ? epsilon : 0)),
          ).reshape([4, 1, 4]);
          const nudged = taps.map((tap, k) =>
            k !== cell ? tap : part === "h" ? { ...tap, h: nudge } : { ...tap, slow: [nudge] as const },
          );
          return loss(layers.forward(xs, undefined, { taps: nudged })[0]).item();
        });
        return ((sides[0] - sides[1]) / 2e-5) ** 2;
      });
      return Math.sqrt(squares.reduce((a, b) => a + b));
    };
    layers.cellNames.forEach((name, cell) => {
      for (let t = 0; t < 4; t++) {
        expect(flow[`h_${name}`][t]).toBeCloseTo(at(cell, t, "h"), 6);
        expect(flow[`slow.0_${name}`][t]).toBeCloseTo(at(cell, t, "slow"), 6);
      }
    });
  });

  test("both directions of an LSTM; a reading from the end alone ends at its first step", () => {
    const lstm = new LSTM(2, 3, { ...double, bidirectional: true, seed: 1 });
    const flow = gradientFlow(lstm, draw(2, 5, 2), (ys) => sum(ys.at(-1, { axis: 1 })));
    expect(Object.keys(flow)).toEqual(["h_l0", "c_l0", "h_l0_reverse", "c_l0_reverse"]);
    expect(flow.h_l0.every((norm) => norm > 0)).toBe(true);
    expect(flow.h_l0_reverse.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(flow.h_l0_reverse[4]).toBeCloseTo(Math.sqrt(6), 12);
  });

  test("a layer of one's own hands taps on", () => {
    class Residual extends Module {
      readonly inner = new Recurrent(new TwoSpeeds(4, 4, 3));
      readonly timeFirst = false;
      get cells(): readonly Cell<Memory>[] {
        return this.inner.cells;
      }
      forward(xs: Tensor, state?: Memory, options?: SequenceOptions<Memory>): readonly [Tensor, Memory] {
        const [ys, last] = this.inner.forward(xs, state, options);
        return [ys.add(xs), last];
      }
    }
    const layer = new Residual();
    const xs = draw(1, 5, 4);
    const loss = (ys: Tensor): Tensor => sum(ys.at(-1, { axis: 1 }));
    expect(gradientFlow(layer, xs, loss)).toEqual(gradientFlow(layer.inner, xs, loss));
    expect(jacobianProducts(layer, xs).h.shape).toEqual([5, 4, 4]);
  });

  test("dropout is left out, and the mode comes back", () => {
    const layers = new LSTM(2, 3, { layers: 2, dropout: 0.5, seed: 1 });
    const xs = draw(1, 4, 2).cast("float32");
    const loss = (ys: Tensor): Tensor => sum(ys);
    expect(gradientFlow(layers, xs, loss)).toEqual(gradientFlow(layers, xs, loss));
    expect(layers.dropout?.training).toBe(true);
  });

  test("what is no layer is refused by the type and by the check", () => {
    const structural = { initialState: () => ({}), step: () => ({}), output: () => zeros([1]) };
    // @ts-expect-error: an object with a cell's methods is no Cell
    expect(thrownCode(() => gradientFlow(structural, draw(1, 2, 3), sum))).toBe("diagnostics/layer");
    // @ts-expect-error: the same
    expect(thrownCode(() => new Recurrent(structural))).toBe("module/cell");
  });
});

describe("gated cells of one's own", () => {
  interface State {
    readonly h: Tensor;
  }
  /** A minimal gated unit: f = σ(…), h' = (1 − f) ∘ h + f ∘ tanh(…), in two gates. */
  class Minimal extends GatedCell<State> {
    constructor(
      inputSize: number,
      hiddenSize: number,
      gates: number | readonly string[] = ["forget", "new"],
    ) {
      super(gates, inputSize, hiddenSize, { ...double, seed: 1 });
    }
    initialState(batchSize: number): State {
      return { h: this.zeroState(batchSize) };
    }
    prepare(xs: Tensor): PreparedSteps<State> {
      const { W, U, b, d } = this.weights(xs);
      const step = (wx: Tensor, { h }: State): State => {
        const [f, n] = this.gates(add(wx, matmul(h, U)));
        return { h: add(h, mul(f.sigmoid(), sub(tanh(n), h))) };
      };
      return [add(matmul(xs, W), add(b ?? 0, d ?? 0)), step];
    }
    output({ h }: State): Tensor {
      return h;
    }
  }

  test("step, run and stack like the library's", () => {
    const cell = new Minimal(3, 4);
    const xs = draw(2, 5, 3);
    const [ys] = new Recurrent(cell).forward(xs);
    let state = cell.initialState(2);
    for (let t = 0; t < 5; t++) state = cell.step(xs.at(t, { axis: 1 }), state);
    expect(apart(ys.at(-1, { axis: 1 }), state.h)).toBeLessThan(1e-15);
    expect(thrownCode(() => cell.step(draw(2, 4), state))).toBe("input/features");
    expect(
      new RecurrentLayers(3, (size) => new Minimal(size, 4), { layers: 2 }).forward(xs)[0].shape,
    ).toEqual([2, 5, 4]);
  });

  test("name their gates, or number them", () => {
    expect(Object.keys(recurrentMatrices(new Minimal(3, 4)))).toEqual(["forget", "new"]);
    expect(Object.keys(recurrentMatrices(new Minimal(3, 4, 4)))).toEqual([
      "gate 0",
      "gate 1",
      "gate 2",
      "gate 3",
    ]);
    const layers = new RecurrentLayers(3, (size) => new Minimal(size, 4));
    const matrices = recurrentMatrices(layers);
    expect(matrices.new.toArray()).toEqual(
      (layers.cells[0] as Minimal).weightHh.value.slice([[4, 8]]).toArray(),
    );
    expect(Object.keys(recurrentMatrices(new Recurrent(new LSTMCell(2, 3))))).toEqual([
      "input",
      "forget",
      "cell",
      "output",
    ]);
    expect(thrownCode(() => recurrentMatrices(new Linear(2, 3) as never))).toBe("diagnostics/gates");
    expect(thrownCode(() => recurrentMatrices(null as never))).toBe("diagnostics/gates");
    const misnamed = { weightHh: new GRUCell(2, 3).weightHh, hiddenSize: 3, gateNames: ["one"] };
    expect(thrownCode(() => recurrentMatrices(misnamed))).toBe("diagnostics/gates");
  });

  test("one that does not say how it steps is refused when it is made", () => {
    // @ts-expect-error: prepare is abstract
    class Nothing extends GatedCell<State> {
      constructor() {
        super(1, 2, 3);
      }
      initialState(batchSize: number): State {
        return { h: this.zeroState(batchSize) };
      }
      output({ h }: State): Tensor {
        return h;
      }
    }
    expect(thrownCode(() => new Nothing())).toBe("module/gated-cell");
    // In plain JavaScript, step alone is enough.
    Object.assign(Nothing.prototype, { step: (x: Tensor, { h }: State): State => ({ h: h.add(x.sum()) }) });
    expect(new Recurrent(new Nothing()).forward(ones([1, 2, 2]))[0].toArray()).toEqual([
      [
        [2, 2, 2],
        [4, 4, 4],
      ],
    ]);
  });

  test("the gradient reaches every step of a stack of them", () => {
    const layers = new RecurrentLayers(3, (size) => new Minimal(size, 4), { layers: 2 });
    const gradient = grad((xs: Tensor) => sum(layers.forward(xs)[0].at(-1, { axis: 1 })))(draw(1, 6, 3));
    expect(gradient.data.every((x) => Number.isFinite(x) && x !== 0)).toBe(true);
  });
});
