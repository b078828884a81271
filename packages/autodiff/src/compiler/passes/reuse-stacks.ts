import { sizeOf } from "../../base/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { apply } from "../../trace/apply.js";
import type { Graph, Node } from "../../trace/op.js";
import { loweringOf, producers, rewriteGraph, structureOf } from "../rewrite.js";
import { isReshape, seeThrough } from "../see-through.js";
import { sliceStarts } from "./push-slices.js";

/** A start value put before (or behind) the stacked values of a carry: the values that the steps began with. */
interface Shifted {
  readonly scan: Node;
  readonly carry: number;
}

/** Where a loop stacks the values that a carry has after each step, and those it has before are put together from them, asks the loop for the latter itself:
 * both are the same rows of memory, shifted by one. */
export function reuseStacks(graph: Graph): Graph {
  const made = producers(graph);
  const found = new Map<number, Shifted>();
  const asked = new Map<number, number[]>();
  for (const node of graph.nodes) {
    const shifted = shiftOf(node, made);
    if (shifted === null) continue;
    found.set(node.outputs[0].id, shifted);
    const scan = shifted.scan.outputs[0].id;
    const carries = asked.get(scan) ?? [];
    if (!carries.includes(shifted.carry)) carries.push(shifted.carry);
    asked.set(scan, carries);
  }
  if (found.size === 0) return graph;
  // The stacks that a loop gives in addition, by its first output and the carry.
  const extra = new Map<number, ReadonlyMap<number, Tensor>>();
  return rewriteGraph(graph, (node) => {
    const name = node.outputs[0].id;
    const carries = asked.get(name);
    const structure = structureOf(node);
    if (carries !== undefined && structure?.kind === "loop") {
      const { body, constants } = structure;
      const before = carries.map((k) => body.inputs[constants + k]);
      const attributes = {
        ...(node.attributes as object),
        body: { ...body, outputs: [...body.outputs, ...before] },
      };
      const outputs = apply(node.op, node.inputs, attributes);
      const own = body.outputs.length;
      extra.set(name, new Map(carries.map((k, i) => [k, outputs[own + i]])));
      return outputs.slice(0, own);
    }
    const shifted = found.get(name);
    const stack =
      shifted === undefined ? undefined : extra.get(shifted.scan.outputs[0].id)?.get(shifted.carry);
    return stack === undefined ? null : [stack];
  });
}

/** Forwards, what steps began with is [start, all stacked rows but the last]; backwards, [all stacked rows but the first, start].
 * Whether a node joins two such tensors along axis 0, of a loop that is known, and which carry it is about. */
function shiftOf(node: Node, made: ReadonlyMap<number, Node>): Shifted | null {
  const lowering = loweringOf(node);
  if (lowering?.kind !== "place" || node.inputs.length !== 2) return null;
  const [out] = node.outputs;
  const length = out.sizes[0];
  if (length < 2) return null;
  const rowSize = sizeOf(out.sizes) / length;
  for (const [rest, start] of [
    [0, 1],
    [1, 0],
  ]) {
    const [restInput, startInput] = [node.inputs[rest], node.inputs[start]];
    const slice = made.get(restInput.id);
    const sliced = slice === undefined ? null : sliceStarts(slice);
    const scan = slice === undefined || sliced === null ? undefined : made.get(slice.inputs[0].id);
    const loop = scan === undefined ? null : structureOf(scan);
    if (slice === undefined || sliced === null || scan === undefined || loop?.kind !== "loop") continue;
    const { body, constants, carries, reverse } = loop;
    const holdsAllRowsButOne =
      loop.length === length &&
      restInput.sizes[0] === length - 1 &&
      sizeOf(restInput.sizes) === rowSize * (length - 1);
    const leavesOutRightRow =
      sliced[0] === (reverse ? 1 : 0) && sliced.every((begin, axis) => axis === 0 || begin === 0);
    const isOneRow = sizeOf(startInput.sizes) === rowSize;
    if (!holdsAllRowsButOne || !leavesOutRightRow || !isOneRow) continue;
    // Where the rows go, in elements of the result.
    const restOffset = reverse ? 0 : rowSize;
    const startOffset = reverse ? rowSize * (length - 1) : 0;
    if (lowering.regions[rest].offset !== restOffset || lowering.regions[start].offset !== startOffset)
      continue;
    const y = scan.outputs.findIndex((t) => t.id === slice.inputs[0].id) - carries;
    const carry = body.outputs
      .slice(0, carries)
      .findIndex((t) => y >= 0 && t.id === body.outputs[carries + y].id);
    if (carry < 0 || !sameValue(startInput, scan.inputs[constants + carry], made)) continue;
    return { scan, carry };
  }
  return null;
}

/** Whether two tensors hold the same elements row by row: one is a reshape of the other, or both are one number everywhere. */
function sameValue(a: Tensor, b: Tensor, made: ReadonlyMap<number, Node>): boolean {
  const root = (t: Tensor): Tensor => seeThrough(t, ({ id }) => made.get(id), isReshape)?.root ?? t;
  const fill = (t: Tensor): number | null => {
    const node = made.get(t.id);
    const lowering = node === undefined ? null : loweringOf(node);
    return lowering?.kind === "fill" ? lowering.value : null;
  };
  const [p, q] = [root(a), root(b)];
  return p.id === q.id || (fill(p) !== null && fill(p) === fill(q));
}
