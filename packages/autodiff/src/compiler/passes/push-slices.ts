import { type Shape, sizeOf } from "../../base/shape.js";
import { windowStarts } from "../../kernel/layout.js";
import { slice } from "../../ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import { apply } from "../../trace/apply.js";
import type { Graph, Node } from "../../trace/op.js";
import { countUses, loweringOf, producers, rewriteGraph } from "../rewrite.js";
import { viewOf } from "../see-through.js";

/** Takes slices of the operands instead of slices of an elementwise result, where all that is used of the result are its slices:
 * the four gates of an LSTM then fuse into one kernel, and their sum is never stored. */
export function pushSlices(graph: Graph): Graph {
  const made = producers(graph);
  const uses = countUses(graph);
  const slicesOf = new Map<number, { count: number; elements: number }>();
  const windows = new Map<number, readonly number[]>();
  for (const node of graph.nodes) {
    const starts = sliceStarts(node);
    if (starts === null) continue;
    windows.set(node.outputs[0].id, starts);
    const of = node.inputs[0].id;
    const sofar = slicesOf.get(of) ?? { count: 0, elements: 0 };
    slicesOf.set(of, { count: sofar.count + 1, elements: sofar.elements + sizeOf(node.outputs[0].sizes) });
  }
  const pushable = (t: Tensor): Node | null => {
    const node = made.get(t.id);
    const slices = slicesOf.get(t.id);
    if (node === undefined || slices === undefined || loweringOf(node)?.kind !== "map") return null;
    return slices.count === uses.get(t.id) && slices.elements <= sizeOf(t.sizes) ? node : null;
  };
  const next = rewriteGraph(graph, (node, around) => {
    const starts = windows.get(node.outputs[0].id);
    const source = starts === undefined ? null : pushable(node.inputs[0]);
    if (starts === undefined || source === null) return null;
    const { sizes: shape } = node.outputs[0];
    // The maker as rewritten so far, not as the graph had it: one of its operands may be a slice that this very pass has pushed.
    const operands = around.maker(node.inputs[0])!.inputs;
    return apply(
      source.op,
      operands.map((t) => window(t, starts, shape)),
      source.attributes,
    );
  });
  // The operand of a pushed slice may itself be elementwise, so that the slice of it can be pushed too: repeated until none is.
  return next === graph ? graph : pushSlices(next);
}

/** The same window of an operand that broadcasts to the sliced tensor. */
function window(t: Tensor, starts: readonly number[], shape: Shape): Tensor {
  const lead = starts.length - t.sizes.length;
  return slice(
    t,
    t.sizes.map((size, k) => (size === 1 ? null : [starts[k + lead], starts[k + lead] + shape[k + lead]])),
  );
}

/** Where a slice with unit steps begins, per axis; null for every other node, and for a slice of everything or nothing. */
export function sliceStarts(node: Node): readonly number[] | null {
  const view = viewOf(node);
  if (view === null) return null;
  const from = node.inputs[0].sizes;
  const size = sizeOf(view.shape);
  return size === 0 || size === sizeOf(from) ? null : windowStarts(from, view);
}
