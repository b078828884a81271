import { InternalError } from "../../base/errors.js";
import { type Shape, sameShape } from "../../base/shape.js";
import type { Expression } from "../../kernel/instruction.js";
import type { Lowering, Spec } from "../../kernel/lowering.js";
import type { Buffer, Kernel, Read } from "../../kernel/program.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Graph, Node } from "../../trace/op.js";
import { loweringOf } from "../rewrite.js";
import type { Assembly } from "./assembly.js";
import { Destinations, requestPieces } from "./destinations.js";
import { emitKernels } from "./emit-kernels.js";
import type { Body } from "./expressions.js";
import { type Elementwise, KernelPlan } from "./kernel-plan.js";
import { lazyNodes } from "./lazy-nodes.js";
import { lowerRoutine } from "./lower-routines.js";
import { mayOverwrite } from "./ownership.js";
import { copyExpression, copyKernel, iotaExpression } from "./simple-kernels.js";
import { usesOf, type ValueUses } from "./value-uses.js";
import { itemOf, type Value } from "./values.js";
import { accessOf, isRowMajor, squeezeBy, squeezed, type View, viewsThrough } from "./views.js";

/** Turns the nodes of one graph (a program, or the body of a loop) into kernels, in this order: requests say where values are wanted; `schedule` goes
 * through the nodes and plans who computes what; last deliveries are `stored`; `kernels` emits the plan, which changes no more. */
export class Block {
  readonly assembly: Assembly;
  readonly depth: number;
  readonly parent: Block | null;
  readonly values: Map<number, Value> = new Map();
  /** Operands that were packed at this depth, by what they are. */
  readonly packed: Map<string, Buffer> = new Map();
  /** Kernels that belong before the loop around this block, or before one further out (`level` loops deep). */
  readonly hoisted: { readonly level: number; readonly kernel: Kernel }[] = [];
  /** Inputs whose memory nobody else reads (slices of a temporary that only this loop takes). */
  readonly donated: Set<number> = new Set();
  readonly destinations: Destinations;
  private readonly graph: Graph;
  private readonly uses: ValueUses;
  private readonly plan: KernelPlan;

  /** @param depth - loops around the nodes; one more than the parent's unless said otherwise */
  constructor(
    assembly: Assembly,
    graph: Graph,
    parent: Block | null,
    depth: number = parent === null ? 0 : parent.depth + 1,
  ) {
    this.assembly = assembly;
    this.graph = graph;
    this.parent = parent;
    this.depth = depth;
    this.uses = usesOf(graph);
    const allocate = (name: string, spec: Spec): View => this.allocate(name, spec);
    this.destinations = new Destinations(this.uses, allocate);
    this.plan = new KernelPlan(assembly.capabilities.limits, allocate);
    requestPieces(graph, this.destinations);
  }

  /** Room for a value that this block writes. */
  allocate(name: string, spec: Spec): View {
    return this.assembly.allocate(name, spec, this.depth);
  }

  /** Asks the producer of a value to write it there; see {@link Destinations.request}. */
  requestDestination(t: Tensor, target: () => View | null): boolean {
    return this.destinations.request(t, target);
  }
  /** Where the block writes a value: the requested place, or room of its own. */
  destinationOf(t: Tensor): View {
    return this.destinations.of(t);
  }

  /** Whether a value is a temporary of this program with a single reader, so that the reader may write over it. */
  mayOverwrite(t: Tensor): boolean {
    const { uses, values, destinations, donated } = this;
    return mayOverwrite(t, { uses, values, destinations, donated, temporaries: this.assembly.temporaries });
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

  /** Goes through the nodes in order and plans who computes what. Requests after this come too late. */
  schedule(): void {
    const { destinations, graph, uses } = this;
    const lazy = lazyNodes(
      graph,
      uses,
      (t) => destinations.isRequested(t),
      this.assembly.capabilities.limits.maxLazyDepth,
    );
    for (const node of graph.nodes) {
      const lowering = loweringOf(node);
      const [out] = node.outputs;
      if (lowering === null) this.assembly.control(this, node);
      else if (out !== undefined && lazy.has(out.id))
        this.values.set(out.id, { kind: "lazy", node, inputs: node.inputs.map((t) => this.valueOf(t)) });
      else this.node(node, lowering);
    }
  }

  /** The kernels of the block, in order. */
  kernels(): Kernel[] {
    return emitKernels(this.plan.finish());
  }

  valueOf(t: Tensor): Value {
    const value = this.values.get(t.id);
    if (value === undefined) throw new InternalError("compile: a value is used before it is made");
    return value;
  }

  /** Adds kernels at the end of the block; see {@link KernelPlan.single}. */
  single(emit: () => readonly Kernel[]): number {
    return this.plan.single(emit);
  }
  /** The value in memory; written there if it was not. */
  stored(value: Value, name: string): View {
    return this.plan.stored(value, name);
  }
  /** The group that computes a value stores it in one more place; see {@link KernelPlan.tryAlsoStore}. */
  tryAlsoStore(value: Value, place: View): boolean {
    return this.plan.tryAlsoStore(value, place);
  }
  /** An operand of a kernel that is no group; see {@link KernelPlan.operand}. */
  operand(body: Body, value: Value, shape: Shape): number {
    return this.plan.operand(body, value, shape, null);
  }
  /** Fills a target before any piece of it is written. */
  prefill(target: View, value: number, name: string): void {
    this.plan.fillFirst(name, target, value);
  }

  /** The same elements side by side, copied if need be. */
  rowMajorView(view: View, name: string): View {
    return isRowMajor(view) ? view : this.copied(view, name).view;
  }
  private copied(view: View, name: string): { view: View; item: number } {
    const copy = this.allocate(name, { shape: view.shape, dtype: view.dtype });
    return { view: copy, item: this.single(() => [copyKernel(name, view, copy)]) };
  }

  private node(node: Node, lowering: Lowering): void {
    const [out] = node.outputs;
    const { dtype, sizes: shape } = out;
    switch (lowering.kind) {
      case "fill":
        this.values.set(out.id, { kind: "uniform", value: lowering.value, dtype, shape });
        return;
      case "view":
        this.viewNode(node, lowering);
        return;
      case "map": {
        const inputs = node.inputs.map((t) => this.valueOf(t));
        this.made(out, this.plan.join(this.elementwise(node, lowering.expression), inputs));
        return;
      }
      case "iota": {
        const axis = squeezed(shape).length === 0 ? null : 0;
        const expression = iotaExpression(axis, lowering.start, lowering.step, dtype);
        this.made(out, this.plan.join(this.elementwise(node, expression), []));
        return;
      }
      case "gather":
        this.gatherNode(node);
        return;
      case "check": {
        const view = this.stored(this.valueOf(node.inputs[0]), node.op.name);
        const kernel = this.assembly.checkKernel(view, lowering.range);
        const item = this.single(() => [kernel]);
        const checked: Value = { kind: "stored", view, item };
        this.made(out, this.plan.join(this.elementwise(node, lowering.expression), [checked]));
        return;
      }
      default:
        lowerRoutine(this, node, lowering);
    }
  }

  private elementwise({ op, outputs: [out] }: Node, expression: Expression): Elementwise {
    return { name: op.name, out, expression, place: () => this.destinations.of(out) };
  }
  /** What a group computes; stored at once where somebody has requested it. */
  private made(out: Tensor, value: Value): void {
    this.values.set(out.id, value);
    if (this.destinations.isRequested(out)) this.stored(value, "requested");
  }

  private viewNode(node: Node, lowering: Extract<Lowering, { kind: "view" }>): void {
    const input = this.valueOf(node.inputs[0]);
    const [out] = node.outputs;
    if (input.kind === "uniform") {
      for (const t of node.outputs) this.values.set(t.id, { ...input, shape: t.sizes });
      return;
    }
    if (input.kind === "made" && node.outputs.length === 1 && keepsOrder(input.shape, out.sizes, lowering)) {
      this.values.set(out.id, { ...input, shape: out.sizes });
      return;
    }
    let view = this.stored(input, "view");
    let item = itemOf(input);
    let views = viewsThrough(view, lowering.layouts);
    if (views === null) {
      ({ view, item } = this.copied(view, "copy"));
      views = viewsThrough(view, lowering.layouts);
    }
    if (views === null) throw new InternalError("compile: a view of a copy was refused");
    for (const [i, t] of node.outputs.entries())
      this.values.set(t.id, { kind: "stored", view: views[i], item });
  }

  private gatherNode(node: Node): void {
    const [x, index] = node.inputs.map((t) => this.stored(this.valueOf(t), "gathered"));
    const [out] = node.outputs;
    const axes = (b: number, m: number, r: number): number[] => squeezeBy([b, m, r], out.sizes);
    const read: Read = {
      kind: "gathered",
      at: accessOf(x, axes(x.shape[0] === 1 ? 0 : x.strides[0], 0, x.strides[2])),
      index: accessOf(index, axes(index.shape[0] === 1 ? 0 : index.strides[0], index.strides[1], 0)),
      stride: x.strides[1],
    };
    this.made(out, this.plan.gather(this.elementwise(node, copyExpression(out.dtype)), read));
  }
}

/** Whether a view only adds or drops axes of size 1, so that a group's result needs no memory for it. */
function keepsOrder(from: Shape, to: Shape, lowering: Extract<Lowering, { kind: "view" }>): boolean {
  if (!sameShape(squeezed(from), squeezed(to))) return false;
  const layouts = lowering.layouts({ shape: from, strides: null, offset: 0 });
  return layouts?.[0].strides === null && layouts[0].offset === 0;
}
