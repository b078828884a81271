import type { DType } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import { type Shape, sameShape, sizeOf } from "../../base/shape.js";
import { buildExpression } from "../../kernel/expression.js";
import type { Expression } from "../../kernel/instruction.js";
import type { Layout, Lowering, Spec } from "../../kernel/lowering.js";
import type { Buffer, Kernel, MapKernel, ProgramBackend, Read } from "../../kernel/program.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Graph, Node } from "../../trace/op.js";
import { countUses, loweringOf, producers, structureOf } from "../rewrite.js";
import { type Body, inlineExpression, newBody, pruned, pushRead } from "./expressions.js";
import { gemmKernels } from "./lower-gemm.js";
import type { Group, Item, Lazy, Made, Slot, Value } from "./values.js";
import {
  accessOf,
  broadcastStrides,
  isRowMajor,
  regionOf,
  squeezeBy,
  squeezed,
  type View,
  viewsThrough,
  wholeView,
} from "./views.js";

/** Kernels with more accesses than this spill registers instead of saving memory traffic. */
const accessLimit = 40;
/** How many elementwise nodes a reduction takes on. */
const lazyLimit = 24;

/** What all blocks of a program share. */
export class Assembly {
  readonly buffers: Buffer[] = [];
  /** Buffers that are another buffer: results computed in place. */
  readonly aliases: Map<Buffer, Buffer> = new Map();
  readonly backend: ProgramBackend;
  /** How many loops deep a buffer is written; 0 if left out. */
  readonly writtenAt: Map<Buffer, number> = new Map();
  /** Buffers that no run of the program writes: constants, and Variables that it only reads. */
  readonly constants: Set<Buffer> = new Set();
  /** Buffers made for one value of one block. */
  readonly temporaries: Set<Buffer> = new Set();
  /** Kernels that need to run only when a constant buffer has changed, and what they write. */
  readonly setup: Kernel[] = [];
  readonly setupBuffers: Buffer[] = [];
  /** Lowers a node with a body; it makes blocks of its own. */
  readonly control: (block: Block, node: Node) => void;
  constructor(backend: ProgramBackend, control: (block: Block, node: Node) => void) {
    this.backend = backend;
    this.control = control;
  }

  setUp(kernel: Kernel, writes: Buffer): void {
    this.setup.push(kernel);
    this.setupBuffers.push(writes);
  }

  buffer(name: string, dtype: DType, length: number, initial?: ArrayLike<number>): Buffer {
    const made: Buffer = {
      id: this.buffers.length,
      name,
      dtype,
      length,
      address: 0,
      ...(initial === undefined ? {} : { initial }),
    };
    this.buffers.push(made);
    return made;
  }

  /** Room for a value of its own, written `depth` loops deep. */
  room(name: string, spec: Spec, depth = 0): View {
    const buffer = this.buffer(name, spec.dtype, sizeOf(spec.shape));
    this.temporaries.add(buffer);
    if (depth > 0) this.writtenAt.set(buffer, depth);
    return wholeView(buffer, spec.shape);
  }
}

/** Turns the nodes of one graph (a program, or the body of a loop) into kernels. */
export class Block {
  readonly program: Assembly;
  readonly depth: number;
  readonly parent: Block | null;
  readonly values: Map<number, Value> = new Map();
  readonly items: Item[] = [];
  /** Operands that were packed at this depth, by what they are. */
  readonly packed: Map<string, Buffer> = new Map();
  /** Kernels that belong before the loop around this block, or before one further out (`level` loops deep). */
  readonly hoisted: { readonly level: number; readonly kernel: Kernel }[] = [];
  private readonly uses: Map<number, number>;
  /** Where a value must end up, if its producer can write there. */
  private readonly targets: Map<number, () => View | null> = new Map();
  private readonly graph: Graph;

  /** @param depth - loops around the nodes; one more than the parent's unless said otherwise */
  constructor(
    program: Assembly,
    graph: Graph,
    parent: Block | null,
    depth: number = parent === null ? 0 : parent.depth + 1,
  ) {
    this.program = program;
    this.graph = graph;
    this.parent = parent;
    this.depth = depth;
    this.uses = countUses(graph);
    this.aimPlaces();
  }

  /** Asks the producer of a value to write it there; false if somebody asked before or nobody in this block writes it. */
  aim(t: Tensor, target: () => View | null): boolean {
    if (this.targets.has(t.id) || !this.writers.has(t.id)) return false;
    this.targets.set(t.id, target);
    return true;
  }
  private readonly writers: Set<number> = new Set();

  /** Pieces of a placed tensor are written straight into it. */
  private aimPlaces(): void {
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
      node.inputs.forEach((t, k) => this.aim(t, () => regionOf(this.homeOf(out), lowering.regions[k])));
    }
  }

  /** Room for a value that this block writes. */
  room(name: string, spec: Spec): View {
    return this.program.room(name, spec, this.depth);
  }

  /** Body inputs whose memory nobody else reads (slices of a temporary that only this loop takes). */
  readonly given: Set<number> = new Set();
  /** Whether a value is a temporary of this program with a single reader, so that the reader may write over it. */
  isOurs(t: Tensor): boolean {
    let now = t;
    for (;;) {
      if (this.uses.get(now.id) !== 1) return false;
      if (this.given.has(now.id)) return true;
      const value = this.values.get(now.id);
      if (value === undefined || value.kind === "uniform" || value.kind === "lazy") return false;
      const node = this.makers.get(now.id);
      if (node === undefined || this.targets.has(now.id)) return false;
      const lowering = loweringOf(node);
      if (lowering === null) return false;
      if (lowering.kind !== "view") return this.program.temporaries.has(this.homeOf(now).buffer);
      if (node.outputs.length !== 1 || sizeOf(node.outputs[0].shape) !== sizeOf(node.inputs[0].shape))
        return false;
      now = node.inputs[0];
    }
  }
  private get makers(): Map<number, Node> {
    this.makerMap ??= producers(this.graph);
    return this.makerMap;
  }
  private makerMap: Map<number, Node> | null = null;

  /** How many loops deep the elements of a view still change. */
  levelOf(view: View): number {
    let level = this.program.writtenAt.get(view.buffer) ?? 0;
    view.steps.forEach((step, i) => {
      if (step !== 0) level = Math.max(level, i + 1);
    });
    // What a finished loop inside of this block wrote changes as often as the block runs.
    return Math.min(level, this.depth);
  }

  /** Whether no run of the program changes the elements of a view. */
  isConstant(view: View): boolean {
    return this.program.constants.has(view.buffer) && view.steps.every((step) => step === 0);
  }

  private readonly homes: Map<number, View> = new Map();
  /** Where the block writes a value: its target, or room of its own. */
  homeOf(t: Tensor): View {
    let home = this.homes.get(t.id);
    if (home === undefined) {
      home = this.targets.get(t.id)?.() ?? this.room(`v${t.id}`, t);
      this.homes.set(t.id, home);
    }
    return home;
  }

  /** Goes through the nodes in order and decides who computes what. */
  schedule(): void {
    for (const node of this.graph.nodes) {
      const lowering = loweringOf(node);
      if (lowering === null) this.program.control(this, node);
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
        const view = this.room(name, value);
        this.single(() => [fillKernel(name, view, value.value)]);
        return view;
      }
      case "lazy":
        throw new InternalError("compile: a value that its reader was to compute is read by another");
    }
  }

  /** Lets the group that computes a value, and already stores it elsewhere, store it in one more place; false if no group does. */
  private alsoAt(value: Value, place: View): boolean {
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
      default:
        this.routine(node, lowering);
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
      const copy = this.room("copy", { shape: view.shape, dtype: view.dtype });
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
    if (this.uses.get(t.id) !== 1 || this.targets.has(t.id)) return false;
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
    const slot: Slot = {
      group: home,
      result,
      dtype: out.dtype,
      shape: out.shape,
      view: null,
      place: () => this.homeOf(out),
    };
    home.slots.push(slot);
    home.names.push(name);
    this.values.set(out.id, { kind: "made", slot, shape: out.shape });
    if (this.targets.has(out.id)) slot.view = this.homeOf(out);
  }

  /** The expression node that brings an operand over the index space of `shape` (axes of size 1 left out). */
  private operand(body: Body, value: Value, shape: Shape, group: Group | null): number {
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

  private routine(
    node: Node,
    lowering: Exclude<Lowering, { kind: "map" | "view" | "fill" | "iota" | "gather" }>,
  ): void {
    const [out] = node.outputs;
    const inputs = node.inputs.map((t) => this.valueOf(t));
    const name = node.op.name;
    const done = (emit: () => readonly Kernel[]): void => {
      const view = this.homeOf(out);
      this.values.set(out.id, { kind: "stored", view, item: this.single(emit) });
    };
    switch (lowering.kind) {
      case "reduce": {
        const { shape } = node.inputs[0];
        const axes = shape.map((_, k) => k);
        const order = [...axes.filter((k) => !lowering.axes.includes(k)), ...lowering.axes].filter(
          (k) => shape[k] !== 1,
        );
        const reduced = lowering.axes.filter((k) => shape[k] !== 1).length;
        const inner = order.map((k) => squeezed(shape.slice(0, k)).length);
        const body = newBody();
        const result = this.operand(body, inputs[0], shape, null);
        const { expression, reads } = pruned(body, [result]);
        const permuted = reads.map((r): Read => {
          const turn = <A extends { readonly strides: readonly number[] }>(a: A): A => ({
            ...a,
            strides: inner.map((k) => a.strides[k]),
          });
          return r.kind === "plain"
            ? { kind: "plain", at: turn(r.at) }
            : { ...r, at: turn(r.at), index: turn(r.index) };
        });
        const target = this.homeOf(out);
        done(() => [
          {
            kind: "reduce",
            name,
            shape: order.map((k) => shape[k]),
            reduced,
            reads: permuted,
            expression,
            combine: [lowering.combine],
            finishReads: [],
            finish: copyExpression(out.dtype),
            writes: [
              accessOf(
                target,
                order.slice(0, order.length - reduced).map((k) => target.strides[k]),
              ),
            ],
          },
        ]);
        return;
      }
      case "gemm": {
        const [a, b] = inputs.slice(0, 2).map((v) => this.stored(v, name));
        const bias = lowering.onto === "row" ? this.stored(inputs[2], name) : null;
        if (lowering.onto === "tensor") {
          const x = this.stored(inputs[2], name);
          // Onto the summand itself, where nobody else looks at it.
          const inPlace =
            !this.targets.has(out.id) && this.isOurs(node.inputs[2]) && sameShape(x.shape, out.shape);
          if (inPlace) this.homes.set(out.id, x);
          const target = this.homeOf(out);
          const product = gemmKernels(this, name, a, b, target, "accumulate", null);
          done(() => (inPlace ? product() : [copyKernel(name, x, target), ...product()]));
          return;
        }
        done(gemmKernels(this, name, a, b, this.homeOf(out), bias === null ? "set" : "bias", bias));
        return;
      }
      case "place": {
        const target = this.homeOf(out);
        const pieces = node.inputs.map((t, k) => ({
          value: inputs[k],
          layout: lowering.regions[k],
          home: this.homes.get(t.id),
        }));
        const covered = pieces.reduce((n, p) => n + sizeOf(p.layout.shape), 0) === sizeOf(out.shape);
        const copies: (() => Kernel)[] = [];
        for (const { value, layout, home } of pieces) {
          const region = placed(target, layout);
          if (value.kind === "uniform") {
            if (value.value !== lowering.fill || covered)
              copies.push(() => fillKernel(name, region, value.value));
            continue;
          }
          if (this.alsoAt(value, region)) continue;
          const view = this.stored(value, name);
          if (home !== undefined && view.buffer === region.buffer && view.offset === region.offset) continue;
          copies.push(() => copyKernel(name, view, region));
        }
        if (!covered) {
          // Zeros first: before the first item that writes a piece into its region.
          this.prefill(target, lowering.fill, name);
        }
        const item =
          copies.length === 0
            ? inputs.reduce((m, v) => Math.max(m, itemOf(v)), -1)
            : this.single(() => copies.map((c) => c()));
        this.values.set(out.id, { kind: "stored", view: target, item });
        return;
      }
      case "scatterAdd": {
        const [x, index] = inputs.map((v) => this.stored(v, name));
        const target = this.homeOf(out);
        const [batch, count, row] = x.shape;
        done(() => [
          fillKernel(name, target, 0),
          {
            kind: "scatterAdd",
            name,
            shape: [batch, count, row],
            source: accessOf(x, x.strides),
            index: accessOf(index, index.strides),
            target: accessOf(target, target.strides),
          },
        ]);
        return;
      }
      case "argExtreme":
      case "cumulative":
      case "argSort": {
        const source = this.rowMajorView(this.stored(inputs[0], name), name);
        const n = source.shape[source.shape.length - 1];
        const rows = n === 0 ? 0 : sizeOf(source.shape) / n;
        const target = this.homeOf(out);
        const flat = isRowMajor(target) ? target : this.room(name, out);
        done(() => [
          {
            kind: "row",
            name,
            routine:
              lowering.kind === "cumulative"
                ? { kind: "cumulativeSum", reverse: lowering.reverse }
                : lowering.kind === "argSort"
                  ? { kind: "argSort", descending: lowering.descending }
                  : { kind: "argExtreme", largest: lowering.largest },
            rows,
            n,
            source: accessOf(source, [n]),
            target: accessOf(flat, [lowering.kind === "argExtreme" ? 1 : n]),
          },
          ...(flat === target ? [] : [copyKernel(name, flat, target)]),
        ]);
        return;
      }
      case "randomBits": {
        const state = this.rowMajorView(this.stored(inputs[0], name), name);
        const target = this.homeOf(out);
        const flat = isRowMajor(target) ? target : this.room(name, out);
        done(() => [
          {
            kind: "randomBits",
            name,
            length: sizeOf(out.shape),
            state: accessOf(state, []),
            target: accessOf(flat, []),
          },
          ...(flat === target ? [] : [copyKernel(name, flat, target)]),
        ]);
        return;
      }
    }
  }

  /** Fills a target before any piece of it is written. */
  private prefill(target: View, value: number, name: string): void {
    this.prologueFills.push(() => fillKernel(name, target, value));
  }
  readonly prologueFills: (() => Kernel)[] = [];

  /** The same elements side by side, copied if need be. */
  rowMajorView(view: View, name: string): View {
    if (isRowMajor(view)) return view;
    const copy = this.room(name, { shape: view.shape, dtype: view.dtype });
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

const placed = (target: View, layout: Layout): View => {
  const region = regionOf(target, layout);
  if (region === null) throw new InternalError("compile: a piece does not fit its place");
  return region;
};

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

/** The item that writes a value; −1 if it is there from the beginning. */
export function itemOf(value: Value): number {
  switch (value.kind) {
    case "made":
      return value.slot.group.index;
    case "stored":
      return value.item;
    case "lazy":
      return lazyItem(value);
    case "uniform":
      return -1;
  }
}
const lazyItem = (value: Lazy): number => value.inputs.reduce((m, v) => Math.max(m, itemOf(v)), -1);

export function fillKernel(name: string, target: View, value: number): Kernel {
  return {
    kind: "fill",
    name,
    shape: squeezed(target.shape),
    value,
    target: accessOf(target, squeezeBy(target.strides, target.shape)),
  };
}

export function copyKernel(name: string, from: View, to: View): Kernel {
  return {
    kind: "map",
    name,
    shape: squeezed(to.shape),
    reads: [{ kind: "plain", at: accessOf(from, squeezeBy(broadcastStrides(from, to.shape), to.shape)) }],
    expression: copyExpression(to.dtype),
    writes: [accessOf(to, squeezeBy(to.strides, to.shape))],
  };
}

const copies = new Map<DType, Expression>();
export function copyExpression(dtype: DType): Expression {
  let expression = copies.get(dtype);
  if (expression === undefined) {
    expression = buildExpression([dtype], (_kernel, x) => x);
    copies.set(dtype, expression);
  }
  return expression;
}

function iotaExpression(axis: number | null, start: number, step: number, dtype: DType): Expression {
  return buildExpression([], (kernel) => {
    if (axis === null) return kernel.constant(start, dtype);
    const at = kernel.cast(kernel.index(axis), dtype);
    return kernel.add(kernel.mul(at, kernel.constant(step, dtype)), kernel.constant(start, dtype));
  });
}

export type { Made };
