import { concat, ones, sum, type Tensor, tensor, zeros } from "@scope/autodiff";
import {
  type Cell,
  gradientFlow,
  jacobianProducts,
  LSTM,
  Module,
  Recurrent,
  type SequenceOptions,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { apart } from "../apart.js";
import { thrownCode } from "../thrown-code.js";
import { double, draw, type Memory, TwoSpeeds, twoSpeeds } from "./two-speeds.js";

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
