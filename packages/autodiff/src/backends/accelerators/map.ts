import { sizeOf } from "../../base/shape.js";
import type { Expression } from "../../kernel/instruction.js";
import { allocate, type Tensor } from "../../tensor/tensor.js";
import type { Accelerator } from "../eager.js";
import { type EagerOperand, runMapInWasm } from "../wasm/eager-map.js";
import { hasSimd } from "../wasm/features.js";
import { withScratch } from "./memory.js";

/** Elements from which a map is worth copying into scratch memory and back: fewer for functions that JavaScript computes slowly. */
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

/** Large maps in WebAssembly, through scratch memory: tensors stay the garbage collector's. */
export const fastMap: Accelerator<"map"> = ({ expression }, inputs, [spec]) => {
  const n = sizeOf(spec.shape);
  const large = n >= worthwhileFunctions && (n >= worthwhileMap || isCostly(expression));
  const operands = large && spec.dtype !== "float64" && hasSimd() ? flatOperands(inputs, n) : null;
  if (operands === null || operands.every((o) => o.scalar)) return null;
  const out = allocate(spec.shape, spec.dtype);
  const done = withScratch(() =>
    runMapInWasm(expression, operands, n, [{ array: out.storage!, offset: out.offset }]),
  );
  return done ? [out] : null;
};
