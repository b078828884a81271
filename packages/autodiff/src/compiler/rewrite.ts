import { InternalError } from "../base/errors.js";
import type { Expression } from "../kernel/instruction.js";
import type { Lowering } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Graph, Node, Structure } from "../trace/op.js";
import { live, recordInto, Trace, usesOfLive } from "../trace/trace.js";

/** What a rule may ask about the values around a node. */
export interface Surroundings {
  /** The node that makes a value, as rewritten so far; undefined for inputs. */
  maker(t: Tensor): Node | undefined;
  /** How often a value is read, outputs included. */
  uses(t: Tensor): number;
}

/** What takes the place of a node's outputs, made by ops as usual; null leaves the node as it is. The node reads what earlier rules left. */
export type Rule = (node: Node, around: Surroundings) => readonly Tensor[] | null;

/** Visits each node once, in order, and puts in its place what the rule makes. What does not change stays the very same node; a graph in which nothing changes is returned
 * itself. What nobody needs any more is dropped. */
export function rewriteGraph(graph: Graph, rule: Rule): Graph {
  const bench = new Workbench(graph);
  recordInto(bench, () => {
    for (const old of graph.nodes) bench.visit(old, rule);
  });
  return bench.result();
}

/** A graph under rewriting. It belongs to the pass while the pass runs: symbols of the graph are taken as they are. */
class Workbench extends Trace implements Surroundings {
  private readonly graph: Graph;
  // Of the graph as it was, from when a rule first asks.
  private makers: ReadonlyMap<number, Node> | null = null;
  private counts: ReadonlyMap<number, number> | null = null;
  /** What stands for outputs of replaced nodes, by id. */
  private readonly replaced: Map<number, Tensor> = new Map();
  /** The same from the other side: the outputs that a value stands for. */
  private readonly standsFor: Map<number, Tensor[]> = new Map();
  private changed = false;

  constructor(graph: Graph) {
    super();
    this.graph = graph;
  }

  override lift(t: Tensor): Tensor {
    if (t.owner === null) throw new InternalError("a pass reached outside of the graph");
    return t;
  }

  visit(old: Node, rule: Rule): void {
    // The parts of an empty axis, or a call of which nothing is read any more: nothing is lost, and rules may look at outputs.
    if (old.outputs.length === 0) {
      this.changed = true;
      return;
    }
    const node = this.withReplaced(old);
    const before = this.nodes.length;
    const made = rule(node, this);
    if (made === null) {
      if (this.nodes.length > before) this.changed = true;
      this.nodes.push(node);
      return;
    }
    this.changed = true;
    for (let i = 0; i < old.outputs.length; i++) {
      const was = old.outputs[i];
      const now = made[i];
      this.replaced.set(was.id, now);
      const others = this.standsFor.get(now.id);
      if (others === undefined) this.standsFor.set(now.id, [was]);
      else others.push(was);
    }
  }

  /** The node over what stands for its inputs by now. Its outputs keep their names: shapes and dtypes are the same. */
  private withReplaced(node: Node): Node {
    const { replaced } = this;
    if (replaced.size === 0 || !node.inputs.some((t) => replaced.has(t.id))) return node;
    this.changed = true;
    const next = { ...node, inputs: node.inputs.map((t) => replaced.get(t.id) ?? t) };
    for (const t of next.outputs) this.producer.set(t.id, next);
    return next;
  }

  maker(t: Tensor): Node | undefined {
    this.makers ??= producers(this.graph);
    return this.producer.get(t.id) ?? this.makers.get(t.id);
  }

  uses(t: Tensor): number {
    this.counts ??= countUses(this.graph);
    let count = this.counts.get(t.id) ?? 0;
    for (const was of this.standsFor.get(t.id) ?? []) count += this.uses(was);
    return count;
  }

  result(): Graph {
    const { graph, replaced } = this;
    if (!this.changed) return graph;
    const outputs = graph.outputs.map((t) => replaced.get(t.id) ?? t);
    return live({ inputs: graph.inputs, nodes: this.nodes, outputs });
  }
}

/** Whether an attribute is the body of a loop, a branch or a call. */
export const isGraph = (value: unknown): value is Graph =>
  typeof value === "object" && value !== null && "nodes" in value && "outputs" in value;

/** Applies a pass to the graphs inside of nodes (bodies of loops, branches). */
export function rewriteBodies(pass: (graph: Graph) => Graph, graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.op.structure !== undefined)) return graph;
  let changed = false;
  const nodes = graph.nodes.map((node) => {
    if (node.op.structure === undefined) return node;
    let own = false;
    const attributes = Object.fromEntries(
      Object.entries(node.attributes as object).map(([key, value]) => {
        const next = isGraph(value) ? pass(value) : value;
        own ||= next !== value;
        return [key, next];
      }),
    );
    if (!own) return node;
    changed = true;
    return { ...node, attributes };
  });
  return changed ? { ...graph, nodes } : graph;
}

/** How a node is carried out; null for control flow. */
export function loweringOf(node: Node): Lowering | null {
  node.lowering ??= node.op.lower?.(node.inputs, node.attributes, node.outputs) ?? null;
  return node.lowering;
}

/** The control flow of a node with a body; null for plain ops. */
export const structureOf = (node: Node): Structure | null => node.op.structure?.(node.attributes) ?? null;

/** The single instruction of an expression that is one, with its operands in order. */
export function onlyInstruction(expression: Expression): string | null {
  const { nodes, results } = expression;
  const last = nodes[nodes.length - 1];
  if (results.length !== 1 || results[0] !== nodes.length - 1) return null;
  for (let i = 0; i < nodes.length - 1; i++) {
    const node = nodes[i];
    if (node.kind !== "read" || node.index !== i) return null;
  }
  switch (last.kind) {
    case "unary":
      return last.a === 0 ? last.name : null;
    case "binary":
    case "compare":
      return last.a === 0 && last.b === 1 ? last.name : null;
    default:
      return null;
  }
}

/** What follows from a graph alone is worked out once: graphs do not change. */
function once<V>(make: (graph: Graph) => V): (graph: Graph) => V {
  const known = new WeakMap<Graph, V>();
  return (graph) => {
    let value = known.get(graph);
    if (value === undefined) {
      value = make(graph);
      known.set(graph, value);
    }
    return value;
  };
}

/** How often each value is used, outputs included. */
export const countUses: (graph: Graph) => ReadonlyMap<number, number> = /* @__PURE__ */ once((graph) => {
  const known = usesOfLive.get(graph);
  if (known !== undefined) return known;
  const uses = new Map<number, number>();
  const use = (t: Tensor): void => {
    uses.set(t.id, (uses.get(t.id) ?? 0) + 1);
  };
  for (const node of graph.nodes) for (const t of node.inputs) use(t);
  graph.outputs.forEach(use);
  return uses;
});

/** The node that makes each value. */
export const producers: (graph: Graph) => ReadonlyMap<number, Node> = /* @__PURE__ */ once((graph) => {
  const made = new Map<number, Node>();
  for (const node of graph.nodes) for (const t of node.outputs) made.set(t.id, node);
  return made;
});
