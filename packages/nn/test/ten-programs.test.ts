import {
  customDerivative,
  exp,
  grad,
  hessian,
  jacobian,
  lossAndGradients,
  matmul,
  mul,
  norm,
  Random,
  relu,
  scan,
  sigmoid,
  sin,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  valueAndGrad,
  vmap,
  zeros,
} from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import {
  Adam,
  Cell,
  clipByGlobalNorm,
  crossEntropy,
  Embedding,
  Linear,
  LSTM,
  type LSTMState,
  Module,
  meanSquaredError,
  Parameter,
  Recurrent,
  Sequential,
} from "@scope/nn";
import { describe, expect, test } from "vitest";

// The ten programs that users write first, with the annotations that they need and no others; tsc checks them with the oldest and the
// current TypeScript, and here they run, on smaller sizes.

const random = new Random(1);
const characters = (...shape: number[]): Tensor => random.randint(shape, { high: 65 });

test("1: a first derivative", () => {
  expect(grad((x) => sin(x).mul(x))(tensor(2)).item()).toBeCloseTo(Math.sin(2) + 2 * Math.cos(2), 5);
  expect(grad(grad((x) => sin(x)))(tensor(2)).item()).toBeCloseTo(-Math.sin(2), 5);
});

test("2: linear regression by hand", () => {
  const x = random.normal([50, 3]);
  const y = matmul(x, tensor([1, -2, 3])).add(0.5);
  let p = { w: zeros([3]), b: tensor(0) };
  const fit = valueAndGrad((q: typeof p) => meanSquaredError(matmul(x, q.w).add(q.b), y));
  let last = Number.NaN;
  for (let i = 0; i < 200; i++) {
    const [loss, g] = fit(p);
    p = { w: p.w.sub(g.w.mul(0.1)), b: p.b.sub(g.b.mul(0.1)) };
    last = loss.item();
  }
  expect(last).toBeLessThan(1e-6);
  expect(p.b.item()).toBeCloseTo(0.5, 3);
});

test("3: a multilayer perceptron", () => {
  const mlp = new Sequential(new Linear(784, 256), relu, new Linear(256, 10));
  const adam = new Adam(mlp.parameters(), { learningRate: 1e-3 });
  const batches: (readonly [Tensor, Tensor])[] = new Array(6).fill([
    random.normal([8, 784]),
    random.randint([8], { high: 10 }),
  ]);
  const losses: number[] = [];
  for (const [x, y] of batches) {
    const [loss, g] = lossAndGradients(() => crossEntropy(mlp.forward(x), y), mlp.parameters());
    adam.step(g);
    losses.push(loss.item());
  }
  expect(losses[5]).toBeLessThan(losses[0]);
});

class CharModel extends Module {
  readonly embedding = new Embedding(65, 16);
  readonly lstm = new LSTM(16, 24);
  readonly head = new Linear(24, 65);
  forward(x: Tensor, state?: LSTMState) {
    const [h, next] = this.lstm.forward(this.embedding.forward(x), state);
    return [this.head.forward(h), next] as const;
  }
}

describe("a character model", () => {
  const [batch, time] = [4, 10];

  test("4: an LSTM, compiled", () => {
    const model = new CharModel();
    const optimizer = new Adam(model.parameters());
    const step = compile((x, y) => {
      const [loss, g] = lossAndGradients(() => crossEntropy(model.forward(x)[0], y), model.parameters());
      optimizer.step(clipByGlobalNorm(g, 1));
      return loss;
    });
    const [x, y] = [characters(batch, time), characters(batch, time)];
    const losses = Array.from({ length: 5 }, () => step(x, y).item());
    expect(losses[4]).toBeLessThan(losses[0]);
    expect(optimizer.count.value.item()).toBe(5);
  });

  test("6: truncated BPTT, a state that comes in as an argument", () => {
    const model = new CharModel();
    const optimizer = new Adam(model.parameters());
    const chunk = compile((x: Tensor, y: Tensor, state: LSTMState) => {
      const [loss, g, next] = lossAndGradients(() => {
        const [logits, next] = model.forward(x, state);
        return [crossEntropy(logits, y), next];
      }, model.parameters());
      optimizer.step(g);
      return [loss, next];
    });
    const batches = Array.from(
      { length: 3 },
      () => [characters(batch, time), characters(batch, time)] as const,
    );
    let carried = model.lstm.initialState(batch);
    for (const [x, y] of batches) [, carried] = chunk(x, y, carried);
    expect(carried.c.shape).toEqual([1, batch, 24]);
    expect(carried.h.data.every((h) => Math.abs(h) < 1)).toBe(true);
    expect(carried.h.data.some((h) => h !== 0)).toBe(true);
  });

  test("7: streaming inference", () => {
    const model = new CharModel();
    const next = compile((x: Tensor, s: LSTMState) => {
      const [h, t] = model.lstm.step(x, s);
      return [model.head.forward(h), t];
    });
    const x = random.normal([2, 6, 16]);
    let state = model.lstm.initialState(2);
    let logits = zeros([2, 65]);
    for (let t = 0; t < 6; t++)
      [logits, state] = next(x.slice([null, [t, t + 1], null]).reshape([2, 16]), state);
    const whole = model.head
      .forward(model.lstm.forward(x)[0])
      .slice([null, [5, 6], null])
      .reshape([2, 65]);
    logits.data.forEach((value, k) => {
      expect(value).toBeCloseTo(whole.data[k], 5);
    });
  });
});

test("5: a cell of one's own", () => {
  class LeakyCell extends Cell<{ h: Tensor }> {
    readonly input = new Linear(3, 16);
    readonly recurrent = new Linear(16, 16, { bias: false });
    readonly rate = new Parameter(tensor(0.5));
    initialState(batchSize: number) {
      return { h: zeros([batchSize, 16]) };
    }
    step(x: Tensor, { h }: { h: Tensor }) {
      const a = sigmoid(this.rate.value);
      return { h: h.mul(sub(1, a)).add(tanh(this.input.forward(x).add(this.recurrent.forward(h))).mul(a)) };
    }
    output({ h }: { h: Tensor }) {
      return h;
    }
  }
  const [ys, state] = new Recurrent(new LeakyCell()).forward(random.normal([8, 50, 3]));
  expect(ys.shape).toEqual([8, 50, 16]);
  expect(state.h.toArray()).toEqual(
    ys
      .slice([null, [49, 50], null])
      .reshape([8, 16])
      .toArray(),
  );
});

test("8: Jacobian and Hessian", () => {
  const p = { w: tensor([1, 2, 3]), b: tensor(2) };
  const rows = jacobian((v) => stack([v.at(0).mul(v.at(1)), sin(v.at(0))]))(tensor([1, 2]));
  expect(rows.shape).toEqual([2, 2]);
  expect(rows.at(0).toArray()).toEqual([2, 1]);
  const mixed = hessian((q: typeof p) => sum(square(mul(q.w, q.b))))(p).w.b;
  expect(mixed.toArray()).toEqual([8, 16, 24]);
});

test("9: a derivative of one's own; per-example gradients", () => {
  const [w, xs, ys] = [tensor([0.5, 1]), random.normal([4, 2]), random.normal([4])];
  const clipped = customDerivative((x) => exp(x), { vjp: ([_x], y, c) => [mul(c, y.minimum(10))] });
  const each = vmap(
    grad((w: Tensor, x: Tensor, y: Tensor) => square(sub(sum(mul(clipped(w), x)), y))),
    {
      inAxes: [null, 0, 0],
    },
  )(w, xs, ys);
  expect(each.shape).toEqual([4, 2]);
  const first = grad((v: Tensor) => square(sub(sum(mul(exp(v), xs.at(0))), ys.at(0))))(w);
  each.at(0).data.forEach((value, k) => {
    expect(value).toBeCloseTo(first.data[k], 4);
  });
});

test("10: the gradient that reaches each time step", () => {
  const [h0, w, xs] = [zeros([8, 16]), random.normal([16, 16]).mul(0.1), random.normal([40, 8, 16])];
  const flow = grad((taps: Tensor) =>
    sum(
      square(
        scan((h, { x, tap }) => [tanh(matmul(h, w).add(x)).add(tap), null], h0, { x: xs, tap: taps })[0],
      ),
    ),
  )(zeros([40, 8, 16]));
  const norms = norm(flow, { axis: [1, 2] }).data;
  expect(norms).toHaveLength(40);
  expect(norms[39]).toBeGreaterThan(norms[0]);
});
