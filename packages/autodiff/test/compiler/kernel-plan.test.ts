import { describe, expect, test } from "vitest";
import { InternalError } from "../../src/base/errors.js";
import { newBody } from "../../src/compiler/lowering/expressions.js";
import { KernelPlan } from "../../src/compiler/lowering/kernel-plan.js";
import type { Value } from "../../src/compiler/lowering/values.js";
import { spec } from "../../src/compiler/print-graph.js";
import { loweringOf } from "../../src/compiler/rewrite.js";
import { add, exp, mul, neg, sin, type Tensor } from "../../src/index.js";
import type { Graph, Node } from "../../src/trace/op.js";
import { graphOf, nodeOf, outputOf, Room } from "./traced-graphs.js";

// Which elementwise nodes form one kernel, and what of them is stored.

/** A plan of a graph's elementwise nodes, its inputs in memory. */
class Planned {
  readonly room = new Room();
  readonly plan: KernelPlan;
  readonly values: Map<number, Value> = new Map();
  readonly graph: Graph;
  constructor(graph: Graph, maxAccesses = 40) {
    this.graph = graph;
    this.plan = new KernelPlan({ maxAccesses, maxLazyDepth: 24 }, this.room.allocate);
    for (const t of graph.inputs)
      this.values.set(t.id, { kind: "stored", view: this.room.allocate("in", t), item: -1 });
  }
  join(node: Node): void {
    const lowering = loweringOf(node);
    const [out] = node.outputs;
    if (lowering?.kind === "fill") {
      this.values.set(out.id, { kind: "uniform", value: lowering.value, shape: out.shape, dtype: out.dtype });
      return;
    }
    if (lowering?.kind !== "map") throw new Error(`${node.op.name} is no elementwise node`);
    const { expression } = lowering;
    const place = () => this.room.allocate(node.op.name, out);
    const inputs = node.inputs.map((t) => this.value(t));
    this.values.set(out.id, this.plan.join({ name: node.op.name, out, expression, place }, inputs));
  }
  all(): this {
    for (const node of this.graph.nodes) this.join(node);
    return this;
  }
  value(t: Tensor): Value {
    const value = this.values.get(t.id);
    if (value === undefined) throw new Error("no such value");
    return value;
  }
  /** Each item: a group's ops with how many of its results are stored, or "single". */
  items(): string[] {
    return this.plan
      .finish()
      .items.map((item) =>
        item.kind === "single"
          ? "single"
          : `${item.names.join(" ")}: ${item.slots.filter((s) => s.view !== null).length}`,
      );
  }
}
const planned = (f: (...args: Tensor[]) => unknown, ...shapes: number[][]): Planned =>
  new Planned(graphOf(f, ...shapes.map((shape) => spec(shape))));

describe("groups", () => {
  test("nodes over the same indices form one, related or not", () => {
    expect(
      planned((x, y) => [exp(neg(x)), sin(y)], [3], [3])
        .all()
        .items(),
    ).toEqual(["neg exp sin: 0"]);
  });
  test("axes of size 1 make no difference", () => {
    expect(
      planned((x, y) => [neg(x), sin(y)], [3], [1, 3])
        .all()
        .items(),
    ).toEqual(["neg sin: 0"]);
  });
  test("other indices are another group, which reads what is stored", () => {
    const p = planned((x, y) => mul(neg(x), y), [3], [4, 3]).all();
    expect(p.items()).toEqual(["neg: 1", "mul: 0"]);
  });
  test("a node comes behind a kernel that writes its operand, not into a group before", () => {
    const p = planned((x, y) => [neg(x), sin(y)], [3], [3]);
    p.join(nodeOf(p.graph, "neg"));
    const item = p.plan.single(() => []);
    p.values.set(p.graph.inputs[1].id, { kind: "stored", view: p.room.allocate("y", spec([3])), item });
    p.join(nodeOf(p.graph, "sin"));
    expect(p.items()).toEqual(["neg: 0", "single", "sin: 0"]);
  });
  test("a node joins a group before a kernel that it does not need", () => {
    const p = planned((x, y) => [neg(x), sin(y)], [3], [3]);
    p.join(nodeOf(p.graph, "neg"));
    p.plan.single(() => []);
    p.join(nodeOf(p.graph, "sin"));
    expect(p.items()).toEqual(["neg sin: 0", "single"]);
  });
  test("a full group takes no more: reads and results count", () => {
    // neg: a read and a result; sin: another each.
    const graph = graphOf(
      (x: Tensor, y: Tensor, z: Tensor) => [neg(x), sin(y), exp(z)],
      ...[1, 2, 3].map(() => spec([3])),
    );
    expect(new Planned(graph, 5).all().items()).toEqual(["neg sin exp: 0"]);
    expect(new Planned(graph, 4).all().items()).toEqual(["neg sin: 0", "exp: 0"]);
    expect(new Planned(graph, 2).all().items()).toEqual(["neg: 0", "sin: 0", "exp: 0"]);
  });
  test("equal reads are shared, numbers are constants", () => {
    const p = planned((x) => add(mul(x, x), 2), [3]).all();
    const [group] = p.plan.finish().items;
    expect(group.kind === "group" && group.reads.length).toBe(1);
    expect(group.kind === "group" && group.nodes.map((n) => n.kind)).toEqual([
      "read",
      "binary",
      "constant",
      "binary",
    ]);
  });
  test("a read from computed addresses opens a group of its own", () => {
    const p = planned((x) => [neg(x)], [3]).all();
    const at = { buffer: p.room.buffers[0], offset: 0, strides: [1], steps: [] };
    const [node] = p.graph.nodes;
    const lowering = loweringOf(node);
    if (lowering?.kind !== "map") throw new Error("neg is a map");
    const place = () => p.room.allocate("gathered", spec([3]));
    const { expression } = lowering;
    p.plan.gather(
      { name: "gather", out: spec([3]), expression, place },
      { kind: "gathered", at, index: at, stride: 1 },
    );
    expect(p.items()).toEqual(["neg: 0", "gather: 0"]);
  });
});

describe("stored", () => {
  test("once, whoever asks; and under another shape of the same elements", () => {
    const p = planned((x) => neg(x), [3]).all();
    const made = p.value(outputOf(p.graph, "neg"));
    const view = p.plan.stored(made, "first");
    expect(p.plan.stored(made, "second")).toBe(view);
    if (made.kind !== "made") throw new Error("a group computes it");
    expect(p.plan.stored({ ...made, shape: [1, 3, 1] }, "third")).toEqual({
      ...view,
      shape: [1, 3, 1],
      strides: [0, 1, 0],
    });
    expect(p.room.buffers.map(({ name }) => name)).toEqual(["in", "neg"]);
    expect(p.items()).toEqual(["neg: 1"]);
  });
  test("a number by a kernel of its own", () => {
    const p = planned((x) => neg(x), [3]);
    const view = p.plan.stored({ kind: "uniform", value: 7, dtype: "int32", shape: [2] }, "seven");
    expect([view.buffer.name, view.dtype, view.shape]).toEqual(["seven", "int32", [2]]);
    expect(p.items()).toEqual(["single"]);
  });
  test("never what is left to its reader, which computes it", () => {
    const p = planned((x) => neg(exp(x)), [3]);
    const inner: Value = { kind: "lazy", node: nodeOf(p.graph, "exp"), inputs: [p.value(p.graph.inputs[0])] };
    const outer: Value = { kind: "lazy", node: nodeOf(p.graph, "neg"), inputs: [inner] };
    expect(() => p.plan.stored(outer, "lazy")).toThrow(InternalError);
    const body = newBody();
    const result = p.plan.operand(body, outer, [3], null);
    expect(body.nodes.map((n) => (n.kind === "unary" ? n.name : n.kind))).toEqual(["read", "exp", "neg"]);
    expect(result).toBe(2);
  });
});

describe("stored in one more place", () => {
  const one = (maxAccesses?: number): { p: Planned; made: Value } => {
    const p = new Planned(
      graphOf((x: Tensor) => neg(x), spec([3])),
      maxAccesses,
    ).all();
    return { p, made: p.value(outputOf(p.graph, "neg")) };
  };
  test("by the group that computes and stores it", () => {
    const { p, made } = one();
    const place = p.room.allocate("place", spec([1, 3]));
    expect(p.plan.tryAlsoStore(made, place)).toBe(false);
    p.plan.stored(made, "first");
    expect(p.plan.tryAlsoStore(made, place)).toBe(true);
    expect(p.items()).toEqual(["neg: 2"]);
  });
  test("not in the same buffer, under another shape, or by a full group", () => {
    const { p, made } = one();
    const view = p.plan.stored(made, "first");
    expect(p.plan.tryAlsoStore(made, { ...view, offset: 3 })).toBe(false);
    expect(p.plan.tryAlsoStore(made, p.room.allocate("place", spec([4])))).toBe(false);
    expect(p.items()).toEqual(["neg: 1"]);
    const full = one(2);
    full.p.plan.stored(full.made, "first");
    expect(full.p.plan.tryAlsoStore(full.made, full.p.room.allocate("place", spec([3])))).toBe(false);
  });
  test("not what no group computes", () => {
    const { p } = one();
    const place = p.room.allocate("place", spec([3]));
    expect(p.plan.tryAlsoStore(p.value(p.graph.inputs[0]), place)).toBe(false);
  });
});

test("targets are filled before all else, the last one first", () => {
  const p = planned((x) => neg(x), [3]);
  p.plan.single(() => []);
  p.plan.fillFirst("inner", p.room.allocate("a", spec([2])), 0);
  p.plan.fillFirst("outer", p.room.allocate("b", spec([3])), 1);
  const { fills } = p.plan.finish();
  expect(fills.map((k) => k.kind === "fill" && [k.name, k.value])).toEqual([
    ["outer", 1],
    ["inner", 0],
  ]);
});

test("a complete plan does not change", () => {
  const p = planned((x) => [neg(x), sin(x)], [3]);
  p.join(nodeOf(p.graph, "neg"));
  const made = p.value(outputOf(p.graph, "neg"));
  p.plan.finish();
  const view = p.room.allocate("late", spec([3]));
  for (const late of [
    () => p.plan.single(() => []),
    () => p.join(nodeOf(p.graph, "sin")),
    () => p.plan.stored(made, "late"),
    () => p.plan.fillFirst("late", view, 0),
  ])
    expect(late).toThrow(InternalError);
  expect(p.items()).toEqual(["neg: 0"]);
});
