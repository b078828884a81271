import { bytesOf } from "../../base/dtype.js";
import { sizeOf } from "../../base/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Graph, Node } from "../../trace/op.js";
import { hasEffect, needed } from "../../trace/trace.js";
import { type Loop, type LoopInputs, loopInputs, loopOutputs } from "../operands.js";
import { isInstruction } from "../patterns.js";
import { loweringOf, producers } from "../rewrite.js";

/** Bytes that are stacked over all steps of a loop for the sake of one large product: past this, long loops (and those cut up by checkpoints)
 * would lose more in memory than they win in time, whatever the machine. */
const maxStackBytes = 2 ** 27;

/** What one loop's motion did, for explain(). */
export interface Motion {
  readonly before: number;
  readonly after: number;
  readonly accumulators: number;
}

/** Where the work of a loop's body is done. Values are named by the tensors of the body. */
export interface MotionPlan {
  /** Nodes that run before the loop, once or for all steps at once; fills are made wherever they are read. */
  readonly before: readonly Node[];
  /** Nodes of the loop that is left. */
  readonly inside: readonly Node[];
  /** Nodes that run after the loop for all steps at once. */
  readonly after: readonly Node[];
  /** Carries that the loop still has. */
  readonly carries: readonly number[];
  /** Carries that are only added to, with what is added in each step: sums over time, taken after the loop. */
  readonly sums: ReadonlyMap<number, readonly Tensor[]>;
  /** Values from outside of the loop that its nodes or results read. */
  readonly handed: readonly Tensor[];
  /** Values that the loop gives for every step. */
  readonly stacked: readonly Tensor[];
}

/** Steps that a sum of float32 may be carried through: after more it would have drifted. */
const longestChain = 64;

/** The inputs and outputs of a body by what they are. */
export interface BodyParts extends LoopInputs<Tensor> {
  readonly carryOuts: readonly Tensor[];
  readonly ys: readonly Tensor[];
}

/** Names the inputs and outputs of a loop's body. */
export function partsOf(loop: Loop): BodyParts {
  const { carries: carryOuts, ys } = loopOutputs(loop, loop.body.outputs);
  return { ...loopInputs(loop, loop.body.inputs), carryOuts, ys };
}

/** Worth moving out of a loop: more than a pass over its elements. */
function isExpensive(node: Node): boolean {
  const lowering = loweringOf(node);
  if (lowering === null) return false;
  switch (lowering.kind) {
    case "map":
    case "view":
    case "fill":
    case "iota":
    case "place":
    case "randomBits":
      return false;
    default:
      return true;
  }
}

/** Whether a node makes one number everywhere. */
export const isFill = (node: Node): boolean => loweringOf(node)?.kind === "fill";

/** Values that follow from the given ones, these included. */
function followers(nodes: Iterable<Node>, from: readonly Tensor[]): Set<number> {
  const hit = idsOf(from);
  for (const node of nodes)
    if (node.inputs.some((t) => hit.has(t.id))) for (const t of node.outputs) hit.add(t.id);
  return hit;
}

const idsOf = (tensors: Iterable<Tensor>): Set<number> => new Set(Array.from(tensors, (t) => t.id));
const outputsOf = (nodes: Iterable<Node>): Tensor[] => Array.from(nodes).flatMap((n) => n.outputs);
const isFrom = (node: Node, values: ReadonlySet<number>): boolean =>
  node.outputs.some((t) => values.has(t.id));
const bytesIn = (tensors: Iterable<Tensor>): number =>
  Array.from(tensors).reduce((sum, t) => sum + sizeOf(t.sizes) * bytesOf[t.dtype], 0);

/** Decides what of a loop runs before it, in it and after it.
 * @param used - which of the loop's outputs anybody reads
 * @param isSummable - which carries may be added up apart from their start (no −0 is lost by it) */
export function planMotion(loop: Loop, used: readonly boolean[], isSummable: readonly boolean[]): MotionPlan {
  const { body, length } = loop;
  const parts = partsOf(loop);
  const ys = parts.ys.filter((_, i) => used[loop.carries + i]);
  const { nodes, wanted } = liveBody(body, parts, used.slice(0, loop.carries), ys);
  const { sums, sunk } = findSums(nodes, parts, ys, length, wanted, isSummable);
  const additions = new Set([...sums.values()].flatMap(({ path }) => path));
  const carries = [...wanted.keys()].filter((i) => wanted[i] && !sums.has(i));
  const carried = followers(
    nodes,
    carries.map((i) => parts.carries[i]),
  );
  const free = nodes.filter((n) => !sunk.has(n) && !additions.has(n) && !isFrom(n, carried));
  const before = nodesBefore(free, followers(nodes, parts.xs), carries.length === 0, length);
  const after = nodesAfter(nodes, sunk, before, ys);

  const outside = [...parts.constants, ...parts.xs, ...outputsOf(before)];
  const fills = idsOf(outputsOf(nodes.filter(isFill)));
  const terms = [...sums.values()].flatMap((sum) => sum.terms);
  const stacked = stackedValues(after, [...ys, ...terms], new Set([...idsOf(outside), ...fills]));
  const first = new Set(before);
  const left = nodes.filter((n) => !sunk.has(n) && !additions.has(n) && !first.has(n));
  const results = [...carries.map((i) => parts.carryOuts[i]), ...stacked];
  const inside = needed(left, results, hasEffect).nodes;
  const read = idsOf([...results, ...inside.flatMap((n) => n.inputs)]);
  return {
    before,
    inside,
    after,
    carries,
    sums: new Map([...sums].map(([i, { terms }]) => [i, terms])),
    handed: outside.filter((t) => read.has(t.id) && !fills.has(t.id)),
    stacked,
  };
}

/** How much a plan moves. Views behind the loop do not count. */
export const motionOf = ({ before, after, sums }: MotionPlan): Motion => ({
  before: before.filter(isExpensive).length,
  after: after.filter(isExpensive).length,
  accumulators: sums.size,
});

/** The nodes that matter, and the carries: those used after the loop, or read on the way to something that is. */
function liveBody(
  body: Graph,
  parts: BodyParts,
  used: readonly boolean[],
  ys: readonly Tensor[],
): { nodes: readonly Node[]; wanted: readonly boolean[] } {
  let wanted = used;
  for (;;) {
    const roots = [...parts.carryOuts.filter((_, i) => wanted[i]), ...ys];
    const { nodes, uses } = needed(body.nodes, roots, hasEffect);
    const next = parts.carries.map((t, i) => wanted[i] || uses.has(t.id));
    if (next.every((w, i) => w === wanted[i])) return { nodes, wanted };
    wanted = next;
  }
}

/** A carry that is only added to: the additions of one step, last first, and what they add. */
interface Sum {
  readonly path: readonly Node[];
  readonly terms: readonly Tensor[];
}

/** The carries whose sums can be taken after the loop, and the nodes that run there. A sum of terms that stay inside stays there too, unless it is long:
 * then its terms are stacked. */
function findSums(
  nodes: readonly Node[],
  parts: BodyParts,
  ys: readonly Tensor[],
  length: number,
  wanted: readonly boolean[],
  isSummable: readonly boolean[],
): { sums: ReadonlyMap<number, Sum>; sunk: ReadonlySet<Node> } {
  let sums = new Map<number, Sum>();
  parts.carries.forEach((_, i) => {
    const sum = wanted[i] && isSummable[i] ? sumOf(nodes, parts, ys, i) : null;
    if (sum !== null) sums.set(i, sum);
  });
  for (;;) {
    const roots = parts.carryOuts.filter((_, i) => wanted[i] && !sums.has(i));
    const kept = new Set(needed(nodes, roots).nodes);
    for (const { path } of sums.values()) for (const n of path) kept.add(n);
    const sunk = sinkable(nodes, kept, parts, length);
    const made = idsOf(outputsOf(sunk));
    let room = length > longestChain ? maxStackBytes : 0;
    const isStacked = (t: Tensor): boolean => {
      if (t.dtype !== "float32") return false;
      room -= bytesIn([t]) * length;
      return room >= 0;
    };
    const rest = new Map(
      [...sums].filter(([, { terms }]) => terms.every((t) => made.has(t.id) || isStacked(t))),
    );
    if (rest.size === sums.size) return { sums, sunk };
    sums = rest;
  }
}

/** How carry `i` only sums up, step by step; null if it is anything but such a sum. */
function sumOf(nodes: readonly Node[], parts: BodyParts, ys: readonly Tensor[], i: number): Sum | null {
  const carry = parts.carries[i];
  const path = additionsTo(nodes, carry, parts.carryOuts[i]);
  if (path.length === 0) return null;
  const onPath = idsOf([carry, ...outputsOf(path)]);
  // Nobody but the path may look at the sum on its way.
  const outside = nodes.some((n) => !path.includes(n) && n.inputs.some((t) => onPath.has(t.id)));
  const asOutput =
    ys.some((t) => onPath.has(t.id)) || parts.carryOuts.some((t, k) => k !== i && onPath.has(t.id));
  if (outside || asOutput) return null;
  return { path, terms: path.flatMap((n) => n.inputs.filter((t) => !onPath.has(t.id))) };
}

/** The additions between a carry and its next value, if that is all that happens to it. */
function additionsTo(nodes: readonly Node[], carry: Tensor, out: Tensor): readonly Node[] {
  const made = producers({ inputs: [], nodes, outputs: [] });
  const reached = followers(nodes, [carry]);
  const path: Node[] = [];
  for (let at = out; at.id !== carry.id; ) {
    const node = made.get(at.id);
    const lowering = node === undefined ? null : loweringOf(node);
    if (node === undefined || lowering === null || !isInstruction(lowering, "add")) return [];
    const next = node.inputs.filter((t) => reached.has(t.id));
    if (node.inputs.length !== 2 || next.length !== 1) return [];
    path.push(node);
    at = next[0];
  }
  return path;
}

/** Nodes that run after the loop: not `kept` for a carry, expensive or behind something expensive. */
function sinkable(
  nodes: readonly Node[],
  kept: ReadonlySet<Node>,
  parts: BodyParts,
  length: number,
): ReadonlySet<Node> {
  const sunk = new Set<Node>();
  const made = new Set<number>();
  const stacked = new Set<number>(parts.ys.map((t) => t.id));
  let bytes = 0;
  for (const n of nodes) {
    if (kept.has(n)) continue;
    if (!isExpensive(n) && !n.inputs.some((t) => made.has(t.id))) continue;
    sunk.add(n);
    for (const t of n.outputs) made.add(t.id);
    for (const t of n.inputs) {
      if (made.has(t.id) || stacked.has(t.id)) continue;
      stacked.add(t.id);
      bytes += bytesIn([t]);
    }
  }
  return bytes * length > maxStackBytes ? new Set() : sunk;
}

/** What of the nodes that need no carry runs before the loop: what is the same in every step; and for all steps at once what is expensive, or everything if nothing is carried. */
function nodesBefore(
  free: readonly Node[],
  stepped: ReadonlySet<number>,
  nothingCarried: boolean,
  length: number,
): readonly Node[] {
  const varying = free.filter((n) => isFrom(n, stepped));
  const worth = varying.filter((n) => nothingCarried || isExpensive(n));
  const movable = new Set(needed(varying, outputsOf(worth)).nodes);
  const bytes = bytesIn(outputsOf([...movable].filter((n) => loweringOf(n)?.kind !== "view")));
  const moves = bytes * length <= maxStackBytes;
  return free.filter((n) => (isFrom(n, stepped) ? moves && movable.has(n) : !isFill(n)));
}

/** What runs after the loop: what was sunk, and views of what is stacked, so that nothing is stacked twice in two orders. */
function nodesAfter(
  nodes: readonly Node[],
  sunk: ReadonlySet<Node>,
  before: readonly Node[],
  ys: readonly Tensor[],
): readonly Node[] {
  const first = new Set(before);
  const after = new Set(sunk);
  const wanted = idsOf(ys);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const n = nodes[i];
    if (!first.has(n) && loweringOf(n)?.kind === "view" && isFrom(n, wanted)) after.add(n);
    if (after.has(n)) for (const t of n.inputs) wanted.add(t.id);
  }
  return nodes.filter((n) => after.has(n));
}

/** Values of the loop that the work after it reads, or that are its results for each step (or terms of its sums). `known` are there without it. */
function stackedValues(
  after: readonly Node[],
  ys: readonly Tensor[],
  known: ReadonlySet<number>,
): readonly Tensor[] {
  const made = idsOf(outputsOf(after));
  const stacked = new Map<number, Tensor>();
  for (const t of [...after.flatMap((n) => n.inputs), ...ys])
    if (!made.has(t.id) && !known.has(t.id)) stacked.set(t.id, t);
  return [...stacked.values()];
}
