import { isFloatDType } from "../base/dtype.js";
import type { ExpressionNode } from "../kernel/instruction.js";
import { add } from "../ops/arithmetic.js";
import type { Tensor } from "../tensor/tensor.js";
import { loweringOf, type Surroundings } from "./rewrite.js";

// −0 + 0 is 0: who leaves out an addition of zero, or adds in another order, must know that −0 is not among the operands, or add the zero.

/** How far a proof looks back. */
const deepest = 12;

/** Whether a value has no −0: what sums have started from 0, whole numbers, and what follows from such. */
export function hasNoNegativeZero(t: Tensor, around: Pick<Surroundings, "maker">, depth = 0): boolean {
  if (!isFloatDType(t.dtype)) return true;
  const node = around.maker(t);
  const lowering = node === undefined ? null : loweringOf(node);
  if (node === undefined || lowering === null || depth > deepest) return false;
  const clean = (i: number): boolean => hasNoNegativeZero(node.inputs[i], around, depth + 1);
  switch (lowering.kind) {
    case "fill":
      return !Object.is(lowering.value, -0);
    case "reduce":
      return (
        lowering.combine === "sum" || ((lowering.combine === "max" || lowering.combine === "min") && clean(0))
      );
    case "scatterAdd":
    case "cumulative":
    case "gemm":
      // A product onto something adds to it what it has summed up from 0.
      return true;
    case "view":
    case "gather":
      return clean(0);
    case "place":
      return !Object.is(lowering.fill, -0) && node.inputs.every((_, i) => clean(i));
    case "map": {
      const { nodes, results } = lowering.expression;
      const known: boolean[] = [];
      for (const part of nodes) known.push(partHasNone(part, known, nodes, clean));
      return known[results[0]];
    }
    default:
      return false;
  }
}

function partHasNone(
  part: ExpressionNode,
  known: readonly boolean[],
  nodes: readonly ExpressionNode[],
  clean: (input: number) => boolean,
): boolean {
  if (!isFloatDType(part.dtype)) return true;
  switch (part.kind) {
    case "read":
      return clean(part.index);
    case "constant":
      return !Object.is(part.value, -0);
    case "select":
      return known[part.a] && known[part.b];
    case "cast":
      // A float64 may be too small for a float32, and keep its sign.
      return !isFloatDType(nodes[part.a].dtype) || (part.dtype === "float64" && known[part.a]);
    case "unary":
      return part.name === "exp" || part.name === "abs" || part.name === "sigmoid";
    case "binary":
      if (part.name === "add") return known[part.a] || known[part.b];
      if (part.name === "sub") return known[part.a];
      return part.name === "mul" && part.a === part.b;
    default:
      return false;
  }
}

/** The value with 0 in place of −0; itself if it has none. */
export const withoutNegativeZero = (t: Tensor, around: Pick<Surroundings, "maker">): Tensor =>
  hasNoNegativeZero(t, around) ? t : add(t, 0);
