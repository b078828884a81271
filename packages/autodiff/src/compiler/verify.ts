import { InternalError } from "../base/errors.js";
import { sameShape, showShape } from "../base/shape.js";
import type { Graph } from "../trace/op.js";
import { isGraph } from "./rewrite.js";

/** Throws if a graph is not one: a value used before it is made or made twice, shapes that do not follow from the op, something captured from outside. */
export function verify(graph: Graph, after: string): void {
  const known = new Set<number>(graph.inputs.map((t) => t.id));
  for (const node of graph.nodes) {
    for (const t of node.inputs) {
      if (!known.has(t.id))
        throw new InternalError(`after ${after}: ${node.op.name} uses a value that is not made before it`);
    }
    const specs = node.op.infer(node.inputs, node.attributes);
    node.outputs.forEach((t, i) => {
      if (known.has(t.id)) throw new InternalError(`after ${after}: ${node.op.name} makes a value again`);
      if (!sameShape(specs[i].shape, t.shape) || specs[i].dtype !== t.dtype) {
        throw new InternalError(
          `after ${after}: ${node.op.name} should give ${specs[i].dtype}${showShape(specs[i].shape)}, has ${t.dtype}${showShape(t.shape)}`,
        );
      }
      known.add(t.id);
    });
    const structure = node.op.structure?.(node.attributes);
    if (structure === undefined) continue;
    for (const value of Object.values(structure)) if (isGraph(value)) verify(value, after);
  }
  for (const t of graph.outputs) {
    if (!known.has(t.id)) throw new InternalError(`after ${after}: an output is not made`);
  }
}
