import { isFloatDType } from "../base/dtype.js";
import { InternalError } from "../base/errors.js";
import { sizeOf } from "../base/shape.js";
import { zerosOf } from "../ops/fill.js";
import { type Tensor, upcomingId } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { evaluate } from "../trace/evaluate.js";
import type { Graph, Maybe, Node, Op, Prepared } from "../trace/op.js";
import { Tape } from "../trace/tape.js";
import { live, type Trace, traceFlat } from "../trace/trace.js";
import { type ClosedGraph, type ClosureInputs, close, hiddenInputValues, memo, reach } from "./close.js";
import { jvpFlat } from "./forward.js";
import { filterByMask, nonNull, placeByMask, presence } from "./lists.js";
import { sweep, withTape } from "./sweep.js";

/** Where a value that the backward graph reads is found. */
export interface Residual {
  readonly kind: "input" | "output";
  /** Among the inputs, or the outputs, of the forward graph. */
  readonly index: number;
  /** The symbol in the forward graph. */
  readonly symbol: Tensor;
}

/** The backward graph for some of the cotangents. Inputs: [cotangents, residuals, hidden]; outputs: gradients. */
export interface Backward extends ClosureInputs {
  readonly graph: Graph;
  /** Which of the split's residuals it reads, in order. */
  readonly residuals: readonly Residual[];
  /** Which inputs of the original graph it has gradients for. */
  readonly gradients: readonly boolean[];
}

/** A graph cut in two: forward with the values that the way back reads, and back. */
export interface Split {
  /** Outputs: those of the original, then residuals that are neither inputs nor outputs. */
  readonly forward: Graph;
  readonly residuals: readonly Residual[];
  /** Which outputs follow from active inputs. */
  readonly differentiable: readonly boolean[];
  /** For the cotangents that exist. */
  back(given: readonly boolean[]): Backward;
}

/** Cuts a graph for the reverse derivative with respect to the inputs marked in `active`. */
export const splitOf: (graph: Graph, active: readonly boolean[]) => Split = memo((graph, active) => {
  const reached = reach(graph, active);
  const differentiable = graph.outputs.map((t) => reached.has(t.id));
  const tape = new Tape({ since: upcomingId() });
  const traced = traceFlat((inputs) => {
    inputs.forEach((t, i) => {
      if (active[i]) tape.watch(t);
    });
    // Through the door: ops with a body inside are cut as well.
    return withTape(tape, () => evaluate(graph, inputs));
  }, graph.inputs);
  const { trace, inputs, outputs } = traced;
  if (trace.captures.size > 0) throw new InternalError("graph not closed");

  const inputAt = new Map(inputs.map((t, i) => [t.id, i]));
  const forwardOutputs = [...outputs];
  const residualOf = (symbol: Tensor): Residual => {
    const input = inputAt.get(symbol.id);
    if (input !== undefined) return { kind: "input", index: input, symbol };
    let index = forwardOutputs.findIndex((t) => t.id === symbol.id);
    if (index < 0) index = forwardOutputs.push(symbol) - 1;
    return { kind: "output", index, symbol };
  };

  const back = memo((_: object, given: readonly boolean[]): Backward => {
    const raw = traceBackward({ tape, trace, inputs, outputs, active, given });
    const known = forwardOutputs.length;
    const residuals = raw.residuals.map(residualOf);
    if (complete && forwardOutputs.length > known) throw new InternalError("residuals differ");
    return { ...raw, residuals };
  });
  let complete = false;
  const whole = back(tape, differentiable);
  complete = true;
  return {
    forward: live({ inputs, nodes: trace.nodes, outputs: forwardOutputs }),
    residuals: whole.residuals,
    differentiable,
    back: (given) =>
      back(
        tape,
        given.map((g, i) => g && differentiable[i]),
      ),
  };
});

interface Recorded {
  readonly tape: Tape;
  readonly trace: Trace;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly active: readonly boolean[];
  readonly given: readonly boolean[];
}

function traceBackward(
  recorded: Recorded,
): Omit<Backward, "residuals"> & { readonly residuals: readonly Tensor[] } {
  const { tape, trace, inputs, outputs, active, given } = recorded;
  let gradients: readonly boolean[] = [];
  // The way back is traced when it is asked for, which may be after the forward trace has ended.
  const before = trace.open;
  trace.open = true;
  try {
    const back = traceFlat(
      (all) => {
        const cotangents = placeByMask(given, all);
        const made = sweep(tape, outputs, cotangents, inputs, false).map((t, i) => (active[i] ? t : null));
        gradients = presence(made);
        return nonNull(made);
      },
      filterByMask(outputs, given),
      computeCheapAgain(trace),
    );
    const used = live({ inputs: [], nodes: back.trace.nodes, outputs: back.outputs });
    const read = new Set(used.outputs.map((t) => t.id));
    for (const node of used.nodes) for (const t of node.inputs) read.add(t.id);
    const captures = [...back.trace.captures.values()].filter(
      (c) => read.has(c.inner.id) && !back.trace.producer.has(c.inner.id),
    );
    const residuals = captures.filter((c) => c.outer.owner === trace);
    const foreign = captures.filter((c) => c.outer.owner !== trace);
    const held = [...back.trace.variables];
    return {
      graph: {
        inputs: [
          ...back.inputs,
          ...residuals.map((c) => c.inner),
          ...foreign.map((c) => c.inner),
          ...held.map(([, h]) => h.input),
        ],
        nodes: used.nodes,
        outputs: used.outputs,
      },
      gradients,
      residuals: residuals.map((c) => c.outer),
      captures: foreign.map((c) => c.outer),
      variables: held.map(([v]) => v),
    };
  } finally {
    trace.open = before;
  }
}

/** Longer chains of cheap ops are kept instead, so that nothing recurses far. */
const deepest = 64;

/** Views, fills and random masks are computed again on the way back; what they were made of is kept instead. */
function computeCheapAgain(forward: Trace): (outer: Tensor) => Maybe<Tensor> {
  const made = new Map<Node, readonly Tensor[]>();
  const light = lightNodes(forward.nodes);
  let depth = 0;
  return (outer) => {
    const node = forward.producer.get(outer.id);
    if (node === undefined || depth >= deepest || (node.op.cheap !== true && !light.has(node))) return null;
    let again = made.get(node);
    if (again === undefined) {
      depth++;
      // Lifting the inputs asks here again.
      again = apply(node.op, node.inputs, node.attributes);
      depth--;
      made.set(node, again);
    }
    return again[node.outputs.indexOf(outer)];
  };
}

/** Elementwise nodes that follow from random bits and fills, with scalars at most beside them: a mask costs less than its memory. */
function lightNodes(nodes: readonly Node[]): ReadonlySet<Node> {
  const light = new Set<Node>();
  const values = new Set<number>();
  for (const node of nodes) {
    const { op, inputs, outputs, attributes } = node;
    const seed = op.cheap === true && inputs.every((t) => !isFloatDType(t.dtype));
    const follows =
      inputs.some((t) => values.has(t.id)) &&
      inputs.every((t) => values.has(t.id) || sizeOf(t.sizes) === 1) &&
      (op.cheap === true || op.lower?.(inputs, attributes, outputs).kind === "map");
    if (!seed && !follows) continue;
    light.add(node);
    for (const t of outputs) values.add(t.id);
  }
  return light;
}

/** The values of residuals, from the inputs and outputs of a forward run. */
export const residualValues = (
  residuals: readonly Residual[],
  node: Pick<Node, "inputs" | "outputs">,
): Tensor[] =>
  residuals.map(({ kind, index }) => (kind === "input" ? node.inputs[index] : node.outputs[index]));

/** Which inputs and outputs of a forward run hold residuals. */
export function readsOfResiduals({
  forward,
  residuals,
}: Pick<Split, "forward" | "residuals">): Prepared<unknown>["reads"] {
  const holds = (kind: Residual["kind"], index: number): boolean =>
    residuals.some((r) => r.kind === kind && r.index === index);
  return {
    inputs: forward.inputs.map((_, i) => holds("input", i)),
    outputs: forward.outputs.map((_, i) => holds("output", i)),
  };
}

/** An op with a body, made ready for its reverse derivative, which is the same op on other graphs. */
export interface PreparedBody<A> {
  /** With the residuals as further outputs. */
  readonly forward: A;
  readonly reads: Prepared<A>["reads"];
  back(node: Node, cotangents: readonly Maybe<Tensor>[]): BackwardCall<A>;
}

/** One way back: its graphs, its inputs, and how its outputs are the gradients of the forward inputs. */
export interface BackwardCall<A> {
  readonly attributes: A;
  readonly inputs: readonly Tensor[];
  gradients(made: readonly Tensor[]): Maybe<Tensor>[];
}

/** What a tape asks of such an op. */
export const preparedAs = <A>(op: Op<A>, { forward, reads, back }: PreparedBody<A>): Prepared<A> => ({
  attributes: forward,
  reads,
  pullback(node, cotangents) {
    const { attributes, inputs, gradients } = back(node, cotangents);
    return gradients(apply(op, inputs, attributes));
  },
});

/** Primal and tangents in one graph. Inputs: [inputs, tangents of masked inputs, hidden]; outputs: [outputs, tangents where `has`]. */
export interface JvpGraph extends ClosedGraph {
  readonly has: readonly boolean[];
}

/** The forward derivative of a graph with respect to the inputs in `mask`. */
export const jvpGraph: (graph: Graph, mask: readonly boolean[]) => JvpGraph = memo((graph, mask) =>
  jvpGraphWith(graph, mask, []),
);

/** The same; outputs in `dense` have a tangent in any case, zeros if need be. */
export function jvpGraphWith(graph: Graph, mask: readonly boolean[], dense: readonly boolean[]): JvpGraph {
  let has: readonly boolean[] = [];
  const closed = close(
    (all) => {
      const [outputs, made] = jvpFlat(
        (inputs) => evaluate(graph, inputs),
        all.slice(0, mask.length),
        placeByMask(mask, all, mask.length),
      );
      const full = made.map((t, i) =>
        t === null && dense[i] && isFloatDType(outputs[i].dtype) ? zerosOf(outputs[i]) : t,
      );
      has = presence(full);
      return [...outputs, ...nonNull(full)];
    },
    [...graph.inputs, ...filterByMask(graph.inputs, mask)],
  );
  return { ...closed, has };
}

/** Outputs and tangents of a joint run. */
export const jvpGraphSplit = (
  { has }: JvpGraph,
  all: readonly Tensor[],
): readonly [Tensor[], Maybe<Tensor>[]] => [all.slice(0, has.length), placeByMask(has, all, has.length)];

/** The forward derivative of an op with a body alone, from that of both together. */
export function jvpGraphPush<A>(
  op: Op<A>,
  { inputs, attributes }: Node,
  tangents: readonly Maybe<Tensor>[],
): readonly Maybe<Tensor>[] {
  if (op.joint === undefined) throw new InternalError(`${op.name} has no joint derivative`);
  // A node of an op holds the attributes of that op.
  return op.joint(inputs, attributes as A, tangents)[1];
}

/** What a derivative reads from the surroundings, here and now; a derivative rule must not assign Variables. */
export function hiddenValues(hidden: ClosureInputs & { readonly assigned?: readonly unknown[] }): Tensor[] {
  if ((hidden.assigned?.length ?? 0) > 0) throw new InternalError("a derivative rule assigned a Variable");
  return hiddenInputValues(hidden);
}
