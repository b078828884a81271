import type { Tensor } from "../tensor/tensor.js";
import type { Graph, Maybe } from "../trace/op.js";
import type { Variable } from "../trace/variable.js";
import { type ClosedGraph, hiddenInputValues, reach } from "./close.js";
import { filterByMask, nonNull } from "./lists.js";

/** How the operands of a loop lie: [constants, carries, one slice of each x]; a loop of unknown length has no slices. */
export interface LoopLayout {
  readonly constants: number;
  readonly carries: number;
}

/** One step of a loop. Inputs as in {@link LoopLayout}; outputs: [carries, one slice of each y]. */
export interface LoopBody extends LoopLayout {
  readonly body: Graph;
}

/** A loop over time. */
export interface ScanAttributes extends LoopBody {
  readonly length: number;
  readonly reverse: boolean;
}

/** A loop of unknown length. */
export interface WhileAttributes {
  /** Inputs: [its constants, carries]; output: a bool scalar. */
  readonly test: Graph;
  /** Inputs: [its constants, carries]; outputs: [carries]. */
  readonly body: Graph;
  readonly testConstants: number;
  readonly bodyConstants: number;
}

/** Where constants, carries and slices start. */
const startsOf = ({ constants, carries }: LoopLayout): number[] => [0, constants, constants + carries];

/** Values and tangents of operands in the order of a {@link LoopLayout}: each kind's values, then its tangents that exist. */
export const withTangents = (
  layout: LoopLayout,
  values: readonly Tensor[],
  tangents: readonly Maybe<Tensor>[],
): Tensor[] =>
  startsOf(layout).flatMap((from, k, starts) => [
    ...values.slice(from, starts[k + 1]),
    ...nonNull(tangents.slice(from, starts[k + 1])),
  ]);

/** A mask over the operands of a loop, once every carry is marked that the body marks, and what was made for it. */
export interface Settled<T> {
  readonly mask: readonly boolean[];
  readonly made: T;
}

/** Marks the carries that a step marks, and steps again until nothing changes: a mark reaches a carry by way of another one.
 * @param step - what a step makes of operands marked by this mask
 * @param marked - which outputs of that step are marked */
export function settleCarries<T>(
  { constants, carries }: LoopLayout,
  start: readonly boolean[],
  step: (mask: readonly boolean[]) => T,
  marked: (made: T) => readonly boolean[],
): Settled<T> {
  let mask = start;
  for (;;) {
    const made = step(mask);
    const outputs = marked(made);
    const grown = mask.map(
      (m, i) => m || (i >= constants && i < constants + carries && outputs[i - constants]),
    );
    if (grown.every((m, i) => m === mask[i])) return { mask, made };
    mask = grown;
  }
}

/** The operands that have derivatives: those marked, and carries that follow from them. */
export const settleActive = (loop: LoopBody, active: readonly boolean[]): readonly boolean[] =>
  settleCarries(
    loop,
    active,
    (mask) => reach(loop.body, mask),
    (reached) => loop.body.outputs.map((t) => reached.has(t.id)),
  ).mask;

/** A graph with its hidden inputs, which lie behind `count` others, in front of those: as constants of a loop. */
export const withHiddenFirst = (graph: Graph, count: number): Graph => ({
  ...graph,
  inputs: [...graph.inputs.slice(count), ...graph.inputs.slice(0, count)],
});

/** The hidden inputs of a traced function, as operands of a loop. */
export interface HiddenOperands {
  /** Symbols and values of captures, and of Variables that are only read. */
  readonly constants: readonly Tensor[];
  readonly constantValues: readonly Tensor[];
  /** The symbols of the Variables that are carried; undefined where the function does not use one. */
  readonly carried: readonly (Tensor | undefined)[];
}

/** Sorts hidden inputs, which lie behind `count` arguments: Variables in `carried` are carries, everything else is constant. */
export function hiddenOperands(
  closed: ClosedGraph,
  count: number,
  carried: readonly Variable[],
): HiddenOperands {
  const { graph, captures, variables } = closed;
  const symbols = graph.inputs.slice(count);
  const isConstant = [...captures.map(() => true), ...variables.map((v) => !carried.includes(v))];
  const ofVariables = symbols.slice(captures.length);
  return {
    constants: filterByMask(symbols, isConstant),
    constantValues: filterByMask(hiddenInputValues(closed), isConstant),
    carried: carried.map((v): Tensor | undefined => ofVariables[variables.indexOf(v)]),
  };
}
