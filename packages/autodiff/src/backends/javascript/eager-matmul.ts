import { type Shape, sizeOf } from "../../base/shape.js";
import { joinAxes } from "../../kernel/layout.js";
import type { Spec } from "../../kernel/lowering.js";
import { allocate, contiguousArray, type Tensor } from "../../tensor/tensor.js";
import { gemm, type Matrix } from "./gemm.js";

/** A matrix operand, and the step from one batch to the next. */
export interface MatrixOperand extends Matrix {
  readonly batchStride: number;
}

/** A matmul operand as base, row, column and batch strides; copied where its leading axes do not lie evenly. */
export function matrixOperand(t: Tensor): MatrixOperand {
  const rank = t.sizes.length;
  const rows = t.sizes[rank - 2];
  const columns = t.sizes[rank - 1];
  const batchStride = t.strides === null ? null : evenBatchStride(t.sizes, t.strides);
  if (t.strides !== null && batchStride !== null) {
    return {
      data: t.storage!,
      offset: t.offset,
      rowStride: t.strides[rank - 2],
      columnStride: t.strides[rank - 1],
      batchStride,
    };
  }
  const copied = t.strides !== null;
  return {
    data: copied ? contiguousArray(t) : t.storage!,
    offset: copied ? 0 : t.offset,
    rowStride: columns,
    columnStride: 1,
    batchStride: rank > 2 ? rows * columns : 0,
  };
}

/** The step from one matrix to the next, where the leading axes lie evenly; null where not. */
function evenBatchStride(shape: Shape, strides: readonly number[]): number | null {
  if (shape.length < 3) return 0;
  const joined = joinAxes(shape.slice(0, -2), [strides.slice(0, -2)]);
  return joined.sizes.length > 1 ? null : (joined.strides[0][0] ?? 0);
}

/** `[..., m, k] × [..., k, n]` with plain loops. */
export function matmulLoops(a: Tensor, b: Tensor, spec: Spec): Tensor {
  const out = allocate(spec.shape, spec.dtype);
  const rank = spec.shape.length;
  const m = spec.shape[rank - 2];
  const n = spec.shape[rank - 1];
  const k = a.sizes[a.sizes.length - 1];
  const x = matrixOperand(a);
  const y = matrixOperand(b);
  const c = { data: out.storage!, offset: out.offset, rowStride: n, columnStride: 1 };
  if (rank === 2) {
    gemm(m, n, k, x, y, c, false);
    return out;
  }
  const batch = sizeOf(spec.shape.slice(0, -2));
  for (let z = 0; z < batch; z++) {
    const left = { ...x, offset: x.offset + z * x.batchStride };
    const right = { ...y, offset: y.offset + z * y.batchStride };
    gemm(m, n, k, left, right, { ...c, offset: c.offset + z * m * n }, false);
  }
  return out;
}
