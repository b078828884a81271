import type { DType } from "../../src/base/dtype.js";
import { type View, wholeView } from "../../src/compiler/lowering/views.js";
import { printGraph, trace } from "../../src/compiler/print-graph.js";
import { verify } from "../../src/compiler/verify.js";
import type { Tensor } from "../../src/index.js";
import type { Spec } from "../../src/kernel/lowering.js";
import type { Buffer } from "../../src/kernel/program.js";
import type { Graph, Node } from "../../src/trace/op.js";

// Small graphs, and room for their values, for tests of single parts of the compiler.

/** The graph of a function, no pass applied. */
export const graphOf = (f: (...args: Tensor[]) => unknown, ...args: Tensor[]): Graph =>
  trace(f, ...args).closed.graph;

/** The graph of a function before and after a pass; the pass leaves a graph that is one. */
export function through(
  pass: (graph: Graph) => Graph,
  f: (...args: Tensor[]) => unknown,
  ...args: Tensor[]
): string {
  const { graph } = trace(f, ...args).closed;
  verify(graph, "tracing");
  const after = pass(graph);
  verify(after, "the pass");
  return printGraph(after);
}

/** The node of an op, by its place among the nodes of that op. */
export function nodeOf(graph: Graph, op: string, place = 0): Node {
  const node = graph.nodes.filter((n) => n.op.name === op)[place];
  if (node === undefined)
    throw new Error(`no ${op} number ${place} among ${graph.nodes.map((n) => n.op.name).join(" ")}`);
  return node;
}
/** Its first output. */
export const outputOf = (graph: Graph, op: string, place = 0): Tensor => nodeOf(graph, op, place).outputs[0];

/** The ops whose outputs have the given ids, in the order of the nodes. */
export const opsOf = (graph: Graph, ids: { has(id: number): boolean }): string =>
  graph.nodes
    .filter((n) => n.outputs.some((t) => ids.has(t.id)))
    .map((n) => n.op.name)
    .join(" ");

/** Memory for values, in the order in which it was asked for. */
export class Room {
  readonly buffers: Buffer[] = [];
  readonly allocate = (name: string, { shape, dtype }: Spec): View =>
    wholeView(
      this.buffer(
        name,
        dtype,
        shape.reduce((n, d) => n * d, 1),
      ),
      shape,
    );
  buffer(name: string, dtype: DType, length: number): Buffer {
    const buffer: Buffer = {
      id: this.buffers.length,
      name,
      dtype,
      length,
      role: "temporary",
      inPlaceOf: null,
    };
    this.buffers.push(buffer);
    return buffer;
  }
}
