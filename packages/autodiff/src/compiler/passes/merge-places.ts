import { eagerPlace } from "../../backends/javascript/eager-routines.js";
import type { Shape } from "../../base/shape.js";
import { windowStarts } from "../../kernel/layout.js";
import type { Layout, Spec } from "../../kernel/lowering.js";
import type { Tensor } from "../../tensor/tensor.js";
import { applyOne } from "../../trace/apply.js";
import type { Graph, Op } from "../../trace/op.js";
import { madeLast } from "../made-last.js";
import { any, plus, rule } from "../patterns.js";
import { loweringOf, rewriteGraph, type Surroundings } from "../rewrite.js";
import { withoutNegativeZero } from "../signed-zeros.js";

interface Pieces {
  readonly inputs: readonly Tensor[];
  readonly regions: readonly Layout[];
}

/** Pieces that lie side by side in one tensor, zeros between them: the compiler's own, never seen by a tape. */
const assembleOp: Op<{ readonly spec: Spec; readonly regions: readonly Layout[] }> = {
  name: "assemble",
  infer: (_inputs, { spec }) => [spec],
  lower: (_inputs, { regions }) => ({ kind: "place", regions, fill: 0 }),
  eager: eagerPlace,
  ...madeLast("assemble"),
  show: ({ regions }) => `${regions.length} pieces`,
};

/** Adds tensors that are zero but for pieces which do not overlap by laying the pieces into one: the cotangents of an LSTM's gates become one matrix. */
export const mergePlaces = (graph: Graph): Graph =>
  rewriteGraph(
    graph,
    rule(plus(any("a"), any("b")), ({ a, b }, out, around) => {
      const [p, q] = [piecesOf(a, around), piecesOf(b, around)];
      if (p === null || q === null || !apart(out.sizes, p.regions, q.regions)) return null;
      const regions = [...p.regions, ...q.regions];
      // Each piece had zeros added.
      const pieces = [...p.inputs, ...q.inputs].map((piece) => withoutNegativeZero(piece, around));
      return applyOne(assembleOp, pieces, {
        spec: { shape: out.sizes, dtype: out.dtype },
        regions,
      });
    }),
  );

/** What a tensor is assembled from, if it is zero elsewhere. */
function piecesOf(t: Tensor, around: Surroundings): Pieces | null {
  const node = around.maker(t);
  const lowering = node === undefined ? null : loweringOf(node);
  if (node === undefined || lowering?.kind !== "place" || lowering.fill !== 0) return null;
  return { inputs: node.inputs, regions: lowering.regions };
}

/** Whether no window of one list meets one of the other. */
function apart(shape: Shape, a: readonly Layout[], b: readonly Layout[]): boolean {
  const [p, q] = [a, b].map((list) => list.map((layout) => windowStarts(shape, layout)));
  return a.every((left, i) =>
    b.every((right, j) => {
      const [from, to] = [p[i], q[j]];
      if (from === null || to === null) return false;
      return from.some((s, k) => s + left.shape[k] <= to[k] || to[k] + right.shape[k] <= s);
    }),
  );
}
