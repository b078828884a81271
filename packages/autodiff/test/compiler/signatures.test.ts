import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import {
  add,
  grad,
  mul,
  scan,
  staticValue,
  sum,
  type Tensor,
  tensor,
  Variable,
  vmap,
  zeros,
} from "../../src/index.js";
import { countRuns } from "./agreement.js";

// What counts as the same call, and what a function that is traced again says about it.

const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(console, "warn").mockImplementation((...parts: unknown[]) => {
    warnings.push(parts.join(" "));
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A function that counts how often it is traced. */
function counted(f: (...args: never[]) => unknown): { f: typeof f; traces: number } {
  const made = {
    traces: 0,
    f: (...args: never[]) => {
      made.traces++;
      return f(...args);
    },
  };
  return made;
}

describe("a signature", () => {
  test("is shapes and dtypes: values do not matter", () => {
    const c = counted((x: Tensor) => mul(x, 2));
    const f = compile(c.f as (x: Tensor) => Tensor);
    expect(f(tensor([1, 2])).toArray()).toEqual([2, 4]);
    expect(f(tensor([3, 4])).toArray()).toEqual([6, 8]);
    expect(c.traces).toBe(1);
    f(tensor([1, 2, 3]));
    f(tensor([1, 2], { dtype: "float64" }));
    expect(c.traces).toBe(3);
    expect(f(tensor([5, 6])).toArray()).toEqual([10, 12]);
    expect(c.traces).toBe(3);
  });
  test("holds numbers, strings, booleans and functions, which are static", () => {
    const double = (x: Tensor): Tensor => mul(x, 2);
    const c = counted(
      (x: Tensor, options: { scale: number; mode: string; flip: boolean; last: (x: Tensor) => Tensor }) =>
        options.last(mul(options.mode === "minus" ? mul(x, -1) : x, options.flip ? 0 : options.scale)),
    );
    const f = compile(c.f as (x: Tensor, options: object) => Tensor);
    const x = tensor([1, 2]);
    const options = { scale: 3, mode: "plus", flip: false, last: double };
    expect(f(x, options).toArray()).toEqual([6, 12]);
    expect(f(x, { ...options }).toArray()).toEqual([6, 12]);
    expect(c.traces).toBe(1);
    expect(f(x, { ...options, scale: 4 }).toArray()).toEqual([8, 16]);
    expect(f(x, { ...options, mode: "minus" }).toArray()).toEqual([-6, -12]);
    expect(f(x, { ...options, flip: true }).toArray()).toEqual([0, 0]);
    expect(c.traces).toBe(4);
    expect(f(x, { ...options, last: (y: Tensor) => y }).toArray()).toEqual([3, 6]);
    expect(c.traces).toBe(5);
    // -0 and NaN are what they are.
    const g = counted((k: number) => tensor(1 / k));
    const h = compile(g.f as (k: number) => Tensor);
    expect([h(0).item(), h(-0).item(), h(Number.NaN).item(), h(Number.NaN).item()]).toEqual([
      Infinity,
      -Infinity,
      Number.NaN,
      Number.NaN,
    ]);
    expect(g.traces).toBe(3);
  });
  test("holds the nesting of trees, and Variables by identity", () => {
    const c = counted((tree: { a: Tensor; b: readonly Tensor[] }, v: Variable) =>
      tree.b.reduce((t, x) => add(t, x), mul(tree.a, v.value)),
    );
    const f = compile(c.f as (tree: object, v: Variable) => Tensor);
    const [one, two] = [tensor(1), tensor(2)];
    const [v, w] = [new Variable(tensor(10)), new Variable(tensor(100))];
    expect(f({ a: one, b: [two] }, v).item()).toBe(12);
    expect(f({ a: one, b: [two, two] }, v).item()).toBe(14);
    expect(f({ a: one, b: [two, two] }, w).item()).toBe(104);
    expect(f({ a: two, b: [one] }, v).item()).toBe(21);
    expect(c.traces).toBe(3);
  });
  test("results are trees too, numbers in them pass", () => {
    const f = compile((x: Tensor) => ({ twice: [x, x], size: x.size, nothing: null }));
    const { twice, size, nothing } = f(tensor([1, 2]));
    expect([twice.map((t) => t.toArray()), size, nothing]).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
      2,
      null,
    ]);
    expect(twice[0]).not.toBe(twice[1]);
  });
});

test("sixteen programs are kept, the one used longest ago goes first", () => {
  const c = counted((x: Tensor) => mul(x, 2));
  const f = compile(c.f as (x: Tensor) => Tensor, { name: "many" });
  const call = (n: number): Tensor => f(zeros([n]));
  for (let n = 1; n <= 16; n++) call(n);
  expect(c.traces).toBe(16);
  call(1);
  expect(c.traces).toBe(16);
  call(17);
  expect(c.traces).toBe(17);
  call(1);
  call(17);
  expect(c.traces).toBe(17);
  call(2);
  expect(c.traces).toBe(18);
  expect(warnings.length).toBe(1);
});

describe("after five traces", () => {
  test("one warning shows the signatures and what to do", () => {
    const f = compile((x: Tensor, rate: number) => mul(x, rate), { name: "step" });
    for (const rate of [0.5, 0.4, 0.3, 0.2]) f(zeros([2, 3]), rate);
    expect(warnings).toEqual([]);
    for (const rate of [0.1, 0.05, 0.04, 0.03, 0.02, 0.01, 0]) f(zeros([2, 3]), rate);
    expect(warnings).toMatchInlineSnapshot(`
      [
        "@scope/autodiff: compile(step) was traced 5 times, for these arguments:
        [float32[2, 3], 0.1]
        [float32[2, 3], 0.2]
        [float32[2, 3], 0.3]
        [float32[2, 3], 0.4]
        [float32[2, 3], 0.5]
        Each is a program of its own. A number that changes belongs into a tensor (tensor(rate)) or a Variable.",
      ]
    `);
  });
  test("of sizes that differ, it names buckets and last batches", () => {
    const f = compile((x: Tensor) => mul(x, 2), { name: "step" });
    for (let length = 1; length < 8; length++) f(zeros([4, length]));
    expect(warnings).toEqual([expect.stringMatching(/Sizes differ: .*dropLast.*bucketByLength/)]);
  });
  test("nothing is said of a learning rate, a seed or a state that is a Variable or a tensor", () => {
    const rate = new Variable(tensor(1));
    const state = new Variable(tensor([1, 2]));
    const c = counted((x: Tensor) => {
      state.value = add(state.value, mul(x, rate.value));
      return sum(state.value);
    });
    const f = compile(c.f as (x: Tensor) => Tensor);
    const seen: number[] = [];
    for (let k = 0; k < 10; k++) {
      rate.value = tensor(1 / (k + 1));
      seen.push(f(tensor([1, 1])).item());
    }
    expect(c.traces).toBe(1);
    let want = 3;
    seen.forEach((v, k) => {
      want += 2 / (k + 1);
      expect(v).toBeCloseTo(want, 5);
    });
    expect(warnings).toEqual([]);
  });
});

describe("what is around", () => {
  test("plain tensors are constants of the program", () => {
    let scale = tensor([10, 20]);
    const f = compile((x: Tensor) => mul(x, scale));
    expect(f(tensor([1, 1])).toArray()).toEqual([10, 20]);
    scale = tensor([0, 0]);
    expect(f(tensor([1, 2])).toArray()).toEqual([10, 40]);
  });
  test("tensors that a tape watches are not", () => {
    const c = counted((x: Tensor) => x);
    const f = (y: Tensor): Tensor => {
      const g = compile((x: Tensor) => (c.f as (x: Tensor) => Tensor)(mul(x, y)));
      return add(sum(g(tensor([1, 2]))), sum(g(tensor([3, 4]))));
    };
    expect(grad(f)(tensor(3)).item()).toBe(10);
    expect(c.traces).toBe(2);
    // The same program function, called outside of any tape in between.
    const y = tensor(2);
    const shared = compile((x: Tensor) => mul(x, y));
    expect(shared(tensor([1, 2])).toArray()).toEqual([2, 4]);
  });
});

describe("compile in compile, vmap, grad", () => {
  const square = (x: Tensor): Tensor => sum(mul(x, x));
  test("nested, the inner is just its function: one program runs", () => {
    const inner = compile(square);
    const outer = compile((x: Tensor) => mul(inner(x), inner(mul(x, 2))));
    const ran = countRuns(() => expect(outer(tensor([1, 2])).item()).toBe(100));
    expect(ran).toBe(1);
  });
  test("grad of compiled and compiled grad, first and second order", () => {
    const cube = (x: Tensor): Tensor => sum(mul(x, mul(x, x)));
    const x = tensor([1, 2]);
    const compiled = compile(cube);
    const second = (f: (x: Tensor) => Tensor) => grad((y: Tensor) => sum(grad(f)(y)));
    const ran = countRuns(() => {
      expect(grad(compiled)(x).toArray()).toEqual([3, 12]);
      expect(compile(grad(cube))(x).toArray()).toEqual([3, 12]);
      expect(second(compiled)(x).toArray()).toEqual([6, 12]);
      expect(compile(second(cube))(x).toArray()).toEqual([6, 12]);
      expect(compile(second(compiled))(x).toArray()).toEqual([6, 12]);
      expect(grad(compile((y: Tensor) => sum(grad(compiled)(y))))(x).toArray()).toEqual([6, 12]);
      expect(
        vmap(grad(compiled))(
          tensor([
            [1, 2],
            [3, 4],
          ]),
        ).toArray(),
      ).toEqual([
        [3, 12],
        [27, 48],
      ]);
      expect(
        compile(vmap(grad(cube)))(
          tensor([
            [1, 2],
            [3, 4],
          ]),
        ).toArray(),
      ).toEqual([
        [3, 12],
        [27, 48],
      ]);
    });
    expect(ran).toBeGreaterThan(10);
  });
  test("through Variables: gradients of what a compiled function reads and assigns", () => {
    const v = new Variable(tensor([1, 2]));
    const f = compile((x: Tensor) => {
      v.value = mul(v.value, x);
      return sum(mul(v.value, v.value));
    });
    expect(grad((x: Tensor) => f(x))(tensor([2, 3])).toArray()).toEqual([4, 24]);
    expect(v.value.toArray()).toEqual([2, 6]);
  });
});

describe("values read by staticValue", () => {
  test("a program each, found again; in loops, branches and compiled functions inside, too", () => {
    const settings = { scale: 2, twice: false };
    let traced = 0;
    const inner = compile((x: Tensor) => (staticValue(() => settings.twice) ? add(x, x) : x));
    const f = compile((x: Tensor) => {
      traced++;
      return scan(
        (c: Tensor) => [
          inner(
            mul(
              c,
              staticValue(() => settings.scale),
            ),
          ),
          null,
        ],
        x,
        null,
        { length: 2 },
      )[0];
    });
    const at3 = (): number => f(tensor(3)).item();
    expect(at3()).toBe(12);
    settings.scale = 3;
    expect(at3()).toBe(27);
    settings.twice = true;
    expect(at3()).toBe(108);
    settings.twice = false;
    settings.scale = 2;
    expect(at3()).toBe(12);
    expect(traced).toBe(3);
    expect(grad((x: Tensor) => f(x))(tensor(3)).item()).toBe(4);
    settings.scale = 5;
    expect(grad((x: Tensor) => f(x))(tensor(3)).item()).toBe(25);
  });
});
