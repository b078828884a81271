import { type Graph, innerGraphs, type Node } from "../trace/op.js";
import { addOntoProducts } from "./passes/add-onto-products.js";
import { gatherAfterProducts } from "./passes/gather-after-products.js";
import { inlineCalls } from "./passes/inline-calls.js";
import { mergePlaces } from "./passes/merge-places.js";
import { mergeSums } from "./passes/merge-sums.js";
import { moveLoops } from "./passes/move-loops.js";
import type { Motion } from "./passes/plan-motion.js";
import { pushSlices } from "./passes/push-slices.js";
import { reuseStacks } from "./passes/reuse-stacks.js";
import { type HostCheck, type Knowledge, settleIndices } from "./passes/settle-indices.js";
import { shareCommon } from "./passes/share-common.js";
import { simplify } from "./passes/simplify.js";
import { turnProducts } from "./passes/turn-products.js";
import { rewriteBodies } from "./rewrite.js";
import { verify } from "./verify.js";

/** What one pass left, for explain(). */
export interface PassReport {
  readonly pass: string;
  readonly nodes: number;
}
/** What the pipeline did to one program. */
export interface Report {
  readonly passes: PassReport[];
  readonly motions: Motion[];
  /** Indices that the host checks before the program runs. */
  readonly checks: HostCheck[];
}

/** Nodes of a graph and of the graphs inside it. */
const countNodes = (graph: Graph): number =>
  graph.nodes.reduce((n, node) => innerGraphs(node).reduce((m, g) => m + countNodes(g), n + 1), 0);

/** The compiler's middle: named passes in order, a check between them.
 * @param known - what the host knows of each input before the program runs */
export function optimize(graph: Graph, known: readonly Knowledge[]): { graph: Graph; report: Report } {
  const report: Report = { passes: [], motions: [], checks: [] };
  const steps: readonly (readonly [name: string, pass: (graph: Graph) => Graph])[] = [
    ["inline calls", inlineAll],
    ["simplify", (g) => everywhere(simplify, g)],
    ["share common", (g) => everywhere(shareCommon, g)],
    ["move loops", (g) => motion(g, report)],
    ["simplify", (g) => everywhere(simplify, g)],
    ["reuse stacks", (g) => everywhere(reuseStacks, g)],
    ["merge sums", (g) => mergeSums(simplify(mergeSums(mergeSums(g))))],
    ["gather after products", (g) => everywhere(gatherAfterProducts, g)],
    ["turn products", (g) => everywhere(turnProducts, g)],
    ["merge places", (g) => everywhere(mergePlaces, g)],
    ["add onto products", (g) => everywhere(addOntoProducts, g)],
    ["push slices", (g) => everywhere(pushSlices, g)],
    ["settle indices", (g) => settleIndices(g, known, (check) => report.checks.push(check))],
    ["simplify", (g) => everywhere(simplify, g)],
    ["share common", (g) => everywhere(shareCommon, g)],
  ];
  const right = new Set<Graph | Node>();
  let now = graph;
  for (const [name, pass] of steps) {
    now = pass(now);
    verify(now, name, right);
    report.passes.push({ pass: name, nodes: countNodes(now) });
  }
  return { graph: now, report };
}

const inlineAll = (graph: Graph): Graph => rewriteBodies(inlineAll, inlineCalls(graph));
/** A pass on the bodies first, then on what is around them. */
const everywhere = (pass: (graph: Graph) => Graph, graph: Graph): Graph =>
  pass(rewriteBodies((g) => everywhere(pass, g), graph));
/** Loops inside of loops first: what leaves the inner one may leave the outer one too. */
const motion = (graph: Graph, report: Report): Graph =>
  moveLoops(
    graph,
    (body) => shareCommon(simplify(mergeSums(motion(body, report)))),
    (m) => report.motions.push(m),
  );
