import { sizeOf } from "../base/shape.js";
import type { Expression } from "../kernel/instruction.js";
import { allocate, type Tensor } from "../tensor/tensor.js";
import type { EagerBackend } from "./eager.js";
import { matrixOperand } from "./javascript/eager-matmul.js";
import { javascriptTable, tableBackend } from "./javascript/eager-table.js";
import { type EagerOperand, eagerGemm, eagerMap } from "./wasm/eager.js";
import { isWasmAvailable } from "./wasm/index.js";

/** Multiplications from which a product is worth copying into scratch memory and back. */
const worthwhileProduct = 4096;
/** Elements from which a map is: fewer for functions that JavaScript computes slowly. */
const worthwhileMap = 4096;
const worthwhileFunctions = 512;

const costly = new WeakMap<Expression, boolean>();
/** Whether an expression holds more than arithmetic. */
function isCostly(expression: Expression): boolean {
  let known = costly.get(expression);
  if (known === undefined) {
    known = expression.nodes.some(
      (node) => node.kind === "unary" && !["neg", "abs", "sqrt", "not"].includes(node.name),
    );
    costly.set(expression, known);
  }
  return known;
}

/** Operands that lie side by side or are one element; null if any is neither, or not float32. */
function flatOperands(inputs: readonly Tensor[], n: number): EagerOperand[] | null {
  const out: EagerOperand[] = [];
  for (const t of inputs) {
    const size = t.size;
    if (t.dtype === "float64" || (size !== 1 && (size !== n || t.strides !== null))) return null;
    out.push({ array: t.storage!, offset: t.offset, scalar: size === 1 });
  }
  return out;
}

/** The eager backend with products and large maps in WebAssembly, through scratch memory: tensors stay the garbage collector's. */
export const acceleratedEager: EagerBackend = tableBackend("wasm", {
  ...javascriptTable,
  map(lowering, inputs, outputs) {
    const [spec] = outputs;
    const n = sizeOf(spec.shape);
    const { expression } = lowering;
    const large = n >= worthwhileFunctions && (n >= worthwhileMap || isCostly(expression));
    const operands = large && spec.dtype !== "float64" && isWasmAvailable() ? flatOperands(inputs, n) : null;
    if (operands === null || operands.every((o) => o.scalar))
      return javascriptTable.map(lowering, inputs, outputs);
    const out = allocate(spec.shape, spec.dtype);
    eagerMap(expression, operands, n, [{ array: out.storage!, offset: out.offset }]);
    return [out];
  },
  gemm(lowering, inputs, outputs) {
    const [a, b] = inputs;
    const [spec] = outputs;
    const { dtype } = spec;
    const k = a.shape[a.shape.length - 1];
    const enough = sizeOf(spec.shape) * k >= worthwhileProduct;
    if (lowering.onto !== undefined || !enough || dtype === "int32" || dtype === "bool" || !isWasmAvailable())
      return javascriptTable.gemm(lowering, inputs, outputs);
    const rank = spec.shape.length;
    const batch = sizeOf(spec.shape.slice(0, -2));
    const x = matrixOperand(a);
    const y = matrixOperand(b);
    const out = allocate(spec.shape, dtype);
    eagerGemm({
      dtype,
      batch: batch === 1 ? [] : [batch],
      m: spec.shape[rank - 2],
      n: spec.shape[rank - 1],
      k,
      a: x.data,
      aOffset: x.offset,
      aStrides: batch === 1 ? [x.rowStride, x.columnStride] : [x.batchStride, x.rowStride, x.columnStride],
      b: y.data,
      bOffset: y.offset,
      bStrides: batch === 1 ? [y.rowStride, y.columnStride] : [y.batchStride, y.rowStride, y.columnStride],
      c: out.storage!,
      cOffset: out.offset,
    });
    return [out];
  },
});
