import type { Spec } from "../../kernel/lowering.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Graph } from "../../trace/op.js";
import { loweringOf } from "../rewrite.js";
import type { ValueUses } from "./value-uses.js";
import { regionOf, type View } from "./views.js";

/** Where the values of one block are written. Whoever wants a value at a certain place requests it before the block is planned; the view is decided when it is first asked for. */
export class Destinations {
  private readonly uses: ValueUses;
  private readonly allocate: (name: string, spec: Spec) => View;
  private readonly requests: Map<number, () => View | null> = new Map();
  private readonly views: Map<number, View> = new Map();

  /** @param allocate - makes room for a value that nobody requested anywhere */
  constructor(uses: ValueUses, allocate: (name: string, spec: Spec) => View) {
    this.uses = uses;
    this.allocate = allocate;
  }

  /** Asks the producer of a value to write it to a place; false if somebody asked before, or if no kernel of this block writes the value.
   * @param target - the place, found when the value is written; null if it turns out that the value does not fit there */
  request(t: Tensor, target: () => View | null): boolean {
    if (this.requests.has(t.id) || !this.uses.written.has(t.id)) return false;
    this.requests.set(t.id, target);
    return true;
  }
  isRequested(t: Tensor): boolean {
    return this.requests.has(t.id);
  }

  /** Where a value is written: the requested place, or room of its own. */
  of(t: Tensor): View {
    let view = this.views.get(t.id);
    if (view === undefined) {
      view = this.requests.get(t.id)?.() ?? this.allocate(`v${t.id}`, t);
      this.views.set(t.id, view);
    }
    return view;
  }
  /** What was decided for a value so far. */
  decided(t: Tensor): View | undefined {
    return this.views.get(t.id);
  }
  /** Lets a value be written over something that is there. */
  assign(t: Tensor, view: View): void {
    this.views.set(t.id, view);
  }
  /** Gives a value room of its own, wherever it was requested. */
  ownRoom(t: Tensor): View {
    const view = this.allocate(`v${t.id}`, t);
    this.views.set(t.id, view);
    return view;
  }
}

/** Requests that the pieces of a placed tensor are written straight into it; last first, so that a place inside of a later one knows that it is a piece. */
export function requestPieces(graph: Graph, destinations: Destinations): void {
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    const lowering = loweringOf(node);
    if (lowering?.kind !== "place") continue;
    const [out] = node.outputs;
    node.inputs.forEach((t, k) => {
      destinations.request(t, () => regionOf(destinations.of(out), lowering.regions[k]));
    });
  }
}
