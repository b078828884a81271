import { InternalError } from "../base/errors.js";
import { sameShape, showShape } from "../base/shape.js";
import { type Graph, innerGraphs, type Node } from "../trace/op.js";

/** Whether graphs are verified after every pass, as in the tests, or at the end of all. */
export const verification: { everyPass: boolean } = { everyPass: false };

/** Throws if a graph is not one: a value used before it is made or made twice, shapes that do not follow from the op, something captured from outside.
 * @param right - graphs and nodes that were found right before, after an earlier pass; what is found right now is added */
export function verify(graph: Graph, after: string, right: Set<Graph | Node> = new Set()): void {
  if (right.has(graph)) return;
  const known = new Set<number>();
  for (const t of graph.inputs) known.add(t.id);
  for (const node of graph.nodes) {
    for (const t of node.inputs) {
      if (!known.has(t.id))
        throw new InternalError(`after ${after}: ${node.op.name} uses a value that is not made before it`);
    }
    for (const t of node.outputs) {
      if (known.has(t.id)) throw new InternalError(`after ${after}: ${node.op.name} makes a value again`);
      known.add(t.id);
    }
    if (right.has(node)) continue;
    verifyNode(node, after, right);
    right.add(node);
  }
  for (const t of graph.outputs) {
    if (!known.has(t.id)) throw new InternalError(`after ${after}: an output is not made`);
  }
  right.add(graph);
}

function verifyNode(node: Node, after: string, right: Set<Graph | Node>): void {
  const specs = node.op.infer(node.inputs, node.attributes);
  node.outputs.forEach((t, i) => {
    if (!sameShape(specs[i].shape, t.sizes) || specs[i].dtype !== t.dtype) {
      throw new InternalError(
        `after ${after}: ${node.op.name} should give ${specs[i].dtype}${showShape(specs[i].shape)}, has ${t.dtype}${showShape(t.sizes)}`,
      );
    }
  });
  for (const inner of innerGraphs(node)) verify(inner, after, right);
}
