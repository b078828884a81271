import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import {
  AnomalyError,
  checkpoint,
  detectAnomalies,
  grad,
  type InSignature,
  jvp,
  linearize,
  log,
  mul,
  scan,
  sum,
  type Tensor,
  TreeError,
  tensor,
  ValueError,
  Variable,
  vjp,
  vmap,
} from "../../src/index.js";

// A signature is the whole argument: what can change the result is an input, or part of the signature, or refused.

// Arguments that no type of Scope describes are passed through this.
const untyped = <T>(value: unknown): T => value as T;
const x = tensor([1, 2]);
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(TreeError);
    expect((error as Error).message.length).toBeLessThan(1000);
    return (error as TreeError).code;
  }
  return "none";
};

/** What a function of one plain argument gives for each of several, compiled, in the order in which they are given and once more. */
function follows<T>(f: (argument: T) => number, ...given: readonly unknown[]): void {
  const compiled = compile((argument: T) => tensor(f(argument)));
  const want = given.map((argument) => f(argument as T));
  expect(new Set(want.map(String)).size).toBe(given.length);
  for (let round = 0; round < 2; round++) {
    expect(given.map((argument) => compiled(argument as T).item())).toEqual(want);
  }
}

describe("a program is found again only for the same argument", () => {
  test("a hole is not undefined, and undefined is not a missing key", () => {
    const scaled = compile((a: [number | undefined, Tensor]) =>
      a[0] === undefined ? a[1].mul(100) : a[1].mul(a[0]),
    );
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    expect(scaled(untyped([, tensor(2)])).item()).toBe(200);
    expect(scaled([5, tensor(2)]).item()).toBe(10);
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    follows((a: object) => (0 in a ? 1 : 2), [,], [undefined]);
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    follows((a: readonly unknown[]) => a.length * 2 + (1 in a ? 1 : 0), [1, ,], [1, undefined], [1]);
    follows((o: object) => ("a" in o ? 1 : 2), {}, { a: undefined });
    follows((o: object) => ("a" in o ? 1 : 2) + ("b" in o ? 10 : 20), { b: undefined }, { a: undefined });
  });
  test("the order of keys, prototypes, and the key __proto__ count", () => {
    follows((o: object) => Object.keys(o).indexOf("a"), { a: 1, b: 2 }, { b: 2, a: 1 });
    follows((o: object) => (Object.getPrototypeOf(o) === null ? 1 : 2), {}, Object.create(null));
    const own = (text: string): unknown => JSON.parse(text);
    const key = String("__proto__");
    follows((o: Record<string, number>) => o[key], own('{"__proto__":3}'), own('{"__proto__":4}'));
  });
  test("symbol keys, getters, hidden and frozen properties are read", () => {
    const key = Symbol("key");
    follows((o: { [key]: number }) => o[key], { [key]: 1 }, { [key]: 2 });
    const hidden = (value: number): unknown => Object.defineProperty({}, "h", { value });
    follows((o: { h: number }) => o.h, hidden(1), hidden(2));
    let now = 1;
    const changing = {
      get g(): number {
        return now;
      },
    };
    const f = compile((o: { g: number }) => tensor(o.g));
    expect(f(changing).item()).toBe(1);
    now = 2;
    expect(f(changing).item()).toBe(2);
    const through = compile((o: { [key]: Tensor; readonly g: Tensor }) => o[key].add(o.g));
    const made = (a: number, b: number): { [key]: Tensor; readonly g: Tensor } =>
      Object.freeze({
        [key]: tensor(a),
        get g() {
          return tensor(b);
        },
      });
    expect([through(made(1, 2)).item(), through(made(10, 20)).item()]).toEqual([3, 30]);
  });
  test("bigints, symbols, NaN and -0 are what they are", () => {
    follows((n: bigint) => Number(n), 1n, 2n);
    follows((n: number) => (Number.isNaN(n) ? 7 : 1 / n), 0, -0, Number.NaN);
    const a = Symbol("s");
    follows((s: symbol) => (s === a ? 1 : 2), a, Symbol("s"));
  });
  test("fields of functions count, as functions are arguments by identity", () => {
    const f = Object.assign((t: Tensor) => t, { by: 2 });
    const g = compile((t: Tensor, h: typeof f) => h(t).mul(h.by));
    expect(g(x, f).toArray()).toEqual([2, 4]);
    f.by = 3;
    expect(g(x, f).toArray()).toEqual([3, 6]);
  });
});

class Plain {
  by = 2;
}
class Sub extends Array<unknown> {}

describe("what could change unnoticed is refused, with what to do instead", () => {
  const mends: readonly (readonly [string, unknown, RegExp])[] = [
    ["a typed array", new Float32Array(2), /tensor\(a\)/],
    ["a buffer", new ArrayBuffer(4), /tensor\(new Float32Array\(buffer\)\)/],
    ["a view of a buffer", new DataView(new ArrayBuffer(4)), /tensor\(/],
    ["a Map", new Map([["a", x]]), /Object\.fromEntries/],
    ["a Set", new Set([x]), /\[\.\.\.set\]/],
    ["a Date", new Date(0), /getTime/],
    ["a regular expression", /a/g, /source/],
    ["a promise", Promise.resolve(x), /await/],
    ["an instance", new Plain(), /fieldsInSignature/],
    ["a boxed number", Object(1), /plain object/],
    ["an instance of a subclass of Array", Sub.of(1), /give Sub a method/],
    ["a generator", (function* () {})(), /plain object/],
  ];
  test.each(mends)("%s", (_name, value, mend) => {
    const f = compile((_: unknown) => x);
    for (const given of [value, { deep: [value] }]) {
      expect(codeOf(() => f(given))).toBe("tree/signature");
      expect(() => f(given)).toThrow(mend);
    }
    expect(codeOf(() => compile(() => ({ result: value }))())).toBe("tree/signature");
    // It is run again with its arguments.
    expect(codeOf(() => checkpoint((t: Tensor, _: unknown) => t)(x, value))).toBe("tree/signature");
  });
  test("arrays with properties beside their items", () => {
    const named = Object.assign([x], { by: 3 });
    for (const run of [
      () => compile((a: Tensor[]) => a[0])(named),
      () => grad((a: Tensor[]) => sum(a[0]))(named),
      () => vmap((a: Tensor[]) => a[0])(named),
    ])
      expect(codeOf(run)).toBe("tree/array");
  });
  test("a typed array as it is now would have been the first one for ever", () => {
    const a = new Float32Array([1, 2]);
    const f = compile((t: Tensor, by: Tensor) => t.mul(by));
    expect(f(x, tensor(a)).toArray()).toEqual([1, 4]);
    a[0] = 50;
    expect(f(x, tensor(a)).toArray()).toEqual([50, 4]);
  });
});

describe("an object that shows its fields", () => {
  class Scaled implements InSignature {
    by = 2;
    inner: { list: unknown[] } = { list: [1] };
    readonly held = new Variable(tensor(1));
    parent: unknown = this;
    #hidden = 0;
    fieldsInSignature(): object {
      return { ...this, hidden: this.#hidden };
    }
    hide(value: number): void {
      this.#hidden = value;
    }
    forward(t: Tensor): Tensor {
      const { list } = this.inner;
      return t
        .mul(this.by)
        .mul(Number(list.at(-1)))
        .add(this.held.value)
        .add(this.#hidden);
    }
  }
  test("is followed in all of them, and its Variables are state", () => {
    const s = new Scaled();
    const changes: readonly (() => unknown)[] = [
      () => {
        s.by = 3;
      },
      () => s.inner.list.push(4),
      () => {
        s.inner.list[1] = 5;
      },
      () => s.hide(7),
      () => {
        s.parent = null;
      },
    ];
    for (const change of changes) {
      let traces = 0;
      const f = compile((t: Tensor, m: Scaled) => {
        traces++;
        return m.forward(t);
      });
      expect(f(x, s).toArray()).toEqual(s.forward(x).toArray());
      change();
      expect(f(x, s).toArray()).toEqual(s.forward(x).toArray());
      expect(traces).toBe(2);
      s.held.value = tensor(100).mul(s.held.value);
      expect(f(x, s).toArray()).toEqual(s.forward(x).toArray());
      expect(traces).toBe(2);
      const other = new Scaled();
      expect(f(x, other).toArray()).toEqual(other.forward(x).toArray());
      expect(traces).toBe(3);
    }
  });
  test("may not hide what cannot be followed", () => {
    const s = new Scaled();
    s.inner.list = [new Map()];
    expect(() => compile((m: Scaled) => m.forward(x))(s)).toThrow(
      /arguments\[0\]\.inner\.list\[0\]: an instance of Map/,
    );
  });
});

describe("trees that hold themselves, and trees too deep, are refused everywhere", () => {
  const circle: { self?: unknown; t: Tensor } = { t: x };
  circle.self = { again: [circle] };
  let deep: unknown = x;
  for (let i = 0; i < 100_000; i++) deep = i % 2 === 0 ? [deep] : { deep };
  let shared: unknown = [x];
  for (let i = 0; i < 60; i++) shared = [shared, shared];
  const trees: readonly (readonly [string, unknown])[] = [
    ["a circle", circle],
    ["100,000 levels", deep],
    ["shared branches without end", shared],
    ["a long array of nothing", new Array(1e9)],
  ];
  const one = (): Tensor => sum(x);
  const users: readonly (readonly [string, (tree: unknown) => unknown])[] = [
    ["compile", (tree) => compile(untyped<(t: unknown) => Tensor>(one))(tree)],
    ["a compiled result", (tree) => compile(untyped<() => Tensor>(() => tree))()],
    ["grad", (tree) => grad(untyped<(t: unknown) => Tensor>(one))(tree)],
    ["vjp", (tree) => vjp(untyped<(t: unknown) => Tensor>(one), tree)],
    [
      "a result of vjp",
      (tree) =>
        vjp(
          untyped<(t: Tensor) => Tensor>(() => tree),
          x,
        ),
    ],
    ["jvp", (tree) => jvp(one, untyped<[]>([tree]), untyped<[]>([null]))],
    ["linearize", (tree) => linearize(untyped<(t: unknown) => Tensor>(one), tree)],
    ["vmap", (tree) => vmap(untyped<(t: unknown) => Tensor>(one))(tree)],
    ["checkpoint", (tree) => checkpoint(untyped<(t: unknown) => Tensor>(one))(tree)],
    [
      "the carry of scan",
      (tree) => scan((c: object) => [c, null], untyped<object>(tree), null, { length: 1 }),
    ],
    ["the inputs of scan", (tree) => scan((c: Tensor) => [c, null], x, tree)],
    ["the outputs of scan", (tree) => scan((c: Tensor) => [c, tree], x, null, { length: 1 })],
  ];
  test.each(users)("%s", (_name, use) => {
    for (const [what, tree] of trees) expect([what, codeOf(() => use(tree))]).toEqual([what, "tree/size"]);
  });
});

test("what is not a tensor stays the same from step to step and from branch to branch", () => {
  const run = (): unknown =>
    scan(
      (c: { h: Tensor; first: boolean }) => [{ h: c.h, first: false }, null],
      { h: x, first: true },
      null,
      { length: 2 },
    );
  expect(codeOf(run)).toBe("tree/static");
  expect(
    codeOf(() =>
      compile(() =>
        sum(scan((c: Tensor) => [c, { at: x, name: Math.random() }], x, null, { length: 1 })[0]),
      )(),
    ),
  ).toBe("none");
});

test("the names of backends are a closed set", () => {
  expect(() => compile((t: Tensor) => t, { backend: untyped<"wasm">("gpu") })).toThrow(ValueError);
  expect(() => compile((t: Tensor) => t, { backend: untyped<"wasm">("gpu") })).toThrow(
    /"wasm" or "javascript"/,
  );
});

describe("anomalies in compiled functions", () => {
  test("are reported with op, place and ranges, as they are eagerly", () => {
    const inner = (t: Tensor): Tensor => mul(log(t), 2);
    const f = compile(inner);
    const bad = tensor([1, 0]);
    const textOf = (g: (t: Tensor) => Tensor): string => {
      try {
        detectAnomalies(() => g(bad));
      } catch (error) {
        expect(error).toBeInstanceOf(AnomalyError);
        return (error as Error).message;
      }
      return "";
    };
    f(x);
    expect(textOf(f)).toContain("input 0: float32[2] from 0.000 to 1.000");
    expect(textOf(f)).toBe(textOf(inner));
    expect(textOf(compile(grad((t: Tensor) => sum(mul(log(t), 0)))))).toContain("result of log");
  });
  test("are looked for until the promise of an asynchronous function is settled", async () => {
    const f = compile((t: Tensor) => log(t));
    const later = async (): Promise<Tensor> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return f(tensor([1, 0]));
    };
    await expect(detectAnomalies(later)).rejects.toBeInstanceOf(AnomalyError);
    expect((await later()).toArray()).toEqual([0, Number.NEGATIVE_INFINITY]);
    // Two that overlap: the first to end does not stop the other.
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const second = detectAnomalies(async () => {
      await gate;
      return f(tensor([1, 0]));
    });
    await detectAnomalies(async () => undefined);
    release();
    await expect(second).rejects.toBeInstanceOf(AnomalyError);
    expect(f(tensor([1, 0])).toArray()).toEqual([0, Number.NEGATIVE_INFINITY]);
  });
});
