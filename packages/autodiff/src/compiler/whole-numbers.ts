import type { ExpressionNode } from "../kernel/instruction.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Graph, Node } from "../trace/op.js";
import { loweringOf } from "./rewrite.js";

/** Bounds of whole numbers, both included. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

const int32: Bounds = { low: -(2 ** 31), high: 2 ** 31 - 1 };
const bool: Bounds = { low: 0, high: 1 };
const union = (a: Bounds, b: Bounds): Bounds => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});
/** Bounds of a sum or product; all of int32 where it may wrap. */
const unwrapped = (low: number, high: number): Bounds =>
  low < int32.low || high > int32.high ? int32 : { low, high };

/** What is known of the int32 and bool values of a graph without running it: the bounds that each stays in. */
export function boundsIn(graph: Graph): (t: Tensor) => Bounds {
  const known = new Map<number, Bounds>();
  const boundsOf = (t: Tensor): Bounds => known.get(t.id) ?? (t.dtype === "bool" ? bool : int32);
  const comparisons = new Map<number, Comparison>();
  for (const node of graph.nodes) {
    const compared = comparisonOf(node);
    if (compared !== null) comparisons.set(node.outputs[0].id, compared);
    const made = boundsOfNode(node, boundsOf, comparisons);
    if (made === null) continue;
    for (const t of node.outputs) if (t.dtype === "int32" || t.dtype === "bool") known.set(t.id, made);
  }
  return boundsOf;
}

/** What a bool tensor says: that one tensor is less than another. */
interface Comparison {
  readonly strict: boolean;
  readonly less: Tensor;
  readonly more: Tensor;
}

/** The tensor that node `i` of an elementwise op's expression is; null if it is computed. */
function readOf(node: Node, nodes: readonly ExpressionNode[], i: number): Tensor | null {
  const part = nodes[i];
  return part.kind === "read" ? node.inputs[part.index] : null;
}

function comparisonOf(node: Node): Comparison | null {
  const lowering = loweringOf(node);
  if (lowering?.kind !== "map") return null;
  const { nodes, results } = lowering.expression;
  const last = nodes[results[0]];
  if (last.kind !== "compare" || (last.name !== "lt" && last.name !== "le")) return null;
  const [less, more] = [readOf(node, nodes, last.a), readOf(node, nodes, last.b)];
  return less === null || more === null ? null : { strict: last.name === "lt", less, more };
}

/** The bounds of a tensor where a comparison holds, or where it does not. */
function boundsWhere(
  t: Tensor,
  { strict, less, more }: Comparison,
  holds: boolean,
  boundsOf: (t: Tensor) => Bounds,
): Bounds {
  const { low, high } = boundsOf(t);
  const step = strict === holds ? 1 : 0;
  if (t.id === (holds ? less : more).id)
    return { low, high: Math.min(high, boundsOf(holds ? more : less).high - step) };
  if (t.id === (holds ? more : less).id)
    return { low: Math.max(low, boundsOf(holds ? less : more).low + step), high };
  return { low, high };
}

function boundsOfNode(
  node: Node,
  boundsOf: (t: Tensor) => Bounds,
  comparisons: ReadonlyMap<number, Comparison>,
): Bounds | null {
  const lowering = loweringOf(node);
  const { inputs, outputs } = node;
  switch (lowering?.kind) {
    case "fill":
      return Number.isInteger(lowering.value) ? { low: lowering.value, high: lowering.value } : null;
    case "iota": {
      const last = lowering.start + lowering.step * Math.max(0, outputs[0].size - 1);
      return union({ low: lowering.start, high: lowering.start }, { low: last, high: last });
    }
    case "view":
    case "gather":
      return boundsOf(inputs[0]);
    case "place":
      return inputs.map(boundsOf).reduce(union, { low: lowering.fill, high: lowering.fill });
    case "argSort":
    case "argExtreme":
      return { low: 0, high: Math.max(0, inputs[0].sizes[inputs[0].sizes.length - 1] - 1) };
    case "check":
      return { low: 0, high: Math.max(0, lowering.range.size - 1) };
    case "map": {
      const { nodes, results } = lowering.expression;
      const last = nodes[results[0]];
      // A choice by a comparison of one of the chosen, as in clip.
      if (last.kind === "select") {
        const [by, a, b] = [last.condition, last.a, last.b].map((i) => readOf(node, nodes, i));
        const comparison = by === null ? undefined : comparisons.get(by.id);
        if (comparison !== undefined && a !== null && b !== null && a.dtype === "int32")
          return union(
            boundsWhere(a, comparison, true, boundsOf),
            boundsWhere(b, comparison, false, boundsOf),
          );
      }
      const values: (Bounds | null)[] = [];
      for (const part of nodes) values.push(boundsOfPart(part, values, inputs, boundsOf));
      return values[results[0]];
    }
    default:
      return null;
  }
}

/** Bounds of one instruction's result; null for floats, and for whatever says nothing. */
function boundsOfPart(
  part: ExpressionNode,
  values: readonly (Bounds | null)[],
  inputs: readonly Tensor[],
  boundsOf: (t: Tensor) => Bounds,
): Bounds | null {
  if (part.dtype === "bool") return bool;
  if (part.dtype !== "int32") return null;
  switch (part.kind) {
    case "read":
      return boundsOf(inputs[part.index]);
    case "constant":
      return { low: part.value, high: part.value };
    case "select": {
      const [a, b] = [values[part.a], values[part.b]];
      return a === null || b === null ? null : union(a, b);
    }
    case "cast":
      // From bool; what a float becomes is not known.
      return values[part.a];
    case "binary": {
      const [a, b] = [values[part.a], values[part.b]];
      if (a === null || b === null) return null;
      switch (part.name) {
        case "add":
          return unwrapped(a.low + b.low, a.high + b.high);
        case "sub":
          return unwrapped(a.low - b.high, a.high - b.low);
        case "mul": {
          const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
          return unwrapped(Math.min(...corners), Math.max(...corners));
        }
        case "min":
          return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) };
        case "max":
          return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) };
        default:
          return null;
      }
    }
    default:
      return null;
  }
}
