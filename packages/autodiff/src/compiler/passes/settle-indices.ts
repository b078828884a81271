import { isFloatDType } from "../../base/dtype.js";
import type { IndexRange, Lowering } from "../../kernel/lowering.js";
import { indexOp } from "../../ops/indices.js";
import type { Tensor } from "../../tensor/tensor.js";
import { applyOne } from "../../trace/apply.js";
import type { Graph, Node } from "../../trace/op.js";
import { loweringOf, producers, rewriteBodies, rewriteGraph } from "../rewrite.js";
import { boundsIn } from "../whole-numbers.js";

/** What the host knows of an input before the program runs: a constant always, an argument (or a Variable that the program only reads) at each call,
 * a Variable that the program assigns not without asking the machine. */
export type Knowledge = "always" | "before" | "never";

/** Indices that the host checks, so that the program need not. */
export interface HostCheck {
  readonly range: IndexRange;
  /** What makes the indices: views of one input, or what is exact of constants only. Its inputs are the program's at the places of `inputs`. */
  readonly made: Graph;
  readonly inputs: readonly number[];
}

/** Decides who checks each index: nobody where its bounds are known to be in range, the host where it can see the values before the run, the program otherwise.
 * @param known - what the host knows of the graph's inputs
 * @param found - takes the checks that are the host's */
export function settleIndices(
  graph: Graph,
  known: readonly Knowledge[],
  found: (check: HostCheck) => void,
): Graph {
  const boundsOf = boundsIn(graph);
  const made = producers(graph);
  const settled = new Set<number>();
  for (const node of graph.nodes) {
    const lowering = loweringOf(node);
    if (lowering?.kind !== "check") continue;
    const { range } = lowering;
    const { low, high } = boundsOf(node.inputs[0]);
    const isInRange = low >= (range.wraps ? -range.size : 0) && high < range.size;
    const source = isInRange ? null : sourceOf(graph, made, node.inputs[0], known);
    if (source !== null) found({ range, ...source });
    if (isInRange || source !== null) settled.add(node.outputs[0].id);
  }
  // Of bodies the host sees nothing: a branch may not be taken, a loop not be run.
  const inBody = (body: Graph): Graph =>
    settleIndices(
      body,
      body.inputs.map(() => "never"),
      () => {},
    );
  return rewriteBodies(
    inBody,
    rewriteGraph(graph, (node) =>
      settled.has(node.outputs[0]?.id)
        ? [applyOne(indexOp, node.inputs, { ...(node.attributes as IndexRange), checked: true })]
        : null,
    ),
  );
}

const copies: ReadonlySet<Lowering["kind"]> = new Set(["view", "fill", "place", "gather"]);

/** Whether a node has the same values wherever it runs: the last bit of float arithmetic may differ, and an index that is cut off it by one. */
const isExact = (node: Node, kind: Lowering["kind"]): boolean =>
  copies.has(kind) || !node.outputs.some(({ dtype }) => isFloatDType(dtype));

/** What the host can make a tensor of; null if it cannot. */
function sourceOf(
  graph: Graph,
  made: ReadonlyMap<number, Node>,
  index: Tensor,
  known: readonly Knowledge[],
): Omit<HostCheck, "range"> | null {
  const nodes = new Set<Node>();
  const leaves = new Set<number>();
  let onlyViews = true;
  const open = [index];
  for (let t = open.pop(); t !== undefined; t = open.pop()) {
    const node = made.get(t.id);
    if (node === undefined) {
      const { id } = t;
      leaves.add(graph.inputs.findIndex((input) => input.id === id));
    } else if (!nodes.has(node)) {
      const kind = loweringOf(node)?.kind;
      if (kind === undefined || kind === "randomBits" || !isExact(node, kind)) return null;
      onlyViews &&= kind === "view";
      nodes.add(node);
      open.push(...node.inputs);
    }
  }
  const inputs = [...leaves];
  const constant = inputs.every((i) => known[i] === "always");
  if (!constant && !(onlyViews && inputs.length === 1 && known[inputs[0]] === "before")) return null;
  return {
    inputs,
    made: {
      inputs: inputs.map((i) => graph.inputs[i]),
      nodes: graph.nodes.filter((node) => nodes.has(node)),
      outputs: [index],
    },
  };
}
