import { bytesOf } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import { sizeOf } from "../../base/shape.js";
import { add, mul } from "../../ops/arithmetic.js";
import { zerosOf } from "../../ops/fill.js";
import { broadcastTo, reshape, sumOp } from "../../ops/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { apply, applyOne } from "../../trace/apply.js";
import type { Graph, Node, Structure } from "../../trace/op.js";
import { hasEffect } from "../../trace/trace.js";
import { countUses, loweringOf, onlyInstruction, producers, rewriteGraph, structureOf } from "../rewrite.js";
import { hasNoNegativeZero } from "../signed-zeros.js";

type Loop = Extract<Structure, { kind: "loop" }>;

/** What one loop's motion did, for explain(). */
export interface Motion {
  readonly before: number;
  readonly after: number;
  readonly accumulators: number;
}

/** What may be stacked over all steps for the sake of one large product: past this, long loops (and those cut up by checkpoints) would lose more in memory than they win in time. */
const stackLimitBytes = 2 ** 27;

/** Moves work out of loops over time. What does not change is done once; expensive work that does not need the carry is done before the loop for all
 * steps at once; expensive work that no later step reads is done after it at once, sums over time included: the gradient of a weight becomes one product. */
export function moveLoops(
  graph: Graph,
  optimizeBody: (body: Graph) => Graph,
  report: (motion: Motion) => void,
): Graph {
  const uses = countUses(graph);
  return rewriteGraph(graph, (node, around) => {
    const structure = structureOf(node);
    if (structure?.kind !== "loop" || structure.length === 0) return null;
    const used = node.outputs.map((t) => uses.has(t.id));
    // A sum of what comes from a loop is added to its start afterwards, which loses the sign of a start of −0.
    const isSummable = node.inputs.map((t) => hasNoNegativeZero(t, around));
    const loop = { ...structure, body: optimizeBody(structure.body) };
    return moveLoop(node, loop, node.inputs, used, isSummable, report);
  });
}

/** Worth moving out of a loop: more than a pass over its elements. */
function expensive(node: Node): boolean {
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

const isFill = (node: Node): boolean => loweringOf(node)?.kind === "fill";

/** Everything that the outputs need, found backwards; `through` says whether to go on behind a node. */
function needed(nodes: readonly Node[], roots: readonly Tensor[]): { values: Set<number>; nodes: Set<Node> } {
  const values = new Set(roots.map((t) => t.id));
  const found = new Set<Node>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (!node.outputs.some((t) => values.has(t.id))) continue;
    found.add(node);
    for (const t of node.inputs) values.add(t.id);
  }
  return { values, nodes: found };
}

/** Values that follow from the given ones. */
function followers(nodes: Iterable<Node>, from: readonly Tensor[]): Set<number> {
  const hit = new Set(from.map((t) => t.id));
  for (const node of nodes)
    if (node.inputs.some((t) => hit.has(t.id))) for (const t of node.outputs) hit.add(t.id);
  return hit;
}

interface Parts {
  readonly constants: readonly Tensor[];
  readonly carries: readonly Tensor[];
  readonly xs: readonly Tensor[];
  readonly carryOuts: readonly Tensor[];
  readonly ys: readonly Tensor[];
}

function moveLoop(
  node: Node,
  loop: Loop,
  inputs: readonly Tensor[],
  used: readonly boolean[],
  isSummable: readonly boolean[],
  report: (motion: Motion) => void,
): readonly Tensor[] {
  const { body, constants: c, carries: h, length } = loop;
  const parts: Parts = {
    constants: body.inputs.slice(0, c),
    carries: body.inputs.slice(c, c + h),
    xs: body.inputs.slice(c + h),
    carryOuts: body.outputs.slice(0, h),
    ys: body.outputs.slice(h),
  };
  // Carries that matter: used after the loop, or read on the way to something that is.
  const wanted = used.slice(0, h);
  const yWanted = used.slice(h);
  let live = needed(body.nodes, []);
  for (let changed = true; changed; ) {
    live = needed(body.nodes, [
      ...parts.carryOuts.filter((_, i) => wanted[i]),
      ...parts.ys.filter((_, i) => yWanted[i]),
      ...body.nodes.filter(hasEffect).flatMap((n) => n.outputs),
    ]);
    changed = false;
    parts.carries.forEach((t, i) => {
      if (!wanted[i] && live.values.has(t.id)) {
        wanted[i] = true;
        changed = true;
      }
    });
  }
  const nodes = body.nodes.filter((n) => live.nodes.has(n));

  // Sums over time, and what can run after the loop.
  let sums = new Map<number, readonly Tensor[]>();
  parts.carries.forEach((_, i) => {
    const terms = wanted[i] && isSummable[c + i] ? accumulated(nodes, parts, yWanted, i) : null;
    if (terms !== null) sums.set(i, terms);
  });
  let sunk = new Set<Node>();
  for (;;) {
    const roots = parts.carryOuts.filter((_, i) => wanted[i] && !sums.has(i));
    const kept = needed(nodes, roots).nodes;
    sunk = sinkable(nodes, kept, sums, parts, length);
    const made = new Set<number>();
    for (const n of sunk) for (const t of n.outputs) made.add(t.id);
    const rest = new Map([...sums].filter(([, terms]) => terms.every((t) => made.has(t.id))));
    if (rest.size === sums.size) break;
    sums = rest;
  }
  const isCarried = wanted.map((w, i) => w && !sums.has(i));
  const addNodes = new Set<Node>();
  for (const i of sums.keys())
    for (const n of additions(nodes, parts.carries[i], parts.carryOuts[i])) addNodes.add(n);

  // What can run before: everything if nothing is carried.
  const carried = followers(
    nodes,
    parts.carries.filter((_, i) => isCarried[i]),
  );
  const stepped = followers(nodes, parts.xs);
  const free = nodes.filter(
    (n) => !sunk.has(n) && !addNodes.has(n) && !n.outputs.some((t) => carried.has(t.id)),
  );
  const varying = free.filter((n) => n.outputs.some((t) => stepped.has(t.id)));
  const nothingCarried = !isCarried.some(Boolean);
  const movable = needed(
    varying,
    varying.filter((n) => nothingCarried || expensive(n)).flatMap((n) => n.outputs),
  ).nodes;
  const movedBytes = [...movable]
    .filter((n) => loweringOf(n)?.kind !== "view")
    .reduce((sum, n) => sum + bytesOfOutputs(n), 0);
  const movedFirst = movedBytes * length > stackLimitBytes ? new Set<Node>() : movable;
  const before = free.filter((n) => (isVarying(n) ? movedFirst.has(n) : !isFill(n)));
  function isVarying(n: Node): boolean {
    return n.outputs.some((t) => stepped.has(t.id));
  }
  const beforeSet = new Set(before);
  // Views of what is stacked are taken after the loop: nothing is stacked twice in two orders.
  const afterwards = new Set(sunk);
  const wantedAfter = new Set(parts.ys.filter((_, i) => yWanted[i]).map((t) => t.id));
  for (let i = nodes.length - 1; i >= 0; i--) {
    const n = nodes[i];
    const view =
      !beforeSet.has(n) && loweringOf(n)?.kind === "view" && n.outputs.some((t) => wantedAfter.has(t.id));
    if (view) afterwards.add(n);
    if (afterwards.has(n)) for (const t of n.inputs) wantedAfter.add(t.id);
  }

  // Outside values, each with or without the axis of time.
  const outer = new Map<number, { value: Tensor; batched: boolean }>();
  parts.constants.forEach((t, i) => outer.set(t.id, { value: inputs[i], batched: false }));
  parts.xs.forEach((t, i) => outer.set(t.id, { value: inputs[c + h + i], batched: true }));
  // Fills are made wherever they are needed.
  const fills = new Map<number, Node>();
  for (const n of nodes) if (isFill(n)) for (const t of n.outputs) fills.set(t.id, n);
  const runOutside = (n: Node): void => {
    const args = n.inputs.map((t) => {
      const fill = fills.get(t.id);
      if (fill !== undefined && !outer.has(t.id)) runOutside(fill);
      const known = outer.get(t.id);
      if (known === undefined)
        throw new InternalError(`loop motion: ${n.op.name} reads a value that stays inside`);
      return known;
    });
    if (!args.some((a) => a.batched)) {
      apply(
        n.op,
        args.map((a) => a.value),
        n.attributes,
      ).forEach((value, i) => outer.set(n.outputs[i].id, { value, batched: false }));
      return;
    }
    const [values, flags] = n.op.batch(
      args.map((a) => a.value),
      args.map((a) => a.batched),
      n.attributes,
      length,
    );
    values.forEach((value, i) => outer.set(n.outputs[i].id, { value, batched: flags[i] }));
  };
  before.forEach(runOutside);

  // Values of the loop that the work after it reads are stacked.
  const stackedIds = new Set<number>();
  const stacked: Tensor[] = [];
  const stack = (t: Tensor): void => {
    if (outer.has(t.id) || stackedIds.has(t.id)) return;
    const fill = fills.get(t.id);
    if (fill !== undefined) runOutside(fill);
    else {
      stackedIds.add(t.id);
      stacked.push(t);
    }
  };
  const sunkValues = new Set<number>();
  for (const n of nodes) {
    if (!afterwards.has(n)) continue;
    for (const t of n.inputs) if (!sunkValues.has(t.id)) stack(t);
    for (const t of n.outputs) sunkValues.add(t.id);
  }
  parts.ys.forEach((t, i) => {
    if (yWanted[i] && !sunkValues.has(t.id)) stack(t);
  });

  // The loop that is left.
  const keptCarries = parts.carries.map((_, i) => i).filter((i) => isCarried[i]);
  const left = nodes.filter((n) => !sunk.has(n) && !addNodes.has(n) && !beforeSet.has(n));
  const still = needed(left, [
    ...keptCarries.map((i) => parts.carryOuts[i]),
    ...stacked,
    ...left.filter(hasEffect).flatMap((n) => n.outputs),
  ]).nodes;
  const inside = left.filter((n) => still.has(n));
  const insideUses = new Set<number>([
    ...stacked.map((t) => t.id),
    ...keptCarries.map((i) => parts.carryOuts[i].id),
  ]);
  for (const n of inside) for (const t of n.inputs) insideUses.add(t.id);
  const handed = [...outer].filter(([id]) => insideUses.has(id) && !fills.has(id));
  const asConstant = handed.filter(([, v]) => !v.batched);
  const asSlice = handed.filter(([, v]) => v.batched);
  const finals = new Map<number, Tensor>();
  if (keptCarries.length > 0 || stacked.length > 0 || inside.some(hasEffect)) {
    // What comes in from outside keeps its name inside: the nodes of the body stay as they are.
    const named = new Map(body.inputs.map((t) => [t.id, t]));
    for (const n of nodes) for (const t of n.outputs) named.set(t.id, t);
    const results = [...keptCarries.map((i) => parts.carryOuts[i]), ...stacked];
    const inner: Graph = {
      inputs: [
        ...asConstant.map(([id]) => named.get(id)!),
        ...keptCarries.map((i) => parts.carries[i]),
        ...asSlice.map(([id]) => named.get(id)!),
      ],
      nodes: inside,
      outputs: results,
    };
    const outputs = apply(
      node.op,
      [
        ...asConstant.map(([, v]) => v.value),
        ...keptCarries.map((i) => inputs[c + i]),
        ...asSlice.map(([, v]) => v.value),
      ],
      {
        ...(node.attributes as object),
        body: inner,
        constants: asConstant.length,
        carries: keptCarries.length,
      },
    );
    keptCarries.forEach((i, k) => finals.set(i, outputs[k]));
    stacked.forEach((t, k) => outer.set(t.id, { value: outputs[keptCarries.length + k], batched: true }));
  }
  for (const n of nodes) if (afterwards.has(n)) runOutside(n);
  report({
    before: before.filter((n) => expensive(n)).length,
    after: [...sunk].filter((n) => expensive(n)).length,
    accumulators: sums.size,
  });

  return node.outputs.map((out, i) => {
    if (!used[i]) return zerosOf(out);
    if (i >= h) {
      const { value, batched } = outer.get(parts.ys[i - h].id)!;
      return batched ? value : broadcastTo(value, out.shape);
    }
    const final = finals.get(i);
    if (final !== undefined) return final;
    let total = inputs[c + i];
    for (const term of sums.get(i)!) {
      const { value, batched } = outer.get(term.id)!;
      total = add(
        total,
        batched ? reshape(applyOne(sumOp, [value], [0]), value.shape.slice(1)) : mul(value, length),
      );
    }
    return total;
  });
}

const bytesOfOutputs = (node: Node): number =>
  node.outputs.reduce((sum, t) => sum + sizeOf(t.shape) * bytesOf[t.dtype], 0);

/** Nodes that run after the loop: off the way to any carry, expensive or behind something expensive. */
function sinkable(
  nodes: readonly Node[],
  kept: ReadonlySet<Node>,
  sums: ReadonlyMap<number, readonly Tensor[]>,
  parts: Parts,
  length: number,
): Set<Node> {
  const additive = new Set<Node>();
  for (const i of sums.keys())
    for (const n of additions(nodes, parts.carries[i], parts.carryOuts[i])) additive.add(n);
  const sunk = new Set<Node>();
  const made = new Set<number>();
  let bytes = 0;
  const stacked = new Set<number>(parts.ys.map((t) => t.id));
  for (const n of nodes) {
    if (kept.has(n) || additive.has(n)) continue;
    if (!expensive(n) && !n.inputs.some((t) => made.has(t.id))) continue;
    sunk.add(n);
    for (const t of n.outputs) made.add(t.id);
    for (const t of n.inputs) {
      if (made.has(t.id) || stacked.has(t.id)) continue;
      stacked.add(t.id);
      bytes += sizeOf(t.shape) * bytesOf[t.dtype];
    }
  }
  return bytes * length > stackLimitBytes ? new Set() : sunk;
}

/** The additions between a carry that is only added to and its next value, if that is all that happens to it. */
function additions(nodes: readonly Node[], carry: Tensor, out: Tensor): readonly Node[] {
  const made = producers({ inputs: [], nodes, outputs: [] });
  const path: Node[] = [];
  let at = out;
  while (at.id !== carry.id) {
    const node = made.get(at.id);
    if (node === undefined) return [];
    const lowering = loweringOf(node);
    if (
      lowering?.kind !== "map" ||
      node.inputs.length !== 2 ||
      onlyInstruction(lowering.expression) !== "add"
    )
      return [];
    path.push(node);
    const reaches = followers(nodes, [carry]);
    const next = node.inputs.filter((t) => reaches.has(t.id));
    if (next.length !== 1) return [];
    at = next[0];
  }
  return path;
}

/** The terms that carry `i` only sums up, step by step; null if it is anything but such a sum. */
function accumulated(
  nodes: readonly Node[],
  parts: Parts,
  yWanted: readonly boolean[],
  i: number,
): readonly Tensor[] | null {
  const carry = parts.carries[i];
  const out = parts.carryOuts[i];
  const path = additions(nodes, carry, out);
  if (path.length === 0) return null;
  const onPath = new Set(path.flatMap((n) => n.outputs.map((t) => t.id)));
  onPath.add(carry.id);
  // Nobody but the path may look at the sum on its way.
  const outside = nodes.some((n) => !path.includes(n) && n.inputs.some((t) => onPath.has(t.id)));
  const asOutput =
    parts.ys.some((t, k) => yWanted[k] && onPath.has(t.id)) ||
    parts.carryOuts.some((t, k) => k !== i && onPath.has(t.id));
  if (outside || asOutput) return null;
  return path.flatMap((n) => n.inputs.filter((t) => !onPath.has(t.id)));
}
