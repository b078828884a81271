import { describe, expect, test } from "vitest";
import { optimize } from "../../src/compiler/pipeline.js";
import { spec, trace } from "../../src/compiler/print-graph.js";
import { verification, verify } from "../../src/compiler/verify.js";
import { add, exp, mul, scan, type Tensor, tanh, tensor } from "../../src/index.js";
import type { Graph, Op } from "../../src/trace/op.js";
import { through } from "./traced-graphs.js";

// What the verifier finds in a graph that is none.

describe("the verifier", () => {
  const graphOf = (f: (...args: Tensor[]) => unknown): Graph => trace(f, spec([2])).closed.graph;
  const good = graphOf((x) => mul(tanh(x), exp(x)));
  const broken: readonly (readonly [string, Graph, RegExp])[] = [
    [
      "order",
      { ...good, nodes: [...good.nodes].reverse() },
      /after a pass: mul uses a value that is not made before it/,
    ],
    ["twice", { ...good, nodes: [...good.nodes, good.nodes[0]] }, /tanh makes a value again/],
    ["nothing", { ...good, nodes: [] }, /an output is not made/],
    [
      "shape",
      {
        ...good,
        nodes: good.nodes.map((n) => ({
          ...n,
          outputs: n.outputs.map((t) => Object.assign(Object.create(t) as Tensor, { sizes: [3] })),
        })),
      },
      /tanh should give float32\[2\], has float32\[3\]/,
    ],
  ];
  test.each(broken)("finds a graph with broken %s", (_name, graph, message) => {
    verify(good, "tracing");
    expect(() => verify(graph, "a pass")).toThrow(message);
    expect(() => verify(graph, "a pass")).toThrow(expect.objectContaining({ name: "InternalError" }));
  });
  test("looks into bodies", () => {
    const outer = graphOf((x) => scan((c: Tensor, y: Tensor) => [add(c, y), c], tensor(0), x));
    const node = outer.nodes.find((n) => n.op.name === "scan")!;
    const attributes = node.attributes as { body: Graph };
    const inside = { ...attributes, body: { ...attributes.body, nodes: [] } };
    const graph = {
      ...outer,
      nodes: outer.nodes.map((n) => (n === node ? { ...n, op: n.op as Op, attributes: inside } : n)),
    };
    expect(() => verify(graph, "a pass")).toThrow(/an output is not made/);
  });
});

test.each([true, false])(
  "the pipeline names the first pass after which a graph is none, each checked: %s",
  (each) => {
    const { closed } = trace((x) => mul(tanh(x), exp(x)), spec([2]));
    const broken = { ...closed.graph, nodes: [...closed.graph.nodes].reverse() };
    const { everyPass } = verification;
    verification.everyPass = each;
    try {
      expect(() => optimize(broken, ["before"])).toThrow(
        /after inline calls: exp uses|after inline calls: mul uses/,
      );
    } finally {
      verification.everyPass = everyPass;
    }
  },
);

test("a pass that reaches outside of its graph is told", () => {
  const stray = tensor([1, 2]);
  expect(() =>
    through(
      (g) => ({ ...g, outputs: [stray] }),
      (x) => x,
      spec([2]),
    ),
  ).toThrow(/an output is not made/);
});
