import { describe, expect, test } from "vitest";
import { lazyNodes } from "../../src/compiler/lowering/lazy-nodes.js";
import { usesOf } from "../../src/compiler/lowering/value-uses.js";
import { spec } from "../../src/compiler/print-graph.js";
import { add, cumsum, exp, mul, neg, sin, sum, type Tensor, tanh } from "../../src/index.js";
import type { Graph } from "../../src/trace/op.js";
import { graphOf, opsOf, outputOf } from "./traced-graphs.js";

// Which elementwise results are left to the reduction that reads them.

const lazyOf = (graph: Graph, maxDepth = 24, isRequested = (_t: Tensor): boolean => false): string =>
  opsOf(graph, lazyNodes(graph, usesOf(graph), isRequested, maxDepth));

describe("left to a reduction", () => {
  test("a tree of elementwise nodes that ends in one", () => {
    const graph = graphOf((x: Tensor) => sum(mul(exp(x), sin(x))), spec([3, 4]));
    expect(lazyOf(graph)).toBe("exp sin mul");
  });
  test("axes of size 1 make no difference", () => {
    const graph = graphOf((x: Tensor, y: Tensor) => sum(add(exp(x), y)), spec([3]), spec([1, 3]));
    expect(lazyOf(graph)).toBe("exp add");
  });
});

describe("stored", () => {
  test("what somebody else reads, with all before it", () => {
    const graph = graphOf(
      (x: Tensor) => {
        const e = exp(sin(x));
        return [sum(neg(e)), e];
      },
      spec([3]),
    );
    expect(lazyOf(graph)).toBe("neg");
  });
  test("what is stretched on the way: the reduction would compute it many times", () => {
    const graph = graphOf((x: Tensor, y: Tensor) => sum(mul(exp(x), y)), spec([3]), spec([4, 3]));
    expect(lazyOf(graph)).toBe("mul");
  });
  test("what is wanted at a certain place", () => {
    const graph = graphOf((x: Tensor) => sum(neg(exp(x))), spec([3]));
    const e = outputOf(graph, "exp");
    expect(lazyOf(graph, 24, (t) => t.id === e.id)).toBe("neg");
  });
  test("operands of other routines", () => {
    expect(lazyOf(graphOf((x: Tensor) => cumsum(exp(x), { axis: 0 }), spec([3])))).toBe("");
  });
});

describe("the limit", () => {
  const chain = graphOf((x: Tensor) => sum(tanh(neg(sin(exp(x))))), spec([3]));
  test("bounds the chain: the node past it is stored, and a chain begins anew", () => {
    expect(lazyOf(chain, 4)).toBe("exp sin neg tanh");
    expect(lazyOf(chain, 3)).toBe("exp sin neg");
    expect(lazyOf(chain, 2)).toBe("exp sin tanh");
    expect(lazyOf(chain, 0)).toBe("");
  });
  test("bounds no width: a balanced tree of eight leaves is three deep", () => {
    const tree = graphOf(
      (...xs: Tensor[]) => {
        let level = xs;
        while (level.length > 1) level = level.slice(level.length / 2).map((x, i) => mul(level[i], x));
        return sum(level[0]);
      },
      ...Array.from({ length: 8 }, () => spec([5])),
    );
    expect(lazyOf(tree, 3).split(" ")).toHaveLength(7);
    const depths = [...lazyNodes(tree, usesOf(tree), () => false, 3).values()];
    expect(depths).toEqual([1, 1, 1, 1, 2, 2, 3]);
  });
});
