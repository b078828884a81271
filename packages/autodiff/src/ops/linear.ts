import type { Spec } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import type { Maybe, Node, Op } from "../trace/op.js";
import { zerosOf } from "./fill.js";
import { isFloat } from "./operands.js";

/** Ops that are linear in their float inputs together: forward mode is the op itself. */
export interface LinearRecord<A>
  extends Omit<Op<A>, "pullback" | "pushforward" | "reads" | "infer" | "batch"> {
  // Method syntax of Op is repeated, because Omit would drop its parameters' names.
  infer(inputs: readonly Tensor[], attributes: A): readonly Spec[];
  batch: Op<A>["batch"];
  /** Cotangents of the inputs from the cotangents of the outputs (zeros where there was none); inputs that are not float get null. */
  transpose(
    node: Node & { readonly attributes: A },
    cotangents: readonly Tensor[],
    wanted: readonly boolean[],
  ): readonly Maybe<Tensor>[];
}

/** Makes the record of a linear op; only integer inputs (indices) are kept for the derivative. */
export function linearOp<A>(record: LinearRecord<A>): Op<A> {
  const { transpose, ...rest } = record;
  const op: Op<A> = {
    ...rest,
    pullback: (node, cotangents, wanted) =>
      transpose(
        node as Node & { readonly attributes: A },
        cotangents.map((c, i) => c ?? zerosOf(node.outputs[i])),
        wanted,
      ),
    pushforward: (node, tangents) =>
      apply(
        op,
        node.inputs.map((x, i) => (isFloat(x) ? (tangents[i] ?? zerosOf(x)) : x)),
        node.attributes as A,
      ),
    reads: (_watched, inputs) => ({ inputs: inputs.map((t) => !isFloat(t)), outputs: false }),
  };
  return op;
}
