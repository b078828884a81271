import { describe, expect, test } from "vitest";
import { Destinations, requestPieces } from "../../src/compiler/lowering/destinations.js";
import { type Holdings, mayOverwrite } from "../../src/compiler/lowering/ownership.js";
import { usesOf } from "../../src/compiler/lowering/value-uses.js";
import type { Value } from "../../src/compiler/lowering/values.js";
import { spec } from "../../src/compiler/print-graph.js";
import { add, matmul, neg, pad, reshape, slice, type Tensor, transpose } from "../../src/index.js";
import type { Buffer } from "../../src/kernel/program.js";
import type { Graph } from "../../src/trace/op.js";
import { graphOf, outputOf, Room } from "./traced-graphs.js";

// Which values a reader may write over.

/** All values of a graph in memory; those of its nodes are temporaries. */
function holdingsOf(graph: Graph): Holdings & { donated: Set<number>; temporaries: Set<Buffer> } {
  const room = new Room();
  const uses = usesOf(graph);
  const destinations = new Destinations(uses, room.allocate);
  requestPieces(graph, destinations);
  const values = new Map<number, Value>();
  const put = (t: Tensor, item: number): void => {
    values.set(t.id, { kind: "stored", view: destinations.of(t), item });
  };
  for (const t of graph.inputs) put(t, -1);
  const outside = room.buffers.length;
  for (const [i, node] of graph.nodes.entries()) for (const t of node.outputs) put(t, i);
  return {
    uses,
    values,
    destinations,
    donated: new Set(),
    temporaries: new Set(room.buffers.slice(outside)),
  };
}
const square = spec([4, 4]);

test("a temporary with one reader may be overwritten, an input of the program may not", () => {
  const graph = graphOf((x: Tensor, w: Tensor) => neg(matmul(x, w)), square, square);
  const holdings = holdingsOf(graph);
  expect(mayOverwrite(outputOf(graph, "matmul"), holdings)).toBe(true);
  expect(mayOverwrite(graph.inputs[0], holdings)).toBe(false);
});

test("an input may be if its memory was donated, and it has one reader", () => {
  const graph = graphOf((x: Tensor, y: Tensor) => [neg(x), add(y, y)], square, square);
  const holdings = holdingsOf(graph);
  for (const t of graph.inputs) holdings.donated.add(t.id);
  expect(graph.inputs.map((t) => mayOverwrite(t, holdings))).toEqual([true, false]);
});

test("a temporary with two readers, or that is a result, may not be", () => {
  const graph = graphOf((x: Tensor) => {
    const twice = matmul(x, x);
    return [neg(twice), transpose(twice), matmul(x, x)];
  }, square);
  const holdings = holdingsOf(graph);
  expect(mayOverwrite(outputOf(graph, "matmul"), holdings)).toBe(false);
  // Whoever runs the graph requests its outputs.
  holdings.destinations.request(outputOf(graph, "matmul", 1), () => null);
  expect(mayOverwrite(outputOf(graph, "matmul", 1), holdings)).toBe(false);
});

test("a value of a buffer that is no temporary may not be", () => {
  const graph = graphOf((x: Tensor) => neg(matmul(x, x)), square);
  const holdings = holdingsOf(graph);
  holdings.temporaries.clear();
  expect(mayOverwrite(outputOf(graph, "matmul"), holdings)).toBe(false);
});

describe("a value that no kernel has written", () => {
  const graph = graphOf((x: Tensor) => neg(neg(x)), square);
  const inner = outputOf(graph, "neg");
  test.each<Value>([
    { kind: "uniform", value: 1, dtype: "float32", shape: [4, 4] },
    { kind: "lazy", node: graph.nodes[0], inputs: [] },
  ])("$kind", (value) => {
    const holdings = holdingsOf(graph);
    expect(mayOverwrite(inner, holdings)).toBe(true);
    expect(mayOverwrite(inner, { ...holdings, values: new Map([[inner.id, value]]) })).toBe(false);
    expect(mayOverwrite(inner, { ...holdings, values: new Map() })).toBe(false);
  });
});

describe("views", () => {
  test("of all elements are as good as what they show", () => {
    const graph = graphOf((x: Tensor) => neg(transpose(reshape(matmul(x, x), [2, 8]))), square);
    expect(mayOverwrite(outputOf(graph, "transpose"), holdingsOf(graph))).toBe(true);
  });
  test("of some elements are not: others may be read elsewhere", () => {
    const graph = graphOf((x: Tensor) => neg(slice(matmul(x, x), [[0, 2]])), square);
    expect(mayOverwrite(outputOf(graph, "slice"), holdingsOf(graph))).toBe(false);
  });
  test("of a value that has other readers are not", () => {
    const graph = graphOf((x: Tensor) => {
      const product = matmul(x, x);
      return [neg(transpose(product)), neg(product)];
    }, square);
    expect(mayOverwrite(outputOf(graph, "transpose"), holdingsOf(graph))).toBe(false);
  });
});

describe("a placed tensor", () => {
  const padded = (t: Tensor): Tensor =>
    pad(t, [
      [0, 1],
      [0, 0],
    ]);
  test("may be overwritten if its pieces have no other reader", () => {
    const graph = graphOf((x: Tensor) => neg(padded(padded(neg(x)))), square);
    expect(mayOverwrite(outputOf(graph, "place", 1), holdingsOf(graph))).toBe(true);
  });
  test("may not be if a piece inside of it, or inside of a piece, is read again", () => {
    for (const times of [1, 2]) {
      const graph = graphOf((x: Tensor) => {
        const piece = matmul(x, x);
        return [neg(times === 1 ? padded(piece) : padded(padded(piece))), neg(piece)];
      }, square);
      expect(mayOverwrite(outputOf(graph, "place", times - 1), holdingsOf(graph))).toBe(false);
    }
  });
  test("may be if that piece lies elsewhere and was copied", () => {
    const graph = graphOf((x: Tensor) => {
      const piece = matmul(x, x);
      return [neg(padded(piece)), neg(piece)];
    }, square);
    const holdings = holdingsOf(graph);
    holdings.destinations.ownRoom(outputOf(graph, "matmul"));
    expect(mayOverwrite(outputOf(graph, "place"), holdings)).toBe(true);
  });
});
