import { sizeOf } from "../base/shape.js";
import { wholeLayout } from "../kernel/layout.js";
import type { Layout } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Node } from "../trace/op.js";
import { loweringOf } from "./rewrite.js";

/** A value seen through the views that made it: what it is a view of, and how its elements lie there. */
export interface Seen {
  readonly root: Tensor;
  readonly layout: Layout;
}

/** How the only output of a view lies in its input, in terms of the input's row-major elements; null for every other node, and where it asks for a copy. */
export function viewOf(node: Node): Layout | null {
  const lowering = loweringOf(node);
  if (lowering?.kind !== "view" || node.outputs.length !== 1) return null;
  return lowering.layouts(wholeLayout(node.inputs[0].sizes))?.[0] ?? null;
}

/** Whether a view is its whole input, element by element in the same order; the shape may be another. */
export function isReshape(node: Node): boolean {
  const view = viewOf(node);
  return (
    view !== null &&
    view.strides === null &&
    view.offset === 0 &&
    sizeOf(view.shape) === sizeOf(node.inputs[0].sizes)
  );
}

/** Follows a value back through views with one output, as long as `passes` lets it; null where one of them asks for a copy. */
export function seeThrough(
  t: Tensor,
  makerOf: (t: Tensor) => Node | undefined,
  passes: (view: Node) => boolean = () => true,
): Seen | null {
  const views: Node[] = [];
  let root = t;
  for (;;) {
    const node = makerOf(root);
    if (node === undefined || node.outputs.length !== 1 || loweringOf(node)?.kind !== "view" || !passes(node))
      break;
    views.push(node);
    root = node.inputs[0];
  }
  let layout = wholeLayout(root.sizes);
  for (const node of views.reverse()) {
    const lowering = loweringOf(node);
    const next = lowering?.kind === "view" ? lowering.layouts(layout) : null;
    if (next === null) return null;
    layout = next[0];
  }
  return { root, layout };
}
