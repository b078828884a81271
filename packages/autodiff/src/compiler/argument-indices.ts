import { IndexError } from "../base/errors.js";
import { checkRange, wrapIndexOp } from "../ops/gather.js";
import { reshapeOp } from "../ops/shape.js";
import { contiguousArray, type Tensor } from "../tensor/tensor.js";
import { interpret } from "../trace/evaluate.js";
import type { Graph, Node } from "../trace/op.js";
import { loweringOf, producers } from "./rewrite.js";

/** An argument that is used as indices: which one, and where they may point. */
export interface IndexCheck {
  readonly input: number;
  readonly op: string;
  readonly size: number;
  /** Whether negative ones count from the end. */
  readonly wraps: boolean;
  /** How the indices follow from the argument, if they are not the argument itself. */
  readonly made: Graph | null;
  /** The id of the argument that was right last: tensors do not change. */
  checked: number;
}

/** Which arguments a graph looks rows up with: as they are (through views, or counted from the end), or after arithmetic on whole numbers. A program itself
 * checks no values, so these are checked before it runs: nothing is then half done. */
export function indexChecks(graph: Graph, argumentCount: number): IndexCheck[] {
  const made = producers(graph);
  const checks: IndexCheck[] = [];
  for (const node of graph.nodes) {
    const kind = loweringOf(node)?.kind;
    if (kind !== "gather" && kind !== "scatterAdd") continue;
    const size = kind === "gather" ? node.inputs[0].shape[1] : node.outputs[0].shape[1];
    const op = kind === "gather" ? "take" : "scatterAdd";
    let index = node.inputs[1];
    let wraps = false;
    for (let from = made.get(index.id); from !== undefined; from = made.get(index.id)) {
      if (from.op === wrapIndexOp) wraps = true;
      else if (loweringOf(from)?.kind !== "view") break;
      index = from.inputs[0];
    }
    const input = graph.inputs.findIndex((t) => t.id === index.id);
    if (input < 0) {
      const part = wholeNumbersOf(graph, made, node.inputs[1]);
      const from = part === null ? -1 : graph.inputs.indexOf(part.inputs[0]);
      if (from >= 0 && from < argumentCount)
        checks.push({ input: from, op, size, wraps: false, made: part, checked: 0 });
      continue;
    }
    if (input >= argumentCount) continue;
    if (!checks.some((c) => c.made === null && c.input === input && c.size === size && c.wraps === wraps))
      checks.push({ input, op, size, wraps, made: null, checked: 0 });
  }
  return checks;
}

/** What makes a tensor of whole numbers out of one input of a graph, element by element; null if anything else takes part. */
function wholeNumbersOf(graph: Graph, made: ReadonlyMap<number, Node>, index: Tensor): Graph | null {
  const nodes = new Set<Node>();
  const inputs = new Set<Tensor>();
  const open = [index];
  for (let t = open.pop(); t !== undefined; t = open.pop()) {
    const node = made.get(t.id);
    if (t.dtype !== "int32" && t.dtype !== "bool") return null;
    if (node === undefined) inputs.add(t);
    else if (!nodes.has(node)) {
      const kind = loweringOf(node)?.kind;
      if (kind !== "map" && kind !== "view" && kind !== "fill") return null;
      nodes.add(node);
      open.push(...node.inputs);
    }
  }
  if (inputs.size !== 1) return null;
  return { inputs: [...inputs], nodes: graph.nodes.filter((node) => nodes.has(node)), outputs: [index] };
}

/** Throws for the first index of an argument that is out of range. */
export function checkArguments(checks: readonly IndexCheck[], inputs: readonly Tensor[]): void {
  for (const check of checks) {
    const { input, op, size, wraps, made } = check;
    const argument = inputs[input];
    if (argument.id === check.checked) continue;
    if (made === null) checkRange(op, argument, size, wraps);
    else checkMade(op, made, argument, size);
    check.checked = argument.id;
  }
}

function checkMade(op: string, made: Graph, argument: Tensor, size: number): void {
  const indices = contiguousArray(interpret(made, [argument])[0]);
  const wrong = indices.findIndex((at) => at < 0 || at >= size);
  if (wrong < 0) return;
  // Where nothing changed its place, the number that the caller passed says more.
  const inPlace = made.nodes.every((node) => loweringOf(node)?.kind !== "view" || node.op === reshapeOp);
  const passed =
    inPlace && argument.size === indices.length
      ? ` (${contiguousArray(argument)[wrong]} in the argument)`
      : "";
  throw new IndexError({
    code: "index/value",
    op,
    problem: "an index is out of range.",
    got: `index ${indices[wrong]}${passed} along an axis of size ${size}`,
    expected: `whole numbers from 0 to ${size - 1}`,
    mend: "correct the data, or clip(indices, 0, size - 1)",
  });
}
