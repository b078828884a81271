import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import {
  add,
  concat,
  grad,
  matmul,
  max,
  mul,
  reshape,
  scan,
  scatterAdd,
  slice,
  spec,
  sum,
  type Tensor,
  take,
  tensor,
  transpose,
  zeros,
} from "../../src/index.js";
import { current } from "../../src/trace/context.js";
import { backends, compiledIsEager, gradientOf } from "./agreement.js";

// What a traced function may not do, and shapes and indices at the edge.

describe("reading a value while it is traced", () => {
  const reads: readonly (readonly [name: string, f: (x: Tensor) => unknown])[] = [
    ["item()", (x) => sum(x).item()],
    ["data", (x) => x.data],
    ["toArray()", (x) => x.toArray()],
    ["a comparison", (x) => Number(x) > 0],
    ["unary plus", (x) => +(x as unknown as number)],
    ["a template string", (x) => `${x}`],
    ["String", (x) => String(x)],
    ["concatenation", (x) => `${"loss: "}${x}`],
    ["inside of a scan", (x) => scan((c: Tensor, t: Tensor) => [add(c, t.item()), c], sum(x), x)],
    ["inside of a gradient", (x) => grad((y: Tensor) => mul(sum(y), sum(y).item()))(x)],
  ];
  test.each(reads)("%s", (_name, f) => {
    const compiled = compile((x: Tensor) => {
      f(x);
      return x;
    });
    const call = (): unknown => compiled(tensor([1, 2]));
    expect(call).toThrow(expect.objectContaining({ name: "SymbolicValueError", code: "symbolic/value" }));
    for (const way of ["where", "cond", "scan"]) expect(call).toThrow(way);
    expect(current().trace).toBeNull();
  });
  test("as text", () => {
    const call = (): unknown => compile((x: Tensor) => mul(x, sum(x).item()))(tensor([1, 2]));
    expect(call).toThrowErrorMatchingInlineSnapshot(`
      [SymbolicValueError: item(): the tensor has no value yet: the function is being traced.
        got:      item() of a symbolic float32[]
        expected: operations on tensors only, inside compile, trace, vmap and scan
        mend:     choose with where, branch with cond, loop with scan, or read the value outside]
    `);
  });
});

describe("also refused", () => {
  test("an asynchronous function", async () => {
    const late = async (x: Tensor): Promise<Tensor> => {
      await null;
      return mul(x, 2);
    };
    // The types refuse it too.
    const f = compile(late as never) as unknown as (x: Tensor) => Tensor;
    expect(() => f(tensor([1]))).toThrow(expect.objectContaining({ code: "async/function" }));
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  test("what is no function", () => {
    expect(() => compile(3 as never)).toThrow(expect.objectContaining({ code: "compile/function" }));
  });
  test("symbols that were kept after their trace", () => {
    let kept: Tensor | undefined;
    const f = compile((x: Tensor) => {
      kept = mul(x, 2);
      return kept;
    });
    f(tensor([1]));
    expect(() => (kept as Tensor).item()).toThrow(expect.objectContaining({ code: "leak/symbol" }));
    expect(() => String(kept)).toThrow(expect.objectContaining({ code: "leak/symbol" }));
    expect(() => add(kept as Tensor, 1)).toThrow(expect.objectContaining({ code: "leak/symbol" }));
    expect(() => f(kept as Tensor)).toThrow(expect.objectContaining({ code: "leak/symbol" }));
    expect(() => f(spec([1]))).toThrow(expect.objectContaining({ code: "symbolic/spec" }));
  });
  test("shape mistakes name the function that the user called", () => {
    const f = compile((x: Tensor) => matmul(x, x));
    expect(() => f(zeros([2, 3]))).toThrow(/matmul: inner sizes differ/);
  });
});

describe("nothing and one", () => {
  const holds = (f: (...x: Tensor[]) => Tensor | readonly Tensor[], ...inputs: Tensor[]): void => {
    const list = (all: readonly Tensor[]): readonly Tensor[] => {
      const made = f(...all);
      return "id" in made ? [made] : made;
    };
    compiledIsEager(list, inputs, "edge");
    if (list(inputs).some((t) => t.dtype === "float32"))
      compiledIsEager(gradientOf(list), inputs, "edge gradient");
  };
  test("tensors without elements", () => {
    const none = zeros([0, 3]);
    holds((x) => [mul(x, 2), sum(x), sum(x, { axis: 0 }), transpose(x), reshape(x, [3, 0])], none);
    holds((x, y) => [concat([x, y]), add(x, 1)], none, tensor([[1, 2, 3]]));
    holds((x, y) => matmul(x, y), zeros([2, 0]), zeros([0, 3]));
    holds((x, y) => matmul(x, y), zeros([0, 2]), zeros([2, 3]));
    holds((x) => slice(x, [[1, 1]]), tensor([1, 2, 3]));
    holds(
      (x) =>
        x.pad([
          [1, 0],
          [0, 0],
        ]),
      none,
    );
    holds((x) => take(x, tensor([], { dtype: "int32" })), tensor([1, 2, 3]));
    holds((x) => scatterAdd(x, tensor([], { dtype: "int32" }), zeros([0])), tensor([1, 2, 3]));
    holds((x) => [x.softmax({ axis: 1 }), x.cumsum({ axis: 0 }), x.slice([[0, 0]])], none);
  });
  test("loops of no steps and of one", () => {
    const cell = (c: Tensor, x: Tensor): [Tensor, Tensor] => {
      const next = mul(add(c, sum(x)), 0.5);
      return [next, mul(next, x)];
    };
    for (const length of [0, 1, 2]) {
      const xs = tensor(Array.from({ length: 2 * length }, (_, i) => i + 1)).reshape([length, 2]);
      for (const reverse of [false, true]) {
        holds((c, x) => scan(cell, c, x, { reverse }), tensor(3), xs);
        holds(
          (c, x) => scan((s: Tensor, t: Tensor) => [s, add(s, t)], c, x, { reverse }),
          tensor([1, 2]),
          xs,
        );
        holds(
          (c, x) => scan((s: Tensor, t: Tensor) => scan(cell, s, reshape(t, [2, 1]), { reverse }), c, x)[0],
          tensor(1),
          xs,
        );
      }
    }
  });
  test("no arguments, no results, results that are known beforehand", () => {
    holds(() => [tensor([1, 2]), zeros([2, 2]), add(tensor(1), 2)]);
    for (const backend of backends) expect(compile(() => [] as Tensor[], { backend })()).toEqual([]);
  });
  test("scalars and axes of size one", () => {
    holds((x) => [sum(x), max(x), mul(x, x), reshape(x, [1, 1, 1])], tensor(2));
    holds((x, y) => [add(x, y), matmul(x, y), transpose(x)], tensor([[2]]), tensor([[3]]));
  });
});
