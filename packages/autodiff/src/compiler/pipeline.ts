import type { Lowering } from "../kernel/lowering.js";
import { type Graph, innerGraphs, type Node, type Structure } from "../trace/op.js";
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
import { loweringOf, rewriteBodies, structureOf } from "./rewrite.js";
import { verification, verify } from "./verify.js";

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
const countNodes = (graph: Graph): number => {
  let count = graph.nodes.length;
  for (const node of graph.nodes)
    if (node.op.structure !== undefined) for (const inner of innerGraphs(node)) count += countNodes(inner);
  return count;
};

type Kind = Lowering["kind"] | Structure["kind"];
/** Whether a node of a graph, or of the graphs inside it, is of one of some kinds. */
const hasAny = (graph: Graph, kinds: readonly Kind[]): boolean =>
  graph.nodes.some((node) => {
    const kind = loweringOf(node)?.kind ?? structureOf(node)?.kind;
    return (kind !== undefined && kinds.includes(kind)) || innerGraphs(node).some((g) => hasAny(g, kinds));
  });

/** A named pass, and kinds of nodes: without one of these there is nothing for it to do. */
type Step = readonly [name: string, pass: (graph: Graph) => Graph, ...kinds: readonly Kind[]];

/** The compiler's middle: named passes in order, and a check of what they leave.
 * @param known - what the host knows of each input before the program runs */
export function optimize(graph: Graph, known: readonly Knowledge[]): Optimized {
  try {
    return runPasses(graph, known, verification.everyPass);
  } catch {
    // Again, to find the pass that is to blame.
    return runPasses(graph, known, true);
  }
}
interface Optimized {
  readonly graph: Graph;
  readonly report: Report;
}

function runPasses(graph: Graph, known: readonly Knowledge[], isEveryPassChecked: boolean): Optimized {
  const report: Report = { passes: [], motions: [], checks: [] };
  const steps: readonly Step[] = [
    ["inline calls", inlineAll],
    ["simplify", (g) => everywhere(simplify, g)],
    ["share common", (g) => everywhere(shareCommon, g)],
    ["move loops", (g) => motion(g, report), "loop"],
    ["simplify", (g) => everywhere(simplify, g)],
    ["reuse stacks", (g) => everywhere(reuseStacks, g), "loop"],
    ["merge sums", (g) => mergeSums(simplify(mergeSums(mergeSums(g)))), "reduce"],
    ["gather after products", (g) => everywhere(gatherAfterProducts, g), "gather", "scatterAdd"],
    ["turn products", (g) => everywhere(turnProducts, g), "gemm"],
    ["merge places", (g) => everywhere(mergePlaces, g), "place"],
    ["add onto products", (g) => everywhere(addOntoProducts, g), "gemm"],
    ["push slices", (g) => everywhere(pushSlices, g)],
    ["settle indices", (g) => settleIndices(g, known, (check) => report.checks.push(check)), "check"],
    ["simplify", (g) => everywhere(simplify, g)],
    ["share common", (g) => everywhere(shareCommon, g)],
  ];
  const right = new Set<Graph | Node>();
  let now = graph;
  let nodes = countNodes(graph);
  for (const [name, pass, ...kinds] of steps) {
    const before = now;
    if (kinds.length === 0 || hasAny(now, kinds)) now = pass(now);
    if (now !== before) nodes = countNodes(now);
    if (isEveryPassChecked) verify(now, name, right);
    report.passes.push({ pass: name, nodes });
  }
  verify(now, "all passes", right);
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
