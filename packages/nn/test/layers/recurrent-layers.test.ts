import { concat, flip, lossAndGradients, permute, sum, type Tensor, tensor, zeros } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { GRU, Linear, Recurrent, RecurrentLayers, RNNCell } from "@scope/nn";
import { describe, expect, test } from "vitest";
import { apart } from "../apart.js";
import { thrownCode } from "../thrown-code.js";
import { double, draw, twoSpeeds } from "./two-speeds.js";

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
