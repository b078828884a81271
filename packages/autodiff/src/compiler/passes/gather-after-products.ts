import { sizeOf } from "../../base/shape.js";
import { greater, where } from "../../ops/comparison.js";
import { onesOf } from "../../ops/fill.js";
import { gatherOp, scatterAddOp } from "../../ops/gather.js";
import { matmulOp, swapLast } from "../../ops/linear-algebra.js";
import { reshaped } from "../../ops/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { applyOne } from "../../trace/apply.js";
import type { Graph, Node } from "../../trace/op.js";
import { loweringOf, rewriteGraph, type Surroundings } from "../rewrite.js";
import { type Seen, seeThrough } from "../see-through.js";

/** Rows looked up must outnumber the table's rows by this factor to be worth it. */
const worthwhile = 2;

/** What all elements of a value are a view of, in whatever order. */
function through(t: Tensor, around: Surroundings): Seen | null {
  const seen = seeThrough(t, (of) => around.maker(of));
  if (seen === null) return null;
  const { root, layout } = seen;
  return sizeOf(layout.shape) === sizeOf(root.sizes) && layout.offset === 0 ? seen : null;
}

/** Looking rows up is a product with a matrix P of zeros and ones, and products associate: (P·E)·W = P·(E·W), (P·E)ᵀ·D = Eᵀ·(Pᵀ·D), Pᵀ·(D·W) = (Pᵀ·D)·W. Where many more rows
 * are looked up than the table has (an embedding of characters over a batch of sequences), the products on the right are small. */
export const gatherAfterProducts = (graph: Graph): Graph =>
  rewriteGraph(graph, (node, around) => {
    const now = productOf(node, around) ?? scatterOf(node, around);
    return now === null ? null : [now];
  });

/** The lookup behind an operand: its node, if there is one table for all, and many more rows are read than it has. */
function lookupOf(seen: Seen | null, around: Surroundings): Node | null {
  const node = seen === null ? undefined : around.maker(seen.root);
  if (node === undefined || loweringOf(node)?.kind !== "gather") return null;
  const [table] = node.inputs;
  return table.sizes[0] === 1 && node.outputs[0].sizes[1] >= worthwhile * table.sizes[1] ? node : null;
}

function productOf(node: Node, around: Surroundings): Tensor | null {
  const lowering = loweringOf(node);
  if (lowering?.kind !== "gemm" || lowering.onto !== undefined) return null;
  const [a, b] = node.inputs;
  if (b.sizes.length !== 2) return null;
  const [out] = node.outputs;
  const left = through(a, around);
  const lookup = lookupOf(left, around);
  if (left !== null && lookup !== null) {
    const [table, index] = lookup.inputs;
    const [, rows, width] = table.sizes;
    const count = index.sizes[1];
    const { shape, strides } = left.layout;
    if (strides === null && shape[shape.length - 1] === width) {
      const small = applyOne(matmulOp, [reshaped(table, [rows, width]), b], null);
      return reshaped(applyOne(gatherOp, [reshaped(small, [1, rows, b.sizes[1]]), index], null), out.sizes);
    }
    // The lookup transposed: a sum over its rows.
    if (
      shape.length === 2 &&
      shape[0] === width &&
      shape[1] === count &&
      strides !== null &&
      strides[0] === 1 &&
      strides[1] === width
    ) {
      const summed = rowSums(b, index, rows);
      const read = where(readRows(index, rows), reshaped(table, [rows, width]), 0);
      return applyOne(matmulOp, [swapLast(read), summed], null);
    }
  }
  const right = through(b, around);
  const other = lookupOf(right, around);
  if (right === null || other === null || a.sizes.length !== 2) return null;
  const [table, index] = other.inputs;
  const [, rows, width] = table.sizes;
  const count = index.sizes[1];
  const { shape, strides } = right.layout;
  if (strides !== null || shape[0] !== count || shape[1] !== width || a.sizes[1] !== count) return null;
  const summed = rowSums(swapLast(a), index, rows);
  const read = where(readRows(index, rows), reshaped(table, [rows, width]), 0);
  return applyOne(matmulOp, [swapLast(summed), read], null);
}

/** Which rows of a table are looked up, `[rows, 1]`: what others hold (it may be no number) must not reach a product with their sums, which are 0. */
const readRows = (index: Tensor, rows: number): Tensor =>
  greater(rowSums(onesOf({ shape: [index.sizes[1], 1], dtype: "float32" }), index, rows), 0);

/** For each row of the table the sum of the rows that were looked up there. */
function rowSums(rows: Tensor, index: Tensor, size: number): Tensor {
  const [count, width] = rows.sizes;
  return reshaped(applyOne(scatterAddOp, [reshaped(rows, [1, count, width]), index], size), [size, width]);
}

function scatterOf(node: Node, around: Surroundings): Tensor | null {
  if (loweringOf(node)?.kind !== "scatterAdd") return null;
  const [x, index] = node.inputs;
  const [out] = node.outputs;
  const [batch, rows, width] = out.sizes;
  const count = index.sizes[1];
  const seen = batch === 1 && count >= worthwhile * rows ? through(x, around) : null;
  const product = seen === null ? undefined : around.maker(seen.root);
  if (seen === null || product === undefined || seen.layout.strides !== null) return null;
  const lowering = loweringOf(product);
  const [d, w] = product.inputs;
  if (
    lowering?.kind !== "gemm" ||
    lowering.onto !== undefined ||
    w.sizes.length !== 2 ||
    w.sizes[1] !== width
  )
    return null;
  // The rows of D must lie as those of the product do.
  if (sizeOf(d.sizes) !== count * d.sizes[d.sizes.length - 1]) return null;
  const summed = rowSums(reshaped(d, [count, w.sizes[0]]), index, rows);
  const made = applyOne(matmulOp, [summed, w], null);
  return reshaped(where(readRows(index, rows), made, 0), out.sizes);
}
