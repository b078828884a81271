import { checkDType, type DType } from "../base/dtype.js";
import { checkShape, type Shape } from "../base/shape.js";
import type { Spec } from "../kernel/lowering.js";
import { Tensor } from "../tensor/tensor.js";
import type { Graph, Node } from "../trace/op.js";
import { type Closed, close } from "../transforms/close.js";
import { flatten, leafPaths, onLeaves, showSpec } from "../transforms/tree.js";
import { structureOf } from "./rewrite.js";

/** The shape and dtype of a tensor, to trace a function without data.
 * @param shape - sizes of the axes
 * @param dtype - float32 if left out
 * @returns a stand-in for a tensor, for {@link trace} only
 * @throws {@link ShapeError} if `shape` is not a shape; {@link DTypeError} if `dtype` is unknown
 * @example
 * trace((x) => tanh(x), spec([3])).nodes // => 1
 */
export function spec(shape: Shape, dtype: DType = "float32"): Tensor {
  checkShape("spec", shape);
  checkDType("spec", dtype);
  return new Tensor(shape, dtype, null, null, 0, null);
}

/** A function as the list of operations that it is, readable as text, DOT and Mermaid.
 * @example
 * graph((x) => tanh(x))(tensor([1, 2])).toString().includes("tanh(x)") // => true
 */
export class TracedGraph {
  /** @internal */
  readonly closed: Closed;
  private readonly names: readonly string[];

  /** @internal */
  constructor(closed: Closed, names: readonly string[]) {
    this.closed = closed;
    this.names = names;
  }

  /** Number of operations, without those inside of loops. */
  get nodes(): number {
    return this.closed.graph.nodes.length;
  }

  /** Shapes and dtypes of the results. */
  get outputs(): readonly Spec[] {
    const { graph, assigned } = this.closed;
    return graph.outputs
      .slice(0, graph.outputs.length - assigned.length)
      .map(({ shape, dtype }) => ({ shape, dtype }));
  }

  /** A small program: one operation a line, with shapes; bodies of loops are indented. */
  toString(): string {
    return textOf(this.closed.graph, namesOf(this.closed, this.names), "");
  }

  /** The graph in the DOT language of Graphviz. */
  toDot(): string {
    const { vertices, edges } = picture(this.closed, this.names);
    return [
      "digraph {",
      "  rankdir=TB; node [shape=box];",
      ...vertices.map(
        (v) => `  ${v.id} [label="${v.label.replaceAll('"', '\\"')}"${v.round ? ", shape=ellipse" : ""}];`,
      ),
      ...edges.map((e) => `  ${e.from} -> ${e.to} [label="${e.label}"];`),
      "}",
    ].join("\n");
  }

  /** The graph in the language of Mermaid. */
  toMermaid(): string {
    const { vertices, edges } = picture(this.closed, this.names);
    return [
      "flowchart TD",
      ...vertices.map(
        (v) => `  ${v.id}${v.round ? "([" : "["}"${v.label.replaceAll('"', "'")}"${v.round ? "])" : "]"}`,
      ),
      ...edges.map((e) => `  ${e.from} -->|"${e.label}"| ${e.to}`),
    ].join("\n");
  }
}

/** Runs a function on symbols and returns what it does, as a graph. Shape mistakes show without data.
 * @param f - a function of trees of tensors
 * @param args - tensors or {@link spec}s, or trees of them
 * @returns the graph: `toString()`, `toDot()`, `toMermaid()`, `outputs`
 * @throws what `f` throws; {@link SymbolicValueError} if it reads a value
 * @example
 * trace((x) => tanh(x).sum(), spec([2, 3])).outputs[0].shape // => []
 */
export function trace<Args extends readonly unknown[] = Tensor[]>(
  f: (...args: Args) => unknown,
  ...args: Args
): TracedGraph {
  const given = flatten("trace", args, "leaf", "arguments");
  const closed = close(onLeaves("trace", (all: Args) => f(...all), given.outline).run, given.leaves);
  return new TracedGraph(
    closed,
    leafPaths(given.outline, "x").map((path) => path.replace(/^x\[0\]/, "x").replace(/^x\[(\d+)\]/, "x$1")),
  );
}

/** Shows what a function does: `graph(f)(x)` the forward pass, `graph(grad(f))(x)` forward and backward.
 * @param f - a function of trees of tensors
 * @returns a function of the same arguments that returns the {@link TracedGraph}
 * @example
 * graph((x) => x.mul(x))(tensor(3)).nodes // => 1
 */
export const graph =
  <Args extends readonly unknown[] = Tensor[]>(
    f: (...args: Args) => unknown,
  ): ((...args: Args) => TracedGraph) =>
  (...args) =>
    trace(f, ...args);

function letters(n: number): string {
  let text = "";
  for (let i = n; i >= 0; i = Math.floor(i / 26) - 1) text = String.fromCharCode(97 + (i % 26)) + text;
  return text;
}

/** Names of the inputs: arguments by their place, then captures and Variables. */
function namesOf({ graph, captures, variables }: Closed, args: readonly string[]): Map<number, string> {
  const names = new Map<number, string>();
  const first = graph.inputs.length - captures.length - variables.length;
  graph.inputs.forEach((t, i) => {
    const name =
      i < first
        ? (args[i] ?? `x${i}`)
        : i < first + captures.length
          ? `captured${i - first}`
          : `variable${i - first - captures.length}`;
    names.set(t.id, name);
  });
  return names;
}

/** Any graph as text, its inputs named x0, x1, …: what tests of passes show. */
export const printGraph = (of: Graph): string =>
  textOf(of, new Map(of.inputs.map((t, i) => [t.id, `x${i}`])), "");

function textOf(of: Graph, inputNames: Map<number, string>, indent: string): string {
  const names = new Map(inputNames);
  let count = 0;
  const nameOf = (t: Tensor): string => {
    let name = names.get(t.id);
    if (name === undefined) {
      do name = letters(count++);
      while ([...inputNames.values()].includes(name));
      names.set(t.id, name);
    }
    return name;
  };
  const head = of.inputs.map((t) => `${nameOf(t)}: ${showSpec(t)}`).join(", ");
  const lines = [`${indent}(${head}) => {`];
  for (const node of of.nodes) {
    const args = node.inputs.map(nameOf);
    const shown = node.op.show?.(node.attributes) ?? "";
    if (shown !== "") args.push(shown);
    const outs = node.outputs.map(nameOf).join(", ");
    lines.push(
      `${indent}  ${outs} = ${node.op.name}(${args.join(", ")})   // ${node.outputs.map(showSpec).join(", ")}`,
    );
    for (const inner of graphsOf(node))
      lines.push(
        textOf(inner, new Map(inner.inputs.map((t, i) => [t.id, `_${letters(i)}`])), `${indent}    `),
      );
  }
  lines.push(`${indent}  return ${of.outputs.map(nameOf).join(", ")}`, `${indent}}`);
  return lines.join("\n");
}

/** The graphs inside of a node. */
function graphsOf(node: Node): readonly Graph[] {
  const structure = structureOf(node);
  switch (structure?.kind) {
    case "inline":
      return [structure.graph];
    case "loop":
      return [structure.body];
    case "branch":
      return [structure.then, structure.otherwise];
    case "while":
      return [structure.test, structure.body];
    default:
      return [];
  }
}

interface Picture {
  readonly vertices: { readonly id: string; readonly label: string; readonly round: boolean }[];
  readonly edges: { readonly from: string; readonly to: string; readonly label: string }[];
}

function picture(closed: Closed, args: readonly string[]): Picture {
  const { graph: of } = closed;
  const names = namesOf(closed, args);
  const from = new Map<number, string>();
  const shown: Picture = { vertices: [], edges: [] };
  of.inputs.forEach((t, i) => {
    from.set(t.id, `i${i}`);
    shown.vertices.push({ id: `i${i}`, label: `${names.get(t.id)}: ${showSpec(t)}`, round: true });
  });
  of.nodes.forEach((node, k) => {
    const detail = node.op.show?.(node.attributes) ?? "";
    shown.vertices.push({
      id: `n${k}`,
      label: detail === "" ? node.op.name : `${node.op.name} ${detail}`,
      round: false,
    });
    for (const t of node.inputs) shown.edges.push({ from: from.get(t.id)!, to: `n${k}`, label: showSpec(t) });
    for (const t of node.outputs) from.set(t.id, `n${k}`);
  });
  of.outputs.forEach((t, i) => {
    shown.vertices.push({ id: `o${i}`, label: `result ${i}`, round: true });
    shown.edges.push({ from: from.get(t.id)!, to: `o${i}`, label: showSpec(t) });
  });
  return shown;
}
