import { describe, expect, test } from "vitest";
import { compile, cond, whileLoop } from "../../src/compile.js";
import { optimize } from "../../src/compiler/pipeline.js";
import { spec, trace } from "../../src/compiler/print-graph.js";
import {
  add,
  cast,
  checkedIndices,
  checkpoint,
  concat,
  flip,
  gather,
  grad,
  IndexError,
  jvp,
  less,
  matmul,
  mul,
  Random,
  reshape,
  scan,
  scatterAdd,
  setAt,
  slice,
  sum,
  type Tensor,
  take,
  takeAlongAxis,
  tensor,
  Variable,
  VariableError,
  vmap,
  zeros,
} from "../../src/index.js";

const table = tensor([1, 2, 3]);
const ids = (...values: number[]): Tensor => tensor(Int32Array.from(values));
const backends = ["wasm", "javascript"] as const;

/** What looks up, with a float operand and two indices, along an axis of three. */
const lookUps: { readonly [op: string]: (x: Tensor, index: Tensor) => Tensor } = {
  take: (x, index) => take(x, index),
  takeAlongAxis: (x, index) => takeAlongAxis(x, index),
  gather: (x, index) => gather(x, index),
  setAt: (x, index) => setAt(x, index, x.at(0).mul(5)).slice([[0, 2]]),
  scatterAdd: (x, index) => scatterAdd(x, index, x.at(0)).slice([[0, 2]]),
  checkedIndices: (x, index) => mul(x.at(0), cast(checkedIndices(index, 3), "float32")),
};

/** How an index reaches a program: makes a function of the index values out of one of index tensors. */
const waysIn: {
  readonly [way: string]: (f: (index: Tensor) => Tensor, on: Options) => (index: Tensor) => Tensor;
} = {
  constant: (f, on) => (index) => compile(() => f(index), on)(),
  "a view of a constant": (f, on) => (index) => compile(() => f(flip(index)), on)(),
  "what follows from a constant": (f, on) => (index) => compile(() => f(index.add(1).sub(1)), on)(),
  argument: (f, on) => compile(f, on),
  "a view of an argument": (f, on) => compile((index) => f(flip(reshape(index, [2]))), on),
  "a part of an argument": (f, on) => {
    const compiled = compile((long: Tensor) => f(slice(long, [[0, 2]])), on);
    // What is cut off is no index.
    return (index) => compiled(concat([index, ids(99)]));
  },
  "a Variable that is read": (f, on) => {
    const held = new Variable(ids(0, 0));
    const compiled = compile(() => f(held.value), on);
    return (index) => {
      held.value = index;
      return compiled();
    };
  },
  "a Variable that is assigned": (f, on) => {
    const held = new Variable(ids(0, 0));
    const compiled = compile(() => {
      const made = f(held.value);
      held.value = held.value.add(1);
      return made;
    }, on);
    return (index) => {
      held.value = index;
      try {
        return compiled();
      } catch (error) {
        expect(held.value.toArray()).toEqual(index.toArray());
        throw error;
      }
    };
  },
  cast: (f, on) => {
    const compiled = compile((index: Tensor) => f(cast(index, "int32")), on);
    return (index) => compiled(cast(index, "float32"));
  },
  arithmetic: (f, on) => {
    const compiled = compile((index: Tensor) => f(index.add(1)), on);
    return (index) => compiled(index.sub(1));
  },
};
type Options = { readonly backend: "wasm" | "javascript" };

/** Where in a program it is looked up. */
const places: {
  readonly [place: string]: (look: (x: Tensor, index: Tensor) => Tensor) => (index: Tensor) => Tensor;
} = {
  "at the top": (look) => (index) => look(table, index),
  "where nobody reads it": (look) => (index) => {
    look(table, index);
    return table;
  },
  "a gradient": (look) => (index) => grad((x: Tensor) => sum(mul(look(x, index), look(x, index))))(table),
  "a forward derivative": (look) => (index) => jvp((x: Tensor) => look(x, index), [table], [table])[1],
  scan: (look) => (index) =>
    scan(
      (c: Tensor, x: Tensor) => [c.add(1), look(x, index)],
      tensor(0),
      [table, table].reduce((a, b) => concat([reshape(a, [-1, 3]), reshape(b, [-1, 3])])),
    )[1],
  "scan over the indices": (look) => (index) =>
    scan(
      (c: Tensor, i: Tensor) => [add(c, sum(look(table, i))), c],
      tensor(0),
      reshape(concat([ids(0, 1), index]), [2, 2]),
    )[0],
  "a carry": (look) => (index) =>
    scan((i: Tensor, x: Tensor) => [i.add(0), look(x, i)], index, reshape(concat([table, table]), [2, 3]))[1],
  "the gradient of a scan": (look) => (index) =>
    grad(
      (x: Tensor) =>
        scan(
          (c: Tensor, i: Tensor) => [add(mul(c, 0.5), sum(look(x, i))), c],
          tensor(0),
          reshape(concat([ids(0, 1), index]), [2, 2]),
        )[0],
    )(table),
  cond: (look) => (index) =>
    cond(
      less(sum(table), 100),
      () => look(table, index),
      () => zeros([2]),
    ),
  whileLoop: (look) => (index) =>
    whileLoop(
      ([k]: [Tensor, Tensor]) => less(k, 2),
      ([k, s]: [Tensor, Tensor]): [Tensor, Tensor] => [k.add(1), add(s, sum(look(table, index)))],
      [tensor(0), tensor(0)],
    )[1],
  vmap: (look) => (index) => vmap((x: Tensor) => look(x, index))(reshape(concat([table, table]), [2, 3])),
  "vmap over the indices": (look) => (index) =>
    vmap((i: Tensor) => look(table, i))(reshape(concat([index, ids(1, 0)]), [2, 2])),
  checkpoint: (look) => (index) =>
    grad((x: Tensor) => sum(mul(checkpoint((y: Tensor) => look(y, index))(x), x.at(1))))(table),
};

describe.each(backends)("an index out of range on %s", (backend) => {
  // Who checks is decided before a backend comes in: one of them goes through the whole table.
  const whole = backend === "wasm";
  const ways = whole ? Object.keys(waysIn) : ["argument", "arithmetic"];
  describe.each(Object.keys(places))("%s", (place) => {
    test.each(ways)("%s", (way) => {
      for (const [op, look] of Object.entries(lookUps)) {
        if (!whole && op !== "take") continue;
        const count = new Variable(tensor(0));
        const late = new Variable(tensor([0, 0]));
        const plain = places[place](look);
        const f = waysIn[way](
          (index) => {
            count.value = count.value.add(1);
            const made = plain(index);
            late.value = late.value.add(sum(made));
            return made;
          },
          { backend },
        );
        const right = ids(2, 0);
        const same = way.includes("view") ? flip(right) : right;
        expect(f(right).toArray(), op).toEqual(plain(same).toArray());
        const before = late.value.toArray();
        const refused = expect.objectContaining({ name: "IndexError", code: "index/value", op });
        for (const wrong of [ids(0, 3), ids(-4, 1)]) {
          expect(() => plain(wrong), op).toThrow(refused);
          expect(() => f(wrong), op).toThrow(refused);
          expect([count.value.item(), late.value.toArray()]).toEqual([1, before]);
        }
        // The program is as good as before.
        expect(f(right).toArray(), op).toEqual(plain(same).toArray());
        expect(count.value.item()).toBe(2);
      }
    });
  });

  const on = { backend };
  test("one that is not looked up is no mistake", () => {
    const chosen = compile(
      (i: Tensor) =>
        cond(
          less(i.at(0), 3),
          () => take(table, i),
          () => zeros([1]),
        ),
      on,
    );
    expect(chosen(ids(7)).toArray()).toEqual([0]);
    const none = compile(
      (i: Tensor) => scan((c: Tensor, x: Tensor) => [c, take(x, i)], tensor(0), zeros([0, 3]))[0],
      on,
    );
    expect(none(ids(1)).item()).toBe(0);
    expect(compile((i: Tensor) => take(table, i.mul(5)), on)(zeros([0], { dtype: "int32" })).shape).toEqual([
      0,
    ]);
  });

  test("an empty axis has none", () => {
    const f = compile((x: Tensor, i: Tensor) => take(x, i.add(0)), on);
    expect(f(zeros([0, 2]), zeros([0], { dtype: "int32" })).shape).toEqual([0, 2]);
    expect(() => f(zeros([0, 2]), ids(0))).toThrow("no index: the axis is empty");
  });

  test("what is no number becomes one as it does eagerly", () => {
    const look = (x: Tensor): Tensor => take(table, cast(x, "int32"));
    const f = compile(look, on);
    const numbers = [NaN, Infinity, -Infinity, 2 ** 32, 2 ** 32 + 2, -0.9, 2.9].map((x) =>
      tensor([x], { dtype: "float64" }),
    );
    for (const x of numbers) expect(f(x).toArray()).toEqual(look(x).toArray());
    for (const x of [2 ** 31, 3, -4]) expect(() => f(tensor([x], { dtype: "float64" }))).toThrow(IndexError);
  });

  test("the first one speaks, and profiles refuse it too", () => {
    const f = compile((i: Tensor) => add(take(table, i.add(1)), scatterAdd(table, i.add(2), 1).at(0)), on);
    expect(() => f(ids(2))).toThrow("take: an index is out of range.\n  got:      index 3");
    expect(() => f(ids(1))).toThrow("scatterAdd: an index is out of range.");
    expect(() => f.profile(ids(2))).toThrow(IndexError);
    expect(f.profile(ids(0))).toContain("check take");
  });

  test("a sequence that runs into one stops there, and says where", () => {
    const steps = new Variable(tensor(0));
    const walk = compile((start: Tensor, n: Tensor) => {
      steps.value = n;
      return whileLoop(
        ([k]: [Tensor, Tensor]) => less(k, 100),
        ([k, s]: [Tensor, Tensor]): [Tensor, Tensor] => [k.add(1), add(s, take(table, k))],
        [start, tensor(0)],
      )[1];
    }, on);
    expect(() => walk(tensor(0, { dtype: "int32" }), tensor(5))).toThrow("index 3 along an axis of size 3");
    expect(steps.value.item()).toBe(0);
  });
});

test("programs check nothing that is known to be in range, and nothing that the host has seen", () => {
  const wide = tensor(Float32Array.from({ length: 100 }, (_, i) => i));
  const text = (f: (...args: Tensor[]) => Tensor, ...args: Tensor[]): string => compile(f).explain(...args);
  expect(text((i) => take(wide, i), ids(1))).not.toContain("check");
  expect(text((i) => take(wide, checkedIndices(i.add(1), 100)), ids(1)).match(/^ +check /gm)).toHaveLength(1);
  expect(text((x) => take(wide, x.argMax()), zeros([100]))).not.toContain("check");
  expect(text((x) => take(wide, x.argSort()), zeros([100]))).not.toContain("check");
  expect(text((i) => take(wide, i.clip(0, 99)), ids(1))).not.toContain("check");
  expect(text((i) => take(wide, i.clip(0, 100)), ids(1))).toContain("check take");
  // One look at the index of a look-up and of its gradient.
  const both = grad((x: Tensor, i: Tensor) => sum(mul(take(x, i.add(1)), take(x, i.add(1)))));
  expect(text(both as (...args: Tensor[]) => Tensor, wide, ids(1)).match(/^ +check /gm)).toHaveLength(1);
});

test("a Variable is not made while tracing", () => {
  expect(() => compile((x) => sum(x.add(new Variable(zeros([2])).value)))(zeros([2]))).toThrow(VariableError);
  expect(() => compile((x) => x.add(new Random(1).normal([2])))(zeros([2]))).toThrow(
    "made while a function was being traced",
  );
  expect(() => vmap((x) => x.add(new Variable(zeros([])).value))(zeros([2]))).toThrow(VariableError);
});

describe("an index that is a product with a bias", () => {
  const whole = (...rows: number[][]): Tensor => tensor(rows, { dtype: "int32" });
  const weights = whole([1, 0], [0, 1]);
  const row = ids(0, 1);
  const index = (x: Tensor): Tensor => add(matmul(x, weights.cast(x.dtype)), row.cast(x.dtype)).cast("int32");
  test.each(backends)("of constants, in %s", (backend) => {
    const right = compile((x: Tensor) => take(x, index(whole([0, 1], [2, 0]))), { backend });
    expect(right(table).toArray()).toEqual([
      [1, 3],
      [3, 2],
    ]);
    const wrong = compile((x: Tensor) => take(x, index(whole([0, 2], [0, 0]))), { backend });
    expect(() => wrong(table)).toThrow(IndexError);
  });
  test.each(backends)(
    "of float constants and of arguments, which the program itself checks, in %s",
    (backend) => {
      const floats = compile((x: Tensor) => take(x, index(whole([0, 2]).cast("float32"))), { backend });
      expect(() => floats(table)).toThrow(IndexError);
      const given = compile((x: Tensor, rows: Tensor) => take(x, index(rows)), { backend });
      expect(given(table, tensor([[2, 1]])).toArray()).toEqual([[3, 3]]);
      for (const rows of [tensor([[3, 0]]), whole([0, 2])])
        expect(() => given(table, rows)).toThrow(IndexError);
    },
  );
  test("the host computes whole numbers only: of floats the program may make another last bit", () => {
    const checksOf = (constant: Tensor): number => {
      const { graph } = trace((x) => take(x, index(constant)), spec([3])).closed;
      return optimize(
        graph,
        graph.inputs.map((_, i) => (i === 0 ? "before" : "always")),
      ).report.checks.length;
    };
    expect(checksOf(whole([0, 1]))).toBe(1);
    expect(checksOf(whole([0, 1]).cast("float32"))).toBe(0);
  });
});
