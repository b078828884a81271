import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import {
  add,
  grad,
  lossAndGradients,
  matmul,
  mul,
  Random,
  scan,
  slice,
  sub,
  sum,
  type Tensor,
  tensor,
  transpose,
  Variable,
} from "../../src/index.js";
import { backends } from "./agreement.js";

// Variables in programs: hidden inputs and outputs that live in the program's memory between runs.

const matrix = [
  [1, 2],
  [3, 4],
];

describe.each(backends)("Variables on %s", (backend) => {
  const compiled = <A extends readonly unknown[], R extends Tensor | readonly Tensor[]>(
    f: (...args: A) => R,
  ): ((...args: A) => R) => compile(f as never, { backend }) as unknown as (...args: A) => R;

  test("a training step goes as it goes eagerly", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const y = tensor([[1], [2], [3]]);
    const make = (): { w: Variable; step: () => Tensor } => {
      const w = new Variable(tensor([[0.5], [-0.25]]));
      const step = (): Tensor => {
        const [loss, [g]] = lossAndGradients(() => {
          const d = sub(matmul(x, w.value), y);
          return sum(mul(d, d));
        }, [w]);
        w.value = sub(w.value, mul(g, 0.01));
        return loss;
      };
      return { w, step };
    };
    const [eager, fast] = [make(), make()];
    const step = compiled(fast.step);
    for (let k = 0; k < 5; k++) expect(step().item()).toBeCloseTo(eager.step().item(), 5);
    const [got, want] = [fast.w.value.data, eager.w.value.data];
    want.forEach((v, i) => {
      expect(got[i]).toBeCloseTo(v, 5);
    });
  });
  test("train and eval share Variables, with the host reading and writing in between", () => {
    const w = new Variable(tensor([1, 1]));
    const train = compiled((x: Tensor) => {
      w.value = add(w.value, x);
      return sum(w.value);
    });
    const evaluate = compiled((x: Tensor) => sum(mul(w.value, x)));
    const [one, ten] = [tensor([1, 2]), tensor([10, 10])];
    expect(train(one).item()).toBe(5);
    expect(evaluate(ten).item()).toBe(50);
    expect(evaluate(ten).item()).toBe(50);
    expect(train(one).item()).toBe(8);
    expect(w.value.toArray()).toEqual([3, 5]);
    expect(evaluate(ten).item()).toBe(80);
    w.value = tensor([0, 0]);
    expect(evaluate(ten).item()).toBe(0);
    expect(train(one).item()).toBe(3);
    expect(train(one).item()).toBe(6);
    w.value = mul(w.value, 10);
    expect(evaluate(ten).item()).toBe(600);
    expect(train(one).item()).toBe(63);
    expect(w.value.toArray()).toEqual([21, 42]);
  });
  test("two programs train in turns, with two signatures each", () => {
    const w = new Variable(tensor([0]));
    const up = compiled((x: Tensor) => {
      w.value = add(w.value, sum(x));
      return w.value;
    });
    const twice = compiled(() => {
      w.value = mul(w.value, 2);
      return w.value;
    });
    const log: number[] = [];
    for (const x of [tensor([1]), tensor([1, 1]), tensor([1])]) log.push(up(x).item(), twice().item());
    expect(log).toEqual([1, 2, 4, 8, 9, 18]);
    expect(w.value.toArray()).toEqual([18]);
  });
  test("tensors taken before a run keep their values", () => {
    const w = new Variable(tensor(Array.from({ length: 300 }, (_, i) => i)));
    const step = compiled(() => {
      w.value = add(w.value, 1);
      return w.value;
    });
    const before = w.value;
    const result = step();
    const between = w.value;
    step();
    step();
    expect([before, result, between, w.value].map((t) => t.data[7])).toEqual([7, 8, 8, 10]);
  });
  test("two Variables that hold one tensor are two", () => {
    const t = tensor([1, 2]);
    const [a, b] = [new Variable(t), new Variable(t)];
    const f = compiled(() => {
      a.value = add(a.value, 1);
      return [a.value, b.value];
    });
    f();
    expect([a.value.toArray(), b.value.toArray(), t.toArray()]).toEqual([
      [2, 3],
      [1, 2],
      [1, 2],
    ]);
  });
  test("values change places", () => {
    const [a, b, c] = [1, 2, 3].map((k) => new Variable(tensor([k, k * 10])));
    const swap = compiled(() => {
      const [x, y] = [a.value, b.value];
      a.value = y;
      b.value = x;
      return [x, y];
    });
    expect(swap().map((t) => t.toArray())).toEqual([
      [1, 10],
      [2, 20],
    ]);
    expect([a, b].map((v) => v.value.toArray())).toEqual([
      [2, 20],
      [1, 10],
    ]);
    swap();
    swap();
    expect([a, b].map((v) => v.value.toArray())).toEqual(
      [
        [1, 10],
        [2, 20],
      ].reverse(),
    );
    const turn = compiled(() => {
      const [x, y, z] = [a, b, c].map((v) => v.value);
      a.value = add(y, 0);
      b.value = z;
      c.value = add(x, 1);
      return sum(a.value);
    });
    turn();
    turn();
    expect([a, b, c].map((v) => v.value.toArray())).toEqual([
      [3, 30],
      [3, 21],
      [2, 11],
    ]);
  });
  test("a Variable takes a view of its own old value", () => {
    const v = new Variable(tensor(matrix));
    const turn = compiled(() => {
      v.value = transpose(v.value);
      return sum(v.value, { axis: 0 });
    });
    expect(turn().toArray()).toEqual([3, 7]);
    expect(v.value.toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    const shift = compiled(() => {
      const old = v.value;
      v.value = add(old, transpose(old));
      return old;
    });
    expect(shift().toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(v.value.toArray()).toEqual([
      [2, 5],
      [5, 8],
    ]);
    const long = new Variable(tensor([1, 2, 3, 4]));
    const roll = compiled(() => {
      const x = long.value;
      long.value = mul(add(x, 0), slice(tensor([1, 1, 1, 1, 1]), [[0, 4]]));
      long.value = sub(long.value, mul(x, 0));
      long.value = x.slice([[1, 4]]).pad([[0, 1]]);
      return x;
    });
    expect(roll().toArray()).toEqual([1, 2, 3, 4]);
    roll();
    expect(long.value.toArray()).toEqual([3, 4, 0, 0]);
  });
  test("the old value is returned, and its update", () => {
    const v = new Variable(tensor([1, 2]));
    const f = compiled((x: Tensor) => {
      const old = v.value;
      v.value = mul(old, x);
      return [old, v.value, x, x, mul(old, 1)];
    });
    const x = tensor([3, 3]);
    expect(f(x).map((t) => t.toArray())).toEqual([
      [1, 2],
      [3, 6],
      [3, 3],
      [3, 3],
      [1, 2],
    ]);
    expect(f(x).map((t) => t.toArray())).toEqual([
      [3, 6],
      [9, 18],
      [3, 3],
      [3, 3],
      [3, 6],
    ]);
  });
  test("results do not share memory with the program, with arguments or with each other", () => {
    const x = tensor(Array.from({ length: 400 }, (_, i) => i));
    const f = compiled((t: Tensor) => [t, t, add(t, 0)]);
    const first = f(x);
    f(mul(x, 0));
    for (const t of first) expect(t.data[9]).toBe(9);
    const buffers = new Set([x, ...first].map((t) => t.storage?.buffer));
    expect(buffers.size).toBe(4);
  });
  test("assigned in loops and in branches that are not taken", () => {
    const [v, w] = [new Variable(tensor(0)), new Variable(tensor([1, 2]))];
    const f = compiled((xs: Tensor) => {
      const [last] = scan(
        (c: Tensor, x: Tensor) => {
          v.value = add(v.value, sum(mul(x, w.value)));
          w.value = mul(w.value, 2);
          return [add(c, x), c] as const;
        },
        tensor([0, 0]),
        xs,
      );
      return last;
    });
    expect(
      f(
        tensor([
          [1, 1],
          [1, 0],
        ]),
      ).toArray(),
    ).toEqual([2, 1]);
    expect([v.value.item(), w.value.toArray()]).toEqual([3 + 2, [4, 8]]);
    f(
      tensor([
        [1, 1],
        [1, 0],
      ]),
    );
    expect([v.value.item(), w.value.toArray()]).toEqual([5 + 12 + 8, [16, 32]]);
  });
  test("random numbers go on from run to run, the same as eagerly", () => {
    const [a, b] = [new Random(5), new Random(5)];
    const draw = compiled(() => [b.uniform([3]), b.normal([2, 2])]);
    for (let k = 0; k < 3; k++) {
      const want = [a.uniform([3]), a.normal([2, 2])].map((t) => t.toArray());
      expect(draw().map((t) => t.toArray())).toEqual(want);
    }
    expect(b.state.value.toArray()).toEqual(a.state.value.toArray());
  });
  test("an exception while tracing leaves them as they were, and the next call works", () => {
    const v = new Variable(tensor([1, 2]));
    let broken = true;
    const f = compiled((x: Tensor) => {
      v.value = add(v.value, x);
      if (broken) throw new Error("broken");
      return v.value;
    });
    const before = v.value;
    expect(() => f(tensor([1, 1]))).toThrow("broken");
    expect(v.value).toBe(before);
    broken = false;
    expect(f(tensor([1, 1])).toArray()).toEqual([2, 3]);
    expect(() => f(tensor([1, 1, 1]))).toThrow(/shape/i);
    expect(v.value.toArray()).toEqual([2, 3]);
    // A wrong shape is told before anything changes.
    const g = compiled(() => {
      v.value = add(v.value, 1);
      v.value = sum(v.value);
      return v.value;
    });
    expect(() => g()).toThrow(/keeps its shape/);
    expect(v.value.toArray()).toEqual([2, 3]);
  });
  test("dispose gives them their values back, and the function works on", () => {
    const v = new Variable(tensor([1, 2]));
    const f = compile(
      () => {
        v.value = add(v.value, 1);
        return v.value;
      },
      { backend },
    );
    f();
    f();
    f.dispose();
    expect(v.value.toArray()).toEqual([3, 4]);
    expect(f().toArray()).toEqual([4, 5]);
    f.dispose();
    f.dispose();
    expect(v.value.toArray()).toEqual([4, 5]);
  });
  test("under a tape, gradients go through the state", () => {
    const w = new Variable(tensor([2, 3]));
    const f = compiled((x: Tensor) => {
      w.value = mul(w.value, x);
      return sum(w.value);
    });
    const [loss, [g]] = lossAndGradients(() => mul(f(tensor([1, 2])), 2), [w]);
    expect([loss.item(), g.toArray(), w.value.toArray()]).toEqual([16, [2, 4], [2, 6]]);
    // In between, the program itself.
    f(tensor([1, 1]));
    const [, [again]] = lossAndGradients(() => f(tensor([5, 5])), [w]);
    expect([again.toArray(), w.value.toArray()]).toEqual([
      [5, 5],
      [10, 30],
    ]);
    const inner = compiled((x: Tensor) => grad((y: Tensor) => sum(mul(y, w.value)))(x));
    expect(inner(tensor([0, 0])).toArray()).toEqual([10, 30]);
  });
});
