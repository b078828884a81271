import { InternalError } from "../base/errors.js";
import { add } from "../ops/elementwise.js";
import { zerosOf } from "../ops/fill.js";
import type { Tensor } from "../tensor/tensor.js";
import { evaluateIn } from "../trace/evaluate.js";
import type { Graph, Maybe, Node } from "../trace/op.js";
import { live } from "../trace/trace.js";
import { close, memo, outside, reach } from "./close.js";
import { countsOf, type ScanAttributes, settleActive, shifted } from "./scan-parts.js";
import { type Backward, type Residual, type Split, splitOf } from "./split.js";

/** Where the way back finds a value of the forward body. */
type Source =
  /** An input of the scan that is the same in all steps: a constant, or a carry that the body does not change. */
  | { readonly kind: "fixed"; readonly input: number }
  /** Follows from constants alone: computed once, outside. */
  | { readonly kind: "invariant"; readonly symbol: Tensor }
  /** A slice of an input xs. */
  | { readonly kind: "xs"; readonly input: number }
  /** A slice of an output of the forward scan. */
  | { readonly kind: "stack"; readonly output: number }
  /** A carry as the step found it: the stack of what it became, shifted by one step. */
  | { readonly kind: "shifted"; readonly input: number; readonly output: number };

/** A scan made ready for its reverse derivative. */
export interface PreparedScan {
  readonly forward: ScanAttributes;
  readonly reads: { readonly inputs: readonly boolean[]; readonly outputs: readonly boolean[] };
  /** The scan that goes back, its inputs, and how its outputs are the gradients of the forward inputs. */
  back(node: Node, cotangents: readonly Maybe<Tensor>[]): BackwardCall;
}
export interface BackwardCall {
  readonly attributes: ScanAttributes;
  readonly inputs: readonly Tensor[];
  gradients(made: readonly Tensor[]): Maybe<Tensor>[];
}

export const prepareScan: (attributes: ScanAttributes, active: readonly boolean[]) => PreparedScan = memo(
  (attributes, active) => {
    const { constants, carries, ys } = countsOf(attributes);
    const mask = settleActive(attributes, active);
    const split = splitOf(attributes.body, mask);
    const { sources, forward } = findSources(attributes, split);
    const sourceOf = (residual: Residual): Source => {
      const source = sources.get(residual.symbol.id);
      if (source === undefined) throw new InternalError("a residual of a scan has no source");
      return source;
    };
    const backOf = memo((_: object, given: readonly boolean[]) => {
      const back = split.back(given);
      return { back, ...backwardBody(attributes, mask, split, back, given, back.residuals.map(sourceOf)) };
    });
    const used = split.residuals.map(sourceOf);
    const readsInput = (i: number): boolean => {
      // What is invariant is computed again from the constants.
      const constant = i < constants && used.some((s) => s.kind === "invariant");
      return constant || used.some((s) => "input" in s && s.input === i);
    };
    return {
      forward,
      reads: {
        inputs: mask.map((_, i) => readsInput(i)),
        outputs: forward.body.outputs.map((_, i) => used.some((s) => "output" in s && s.output === i)),
      },
      back(node, cotangents) {
        const given = split.differentiable.map(
          (d, i) => d && (i < carries || (cotangents[i] ?? null) !== null),
        );
        const { back, body, sources: read, pass, grads } = backOf(split, given);
        const dense = (i: number): Tensor => cotangents[i] ?? zerosOf(node.outputs[i]);
        const invariants = evaluateInvariants(split, read, node);
        const fixed = read.flatMap((s) => (s.kind === "fixed" ? [node.inputs[s.input]] : []));
        const hidden = outside(back);
        const slices = read.flatMap((s) => {
          if (s.kind === "stack") return [node.outputs[s.output]];
          if (s.kind === "xs") return [node.inputs[s.input]];
          return s.kind === "shifted"
            ? [shifted(node.inputs[s.input], node.outputs[s.output], attributes.reverse)]
            : [];
        });
        const start = [
          ...pass.flatMap((on, i) => (on ? [dense(i)] : [])),
          ...grads.constants.flatMap((on, i) => (on ? [zerosOf(node.inputs[i])] : [])),
        ];
        const cotangentsOfYs = given
          .slice(carries, carries + ys)
          .flatMap((g, i) => (g ? [dense(carries + i)] : []));
        return {
          attributes: body,
          inputs: [...fixed, ...invariants, ...hidden, ...start, ...cotangentsOfYs, ...slices],
          gradients(made) {
            let carry = 0;
            let sum = pass.filter(Boolean).length;
            let x = body.carries;
            return [
              ...grads.constants.map((on) => (on ? made[sum++] : null)),
              ...pass.map((on) => (on ? made[carry++] : null)),
              ...grads.xs.map((on) => (on ? made[x++] : null)),
            ];
          },
        };
      },
    };
  },
);

/** Decides for every residual where it comes from, adding to the forward body what has to be stacked. */
function findSources(
  attributes: ScanAttributes,
  split: Split,
): { readonly sources: ReadonlyMap<number, Source>; readonly forward: ScanAttributes } {
  const { constants, carries, ys } = countsOf(attributes);
  const { forward: graph, residuals } = split;
  const varying = reach(
    graph,
    graph.inputs.map((_, i) => i >= constants),
    () => true,
  );
  const outputs = graph.outputs.slice(0, carries + ys);
  const stackOf = (symbol: Tensor): number => {
    const known = outputs.findIndex((t, i) => i >= carries && t.id === symbol.id);
    return known >= 0 ? known : outputs.push(symbol) - 1;
  };
  const sources = new Map<number, Source>();
  const later: Residual[] = [];
  for (const residual of residuals) {
    const { kind, index, symbol } = residual;
    if (kind === "input") {
      const carry = index - constants;
      if (index < constants || (graph.outputs[carry]?.id === symbol.id && carry < carries))
        sources.set(symbol.id, { kind: "fixed", input: index });
      else if (carry >= carries) sources.set(symbol.id, { kind: "xs", input: index });
      else later.push(residual);
    } else if (varying.has(symbol.id)) sources.set(symbol.id, { kind: "stack", output: stackOf(symbol) });
    else sources.set(symbol.id, { kind: "invariant", symbol });
  }
  // A carry as the step found it needs no stack of its own where what it became is stacked.
  for (const { index, symbol } of later) {
    const after = graph.outputs[index - constants];
    const known = outputs.findIndex((t, i) => i >= carries && t.id === after.id);
    sources.set(
      symbol.id,
      known >= 0
        ? { kind: "shifted", input: index, output: known }
        : { kind: "stack", output: stackOf(symbol) },
    );
  }
  const body = live({ ...graph, outputs });
  return { sources, forward: { ...attributes, body } };
}

function evaluateInvariants(split: Split, sources: readonly Source[], node: Node): Tensor[] {
  const symbols = sources.flatMap((s) => (s.kind === "invariant" ? [s.symbol] : []));
  if (symbols.length === 0) return [];
  const graph = live({ ...split.forward, outputs: symbols });
  const env = new Map(split.forward.inputs.map((t, i) => [t.id, node.inputs[i]]));
  return evaluateIn(env, graph);
}

/** The body of the scan that goes back. Inputs: [fixed, invariants, hidden | cotangents of carries, sums of constants | cotangents of ys, slices];
 * outputs: [cotangents of carries, sums | gradients of xs]. */
function backwardBody(
  attributes: ScanAttributes,
  mask: readonly boolean[],
  split: Split,
  back: Backward,
  given: readonly boolean[],
  sources: readonly Source[],
): {
  readonly body: ScanAttributes;
  readonly sources: readonly Source[];
  readonly pass: readonly boolean[];
  readonly grads: { readonly constants: readonly boolean[]; readonly xs: readonly boolean[] };
} {
  const { constants, carries } = countsOf(attributes);
  const { inputs, outputs } = attributes.body;
  const isSlice = (s: Source): boolean => s.kind === "xs" || s.kind === "stack" || s.kind === "shifted";
  const givenCount = given.filter(Boolean).length;
  const residualInputs = back.graph.inputs.slice(givenCount, givenCount + sources.length);
  const hiddenInputs = back.graph.inputs.slice(givenCount + sources.length);
  const of = (keep: (s: Source) => boolean): Tensor[] => residualInputs.filter((_, i) => keep(sources[i]));
  const fixed = [...of((s) => s.kind === "fixed"), ...of((s) => s.kind === "invariant"), ...hiddenInputs];
  const slices = of(isSlice);
  const pass = mask.slice(constants, constants + carries);
  const grads = {
    constants: back.gradients.slice(0, constants),
    xs: back.gradients.slice(constants + carries),
  };
  const passed = outputs.slice(0, carries).filter((_, i) => pass[i]);
  const summed = inputs.slice(0, constants).filter((_, i) => grads.constants[i]);
  const givenYs = outputs.filter((_, i) => i >= carries && given[i]);

  const flat = (all: readonly Tensor[]): Tensor[] => {
    let next = 0;
    const take = (n: number): readonly Tensor[] => {
      next += n;
      return all.slice(next - n, next);
    };
    const fixedValues = take(fixed.length);
    const carried = take(passed.length);
    const sums = take(summed.length);
    const cotangentsOfYs = take(givenYs.length);
    const sliceValues = take(slices.length);
    const env = new Map<number, Tensor>();
    fixed.forEach((t, i) => {
      env.set(t.id, fixedValues[i]);
    });
    slices.forEach((t, i) => {
      env.set(t.id, sliceValues[i]);
    });
    let carry = 0;
    let cotangent = 0;
    pass.forEach((on, i) => {
      if (!on) return;
      if (given[i]) env.set(back.graph.inputs[cotangent++].id, carried[carry]);
      carry++;
    });
    for (const t of cotangentsOfYs) env.set(back.graph.inputs[cotangent++].id, t);
    const made = evaluateIn(env, back.graph);
    let gradient = 0;
    const gradients = back.gradients.map((has) => (has ? made[gradient++] : null));
    return [
      ...pass.flatMap((on, i) => (on ? [gradients[constants + i] ?? zerosOf(inputs[constants + i])] : [])),
      ...gradients
        .slice(0, constants)
        .flatMap((t) => (t === null ? [] : [t]))
        .map((t, i) => add(sums[i], t)),
      ...gradients.slice(constants + carries).flatMap((t) => (t === null ? [] : [t])),
    ];
  };
  const closed = close(flat, [...fixed, ...passed, ...summed, ...givenYs, ...slices]);
  if (closed.captures.length > 0 || split.forward.inputs.length !== inputs.length)
    throw new InternalError("the way back of a scan is not closed");
  const body: Graph = closed.graph;
  // Sources in the order in which `back` passes them: fixed before invariant, slices in their own order.
  return {
    body: {
      body,
      constants: fixed.length,
      carries: passed.length + summed.length,
      length: attributes.length,
      reverse: !attributes.reverse,
    },
    sources,
    pass,
    grads,
  };
}
