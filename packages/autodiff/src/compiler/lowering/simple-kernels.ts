import type { DType } from "../../base/dtype.js";
import { buildExpression } from "../../kernel/expression.js";
import type { Expression } from "../../kernel/instruction.js";
import { broadcastStrides } from "../../kernel/layout.js";
import type { Kernel } from "../../kernel/program.js";
import { accessOf, squeezeBy, squeezed, type View } from "./views.js";

/** One value everywhere in a view. */
export function fillKernel(name: string, target: View, value: number): Kernel {
  return {
    kind: "fill",
    name,
    shape: squeezed(target.shape),
    value,
    target: accessOf(target, squeezeBy(target.strides, target.shape)),
  };
}

/** The elements of one view, stretched to another. */
export function copyKernel(name: string, from: View, to: View): Kernel {
  return {
    kind: "map",
    name,
    shape: squeezed(to.shape),
    reads: [{ kind: "plain", at: accessOf(from, squeezeBy(broadcastStrides(from, to.shape), to.shape)) }],
    expression: copyExpression(to.dtype),
    writes: [accessOf(to, squeezeBy(to.strides, to.shape))],
  };
}

const copies = new Map<DType, Expression>();
/** The expression that is its only operand. */
export function copyExpression(dtype: DType): Expression {
  let expression = copies.get(dtype);
  if (expression === undefined) {
    expression = buildExpression([dtype], (_kernel, x) => x);
    copies.set(dtype, expression);
  }
  return expression;
}

/** start, start + step, … along an axis of the index space; null stands for an axis of one element. */
export function iotaExpression(axis: number | null, start: number, step: number, dtype: DType): Expression {
  return buildExpression([], (kernel) => {
    if (axis === null) return kernel.constant(start, dtype);
    const at = kernel.cast(kernel.index(axis), dtype);
    return kernel.add(kernel.mul(at, kernel.constant(step, dtype)), kernel.constant(start, dtype));
  });
}
