import { InternalError } from "../../base/errors.js";
import { type Shape, sameShape, sizeOf } from "../../base/shape.js";
import type { Expression } from "../../kernel/instruction.js";
import type { Lowering, Spec } from "../../kernel/lowering.js";
import type { Buffer, Kernel, MapKernel, Read } from "../../kernel/program.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Graph, Node } from "../../trace/op.js";
import { countUses, loweringOf, producers, structureOf } from "../rewrite.js";
import type { Assembly } from "./assembly.js";
import { type Body, inlineExpression, newBody, pruned, pushRead } from "./expressions.js";
import { lowerRoutine } from "./lower-routines.js";
import { copyExpression, copyKernel, fillKernel, iotaExpression } from "./simple-kernels.js";
import { type Group, type GroupResult, type Item, itemOf, type Value } from "./values.js";
import {
  accessOf,
  broadcastStrides,
  isRowMajor,
  regionOf,
  squeezeBy,
  squeezed,
  type View,
  viewsThrough,
} from "./views.js";

/** Kernels with more accesses than this spill registers instead of saving memory traffic. */
const accessLimit = 40;
/** How many elementwise nodes a reduction takes on. */
const lazyLimit = 24;

/** Turns the nodes of one graph (a program, or the body of a loop) into kernels. */
export class Block {
  readonly assembly: Assembly;
  readonly depth: number;
  readonly parent: Block | null;
  readonly values: Map<number, Value> = new Map();
  readonly items: Item[] = [];
  /** Operands that were packed at this depth, by what they are. */
  readonly packed: Map<string, Buffer> = new Map();
  /** Kernels that belong before the loop around this block, or before one further out (`level` loops deep). */
  readonly hoisted: { readonly level: number; readonly kernel: Kernel }[] = [];
  private readonly uses: ReadonlyMap<number, number>;
  /** Where a value must end up, if its producer can write there. */
  readonly requestedDestinations: Map<number, () => View | null> = new Map();
  private readonly graph: Graph;

  /** @param depth - loops around the nodes; one more than the parent's unless said otherwise */
  constructor(
    program: Assembly,
    graph: Graph,
    parent: Block | null,
    depth: number = parent === null ? 0 : parent.depth + 1,
  ) {
    this.assembly = program;
    this.graph = graph;
    this.parent = parent;
    this.depth = depth;
    this.uses = countUses(graph);
    this.requestPlaceDestinations();
  }

  /** Asks the producer of a value to write it there; false if somebody asked before or nobody in this block writes it. */
  requestDestination(t: Tensor, target: () => View | null): boolean {
    if (this.requestedDestinations.has(t.id) || !this.writers.has(t.id)) return false;
    this.requestedDestinations.set(t.id, target);
    return true;
  }
  private readonly writers: Set<number> = new Set();

  /** Pieces of a placed tensor are written straight into it. */
  private requestPlaceDestinations(): void {
    for (const node of this.graph.nodes) {
      const structure = structureOf(node);
      const kind = loweringOf(node)?.kind;
      if (structure !== null || (kind !== undefined && kind !== "view" && kind !== "fill"))
        for (const t of node.outputs) this.writers.add(t.id);
    }
    for (let i = this.graph.nodes.length - 1; i >= 0; i--) {
      const node = this.graph.nodes[i];
      const lowering = loweringOf(node);
      if (lowering?.kind !== "place") continue;
      const [out] = node.outputs;
      node.inputs.forEach((t, k) =>
        this.requestDestination(t, () => regionOf(this.destinationOf(out), lowering.regions[k])),
      );
    }
  }

  /** Room for a value that this block writes. */
  allocate(name: string, spec: Spec): View {
    return this.assembly.allocate(name, spec, this.depth);
  }

  /** Body inputs whose memory nobody else reads (slices of a temporary that only this loop takes). */
  readonly donated: Set<number> = new Set();
  /** Whether a value is a temporary of this program with a single reader, so that the reader may write over it. */
  mayOverwrite(t: Tensor): boolean {
    let now = t;
    for (;;) {
      if (this.uses.get(now.id) !== 1) return false;
      if (this.donated.has(now.id)) return true;
      const value = this.values.get(now.id);
      if (value === undefined || value.kind === "uniform" || value.kind === "lazy") return false;
      const node = this.makers.get(now.id);
      if (node === undefined || this.requestedDestinations.has(now.id)) return false;
      const lowering = loweringOf(node);
      if (lowering === null) return false;
      if (lowering.kind !== "view")
        return this.assembly.temporaries.has(this.destinationOf(now).buffer) && !this.holdsReadPieces(node);
      if (node.outputs.length !== 1 || sizeOf(node.outputs[0].shape) !== sizeOf(node.inputs[0].shape))
        return false;
      now = node.inputs[0];
    }
  }
  /** Whether a piece that was written straight into a placed tensor has readers of its own. */
  private holdsReadPieces(node: Node): boolean {
    const inside = [node];
    for (const place of inside) {
      if (loweringOf(place)?.kind !== "place") continue;
      const { buffer } = this.destinationOf(place.outputs[0]);
      for (const piece of place.inputs) {
        if (this.destinations.get(piece.id)?.buffer !== buffer) continue;
        if (this.uses.get(piece.id) !== 1) return true;
        inside.push(this.makers.get(piece.id)!);
      }
    }
    return false;
  }
  private get makers(): ReadonlyMap<number, Node> {
    return producers(this.graph);
  }

  /** How many loops deep the elements of a view still change. */
  levelOf(view: View): number {
    let level = this.assembly.writtenAt.get(view.buffer) ?? 0;
    view.steps.forEach((step, i) => {
      if (step !== 0) level = Math.max(level, i + 1);
    });
    // What a finished loop inside of this block wrote changes as often as the block runs.
    return Math.min(level, this.depth);
  }

  /** Whether no run of the program changes the elements of a view. */
  isConstant(view: View): boolean {
    return this.assembly.constants.has(view.buffer) && view.steps.every((step) => step === 0);
  }

  readonly destinations: Map<number, View> = new Map();
  /** Where the block writes a value: its target, or room of its own. */
  destinationOf(t: Tensor): View {
    let home = this.destinations.get(t.id);
    if (home === undefined) {
      home = this.requestedDestinations.get(t.id)?.() ?? this.allocate(`v${t.id}`, t);
      this.destinations.set(t.id, home);
    }
    return home;
  }
  /** Gives a tensor a place of its own, wherever it was aimed at. */
  ownDestination(t: Tensor): View {
    const home = this.allocate(`v${t.id}`, t);
    this.destinations.set(t.id, home);
    return home;
  }

  /** Goes through the nodes in order and decides who computes what. */
  schedule(): void {
    for (const node of this.graph.nodes) {
      const lowering = loweringOf(node);
      if (lowering === null) this.assembly.control(this, node);
      else this.node(node, lowering);
    }
  }

  /** The kernels of the block, in order. */
  kernels(): Kernel[] {
    const out: Kernel[] = [];
    for (const item of this.items) {
      if (item.kind === "single") out.push(...item.emit());
      else out.push(...this.groupKernel(item));
    }
    // Last first: a piece that is placed in a later one lies inside of it.
    return [...this.prologueFills.reverse().map((fill) => fill()), ...out];
  }

  valueOf(t: Tensor): Value {
    const value = this.values.get(t.id);
    if (value === undefined) throw new InternalError("compile: a value is used before it is made");
    return value;
  }

  /** Adds kernels at the end of the block; `emit` runs when all of the block is known. */
  single(emit: () => readonly Kernel[]): number {
    const index = this.items.length;
    this.items.push({ kind: "single", index, emit });
    return index;
  }

  /** The value in memory; written there if it was not. */
  stored(value: Value, name: string): View {
    switch (value.kind) {
      case "stored":
        return value.view;
      case "made": {
        const { slot } = value;
        slot.view ??= slot.place();
        return value.shape === slot.shape || sameShape(value.shape, slot.shape)
          ? slot.view
          : reshapedView(slot.view, value.shape);
      }
      case "uniform": {
        const view = this.allocate(name, value);
        this.single(() => [fillKernel(name, view, value.value)]);
        return view;
      }
      case "lazy":
        throw new InternalError("compile: a value that its reader was to compute is read by another");
    }
  }

  /** Lets the group that computes a value, and already stores it elsewhere, store it in one more place; false if no group does. */
  tryAlsoStore(value: Value, place: View): boolean {
    if (value.kind !== "made" || value.slot.view === null) return false;
    const { slot } = value;
    const { group, view } = slot;
    if (view!.buffer === place.buffer || group.reads.length + group.slots.length >= accessLimit) return false;
    if (!sameShape(squeezed(place.shape), squeezed(slot.shape))) return false;
    group.slots.push({
      ...slot,
      view: { ...place, shape: slot.shape, strides: alignedStrides(place, slot.shape) },
    });
    return true;
  }

  private node(node: Node, lowering: Lowering): void {
    const [out] = node.outputs;
    switch (lowering.kind) {
      case "fill":
        this.values.set(out.id, {
          kind: "uniform",
          value: lowering.value,
          dtype: out.dtype,
          shape: out.shape,
        });
        return;
      case "view":
        this.viewNode(node, lowering);
        return;
      case "map":
        this.mapNode(node, lowering.expression);
        return;
      case "iota": {
        const axis = squeezed(out.shape).length === 0 ? null : 0;
        const expression = iotaExpression(axis, lowering.start, lowering.step, out.dtype);
        this.join(node.op.name, out, expression, []);
        return;
      }
      case "gather":
        this.gatherNode(node);
        return;
      case "check": {
        const view = this.stored(this.valueOf(node.inputs[0]), node.op.name);
        const kernel = this.assembly.checkKernel(view, lowering.range);
        const item = this.single(() => [kernel]);
        this.join(node.op.name, out, lowering.expression, [{ kind: "stored", view, item }]);
        return;
      }
      default:
        lowerRoutine(this, node, lowering);
    }
  }

  private viewNode(node: Node, lowering: Extract<Lowering, { kind: "view" }>): void {
    const input = this.valueOf(node.inputs[0]);
    if (input.kind === "uniform") {
      for (const t of node.outputs) this.values.set(t.id, { ...input, shape: t.shape });
      return;
    }
    const [out] = node.outputs;
    if (
      input.kind === "made" &&
      node.outputs.length === 1 &&
      sameShape(squeezed(input.shape), squeezed(out.shape))
    ) {
      const layouts = lowering.layouts({ shape: input.shape, strides: null, offset: 0 });
      if (layouts?.[0].strides === null && layouts[0].offset === 0) {
        this.values.set(out.id, { ...input, shape: out.shape });
        return;
      }
    }
    let view = this.stored(input, "view");
    let item = itemOf(input);
    let views = viewsThrough(view, lowering.layouts);
    if (views === null) {
      const source = view;
      const copy = this.allocate("copy", { shape: view.shape, dtype: view.dtype });
      item = this.single(() => [copyKernel("copy", source, copy)]);
      view = copy;
      views = viewsThrough(view, lowering.layouts);
    }
    if (views === null) throw new InternalError("compile: a view of a copy was refused");
    const made = views;
    node.outputs.forEach((t, i) => {
      this.values.set(t.id, { kind: "stored", view: made[i], item });
    });
  }

  private mapNode(node: Node, expression: Expression): void {
    const inputs = node.inputs.map((t) => this.valueOf(t));
    const [out] = node.outputs;
    if (this.isForReduction(out)) {
      const depth = 1 + inputs.reduce((d, v) => Math.max(d, v.kind === "lazy" ? v.depth : 0), 0);
      if (depth <= lazyLimit) {
        this.values.set(out.id, { kind: "lazy", node, inputs, depth });
        return;
      }
    }
    this.join(node.op.name, out, expression, inputs);
  }

  /** Whether the only reader of an elementwise result is a reduction (perhaps through other such results). */
  private isForReduction(t: Tensor): boolean {
    if (this.uses.get(t.id) !== 1 || this.requestedDestinations.has(t.id)) return false;
    const reader = this.readers.get(t.id);
    if (reader === undefined) return false;
    const lowering = loweringOf(reader);
    if (lowering?.kind === "reduce") return true;
    return (
      lowering?.kind === "map" &&
      sameShape(squeezed(reader.outputs[0].shape), squeezed(t.shape)) &&
      this.reducible.has(reader.outputs[0].id)
    );
  }
  private get readers(): Map<number, Node> {
    if (this.readerMap === null) {
      this.readerMap = new Map();
      for (const node of this.graph.nodes) for (const t of node.inputs) this.readerMap.set(t.id, node);
    }
    return this.readerMap;
  }
  private readerMap: Map<number, Node> | null = null;
  private get reducible(): Set<number> {
    if (this.reducibleSet === null) {
      const set = new Set<number>();
      this.reducibleSet = set;
      for (let i = this.graph.nodes.length - 1; i >= 0; i--) {
        const node = this.graph.nodes[i];
        if (loweringOf(node)?.kind === "map" && this.isForReduction(node.outputs[0]))
          set.add(node.outputs[0].id);
      }
    }
    return this.reducibleSet;
  }
  private reducibleSet: Set<number> | null = null;

  /** Puts an elementwise node into the first group that has its index space and does not come before its operands. */
  private join(
    name: string,
    out: Tensor,
    expression: Expression,
    inputs: readonly Value[],
    gathered?: Read,
  ): void {
    const shape = squeezed(out.shape);
    let from = 0;
    for (const value of inputs) {
      const item = itemOf(value);
      if (item < 0) continue;
      const inside = value.kind === "made" && sameShape(squeezed(value.shape), shape);
      from = Math.max(from, inside ? item : item + 1);
    }
    if (gathered !== undefined) from = Math.max(from, this.items.length);
    let group: Group | undefined;
    for (let i = from; i < this.items.length && group === undefined; i++) {
      const item = this.items[i];
      if (
        item.kind === "group" &&
        sameShape(item.shape, shape) &&
        item.reads.length + item.slots.length < accessLimit
      )
        group = item;
    }
    if (group === undefined) {
      group = { kind: "group", index: this.items.length, shape, slots: [], names: [], ...newBody() };
      this.items.push(group);
    }
    const home = group;
    const operands =
      gathered === undefined
        ? inputs.map((value) => this.operand(home, value, out.shape, home))
        : [pushRead(home, gathered)];
    const [result] = inlineExpression(home, expression, operands);
    const slot: GroupResult = {
      group: home,
      result,
      dtype: out.dtype,
      shape: out.shape,
      view: null,
      place: () => this.destinationOf(out),
    };
    home.slots.push(slot);
    home.names.push(name);
    this.values.set(out.id, { kind: "made", slot, shape: out.shape });
    if (this.requestedDestinations.has(out.id)) slot.view = this.destinationOf(out);
  }

  /** The expression node that brings an operand over the index space of `shape` (axes of size 1 left out). */
  operand(body: Body, value: Value, shape: Shape, group: Group | null): number {
    if (value.kind === "uniform") {
      body.nodes.push({ kind: "constant", value: value.value, dtype: value.dtype });
      return body.nodes.length - 1;
    }
    if (
      value.kind === "made" &&
      value.slot.group === group &&
      sameShape(squeezed(value.shape), squeezed(shape))
    )
      return value.slot.result;
    if (value.kind === "lazy") {
      const lowering = loweringOf(value.node);
      if (lowering?.kind !== "map")
        throw new InternalError("compile: only elementwise work is left to a reader");
      const operands = value.inputs.map((v) => this.operand(body, v, shape, null));
      return inlineExpression(body, lowering.expression, operands)[0];
    }
    const view = this.stored(value, "operand");
    return pushRead(body, {
      kind: "plain",
      at: accessOf(view, squeezeBy(broadcastStrides(view, shape), shape)),
    });
  }

  private gatherNode(node: Node): void {
    const [x, index] = node.inputs.map((t) => this.stored(this.valueOf(t), "gathered"));
    const [out] = node.outputs;
    const axes = (b: number, m: number, r: number): number[] => squeezeBy([b, m, r], out.shape);
    const at = accessOf(x, axes(x.shape[0] === 1 ? 0 : x.strides[0], 0, x.strides[2]));
    const read: Read = {
      kind: "gathered",
      at,
      index: accessOf(index, axes(index.shape[0] === 1 ? 0 : index.strides[0], index.strides[1], 0)),
      stride: x.strides[1],
    };
    this.join(node.op.name, out, copyExpression(out.dtype), [], read);
  }

  /** Fills a target before any piece of it is written. */
  prefill(target: View, value: number, name: string): void {
    this.prologueFills.push(() => fillKernel(name, target, value));
  }
  readonly prologueFills: (() => Kernel)[] = [];

  /** The same elements side by side, copied if need be. */
  rowMajorView(view: View, name: string): View {
    if (isRowMajor(view)) return view;
    const copy = this.allocate(name, { shape: view.shape, dtype: view.dtype });
    this.single(() => [copyKernel(name, view, copy)]);
    return copy;
  }

  private groupKernel(group: Group): Kernel[] {
    const kept = group.slots.filter((s) => s.view !== null);
    if (kept.length === 0) return [];
    const { expression, reads } = pruned(
      group,
      kept.map((s) => s.result),
    );
    const writes = kept.map((s) => accessOf(s.view!, squeezeBy(s.view!.strides, s.shape)));
    const names = [...new Set(group.names)];
    const name =
      names.length > 4 ? `${names.slice(0, 3).join("·")}·…(${group.names.length})` : names.join("·");
    const kernel: MapKernel = { kind: "map", name, shape: group.shape, reads, expression, writes };
    return [kernel];
  }
}

/** Strides of a view under a shape that differs by axes of size 1 only. */
function alignedStrides(view: View, shape: Shape): number[] {
  const strides = squeezeBy(view.strides, view.shape);
  let k = 0;
  return shape.map((d) => (d === 1 ? 0 : strides[k++]));
}

const reshapedView = (view: View, shape: Shape): View => ({
  ...view,
  shape,
  strides: alignedStrides(view, shape),
});
