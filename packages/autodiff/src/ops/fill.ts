import type { DType } from "../base/dtype.js";
import type { Shape } from "../base/shape.js";
import type { Spec } from "../kernel/lowering.js";
import { sizesOf, type Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Maybe, Node, Op, Pullback, Reads } from "../trace/op.js";

/** Both modes of a derivative. */
export interface Derivative {
  readonly pullback: Pullback;
  pushforward(node: Node, tangents: readonly Maybe<Tensor>[]): readonly Maybe<Tensor>[];
}

/** What a call takes that must say why: nothing, once the reason is given as its type, where bundles hold none of it. */
export type Unless<Because extends string> = [Because] extends [never] ? [reason: never] : [];

/** No derivative, on purpose: it is cut here, silently. `zeroDerivative<"positions are whole numbers">()`. */
export function zeroDerivative<Because extends string = never>(
  ..._reason: Unless<Because>
): Derivative & { reads(): Reads } {
  return {
    pullback: (node) => node.inputs.map(() => null),
    pushforward: (node) => node.outputs.map(() => null),
    reads: () => ({ inputs: false, outputs: false }),
  };
}

/** One value everywhere. */
export const fillOp: Op<{ readonly shape: Shape; readonly dtype: DType; readonly value: number }> = {
  name: "fill",
  cheap: true,
  infer: (_inputs, { shape, dtype }) => [{ shape, dtype }],
  lower: (_inputs, { value }) => ({ kind: "fill", value }),
  ...zeroDerivative<"it has no inputs">(),
  batch: (_inputs, _batched, attributes) => [apply(fillOp, [], attributes), [false]],
  show: ({ value }) => `value=${value}`,
};

export const filledLike = (like: Spec | Tensor, value: number): Tensor =>
  applyOne(fillOp, [], { shape: sizesOf(like), dtype: like.dtype, value });
export const zerosOf = (like: Spec | Tensor): Tensor => filledLike(like, 0);
export const onesOf = (like: Spec | Tensor): Tensor => filledLike(like, 1);
