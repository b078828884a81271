import { checkFunction } from "../base/checks.js";
import { checkDType, type DType } from "../base/dtype.js";
import { type Shape, shapeFrom, showSpec } from "../base/shape.js";
import type { Spec } from "../kernel/lowering.js";
import { Tensor } from "../tensor/tensor.js";
import { type Graph, innerGraphs, type Node } from "../trace/op.js";
import { type ClosedGraph, close } from "../transforms/close.js";
import { leafPaths } from "../transforms/outline.js";
import { flattenArguments, onLeaves } from "../transforms/tree.js";

/** The shape and dtype of a tensor, to trace a function without data.
 * @param shape - sizes of the axes
 * @param dtype - float32 if left out
 * @returns a stand-in for a tensor, for {@link trace} only
 * @throws {@link ShapeError} if `shape` is not a shape; {@link DTypeError} if `dtype` is unknown
 * @example
 * trace((x) => tanh(x), spec([3])).nodes // => 1
 */
export function spec(shape: Shape, dtype: DType = "float32"): Tensor {
  const own = shapeFrom("spec", shape);
  checkDType("spec", dtype);
  return new Tensor(own, dtype, null, null, 0, null);
}

// Mermaid shows labels as HTML, in which names of arguments are anything.
const mermaidText = (label: string): string =>
  label.replace(/[&<>"#]/g, (sign) => `#${sign.codePointAt(0)};`);

/** A function as the list of operations that it is, readable as text, DOT and Mermaid.
 * @example
 * graph((x) => tanh(x))(tensor([1, 2])).toString().includes("tanh(x)") // => true
 */
export class TracedGraph {
  /** @internal */
  readonly closed: ClosedGraph;
  // Of the inputs: arguments by their place, then captures and Variables.
  readonly #names: readonly string[];

  /** @internal */
  constructor(closed: ClosedGraph, args: readonly string[]) {
    this.closed = closed;
    this.#names = [
      ...args,
      ...closed.captures.map((_, i) => `captured${i}`),
      ...closed.variables.map((_, i) => `variable${i}`),
    ];
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
      .map(({ sizes: shape, dtype }) => ({ shape, dtype }));
  }

  /** A small program: one operation a line, with shapes; bodies of loops are indented. */
  toString(): string {
    return textOf(this.closed.graph, this.#names, "");
  }

  /** The graph in the DOT language of Graphviz. */
  toDot(): string {
    const lines = this.#draw(
      (id, label, round) =>
        `${id} [label="${label.replace(/["\\]/g, "\\$&")}"${round ? ", shape=ellipse" : ""}];`,
      (from, to, label) => `${from} -> ${to} [label="${label}"];`,
    );
    return ["digraph {", "  rankdir=TB; node [shape=box];", ...lines, "}"].join("\n");
  }

  /** The graph in the language of Mermaid. */
  toMermaid(): string {
    const lines = this.#draw(
      (id, label, round) => `${id}${round ? "([" : "["}"${mermaidText(label)}"${round ? "])" : "]"}`,
      (from, to, label) => `${from} -->|"${mermaidText(label)}"| ${to}`,
    );
    return ["flowchart TD", ...lines].join("\n");
  }

  /** The lines of a picture: a vertex for each input, node and output, then an edge for each use of a value. */
  #draw(
    vertex: (id: string, label: string, round: boolean) => string,
    edge: (from: string, to: string, label: string) => string,
  ): string[] {
    const { inputs, nodes, outputs } = this.closed.graph;
    const makers = new Map<number, string>();
    const vertices: string[] = [];
    const edges: string[] = [];
    const put = (id: string, label: string, round: boolean, reads: Tensors, makes: Tensors): void => {
      vertices.push(`  ${vertex(id, label, round)}`);
      for (const t of reads) edges.push(`  ${edge(makers.get(t.id)!, id, showSpec(t))}`);
      for (const t of makes) makers.set(t.id, id);
    };
    inputs.forEach((t, i) => {
      put(`i${i}`, `${this.#names[i]}: ${showSpec(t)}`, true, [], [t]);
    });
    nodes.forEach((node, i) => {
      put(`n${i}`, `${node.op.name} ${detailOf(node)}`.trim(), false, node.inputs, node.outputs);
    });
    outputs.forEach((t, i) => {
      put(`o${i}`, `result ${i}`, true, [t], []);
    });
    return [...vertices, ...edges];
  }
}

type Tensors = readonly Tensor[];

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
  checkFunction(
    "trace",
    "f",
    f,
    f instanceof Tensor ? "the trace of a matrix is sum(diagonal(x))" : "trace((x) => …, spec([2, 3]))",
  );
  const given = flattenArguments("trace", args, "leaf");
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
export const graph = <Args extends readonly unknown[] = Tensor[]>(
  f: (...args: Args) => unknown,
): ((...args: Args) => TracedGraph) => {
  checkFunction("graph", "f", f, "graph((x) => …)(tensor(1))");
  return (...args) => trace(f, ...args);
};

function letters(n: number): string {
  let text = "";
  for (let i = n; i >= 0; i = Math.floor(i / 26) - 1) text = String.fromCharCode(97 + (i % 26)) + text;
  return text;
}

const detailOf = ({ op, attributes }: Node): string => op.show?.(attributes) ?? "";

/** Any graph as text, its inputs named x0, x1, …: what tests of passes show. */
export const printGraph = (of: Graph): string =>
  textOf(
    of,
    of.inputs.map((_, i) => `x${i}`),
    "",
  );

function textOf(of: Graph, inputNames: readonly string[], indent: string): string {
  const names = new Map(of.inputs.map((t, i) => [t.id, inputNames[i]]));
  let count = 0;
  const nameOf = (t: Tensor): string => {
    let name = names.get(t.id);
    if (name === undefined) {
      do name = letters(count++);
      while (inputNames.includes(name));
      names.set(t.id, name);
    }
    return name;
  };
  const head = of.inputs.map((t) => `${nameOf(t)}: ${showSpec(t)}`).join(", ");
  const lines = [`${indent}(${head}) => {`];
  for (const node of of.nodes) {
    const args = [...node.inputs.map(nameOf), detailOf(node)].filter((text) => text !== "").join(", ");
    const outs = node.outputs.map(nameOf).join(", ");
    lines.push(
      `${indent}  ${outs} = ${node.op.name}(${args})   // ${node.outputs.map(showSpec).join(", ")}`,
      ...innerGraphs(node).map((inner) =>
        textOf(
          inner,
          inner.inputs.map((_, i) => `_${letters(i)}`),
          `${indent}    `,
        ),
      ),
    );
  }
  lines.push(`${indent}  return ${of.outputs.map(nameOf).join(", ")}`, `${indent}}`);
  return lines.join("\n");
}
