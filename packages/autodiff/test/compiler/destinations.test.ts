import { describe, expect, test } from "vitest";
import { Destinations, requestPieces } from "../../src/compiler/lowering/destinations.js";
import { usesOf } from "../../src/compiler/lowering/value-uses.js";
import { wholeView } from "../../src/compiler/lowering/views.js";
import { spec } from "../../src/compiler/print-graph.js";
import { concat, exp, pad, reshape, sin, type Tensor, zeros } from "../../src/index.js";
import type { Graph } from "../../src/trace/op.js";
import { graphOf, outputOf, Room } from "./traced-graphs.js";

// Where values are written: requests, pieces of placed tensors, room of their own.

function destinationsOf(graph: Graph): { destinations: Destinations; room: Room } {
  const room = new Room();
  return { destinations: new Destinations(usesOf(graph), room.allocate), room };
}

describe("requests", () => {
  const graph = graphOf((x: Tensor) => [reshape(sin(x), [4, 1]), zeros([4])], spec([4]));
  const s = outputOf(graph, "sin");
  test("the first one holds", () => {
    const { destinations, room } = destinationsOf(graph);
    const [first, second] = ["first", "second"].map((name) => room.allocate(name, s));
    expect(destinations.isRequested(s)).toBe(false);
    expect(destinations.request(s, () => first)).toBe(true);
    expect(destinations.request(s, () => second)).toBe(false);
    expect(destinations.isRequested(s)).toBe(true);
    expect(destinations.of(s)).toBe(first);
  });
  test("views, numbers and inputs are written by nobody", () => {
    const { destinations, room } = destinationsOf(graph);
    for (const t of [outputOf(graph, "reshape"), outputOf(graph, "fill"), graph.inputs[0]]) {
      expect(destinations.request(t, () => room.allocate("place", t))).toBe(false);
      expect(destinations.isRequested(t)).toBe(false);
    }
  });
  test("room is made when it is first asked for, once", () => {
    const { destinations, room } = destinationsOf(graph);
    expect(destinations.decided(s)).toBeUndefined();
    const view = destinations.of(s);
    expect(room.buffers.map(({ name, length }) => [name, length])).toEqual([[`v${s.id}`, 4]]);
    expect(destinations.of(s)).toBe(view);
    expect(destinations.decided(s)).toBe(view);
    expect(room.buffers).toHaveLength(1);
  });
  test("a place that turns out not to fit gives room of its own", () => {
    const { destinations, room } = destinationsOf(graph);
    destinations.request(s, () => null);
    expect(destinations.of(s).buffer).toBe(room.buffers[0]);
  });
  test("what is assigned, or given room of its own, is no longer where it was requested", () => {
    const { destinations, room } = destinationsOf(graph);
    const [wanted, other] = ["wanted", "other"].map((name) => room.allocate(name, s));
    destinations.request(s, () => wanted);
    destinations.assign(s, other);
    expect(destinations.of(s)).toBe(other);
    const own = destinations.ownRoom(s);
    expect(room.buffers).toContain(own.buffer);
    expect(own.buffer).not.toBe(wanted.buffer);
    expect(destinations.of(s)).toBe(own);
  });
});

describe("pieces", () => {
  test("are written into the placed tensor, wherever that one is written", () => {
    const graph = graphOf((x: Tensor) => concat([sin(x), exp(x)], { axis: 0 }), spec([2, 3]));
    const { destinations, room } = destinationsOf(graph);
    requestPieces(graph, destinations);
    const result = wholeView(room.buffer("result", "float32", 20), [4, 3]);
    destinations.request(outputOf(graph, "place"), () => ({ ...result, offset: 5 }));
    const [s, e] = ["sin", "exp"].map((op) => destinations.of(outputOf(graph, op)));
    expect([s.buffer, e.buffer]).toEqual([result.buffer, result.buffer]);
    expect([s.offset, e.offset]).toEqual([5, 11]);
    expect(room.buffers).toHaveLength(1);
  });
  test("of pieces lie in the outermost", () => {
    const graph = graphOf((x: Tensor) => pad(pad(sin(x), [[0, 1]]), [[2, 0]]), spec([4]));
    const { destinations, room } = destinationsOf(graph);
    requestPieces(graph, destinations);
    expect(destinations.of(outputOf(graph, "sin"))).toMatchObject({ offset: 2, shape: [4] });
    expect(room.buffers.map(({ length }) => length)).toEqual([7]);
  });
  test("that are pieces of two are written into the last", () => {
    const graph = graphOf(
      (x: Tensor) => {
        const s = sin(x);
        return [pad(s, [[1, 0]]), pad(s, [[2, 0]])];
      },
      spec([4]),
    );
    const { destinations } = destinationsOf(graph);
    requestPieces(graph, destinations);
    const [first, last] = [0, 1].map((i) => destinations.of(outputOf(graph, "place", i)));
    const { buffer, offset } = destinations.of(outputOf(graph, "sin"));
    expect(first.buffer).not.toBe(last.buffer);
    expect([buffer, offset]).toEqual([last.buffer, 2]);
  });
});
