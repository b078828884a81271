import { mapRoutine } from "../backends/javascript/eager.js";
import * as loops from "../backends/javascript/instruction-loops.js";
import type { InstructionLoops } from "../backends/javascript/instructions.js";
import { type DType, floatOf } from "../base/dtype.js";
import { broadcastShapes, type Shape, sameShape, scalarShape } from "../base/shape.js";
import { buildExpression, type KernelOf, type Scalar } from "../kernel/expression.js";
import type { Lowering, Spec } from "../kernel/lowering.js";
import { type Owner, Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import { current, type OpenTrace, within } from "../trace/context.js";
import type { Maybe, Op, Reads } from "../trace/op.js";
import { castOp } from "./cast.js";
import { type Derivative, type Unless, zeroDerivative, zerosOf } from "./fill.js";
import { addMaybe, asFloat, asTensor, promoted, type TensorLike } from "./operands.js";
import { expandBatch, sumTo } from "./shape.js";

/** A partial derivative ∂out/∂in as a formula in public ops; 1 and −1 stand for themselves, null for zero.
 * `times` gives t · ∂out/∂in itself, where a product would be wrong (0 · ∞ on the side of a select that was not chosen) or slower. */
export type PartialDerivative =
  | ((inputs: readonly Tensor[], output: Tensor) => Tensor | 1 | -1 | null)
  | { times(t: Tensor, inputs: readonly Tensor[], output: Tensor): Tensor };

/** Elementwise ops: each output element from the input elements that broadcast to it. Operands have one dtype (conditions of a select apart). */
export interface ElementwiseRecord<I extends keyof InstructionLoops> {
  readonly name: string;
  /** How plain eager runs carry out the instructions that `lower` uses; no others are at hand. */
  readonly loops: Pick<InstructionLoops, I>;
  /** The forward computation in scalar instructions, once, for every backend. */
  lower(kernel: KernelOf<I>, ...operands: Scalar[]): Scalar;
  /** The dtype of the result; that of the last operand if left out. */
  dtype?(operands: readonly DType[]): DType;
  /** ∂out/∂in for each input, or {@link noPartials}. */
  readonly partials: readonly PartialDerivative[] | null;
  readonly cheap?: boolean;
}

/** In place of partials where there are none, on purpose: `noPartials<"positions are whole numbers">()`. */
export const noPartials = <Because extends string = never>(..._reason: Unless<Because>): null => null;

const codes: { readonly [D in DType]: number } = { bool: 0, int32: 1, float32: 2, float64: 3 };

/** Makes the record of an elementwise op: shape rule, broadcasting, both modes of derivative and vmap come with the kind. */
export function elementwiseOp<I extends keyof InstructionLoops>(record: ElementwiseRecord<I>): Op<null> {
  const { name, partials } = record;
  const lowered: Lowering[] = [];
  const derivative =
    partials === null ? zeroDerivative<"its record says why">() : elementwiseDerivative(partials);
  const op: Op<null> = {
    name,
    ...(record.cheap === undefined ? {} : { cheap: record.cheap }),
    infer(inputs) {
      let shape: Shape = inputs[0].sizes;
      for (let i = 1; i < inputs.length; i++) shape = broadcastShapes(name, shape, inputs[i].sizes);
      const dtype =
        record.dtype === undefined
          ? inputs[inputs.length - 1].dtype
          : record.dtype(inputs.map((s) => s.dtype));
      return [{ shape, dtype }];
    },
    lower(inputs) {
      let key = 0;
      for (let i = 0; i < inputs.length; i++) key = key * 4 + codes[inputs[i].dtype];
      lowered[key] ??= {
        kind: "map",
        expression: buildExpression(
          inputs.map((s) => s.dtype),
          record.lower,
        ),
      };
      return lowered[key];
    },
    eager: mapRoutine(record.loops),
    ...derivative,
    batch(inputs, batched) {
      let rank = 0;
      inputs.forEach((t, i) => {
        rank = Math.max(rank, t.sizes.length - (batched[i] ? 1 : 0));
      });
      return [
        apply(
          op,
          inputs.map((t, i) => (batched[i] ? expandBatch(t, rank) : t)),
          null,
        ),
        [true],
      ];
    },
  };
  return op;
}

function elementwiseDerivative(
  partials: readonly PartialDerivative[],
): Derivative & { reads: NonNullable<Op["reads"]> } {
  const scaled = (
    partial: PartialDerivative,
    t: Tensor,
    inputs: readonly Tensor[],
    output: Tensor,
  ): Maybe<Tensor> => {
    if (typeof partial !== "function") return partial.times(t, inputs, output);
    const factor = partial(inputs, output);
    return factor === null
      ? null
      : factor === 1
        ? t
        : factor === -1
          ? applyOne(negOp, [t], null)
          : applyOne(mulOp, [t, factor], null);
  };
  const arity = partials.length;
  // What each partial reads is found by running it once on symbols, so that no second list can disagree with the formulas.
  let found: readonly Reads[] | null = null;
  return {
    pullback: ({ inputs, outputs }, [c], wanted) => {
      const out = new Array<Maybe<Tensor>>(arity);
      for (let i = 0; i < arity; i++) {
        const t = wanted[i] && c !== null ? scaled(partials[i], c, inputs, outputs[0]) : null;
        out[i] = t === null || sameShape(t.sizes, inputs[i].sizes) ? t : sumTo(t, inputs[i].sizes);
      }
      return out;
    },
    pushforward: ({ inputs, outputs }, tangents) => {
      let sum: Maybe<Tensor> = null;
      for (let i = 0; i < arity; i++) {
        const t = tangents[i];
        if (t !== null) sum = addMaybe(added, sum, scaled(partials[i], t, inputs, outputs[0]));
      }
      // A tangent that did not meet the output's other operands has a smaller shape.
      return [sum === null || sameShape(sum.sizes, outputs[0].sizes) ? sum : added(sum, zerosOf(outputs[0]))];
    },
    reads(watched, inputs) {
      found ??= partials.map((partial) => readsOf(partial, inputs));
      const which = inputs.map(() => false);
      let outputs = false;
      for (let i = 0; i < arity; i++) {
        if (!watched[i]) continue;
        const { inputs: read, outputs: readsOutput } = found[i];
        outputs ||= readsOutput;
        for (let k = 0; k < which.length; k++) which[k] ||= typeof read === "boolean" ? read : read[k];
      }
      return { inputs: which, outputs };
    },
  };
}

/** Runs a formula on symbols that only say who reads them. */
function readsOf(partial: PartialDerivative, inputs: readonly Tensor[]): Reads {
  const used = new Set<number>();
  const symbol = ({ shape, dtype }: Spec): Tensor => new Tensor(shape, dtype, null, null, 0, trace);
  const trace: OpenTrace & Owner = {
    open: true,
    lift: (t) => t,
    add(_op, read, _attributes, specs) {
      for (const t of read) used.add(t.id);
      return specs.map(symbol);
    },
  };
  const scalar = (dtype: DType): Tensor => symbol({ shape: scalarShape, dtype });
  const operands = inputs.map((t) => scalar(t.dtype));
  const y = scalar(floatOf(inputs[inputs.length - 1].dtype));
  const result = within({ ...current(), trace, tapes: [], substitute: null }, () =>
    typeof partial === "function" ? partial(operands, y) : partial.times(scalar(y.dtype), operands, y),
  );
  if (result instanceof Tensor) used.add(result.id);
  return { inputs: operands.map((t) => used.has(t.id)), outputs: used.has(y.id) };
}

// Records that the derivative of every elementwise op is made of; their public functions are in arithmetic.ts.

const added = (a: Tensor, b: Tensor): Tensor => applyOne(addOp, [a, b], null);

/** Sum of two tensors. */
export const addOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "add",
  loops: { or: loops.or, add: loops.add },
  lower: (kernel, a, b) => (a.dtype === "bool" ? kernel.or(a, b) : kernel.add(a, b)),
  partials: [() => 1, () => 1],
});
/** Product of two tensors. */
export const mulOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "mul",
  loops: { and: loops.and, mul: loops.mul },
  lower: (kernel, a, b) => (a.dtype === "bool" ? kernel.and(a, b) : kernel.mul(a, b)),
  partials: [([, b]) => b, ([a]) => a],
});
/** The negative of each element. */
export const negOp: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "neg",
  loops: { neg: loops.neg },
  lower: (kernel, x) => kernel.neg(x),
  partials: [() => -1],
});
/** Applies an elementwise op of two operands to anything tensor-like, promoted to one dtype. */
export function binary(op: Op<null>, a: TensorLike, b: TensorLike): Tensor {
  // What is nearly always so, without the general case's lists.
  if (a instanceof Tensor && b instanceof Tensor && a.dtype === b.dtype) return applyOne(op, [a, b], null);
  return applyOne(op, promoted(op.name, [a, b]), null);
}
/** As {@link binary}; two bools count as int32. */
export function binaryNumeric(op: Op<null>, a: TensorLike, b: TensorLike): Tensor {
  const operands = promoted(op.name, [a, b]);
  return applyOne(
    op,
    operands[0].dtype === "bool" ? operands.map((t) => applyOne(castOp, [t], "int32")) : operands,
    null,
  );
}
/** Applies an elementwise op that computes in floating point. */
export const unaryFloat = (op: Op<null>, x: TensorLike): Tensor => applyOne(op, [asFloat(op.name, x)], null);
/** Applies an elementwise op that keeps the dtype; bool counts as int32. */
export function unaryNumeric(op: Op<null>, x: TensorLike): Tensor {
  const t = asTensor(op.name, x);
  return applyOne(op, [t.dtype === "bool" ? applyOne(castOp, [t], "int32") : t], null);
}
