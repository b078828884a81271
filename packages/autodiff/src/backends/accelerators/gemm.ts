import { sizeOf } from "../../base/shape.js";
import { allocate } from "../../tensor/tensor.js";
import type { Accelerator } from "../eager.js";
import { matrixOperand } from "../javascript/eager-matmul.js";
import { type EagerProduct, eagerGemm } from "../wasm/eager-gemm.js";
import { hasSimd } from "../wasm/features.js";
import { withScratch } from "./memory.js";

/** Multiplications from which a product is worth copying into scratch memory and back. */
const worthwhileProduct = 4096;

/** Large products in WebAssembly, through scratch memory: tensors stay the garbage collector's. */
export const fastGemm: Accelerator<"gemm"> = (lowering, [a, b], [spec]) => {
  const { dtype, shape } = spec;
  const k = a.sizes[a.sizes.length - 1];
  const enough = sizeOf(shape) * k >= worthwhileProduct;
  if (lowering.onto !== undefined || !enough || dtype === "int32" || dtype === "bool" || !hasSimd())
    return null;
  const rank = shape.length;
  const batch = sizeOf(shape.slice(0, -2));
  const x = matrixOperand(a);
  const y = matrixOperand(b);
  const out = allocate(shape, dtype);
  const product: EagerProduct = {
    dtype,
    batch: batch === 1 ? [] : [batch],
    m: shape[rank - 2],
    n: shape[rank - 1],
    k,
    a: x.data,
    aOffset: x.offset,
    aStrides: batch === 1 ? [x.rowStride, x.columnStride] : [x.batchStride, x.rowStride, x.columnStride],
    b: y.data,
    bOffset: y.offset,
    bStrides: batch === 1 ? [y.rowStride, y.columnStride] : [y.batchStride, y.rowStride, y.columnStride],
    c: out.storage!,
    cOffset: out.offset,
  };
  return withScratch(() => eagerGemm(product)) ? [out] : null;
};
