import { expect, test } from "vitest";
import { usesOf } from "../../src/compiler/lowering/value-uses.js";
import { spec } from "../../src/compiler/print-graph.js";
import { add, mul, reshape, scan, sin, type Tensor, zeros } from "../../src/index.js";
import { graphOf, nodeOf, opsOf, outputOf } from "./traced-graphs.js";

test("readings are counted, outputs of the graph among them", () => {
  const graph = graphOf(
    (x: Tensor) => {
      const s = sin(x);
      return [s, mul(s, s)];
    },
    spec([3]),
  );
  const { counts, makers, readers } = usesOf(graph);
  const s = outputOf(graph, "sin");
  const product = outputOf(graph, "mul");
  expect(counts.get(graph.inputs[0].id)).toBe(1);
  expect(counts.get(s.id)).toBe(3);
  expect(counts.get(product.id)).toBe(1);
  expect(makers.get(s.id)).toBe(nodeOf(graph, "sin"));
  expect(makers.has(graph.inputs[0].id)).toBe(false);
  expect(readers.get(s.id)).toBe(nodeOf(graph, "mul"));
  expect(readers.has(product.id)).toBe(false);
});

test("the reader of a value that several nodes read is the last of them", () => {
  const graph = graphOf((x: Tensor) => add(sin(x), mul(x, x)), spec([3]));
  expect(usesOf(graph).readers.get(graph.inputs[0].id)).toBe(nodeOf(graph, "mul"));
});

test("kernels write what is computed, and what a loop gives; no inputs, views or numbers", () => {
  const graph = graphOf(
    (x: Tensor, xs: Tensor) => [
      reshape(sin(x), [3, 1]),
      zeros([4]),
      scan((c: Tensor, t: Tensor) => [add(c, t), c], x, xs),
    ],
    spec([3]),
    spec([2, 3]),
  );
  expect(opsOf(graph, usesOf(graph).written)).toBe("sin scan");
});
