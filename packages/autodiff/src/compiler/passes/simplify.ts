import { plainEager } from "../../backends/javascript/eager.js";
import { sameShape, sizeOf } from "../../base/shape.js";
import type { Lowering } from "../../kernel/lowering.js";
import { mul } from "../../ops/arithmetic.js";
import { filledLike } from "../../ops/fill.js";
import { stretched } from "../../ops/shape.js";
import { allocate, type Tensor } from "../../tensor/tensor.js";
import type { Graph, Node } from "../../trace/op.js";
import { loweringOf, onlyInstruction, rewriteGraph, type Surroundings } from "../rewrite.js";
import { isReshape } from "../see-through.js";
import { hasNoNegativeZero, withoutNegativeZero } from "../signed-zeros.js";

/** Removes what changes nothing and folds what is known: uniform values through maps and views, neutral operands, empty views and reductions. */
export const simplify = (graph: Graph): Graph =>
  rewriteGraph(graph, (node, around) => {
    const lowering = loweringOf(node);
    if (lowering === null || node.op.opaque === true) return null;
    const now = foldUniform(node, lowering, around) ?? simpler(node, lowering, around);
    return now === null ? null : [now];
  });

/** The number that a value is everywhere; undefined if it is not known to be one. */
function uniformOf(t: Tensor, around: Surroundings): number | undefined {
  const node = around.maker(t);
  const lowering = node === undefined ? null : loweringOf(node);
  return lowering?.kind === "fill" ? lowering.value : undefined;
}

function foldUniform(node: Node, lowering: Lowering, around: Surroundings): Tensor | null {
  const { inputs } = node;
  if (node.outputs.length !== 1 || inputs.length === 0) return null;
  const values: number[] = [];
  for (const t of inputs) {
    const value = uniformOf(t, around);
    if (value === undefined) return null;
    values.push(value);
  }
  const [out] = node.outputs;
  let value: number;
  if (lowering.kind === "view") value = values[0];
  else if (lowering.kind === "map") {
    const operands = inputs.map((t, i) => {
      const operand = allocate([], t.dtype);
      operand.storage![operand.offset] = values[i];
      return operand;
    });
    value = plainEager(lowering, operands, [{ shape: [], dtype: out.dtype }], node.op.eager)[0].item();
  } else if (lowering.kind === "reduce" && lowering.combine === "sum" && Number.isInteger(values[0])) {
    const count = sizeOf(inputs[0].sizes) / Math.max(1, sizeOf(out.sizes));
    if (!Number.isInteger(count) || Math.abs(values[0] * count) > 2 ** 24) return null;
    // A sum starts from 0: it is not −0.
    value = 0 + values[0] * count;
  } else return null;
  return filledLike(out, value);
}

function simpler(node: Node, lowering: Lowering, around: Surroundings): Tensor | null {
  const { inputs } = node;
  const [out] = node.outputs;
  if (lowering.kind === "view" && node.outputs.length === 1)
    return sameShape(out.sizes, inputs[0].sizes) && isReshape(node) ? inputs[0] : null;
  if (lowering.kind === "reduce") {
    if (!lowering.axes.every((k) => inputs[0].sizes[k] === 1)) return null;
    return lowering.combine === "sum" ? withoutNegativeZero(inputs[0], around) : inputs[0];
  }
  if (lowering.kind !== "map") return null;
  const { nodes, results } = lowering.expression;
  const result = nodes[results[0]];
  if (result.kind === "read") return stretched(inputs[result.index], out.sizes);
  const name = onlyInstruction(lowering.expression);
  if (name === null || inputs.length !== 2) return null;
  const [a, b] = inputs;
  const left = uniformOf(a, around);
  const right = uniformOf(b, around);
  switch (name) {
    case "add":
      return addsNothing(right, a, around)
        ? stretched(a, out.sizes)
        : addsNothing(left, b, around)
          ? stretched(b, out.sizes)
          : null;
    case "sub":
      // x − (−0) is x + 0.
      return right === 0 && addsNothing(-right, a, around) ? stretched(a, out.sizes) : null;
    case "mul":
      return right === 1 ? stretched(a, out.sizes) : left === 1 ? stretched(b, out.sizes) : null;
    case "div":
      return right === 1 ? stretched(a, out.sizes) : null;
    case "pow":
      return right === 1 ? stretched(a, out.sizes) : right === 2 ? stretched(mul(a, a), out.sizes) : null;
    default:
      return null;
  }
}

/** Whether x + zero is x: for −0 always, for 0 where x has no −0. */
const addsNothing = (zero: number | undefined, x: Tensor, around: Surroundings): boolean =>
  zero === 0 && (Object.is(zero, -0) || hasNoNegativeZero(x, around));
