import { describe, expect, test } from "vitest";
import { cond, whileLoop } from "../../src/compile.js";
import {
  add,
  grad,
  graph,
  greater,
  matmul,
  mul,
  scan,
  spec,
  sum,
  type Tensor,
  tanh,
  tensor,
  trace,
  Variable,
} from "../../src/index.js";

// Functions shown as text, DOT and Mermaid.

const layer = (x: Tensor, w: Tensor): Tensor => sum(tanh(matmul(x, w)));

describe("trace", () => {
  test("as text: inputs, one operation a line with its result, the results", () => {
    expect(String(trace(layer, spec([2, 3]), spec([3, 4])))).toMatchInlineSnapshot(`
      "(x: float32[2, 3], x1: float32[3, 4]) => {
        a = matmul(x, x1)   // float32[2, 4]
        b = tanh(a)   // float32[2, 4]
        c = sum(b, axes=[0, 1])   // float32[1, 1]
        d = reshape(c, [])   // float32[]
        return d
      }"
    `);
  });
  test("names arguments of trees, captured tensors and Variables", () => {
    const v = new Variable(tensor([1, 2]));
    const c = tensor([3, 4]);
    const f = ({ a, b }: { a: Tensor; b: readonly Tensor[] }): Tensor => {
      v.value = add(v.value, mul(a, c));
      return add(b[0], b[1]);
    };
    const traced = trace(f, { a: spec([2]), b: [spec([]), spec([], "float64")] });
    expect(String(traced)).toMatchInlineSnapshot(`
      "(x.a: float32[2], x.b[0]: float32[], x.b[1]: float64[], captured0: float32[2], variable0: float32[2]) => {
        a = mul(x.a, captured0)   // float32[2]
        b = add(variable0, a)   // float32[2]
        c = cast(x.b[0], float64)   // float64[]
        d = add(c, x.b[1])   // float64[]
        return d, b
      }"
    `);
    expect(traced.outputs).toEqual([{ shape: [], dtype: "float64" }]);
    expect(v.value.toArray()).toEqual([1, 2]);
  });
  test("bodies of loops and branches are indented", () => {
    const f = (x: Tensor, xs: Tensor): Tensor => {
      const [last] = scan((h: Tensor, t: Tensor) => [tanh(add(h, t)), h], x, xs, { reverse: true });
      const chosen = cond(
        greater(last, 0),
        (y: Tensor) => mul(y, 2),
        (y: Tensor) => y,
        last,
      );
      return whileLoop(
        (y: Tensor) => greater(y, 1),
        (y: Tensor) => mul(y, 0.5),
        chosen,
      );
    };
    const traced = trace(f, spec([]), spec([4]));
    expect(String(traced)).toMatchInlineSnapshot(`
      "(x: float32[], x1: float32[4]) => {
        a, b = scan(x, x1, length=4 reverse constants=0 carries=1)   // float32[], float32[4]
          (_a: float32[], _b: float32[]) => {
            a = add(_a, _b)   // float32[]
            b = tanh(a)   // float32[]
            return b, _a
          }
        c = fill(value=0)   // float32[]
        d = greater(a, c)   // bool[]
        e = cond(d, a)   // float32[]
          (_a: float32[]) => {
            a = fill(value=2)   // float32[]
            b = mul(_a, a)   // float32[]
            return b
          }
          (_a: float32[]) => {
            return _a
          }
        f = while(e)   // float32[]
          (_a: float32[]) => {
            a = fill(value=1)   // float32[]
            b = greater(_a, a)   // bool[]
            return b
          }
          (_a: float32[]) => {
            a = fill(value=0.5)   // float32[]
            b = mul(_a, a)   // float32[]
            return b
          }
        return f
      }"
    `);
    expect(traced.nodes).toBe(
      String(traced)
        .split("\n")
        .filter((line) => /^ {2}\w.* = /.test(line)).length,
    );
  });
  test("of shapes only: mistakes show without data", () => {
    expect(() => trace(layer, spec([2, 3]), spec([4, 3]))).toThrow(/matmul: inner sizes differ/);
    expect(() => spec([2.5])).toThrow();
    expect(() => spec([2], "int8" as never)).toThrow();
    expect(() => trace((x: Tensor) => x.item(), spec([]))).toThrow(/no value yet/);
  });
  test("a function that does nothing, and one of nothing", () => {
    expect(String(trace((x: Tensor) => x, spec([2])))).toBe("(x: float32[2]) => {\n  return x\n}");
    const made = trace(() => 3);
    expect([made.nodes, made.outputs]).toEqual([0, []]);
  });
  test("many values have names of their own", () => {
    const many = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 60; i++) y = tanh(y);
      return y;
    };
    const names = [...String(trace(many, spec([]))).matchAll(/^ {2}(\w+) = /gm)].map((m) => m[1]);
    expect(new Set(names).size).toBe(60);
    expect(names).not.toContain("x");
  });
});

describe("graph", () => {
  const backward = graph(grad((x: Tensor) => sum(mul(x, x))))(tensor([1, 2]));
  test("of a gradient: forward and backward", () => {
    expect(String(backward)).toMatchInlineSnapshot(`
      "(x: float32[2]) => {
        a = identity(x)   // float32[2]
        b = fill(value=1)   // float32[]
        c = reshape(b, [1])   // float32[1]
        d = broadcastTo(c, [2])   // float32[2]
        e = mul(d, a)   // float32[2]
        f = mul(d, a)   // float32[2]
        g = add(e, f)   // float32[2]
        return g
      }"
    `);
  });
  test("as DOT", () => {
    expect(graph(layer)(tensor([[1]]), tensor([[2]])).toDot()).toMatchInlineSnapshot(`
      "digraph {
        rankdir=TB; node [shape=box];
        i0 [label="x: float32[1, 1]", shape=ellipse];
        i1 [label="x1: float32[1, 1]", shape=ellipse];
        n0 [label="matmul"];
        n1 [label="tanh"];
        n2 [label="sum axes=[0, 1]"];
        n3 [label="reshape []"];
        o0 [label="result 0", shape=ellipse];
        i0 -> n0 [label="float32[1, 1]"];
        i1 -> n0 [label="float32[1, 1]"];
        n0 -> n1 [label="float32[1, 1]"];
        n1 -> n2 [label="float32[1, 1]"];
        n2 -> n3 [label="float32[1, 1]"];
        n3 -> o0 [label="float32[]"];
      }"
    `);
    const dot = backward.toDot();
    const known = new Set([...dot.matchAll(/^ {2}(\w+) \[/gm)].map((m) => m[1]));
    for (const [, from, to] of dot.matchAll(/^ {2}(\w+) -> (\w+)/gm)) {
      expect(known).toContain(from);
      expect(known).toContain(to);
    }
  });
  test("as Mermaid", () => {
    expect(graph(layer)(tensor([[1]]), tensor([[2]])).toMermaid()).toMatchInlineSnapshot(`
      "flowchart TD
        i0(["x: float32[1, 1]"])
        i1(["x1: float32[1, 1]"])
        n0["matmul"]
        n1["tanh"]
        n2["sum axes=[0, 1]"]
        n3["reshape []"]
        o0(["result 0"])
        i0 -->|"float32[1, 1]"| n0
        i1 -->|"float32[1, 1]"| n0
        n0 -->|"float32[1, 1]"| n1
        n1 -->|"float32[1, 1]"| n2
        n2 -->|"float32[1, 1]"| n3
        n3 -->|"float32[]"| o0"
    `);
    // A quote in a label would end it.
    for (const line of backward.toMermaid().split("\n")) expect((line.match(/"/g) ?? []).length % 2).toBe(0);
  });
});
