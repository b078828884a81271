import { zerosOf } from "../ops/fill.js";
import { evaluate } from "../trace/evaluate.js";
import type { Graph } from "../trace/op.js";
import type { CondAttributes } from "./branch-operands.js";
import { close, hiddenInputValues, memo } from "./close.js";
import { filterByMask, nonNull, placeByMask } from "./lists.js";
import {
  type Backward,
  type PreparedBody,
  type Residual,
  readsOfResiduals,
  residualValues,
  type Split,
  splitOf,
} from "./split.js";

/** The reverse derivative of a cond is a cond over the two ways back. */
export const prepareCond: (
  attributes: CondAttributes,
  active: readonly boolean[],
) => PreparedBody<CondAttributes> = memo(({ whenTrue, whenFalse }, active): PreparedBody<CondAttributes> => {
  const splits = [whenTrue, whenFalse].map((graph) => splitOf(graph, active.slice(1)));
  const count = whenTrue.outputs.length;
  const sides = withResidualsOfBoth(splits, count);
  // Outputs are [results, residuals of the first, residuals of the second].
  const beforeSide = [0, splits[0].forward.outputs.length - count];
  const residualsOf = (residuals: readonly Residual[], side: number): Residual[] =>
    residuals.map((r) =>
      r.kind === "input" || r.index < count ? r : { ...r, index: r.index + beforeSide[side] },
    );
  const differentiable = splits[0].differentiable.map((d, i) => d || splits[1].differentiable[i]);
  const backOf = memo((_: object, given: readonly boolean[]) => backwardPair(splits, given, whenTrue));
  const reads = readsOfResiduals({
    forward: sides[0],
    residuals: splits.flatMap((s, side) => residualsOf(s.residuals, side)),
  });
  return {
    forward: { whenTrue: sides[0], whenFalse: sides[1] },
    // Input 0 is the predicate.
    reads: { inputs: [true, ...reads.inputs], outputs: reads.outputs },
    back({ inputs: [predicate, ...inputs], outputs }, cotangents) {
      const given = differentiable.map((d, i) => d && (cotangents[i] ?? null) !== null);
      const { backs, attributes, gradients } = backOf(splits, given);
      return {
        attributes,
        inputs: [
          predicate,
          ...nonNull(filterByMask(cotangents, given)),
          ...backs.flatMap((back, side) => [
            ...residualValues(residualsOf(back.residuals, side), { inputs, outputs }),
            ...hiddenInputValues(back),
          ]),
        ],
        gradients: (made) => [null, ...placeByMask(gradients, made)],
      };
    },
  };
});

/** Both forward graphs with [results, residuals of the first, residuals of the second]; each puts out zeros for the other's. */
function withResidualsOfBoth(splits: readonly Split[], count: number): Graph[] {
  const residuals = splits.map((s) => s.forward.outputs.slice(count));
  return splits.map(
    ({ forward }, side) =>
      close((inputs) => {
        const made = evaluate(forward, inputs);
        const parts = residuals.map((list, k) => (k === side ? made.slice(count) : list.map(zerosOf)));
        return [...made.slice(0, count), ...parts.flat()];
      }, forward.inputs).graph,
  );
}

interface BackwardPair {
  readonly backs: readonly Backward[];
  readonly attributes: CondAttributes;
  /** Which inputs behind the predicate have gradients, on one side at least. */
  readonly gradients: readonly boolean[];
}

/** The two ways back over [cotangents, inputs of the first, inputs of the second]; zeros where only the other side has a gradient. */
function backwardPair(
  splits: readonly Split[],
  given: readonly boolean[],
  { inputs, outputs }: Graph,
): BackwardPair {
  const backs = splits.map((s) => s.back(given));
  const differentiable = splits.map((s) => s.differentiable);
  const gradients = backs[0].gradients.map((has, i) => has || backs[1].gradients[i]);
  const cotangents = filterByMask(outputs, given);
  const own = backs.map(({ graph }, side) =>
    graph.inputs.slice(filterByMask(differentiable[side], given).filter(Boolean).length),
  );
  const graphs = backs.map(
    (back, side) =>
      close(
        (all) => {
          const mine = placeByMask(given, all).filter((_, i) => differentiable[side][i]);
          const start = cotangents.length + (side === 0 ? 0 : own[0].length);
          const made = evaluate(back.graph, [
            ...nonNull(mine),
            ...all.slice(start, start + own[side].length),
          ]);
          const found = placeByMask(back.gradients, made);
          return gradients.flatMap((has, i) => (has ? [found[i] ?? zerosOf(inputs[i])] : []));
        },
        [...cotangents, ...own.flat()],
      ).graph,
  );
  return { backs, attributes: { whenTrue: graphs[0], whenFalse: graphs[1] }, gradients };
}
