import { add, grad, matmul, mul, ones, sub, sum, type Tensor, tanh } from "@scope/autodiff";
import {
  GatedCell,
  GRUCell,
  Linear,
  LSTMCell,
  type PreparedSteps,
  Recurrent,
  RecurrentLayers,
  recurrentMatrices,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { apart } from "../apart.js";
import { double, draw } from "../layers/two-speeds.js";
import { thrownCode } from "../thrown-code.js";

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
