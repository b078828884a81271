import { InternalError } from "../base/errors.js";
import { add } from "../ops/arithmetic.js";
import { zerosOf } from "../ops/fill.js";
import { concat } from "../ops/joining.js";
import { reshaped } from "../ops/shape.js";
import { slice } from "../ops/slicing.js";
import type { Tensor } from "../tensor/tensor.js";
import { evaluateIn } from "../trace/evaluate.js";
import type { Maybe, Node } from "../trace/op.js";
import { live, onlyFor } from "../trace/trace.js";
import { close, hiddenInputValues, memo, reach } from "./close.js";
import { filterByMask, nonNull, placeByMask } from "./lists.js";
import { type ScanAttributes, settleActive } from "./loop-operands.js";
import { type Backward, type PreparedBody, type Split, splitOf } from "./split.js";

/** Where the way back finds a value of the forward body: in an input of the scan; in an output; in both, if it is a carry as the step
 * found it (the stack of what it became, shifted by one step); in neither, if it follows from constants alone and is computed again. */
interface ResidualSource {
  readonly symbol: Tensor;
  readonly input: Maybe<number>;
  readonly output: Maybe<number>;
  /** One slice for each step, or the same value for all. */
  readonly sliced: boolean;
}

/** The reverse derivative of a scan is a scan that goes back. */
export const prepareScan: (
  attributes: ScanAttributes,
  active: readonly boolean[],
) => PreparedBody<ScanAttributes> = memo((attributes, active): PreparedBody<ScanAttributes> => {
  const { constants, carries, reverse } = attributes;
  const mask = settleActive(attributes, active);
  const pass = mask.slice(constants, constants + carries);
  const split = splitOf(attributes.body, mask);
  const { sources, forward } = findSources(attributes, split);
  const sourcesOf = ({ residuals }: Pick<Split, "residuals">): ResidualSource[] =>
    residuals.map(({ symbol }) => {
      const source = sources.get(symbol.id);
      if (source === undefined) throw new InternalError("scan: no source");
      return source;
    });
  const backOf = memo((_: object, given: readonly boolean[]) => {
    const back = split.back(given);
    const read = sourcesOf(back);
    return { back, read, body: backwardBody(attributes, pass, back, given, read) };
  });
  const used = sourcesOf(split);
  // What is invariant is computed again from the constants.
  const readsConstants = used.some((s) => s.input === null && s.output === null);
  return {
    forward,
    reads: {
      inputs: mask.map((_, i) => (readsConstants && i < constants) || used.some((s) => s.input === i)),
      outputs: forward.body.outputs.map((_, i) => used.some((s) => s.output === i)),
    },
    back(node, cotangents) {
      const given = split.differentiable.map(
        (d, i) => d && (i < carries || (cotangents[i] ?? null) !== null),
      );
      const { back, read, body } = backOf(split, given);
      const summed = back.gradients.slice(0, constants);
      const values = valuesOf(split, read, node, reverse);
      return {
        attributes: body,
        inputs: [
          ...values.filter((_, i) => !read[i].sliced),
          ...hiddenInputValues(back),
          ...pass.flatMap((on, i) => (on ? [cotangents[i] ?? zerosOf(node.outputs[i])] : [])),
          ...filterByMask(node.inputs, summed).map(zerosOf),
          ...nonNull(cotangents.filter((_, i) => i >= carries && given[i])),
          ...values.filter((_, i) => read[i].sliced),
        ],
        gradients: (made) => [
          ...placeByMask(summed, made, filterByMask(pass, pass).length),
          ...placeByMask(pass, made),
          ...placeByMask(back.gradients.slice(constants + carries), made, body.carries),
        ],
      };
    },
  };
});

/** Decides for every residual where it comes from, adding to the forward body what has to be stacked. */
function findSources(
  attributes: ScanAttributes,
  { forward: graph, residuals }: Split,
): { readonly sources: ReadonlyMap<number, ResidualSource>; readonly forward: ScanAttributes } {
  const { constants, carries, body } = attributes;
  const varying = reach(
    graph,
    graph.inputs.map((_, i) => i >= constants),
    () => true,
  );
  const outputs = graph.outputs.slice(0, body.outputs.length);
  const stacked = (symbol: Tensor): number => outputs.findIndex((t, i) => i >= carries && t.id === symbol.id);
  const stackOf = (symbol: Tensor): number => {
    const known = stacked(symbol);
    return known >= 0 ? known : outputs.push(symbol) - 1;
  };
  const sources = new Map<number, ResidualSource>();
  const changing = new Map<Tensor, number>();
  for (const { kind, index, symbol } of residuals) {
    const carry = index - constants;
    const put = (source: Omit<ResidualSource, "symbol">): unknown =>
      sources.set(symbol.id, { symbol, ...source });
    if (kind === "output") {
      const sliced = varying.has(symbol.id);
      put({ input: null, output: sliced ? stackOf(symbol) : null, sliced });
    } else if (carry >= 0 && carry < carries && graph.outputs[carry].id !== symbol.id) {
      changing.set(symbol, index);
    } else put({ input: index, output: null, sliced: carry >= carries });
  }
  // A carry as the step found it needs no stack of its own where what it became is stacked.
  for (const [symbol, index] of changing) {
    const after = stacked(graph.outputs[index - constants]);
    const source = after >= 0 ? { input: index, output: after } : { input: null, output: stackOf(symbol) };
    sources.set(symbol.id, { symbol, ...source, sliced: true });
  }
  return { sources, forward: { ...attributes, body: live({ ...graph, outputs }) } };
}

/** The values of sources after a forward run; all that is invariant is computed in one walk. */
function valuesOf(
  { forward }: Split,
  sources: readonly ResidualSource[],
  { inputs, outputs }: Node,
  reverse: boolean,
): Tensor[] {
  const env = new Map(forward.inputs.map((t, i) => [t.id, inputs[i]]));
  const rest = sources.filter((s) => s.output === null).map((s) => s.symbol);
  const found = evaluateIn(env, onlyFor({ ...forward, outputs: rest }));
  let next = 0;
  return sources.map(({ input, output }) => {
    if (output === null) return found[next++];
    return input === null ? outputs[output] : carriesBefore(inputs[input], outputs[output], reverse);
  });
}

/** A carry as each step found it: the stack of what each step made of it, without the last step, behind the start. */
function carriesBefore(start: Tensor, after: Tensor, reverse: boolean): Tensor {
  const length = after.sizes[0];
  if (length === 0) return after;
  const first = reshaped(start, [1, ...start.sizes]);
  return reverse
    ? concat([slice(after, [[1, null]]), first])
    : concat([first, slice(after, [[0, length - 1]])]);
}

/** The scan that goes back. Inputs: [residuals that are the same in all steps, hidden | cotangents of carries, sums of constants |
 * cotangents of ys, residuals that are slices]; outputs: [cotangents of carries, sums | gradients of xs]. */
function backwardBody(
  attributes: ScanAttributes,
  pass: readonly boolean[],
  { graph, gradients }: Backward,
  given: readonly boolean[],
  sources: readonly ResidualSource[],
): ScanAttributes {
  const { body, constants, carries, length, reverse } = attributes;
  const { inputs, outputs } = body;
  const cotangents = placeByMask(given, graph.inputs);
  const residuals = graph.inputs.slice(nonNull(cotangents).length);
  const fixed = residuals.filter((_, i) => sources[i]?.sliced !== true);
  const slices = residuals.filter((_, i) => sources[i]?.sliced === true);
  // Nothing reads the symbol of a carry without cotangent, nor those of the sums.
  const carried = filterByMask(
    outputs.map((t, i) => cotangents[i] ?? t),
    pass,
  );
  const sums = filterByMask(inputs, gradients.slice(0, constants));
  const symbols = [...fixed, ...carried, ...sums, ...nonNull(cotangents.slice(carries)), ...slices];
  const { graph: back, captures } = close((all) => {
    const env = new Map(symbols.map((t, i) => [t.id, all[i]]));
    const made = placeByMask(gradients, evaluateIn(env, graph));
    const summed = all.slice(fixed.length + carried.length);
    return [
      ...pass.flatMap((on, i) => (on ? [made[constants + i] ?? zerosOf(inputs[constants + i])] : [])),
      ...nonNull(made.slice(0, constants)).map((t, i) => add(summed[i], t)),
      ...nonNull(made.slice(constants + carries)),
    ];
  }, symbols);
  if (captures.length > 0) throw new InternalError("graph not closed");
  return {
    body: back,
    constants: fixed.length,
    carries: carried.length + sums.length,
    length,
    reverse: !reverse,
  };
}
