import { checkRange, wrapIndexOp } from "../ops/gather.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Graph } from "../trace/op.js";
import { loweringOf, producers } from "./rewrite.js";

/** An argument that is used as indices: which one, and where they may point. */
export interface IndexCheck {
  readonly input: number;
  readonly op: string;
  readonly size: number;
  /** Whether negative ones count from the end. */
  readonly wraps: boolean;
}

/** Which arguments a graph looks rows up with, as they are (through views, or counted from the end). A program itself checks no values, so these are checked before it runs:
 * nothing is then half done. */
export function indexChecks(graph: Graph, argumentCount: number): IndexCheck[] {
  const made = producers(graph);
  const checks: IndexCheck[] = [];
  for (const node of graph.nodes) {
    const kind = loweringOf(node)?.kind;
    if (kind !== "gather" && kind !== "scatterAdd") continue;
    const size = kind === "gather" ? node.inputs[0].shape[1] : node.outputs[0].shape[1];
    let index = node.inputs[1];
    let wraps = false;
    for (let from = made.get(index.id); from !== undefined; from = made.get(index.id)) {
      if (from.op === wrapIndexOp) wraps = true;
      else if (loweringOf(from)?.kind !== "view") break;
      index = from.inputs[0];
    }
    const input = graph.inputs.findIndex((t) => t.id === index.id);
    if (input < 0 || input >= argumentCount) continue;
    if (!checks.some((c) => c.input === input && c.size === size && c.wraps === wraps))
      checks.push({ input, op: kind === "gather" ? "take" : "scatterAdd", size, wraps });
  }
  return checks;
}

/** Throws for the first index of an argument that is out of range. */
export function checkArguments(checks: readonly IndexCheck[], inputs: readonly Tensor[]): void {
  for (const { input, op, size, wraps } of checks) checkRange(op, inputs[input], size, wraps);
}
