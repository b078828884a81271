import { mapRoutine } from "../backends/javascript/eager.js";
import { type DType, isFloatDType } from "../base/dtype.js";
import { buildExpression } from "../kernel/expression.js";
import type { Expression } from "../kernel/instruction.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";

const expressions = new Map<string, Expression>();
function castExpression(from: DType, to: DType): Expression {
  const key = `${from}>${to}`;
  let expression = expressions.get(key);
  if (expression === undefined) {
    expression = buildExpression([from], (kernel, x) => kernel.cast(x, to));
    expressions.set(key, expression);
  }
  return expression;
}

/** Another dtype; between float dtypes the derivative is cast back, elsewhere there is none. */
export const castOp: Op<DType> = {
  name: "cast",
  infer: ([x], dtype) => [{ shape: x.sizes, dtype }],
  eager: /* @__PURE__ */ mapRoutine({}),
  lower: ([x], dtype) => ({ kind: "map", expression: castExpression(x.dtype, dtype) }),
  pullback: ({ inputs: [x] }, [c]) => [c !== null && isFloatDType(x.dtype) ? to(c, x.dtype) : null],
  pushforward: ({ attributes }, [t]) => [
    t !== null && isFloatDType(attributes as DType) ? to(t, attributes as DType) : null,
  ],
  reads: () => ({ inputs: false, outputs: false }),
  batch: (inputs, batched, dtype) => [apply(castOp, inputs, dtype), batched],
  show: (dtype) => dtype,
};
const to = (t: Parameters<typeof apply>[1][number], dtype: DType): typeof t =>
  t.dtype === dtype ? t : applyOne(castOp, [t], dtype);
