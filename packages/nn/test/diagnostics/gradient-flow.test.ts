import { grad, matmul, permute, Random, slice, sum, type Tensor, tensor, zeros } from "@scope/autodiff";
import {
  Cell,
  eigenvalues,
  GRU,
  gradientFlow,
  jacobianProducts,
  LSTM,
  LSTMCell,
  Recurrent,
  RNN,
  RNNCell,
  recurrentMatrices,
  singularValues,
} from "@scope/nn";
import { describe, expect, test } from "vitest";

/** hₜ = W hₜ₋₁ + xₜ: what there is to know about it is in the powers of W. */
class LinearCell extends Cell<{ h: Tensor }> {
  readonly w: Tensor;
  constructor(w: Tensor) {
    super();
    this.w = w;
  }
  initialState(batchSize: number): { h: Tensor } {
    return { h: zeros([batchSize, this.w.shape[0]], { dtype: "float64" }) };
  }
  step(x: Tensor, { h }: { h: Tensor }): { h: Tensor } {
    return { h: matmul(h, permute(this.w, [1, 0])).add(x) };
  }
  output({ h }: { h: Tensor }): Tensor {
    return h;
  }
}

const f64 = (values: number[][]): Tensor => tensor(values, { dtype: "float64" });
const last = (outputs: Tensor): Tensor => sum(outputs.at(-1, { axis: 1 }).at(0, { axis: 1 }));
const inputs = (shape: number[], seed: number): Tensor =>
  new Random(seed).normal(shape, { dtype: "float64" });

describe("a linear recurrence", () => {
  test("the gradient is the first row of a power of W", () => {
    const w = f64([
      [0.9, 0.3],
      [-0.2, 0.5],
    ]);
    const { h } = gradientFlow(new LinearCell(w), inputs([1, 6, 2], 1), last);
    let row = f64([[1, 0]]);
    for (let t = 5; t >= 0; t--) {
      expect(h[t]).toBeCloseTo(Math.hypot(...Array.from(row.data)), 14);
      row = matmul(row, w);
    }
  });

  test("a rotation keeps every norm, a contraction of it loses the same factor at each step", () => {
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    for (const radius of [1, 0.5, 1.25]) {
      const w = f64([
        [radius * c, -radius * s],
        [radius * s, radius * c],
      ]);
      const { h } = gradientFlow(new LinearCell(w), inputs([3, 40, 2], 2), last);
      h.forEach((norm, t) => {
        expect(norm / (Math.sqrt(3) * radius ** (39 - t))).toBeCloseTo(1, 12);
      });
    }
  });

  test("the products of Jacobians are powers of W, and their singular values those of the powers", () => {
    const w = f64([
      [0.9, 0.3, 0],
      [-0.2, 0.5, 0.1],
      [0.4, 0, -0.7],
    ]);
    const { h } = jacobianProducts(new LinearCell(w), inputs([1, 5, 3], 3));
    let power = f64([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    for (let t = 4; t >= 0; t--) {
      expect(h.at(t).sub(power).abs().max().item()).toBeLessThan(1e-15);
      singularValues(h.at(t)).forEach((value, k) => {
        expect(value).toBeCloseTo(singularValues(power)[k], 13);
      });
      power = matmul(power, w);
    }
  });

  test("reading backwards, the last step is the first", () => {
    const w = f64([
      [0.5, 0],
      [0, 0.5],
    ]);
    const reversed = new Recurrent(new LinearCell(w), { reverse: true });
    const { h } = gradientFlow(reversed, inputs([1, 4, 2], 4), (outputs) =>
      sum(outputs.at(0, { axis: 1 }).at(0, { axis: 1 })),
    );
    expect(h).toEqual([1, 0.5, 0.25, 0.125]);
  });
});

/** ∂L/∂hₜ by starting a shorter sequence at hₜ: what taps must agree with. */
function restarted(
  lstm: LSTM,
  xs: Tensor,
  t: number,
  loss: (output: Tensor) => Tensor,
): { h: Tensor; c: Tensor } {
  const time = xs.shape[1];
  const [, state] = lstm.forward(slice(xs, [null, [0, t + 1]]));
  return grad((start: { h: Tensor; c: Tensor }) => {
    if (t === time - 1) return loss(start.h.at(-1));
    return loss(lstm.forward(slice(xs, [null, [t + 1, time]]), start)[0].at(-1, { axis: 1 }));
  })({ h: state.h, c: state.c });
}

describe("trained layers", () => {
  test("LSTM: h and c agree with the gradient of a sequence restarted there", () => {
    const lstm = new LSTM(2, 3, { seed: 5, dtype: "float64" });
    const xs = inputs([2, 6, 2], 5);
    const loss = (output: Tensor): Tensor => sum(output.mul(output));
    const flow = gradientFlow(lstm, xs, (outputs) => loss(outputs.at(-1, { axis: 1 })));
    expect(Object.keys(flow)).toEqual(["h", "c"]);
    for (let t = 0; t < 6; t++) {
      const { h, c } = restarted(lstm, xs, t, loss);
      expect(flow.h[t]).toBeCloseTo(Math.hypot(...Array.from(h.data)), 12);
      expect(flow.c[t]).toBeCloseTo(t === 5 ? 0 : Math.hypot(...Array.from(c.data)), 12);
    }
  });

  test("several layers and time first have names and places of their own", () => {
    const gru = new GRU(2, 3, { layers: 2, timeFirst: true, seed: 1 });
    const flow = gradientFlow(gru, inputs([4, 5, 2], 6).cast("float32"), (outputs) => sum(outputs.at(-1)));
    expect(Object.keys(flow)).toEqual(["h_l0", "h_l1"]);
    expect(flow.h_l1).toHaveLength(4);
    expect(flow.h_l1[3]).toBeCloseTo(Math.sqrt(15), 5);
    expect(flow.h_l0.every((norm) => norm > 0)).toBe(true);
  });

  test("a small recurrent matrix makes an RNN forget, as its spectral radius says", () => {
    const cell = new RNNCell(1, 8, { seed: 2, dtype: "float64" });
    cell.weightHh.value = cell.weightHh.value.mul(0.3);
    const { hidden } = recurrentMatrices(cell);
    const radius = Math.hypot(eigenvalues(hidden)[0].re, eigenvalues(hidden)[0].im);
    const { h } = gradientFlow(cell, zeros([1, 60, 1], { dtype: "float64" }), (outputs) =>
      sum(outputs.at(-1, { axis: 1 })),
    );
    expect((h[0] / h[40]) ** (1 / 40)).toBeLessThanOrEqual(radius * 1.05);
    expect(h[0]).toBeLessThan(1e-10);
  });

  test("matrices by gate, in the order of the weights", () => {
    const cell = new LSTMCell(2, 3, { seed: 0 });
    const gates = recurrentMatrices(cell);
    expect(Object.keys(gates)).toEqual(["input", "forget", "cell", "output"]);
    expect(gates.forget.toArray()).toEqual(slice(cell.weightHh.value, [[3, 6]]).toArray());
    expect(Object.keys(recurrentMatrices(new RNN(2, 3)))).toEqual(["hidden"]);
  });

  test("what has no single direction of time, or is no single sequence, is refused", () => {
    expect(() => jacobianProducts(new GRU(2, 3, { bidirectional: true }), zeros([1, 2, 2]))).toThrow(
      "no single direction of time",
    );
    expect(() => jacobianProducts(new RNN(2, 3), zeros([2, 4, 2]))).toThrow("those of one sequence");
    expect(() => gradientFlow(new RNN(2, 3), zeros([4, 2]), last)).toThrow("not a batch of sequences");
  });
});
