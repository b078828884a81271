import { sizeOf } from "../../base/shape.js";
import type { Buffer } from "../../kernel/program.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Node } from "../../trace/op.js";
import { loweringOf } from "../rewrite.js";
import type { Destinations } from "./destinations.js";
import type { ValueUses } from "./value-uses.js";
import type { Value } from "./values.js";

/** What is known of the values of a block when one of them may be overwritten. */
export interface Holdings {
  readonly uses: ValueUses;
  readonly values: ReadonlyMap<number, Value>;
  readonly destinations: Destinations;
  /** Inputs of the block whose memory nobody else reads (slices of a temporary that only this loop takes). */
  readonly donated: ReadonlySet<number>;
  /** Buffers made for one value of one block. */
  readonly temporaries: ReadonlySet<Buffer>;
}

/** Whether a value is a temporary of this program with a single reader, so that the reader may write over it; reshaped views of such a temporary are as good. */
export function mayOverwrite(t: Tensor, holdings: Holdings): boolean {
  const { uses, values, destinations, donated, temporaries } = holdings;
  let now = t;
  for (;;) {
    if (uses.counts.get(now.id) !== 1) return false;
    if (donated.has(now.id)) return true;
    const value = values.get(now.id);
    if (value === undefined || value.kind === "uniform" || value.kind === "lazy") return false;
    const node = uses.makers.get(now.id);
    if (node === undefined || destinations.isRequested(now)) return false;
    const lowering = loweringOf(node);
    if (lowering === null) return false;
    if (lowering.kind !== "view")
      return temporaries.has(destinations.of(now).buffer) && !holdsReadPieces(node, holdings);
    if (node.outputs.length !== 1 || sizeOf(node.outputs[0].sizes) !== sizeOf(node.inputs[0].sizes))
      return false;
    now = node.inputs[0];
  }
}

/** Whether a piece that was written straight into a placed tensor has readers of its own. */
function holdsReadPieces(node: Node, { uses, destinations }: Holdings): boolean {
  const inside = [node];
  for (const place of inside) {
    if (loweringOf(place)?.kind !== "place") continue;
    const { buffer } = destinations.of(place.outputs[0]);
    for (const piece of place.inputs) {
      if (destinations.decided(piece)?.buffer !== buffer) continue;
      const maker = uses.makers.get(piece.id);
      if (uses.counts.get(piece.id) !== 1 || maker === undefined) return true;
      inside.push(maker);
    }
  }
  return false;
}
