import { AsyncError } from "../base/errors.js";
import type { Spec } from "../kernel/lowering.js";
import { leaked, type Owner, sizesOf, Tensor } from "../tensor/tensor.js";

import { current, type OpenTrace, type Store, within } from "./context.js";
import { type Graph, innerGraphs, type Maybe, type Node, type Op } from "./op.js";
import type { Variable } from "./variable.js";

/** A Variable inside a trace: its value at the start is a hidden input, its last value a hidden output if it was assigned. */
export interface HeldVariable {
  readonly input: Tensor;
  now: Tensor;
  assigned: boolean;
}

/** Records ops over symbols. Tapes outside do not see in; what is captured from outside becomes a hidden input. */
export class Trace implements OpenTrace, Owner, Store {
  open = true;
  readonly nodes: Node[] = [];
  /** The node that made a symbol, by the symbol's id. */
  readonly producer: Map<number, Node> = new Map();
  readonly captures: Map<number, { readonly outer: Tensor; readonly inner: Tensor }> = new Map();
  readonly variables: Map<Variable, HeldVariable> = new Map();
  private readonly rebuild: (outer: Tensor) => Maybe<Tensor>;

  /** @param rebuild - makes a captured tensor again inside instead of capturing it, where that is cheap */
  constructor(rebuild: (outer: Tensor) => Maybe<Tensor> = () => null) {
    this.rebuild = rebuild;
  }

  symbol(spec: Spec): Tensor {
    return new Tensor(sizesOf(spec), spec.dtype, null, null, 0, this);
  }

  lift(t: Tensor): Tensor {
    if (t.owner === this) return t;
    if (t.owner !== null && !t.owner.open) throw leaked("trace");
    const known = this.captures.get(t.id);
    if (known !== undefined) return known.inner;
    const inner = this.rebuild(t) ?? this.symbol(t);
    this.captures.set(t.id, { outer: t, inner });
    return inner;
  }

  add(op: Op, inputs: readonly Tensor[], attributes: unknown, specs: readonly Spec[]): readonly Tensor[] {
    const outputs = specs.map((s) => this.symbol(s));
    const node: Node = { op, inputs, attributes, outputs, lowering: undefined };
    this.nodes.push(node);
    for (const t of node.outputs) this.producer.set(t.id, node);
    return node.outputs;
  }

  read(variable: Variable): Tensor {
    return this.hold(variable).now;
  }

  write(variable: Variable, value: Tensor, assigned: boolean): void {
    const held = this.hold(variable);
    held.now = value;
    held.assigned ||= assigned;
  }

  private hold(variable: Variable): HeldVariable {
    let held = this.variables.get(variable);
    if (held === undefined) {
      const input = this.symbol(variable.spec);
      held = { input, now: input, assigned: false };
      this.variables.set(variable, held);
    }
    return held;
  }
}

export interface Traced {
  readonly trace: Trace;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** Runs `f` on symbols. */
export function traceFlat(
  f: (inputs: readonly Tensor[]) => readonly Tensor[],
  specs: readonly Spec[],
  rebuild?: (outer: Tensor) => Maybe<Tensor>,
): Traced {
  const trace = new Trace(rebuild);
  const inputs = specs.map((s) => trace.symbol(s));
  const outputs = recordInto(trace, () => f(inputs).map((t) => trace.lift(t)));
  return { trace, inputs, outputs };
}

/** Calls a function with symbols in place of tensors, for what it does on the way: nothing is computed.
 * @example
 * runOnSymbols("f", (x) => tanh(x), [ones([2])]) // => undefined
 * @internal
 */
export function runOnSymbols(op: string, f: (...args: Tensor[]) => unknown, args: readonly Tensor[]): void {
  const symbols = args.filter((t) => t instanceof Tensor);
  traceFlat((inputs) => {
    let next = 0;
    // Plain JavaScript may pass something else, which goes through.
    notPromise(f(...args.map((t) => (t instanceof Tensor ? inputs[next++] : t))), op);
    return [];
  }, symbols);
}

/** Runs with a trace open, which is closed afterwards whatever happens. */
export function recordInto<T>(trace: Trace, run: () => T): T {
  const { statics } = current();
  try {
    return within({ trace, tapes: [], store: trace, substitute: null, firstOwnTape: 0, statics }, run);
  } finally {
    trace.open = false;
  }
}

/** Without the nodes that no output needs; those that may refuse their inputs stay. */
export function live(graph: Graph): Graph {
  if (usesOfLive.has(graph)) return graph;
  const { nodes, uses } = needed(graph.nodes, graph.outputs, hasEffect);
  const result = nodes.length === graph.nodes.length ? graph : { ...graph, nodes };
  usesOfLive.set(result, uses);
  return result;
}
/** How often each value is read of graphs that {@link live} has seen; graphs do not change. */
export const usesOfLive: WeakMap<Graph, ReadonlyMap<number, number>> = /* @__PURE__ */ new WeakMap();

/** What the outputs need, and nothing else. */
export const onlyFor = (graph: Graph): Graph => ({
  ...graph,
  nodes: needed(graph.nodes, graph.outputs).nodes,
});

/** What some values need: nodes of a list, in order, and how often each value is read on the way, by its id; to be asked for counts as one reading.
 * @param isRoot - nodes that stay whoever reads them */
export function needed(
  nodes: readonly Node[],
  roots: readonly Tensor[],
  isRoot: (node: Node) => boolean = () => false,
): { readonly nodes: readonly Node[]; readonly uses: ReadonlyMap<number, number> } {
  const uses = new Map<number, number>();
  const use = ({ id }: Tensor): void => void uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const t of roots) use(t);
  const found: Node[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    let isNeeded = false;
    for (const t of node.outputs) isNeeded ||= uses.has(t.id);
    if (!isNeeded && !isRoot(node)) continue;
    found.push(node);
    for (const t of node.inputs) use(t);
  }
  return { nodes: found.reverse(), uses };
}

const graphsWithEffect = new WeakMap<Graph, boolean>();
/** Whether a node, or one inside of its body, may refuse its inputs. */
export function hasEffect(node: Node): boolean {
  const { op, attributes } = node;
  return op.effect === undefined ? innerGraphs(node).some(graphHasEffect) : op.effect(attributes);
}
function graphHasEffect(graph: Graph): boolean {
  let known = graphsWithEffect.get(graph);
  if (known === undefined) {
    known = graph.nodes.some(hasEffect);
    graphsWithEffect.set(graph, known);
  }
  return known;
}

/** Throws if a function given to a transform turned out to be asynchronous. */
export function notPromise<T>(value: T, op: string): T {
  if (typeof (value as { then?: unknown } | null)?.then !== "function") return value;
  // What is left of it fails later, on symbols whose trace has ended: this error is the one to see.
  Promise.resolve(value).catch(() => undefined);
  throw new AsyncError({
    code: "async/function",
    op,
    problem: "the function is asynchronous.",
    got: "a Promise",
    expected: "a function that returns its result at once",
    mend: "await data before the call and pass it as an argument; inside, use tensors only",
  });
}
