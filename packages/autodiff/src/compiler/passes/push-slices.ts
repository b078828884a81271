import { rowMajor, type Shape, sizeOf } from "../../base/shape.js";
import type { Lowering } from "../../kernel/lowering.js";
import { slice } from "../../ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import { apply } from "../../trace/apply.js";
import type { Graph, Node } from "../../trace/op.js";
import { countUses, loweringOf, producers, rewriteGraph } from "../rewrite.js";

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
    slicesOf.set(of, { count: sofar.count + 1, elements: sofar.elements + sizeOf(node.outputs[0].shape) });
  }
  const pushable = (t: Tensor): Node | null => {
    const node = made.get(t.id);
    const slices = slicesOf.get(t.id);
    if (node === undefined || slices === undefined || loweringOf(node)?.kind !== "map") return null;
    return slices.count === uses.get(t.id) && slices.elements <= sizeOf(t.shape) ? node : null;
  };
  const next = rewriteGraph(graph, (node, around) => {
    const starts = windows.get(node.outputs[0].id);
    const source = starts === undefined ? null : pushable(node.inputs[0]);
    if (starts === undefined || source === null) return null;
    const { shape } = node.outputs[0];
    // The operands as they are by now: a slice among them may have been pushed already.
    const operands = around.maker(node.inputs[0])!.inputs;
    return apply(
      source.op,
      operands.map((t) => window(t, starts, shape)),
      source.attributes,
    );
  });
  // A pushed slice may meet the next elementwise op: once more, until they rest.
  return next === graph ? graph : pushSlices(next);
}

/** The same window of an operand that broadcasts to the sliced tensor. */
function window(t: Tensor, starts: readonly number[], shape: Shape): Tensor {
  const lead = starts.length - t.shape.length;
  return slice(
    t,
    t.shape.map((size, k) => (size === 1 ? null : [starts[k + lead], starts[k + lead] + shape[k + lead]])),
  );
}

/** Where a slice with unit steps begins, per axis; null for every other node. */
export function sliceStarts(node: Node): readonly number[] | null {
  const lowering = loweringOf(node);
  if (lowering?.kind !== "view" || node.outputs.length !== 1) return null;
  return windowStarts(lowering, node.inputs[0].shape);
}

function windowStarts(lowering: Extract<Lowering, { kind: "view" }>, from: Shape): readonly number[] | null {
  const layouts = lowering.layouts({ shape: from, strides: null, offset: 0 });
  if (layouts === null) return null;
  const [{ shape, strides, offset }] = layouts;
  if (shape.length !== from.length || sizeOf(shape) === sizeOf(from) || sizeOf(shape) === 0) return null;
  const own = rowMajor(from);
  const to = strides ?? rowMajor(shape);
  const starts = new Array<number>(from.length);
  let rest = offset;
  for (let k = 0; k < from.length; k++) {
    if (shape[k] !== 1 && to[k] !== own[k]) return null;
    starts[k] = Math.floor(rest / own[k]);
    rest -= starts[k] * own[k];
    if (starts[k] + shape[k] > from[k]) return null;
  }
  return rest === 0 ? starts : null;
}
