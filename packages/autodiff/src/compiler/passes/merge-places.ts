import { InternalError } from "../../base/errors.js";
import { rowMajor, type Shape } from "../../base/shape.js";
import type { Layout, Spec } from "../../kernel/lowering.js";
import type { Tensor } from "../../tensor/tensor.js";
import { applyOne } from "../../trace/apply.js";
import type { Graph, Op } from "../../trace/op.js";
import { loweringOf, onlyInstruction, reapply, rewriteGraph } from "../rewrite.js";

interface Pieces {
  readonly inputs: readonly Tensor[];
  readonly regions: readonly Layout[];
}

/** Pieces that lie side by side in one tensor, zeros between them: the compiler's own, never seen by a tape. */
const assembleOp: Op<{ readonly spec: Spec; readonly regions: readonly Layout[] }> = {
  name: "assemble",
  infer: (_inputs, { spec }) => [spec],
  lower: (_inputs, { regions }) => ({ kind: "place", regions, fill: 0 }),
  pullback: () => {
    throw new InternalError("assemble exists after differentiation only");
  },
  pushforward: () => {
    throw new InternalError("assemble exists after differentiation only");
  },
  batch: () => {
    throw new InternalError("assemble exists after loop motion only");
  },
  show: ({ regions }) => `${regions.length} pieces`,
};

/** Adds tensors that are zero but for pieces which do not overlap by laying the pieces into one: the cotangents of an LSTM's gates become one matrix. */
export function mergePlaces(graph: Graph): Graph {
  const placed = new Map<number, Pieces>();
  return rewriteGraph(graph, (node, inputs) => {
    const lowering = loweringOf(node);
    if (lowering?.kind === "map" && inputs.length === 2 && onlyInstruction(lowering.expression) === "add") {
      const a = placed.get(inputs[0].id);
      const b = placed.get(inputs[1].id);
      const { shape } = node.outputs[0];
      if (a !== undefined && b !== undefined && apart(shape, a.regions, b.regions)) {
        const pieces = { inputs: [...a.inputs, ...b.inputs], regions: [...a.regions, ...b.regions] };
        const spec = { shape, dtype: node.outputs[0].dtype };
        const merged = applyOne(assembleOp, pieces.inputs, { spec, regions: pieces.regions });
        placed.set(merged.id, pieces);
        return [merged];
      }
    }
    const outputs = reapply(node, inputs);
    if (lowering?.kind === "place" && lowering.fill === 0)
      placed.set(outputs[0].id, { inputs, regions: lowering.regions });
    return outputs;
  });
}

/** Whether no window of one list meets one of the other. */
function apart(shape: Shape, a: readonly Layout[], b: readonly Layout[]): boolean {
  const left = a.map((l) => windowOf(shape, l));
  const right = b.map((l) => windowOf(shape, l));
  return left.every((p) =>
    right.every((q) => p !== null && q !== null && p.some((s, k) => s.to <= q[k].from || q[k].to <= s.from)),
  );
}

/** First and last index of a region per axis, where it is a window with unit steps of a tensor of this shape; null where not. */
function windowOf(
  shape: Shape,
  { shape: size, strides, offset }: Layout,
): { from: number; to: number }[] | null {
  if (size.length !== shape.length) return null;
  const own = rowMajor(shape);
  const steps = strides ?? rowMajor(size);
  const window: { from: number; to: number }[] = [];
  let rest = offset;
  for (let k = 0; k < shape.length; k++) {
    if (size[k] !== 1 && steps[k] !== own[k]) return null;
    const from = Math.floor(rest / own[k]);
    rest -= from * own[k];
    window.push({ from, to: from + size[k] });
  }
  return window;
}
