import { expect, test } from "vitest";
import { any, made, once, plus, product, rule } from "../../src/compiler/patterns.js";
import { optimize } from "../../src/compiler/pipeline.js";
import { spec, trace } from "../../src/compiler/print-graph.js";
import { isGraph, rewriteBodies, rewriteGraph } from "../../src/compiler/rewrite.js";
import { add, exp, matmul, mul, scan, type Tensor, tanh, unstack } from "../../src/index.js";
import type { Graph } from "../../src/trace/op.js";

const graphOf = (f: (...args: Tensor[]) => unknown, ...args: Tensor[]): Graph =>
  trace(f, ...args).closed.graph;
const names = (graph: Graph): string[] => graph.nodes.map(({ op }) => op.name);

test("a graph in which no rule finds anything is returned itself, bodies included", () => {
  const graph = graphOf(
    (h, xs) => scan((c: Tensor, x: Tensor) => [tanh(add(c, x)), c], h, xs),
    spec([2]),
    spec([3, 2]),
  );
  expect(rewriteGraph(graph, () => null)).toBe(graph);
  expect(rewriteBodies((body) => rewriteGraph(body, () => null), graph)).toBe(graph);
});

test("only what reads a replaced value is made again, and it keeps the name of its output", () => {
  const graph = graphOf((x) => [exp(x), tanh(exp(mul(x, x)))], spec([2]));
  const square = graph.nodes.find(({ op }) => op.name === "mul")!;
  const next = rewriteGraph(graph, (node) =>
    node === square ? [add(node.inputs[0], node.inputs[1])] : null,
  );
  expect(names(next)).toEqual(["exp", "add", "exp", "tanh"]);
  expect(next.nodes[0]).toBe(graph.nodes[0]);
  expect(next.nodes[2]).not.toBe(graph.nodes[2]);
  expect(next.nodes[2].outputs[0]).toBe(graph.nodes[2].outputs[0]);
  expect(next.nodes[3]).toBe(graph.nodes[3]);
});

test("bodies are changed in place of what changes", () => {
  const graph = graphOf(
    (h, xs) => scan((c: Tensor, x: Tensor) => [tanh(add(c, x)), c], h, xs),
    spec([2]),
    spec([3, 2]),
  );
  const next = rewriteBodies(
    (body) => rewriteGraph(body, (node) => (node.op.name === "tanh" ? [exp(node.inputs[0])] : null)),
    graph,
  );
  const bodies = Object.values(next.nodes[0].attributes as object).filter(isGraph);
  expect(bodies.map(names)).toEqual([["add", "exp"]]);
});

test("a pattern sees a sum in either order, and a value with a second reader is not read once", () => {
  const pattern = plus(once(product(any("a"), any("b"))), any("x"));
  const found: string[] = [];
  const note = rule(pattern, ({ a, b, x }) => {
    found.push([a, b, x].map((t) => t.shape.join("×")).join());
    return null;
  });
  const args = [spec([2, 3]), spec([3, 4]), spec([4])];
  rewriteGraph(
    graphOf((a, b, x) => add(x, matmul(a, b)), ...args),
    note,
  );
  rewriteGraph(
    graphOf((a, b, x) => add(matmul(a, b), x), ...args),
    note,
  );
  expect(found).toEqual(["2×3,3×4,4", "2×3,3×4,4"]);
  const shared = (a: Tensor, b: Tensor, x: Tensor): unknown => {
    const both = matmul(a, b);
    return [add(both, x), exp(both)];
  };
  rewriteGraph(graphOf(shared, ...args), note);
  expect(found).toHaveLength(2);
});

test("where one way to see a value does not satisfy, the other is tried", () => {
  const isSum = plus(any("a"), any("b"));
  const graph = graphOf((x, y) => add(x, y), spec([2]), spec([1]));
  const next = rewriteGraph(
    graph,
    rule(isSum, ({ a }, out) => (a.shape[0] === 1 ? mul(a, out.shape[0]) : null)),
  );
  expect(names(next)).toContain("mul");
  const isExp = made<"x">((_lowering, { op }) => op.name === "exp", any("x"));
  expect(
    rewriteGraph(
      graph,
      rule(isExp, ({ x }) => tanh(x)),
    ),
  ).toBe(graph);
});

test("nodes without outputs are left out, and no rule is asked about them", () => {
  const [one] = graphOf((x) => unstack(x), spec([1, 2])).nodes;
  const { inputs } = graphOf((x) => x, spec([0, 2]));
  const dead = { ...one, inputs, outputs: [] };
  const graph = graphOf(
    (x) =>
      add(
        matmul(x, x)
          .transpose()
          .slice([[0, 1]]),
        x.slice([[1, 2]]),
      ),
    spec([2, 2]),
  );
  const both = { ...graph, inputs: [...inputs, ...graph.inputs], nodes: [dead, ...graph.nodes] };
  const asked: number[] = [];
  const next = rewriteGraph(both, (node) => {
    asked.push(node.outputs.length);
    return null;
  });
  expect(next.nodes).toEqual(graph.nodes);
  expect(asked).toEqual(graph.nodes.map(() => 1));
  const optimized = (g: Graph): string[] =>
    names(
      optimize(
        g,
        g.inputs.map(() => "before" as const),
      ).graph,
    );
  expect(optimized(both)).toEqual(optimized(graph));
});
