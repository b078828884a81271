import type { Tensor } from "../tensor/tensor.js";
import { applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { add } from "./arithmetic.js";
import { addMaybe } from "./operands.js";

/** Ops of two operands that are linear in each alone, such as a product of matrices. */
export interface BilinearRecord<A> extends Omit<Op<A>, "pullback" | "pushforward" | "reads"> {
  /** Cotangent of a from that of the output, and of b likewise. */
  readonly transposes: readonly [
    (c: Tensor, b: Tensor, a: Tensor, attributes: A) => Tensor,
    (c: Tensor, a: Tensor, b: Tensor, attributes: A) => Tensor,
  ];
}

export function bilinearOp<A>(record: BilinearRecord<A>): Op<A> {
  const { transposes, ...rest } = record;
  const op: Op<A> = {
    ...rest,
    pullback: ({ inputs: [a, b], attributes }, [c], wanted) => [
      wanted[0] && c !== null ? transposes[0](c, b, a, attributes as A) : null,
      wanted[1] && c !== null ? transposes[1](c, a, b, attributes as A) : null,
    ],
    pushforward: ({ inputs: [a, b], attributes }, [s, t]) => [
      addMaybe(
        add,
        s === null ? null : applyOne(op, [s, b], attributes as A),
        t === null ? null : applyOne(op, [a, t], attributes as A),
      ),
    ],
    reads: (watched) => ({ inputs: [watched[1], watched[0]], outputs: false }),
  };
  return op;
}
