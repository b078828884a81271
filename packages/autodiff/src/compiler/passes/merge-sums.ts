import { sizeOf } from "../../base/shape.js";
import { permutationOf } from "../../kernel/layout.js";
import { matmulOp } from "../../ops/linear-algebra.js";
import { permute, reshaped, sumOp } from "../../ops/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { applyOne } from "../../trace/apply.js";
import type { Graph, Node } from "../../trace/op.js";
import { loweringOf, rewriteGraph } from "../rewrite.js";
import { viewOf } from "../see-through.js";

/** Sums what was about to be summed: a sum over all leading axes of batched products of matrices is one product with a longer inner axis
 * (the gradient of a weight over all time steps: K = T·B), of batched scatter-adds one scatter-add, of a sum one sum. */
export const mergeSums = (graph: Graph): Graph =>
  rewriteGraph(graph, (node, around) => {
    const lowering = loweringOf(node);
    if (lowering?.kind !== "reduce" || lowering.combine !== "sum") return null;
    const source = around.uses(node.inputs[0]) === 1 ? around.maker(node.inputs[0]) : undefined;
    if (source === undefined || source.outputs.length !== 1) return null;
    const merged = sumOf(source, lowering.axes, node.outputs[0].sizes);
    return merged === null ? null : [merged];
  });

function sumOf(node: Node, axes: readonly number[], shape: readonly number[]): Tensor | null {
  // A sum of nothing is 0, whatever it is a sum of; empty shapes do not say how they follow from one another.
  if (sizeOf(node.outputs[0].sizes) === 0) return null;
  const source = loweringOf(node);
  const { inputs } = node;
  const rank = node.outputs[0].sizes.length;
  const leading = axes.every((k, i) => k === i);
  switch (source?.kind) {
    case "reduce": {
      if (source.combine !== "sum") return null;
      const all = [...new Set([...axes, ...source.axes])].sort((a, b) => a - b);
      return applyOne(sumOp, [inputs[0]], all);
    }
    case "view":
      return sumOfView(node, inputs[0], axes, shape);
    case "gemm": {
      const [a, b] = inputs;
      if (
        !leading ||
        axes.length !== rank - 2 ||
        rank < 3 ||
        a.sizes.length !== rank ||
        b.sizes.length !== rank
      )
        return null;
      const lead = a.sizes.slice(0, -2).map((_, k) => k);
      const m = a.sizes[rank - 2];
      const k = a.sizes[rank - 1];
      const n = b.sizes[rank - 1];
      const length = sizeOf(a.sizes.slice(0, -2)) * k;
      const left = reshaped(permute(a, [rank - 2, ...lead, rank - 1]), [m, length]);
      const right = reshaped(b, [length, n]);
      return reshaped(applyOne(matmulOp, [left, right], null), shape);
    }
    case "scatterAdd": {
      const [x, index] = inputs;
      if (!leading || axes.length !== 1) return null;
      const [batch, count, row] = x.sizes;
      return applyOne(
        node.op,
        [reshaped(x, [1, batch * count, row]), reshaped(index, [1, batch * count])],
        node.attributes,
      );
    }
    default:
      return null;
  }
}

/** A sum over permuted axes is the permuted sum; a sum over a first axis that a reshape leaves alone moves before the reshape. */
function sumOfView(
  node: Node,
  input: Tensor,
  axes: readonly number[],
  shape: readonly number[],
): Tensor | null {
  const view = viewOf(node);
  if (view === null || view.offset !== 0) return null;
  if (view.strides === null) {
    // The same elements, or only some of them, as a slice that lies in one piece has?
    const same = sizeOf(view.shape) === sizeOf(input.sizes);
    const alone =
      axes.length === 1 && axes[0] === 0 && input.sizes.length > 0 && input.sizes[0] === view.shape[0];
    return same && alone ? reshaped(applyOne(sumOp, [input], [0]), shape) : null;
  }
  const order = permutationOf(input.sizes, view);
  if (order === null) return null;
  return permute(
    applyOne(
      sumOp,
      [input],
      axes.map((k) => order[k]).sort((a, b) => a - b),
    ),
    order,
  );
}
