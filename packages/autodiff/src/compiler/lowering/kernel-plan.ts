import { InternalError } from "../../base/errors.js";
import { type Shape, sameShape } from "../../base/shape.js";
import type { FusionLimits } from "../../kernel/backend.js";
import type { Expression } from "../../kernel/instruction.js";
import { broadcastStrides } from "../../kernel/layout.js";
import type { Spec } from "../../kernel/lowering.js";
import type { Kernel, Read } from "../../kernel/program.js";
import { loweringOf } from "../rewrite.js";
import { type Body, inlineExpression, newBody, pushRead } from "./expressions.js";
import { fillKernel } from "./simple-kernels.js";
import { type Group, type GroupResult, type Item, itemOf, type Value } from "./values.js";
import { accessOf, squeezeBy, squeezed, type View } from "./views.js";

/** An elementwise node on its way into a group. */
export interface Elementwise {
  readonly name: string;
  readonly out: Spec;
  /** In terms of the operands. */
  readonly expression: Expression;
  /** Where the result is written, once somebody outside of the group reads it. */
  readonly place: () => View;
}

/** A plan that does not change any more. */
export interface CompletePlan {
  /** They run before the items, in this order. */
  readonly fills: readonly Kernel[];
  readonly items: readonly Item[];
}

/** The kernels of one block as a plan: groups of elementwise nodes that become one kernel each, and kernels that stand for themselves, in program order. */
export class KernelPlan {
  private readonly items: Item[] = [];
  private readonly fills: Kernel[] = [];
  private readonly limits: FusionLimits;
  private readonly allocate: (name: string, spec: Spec) => View;
  private complete = false;

  constructor(limits: FusionLimits, allocate: (name: string, spec: Spec) => View) {
    this.limits = limits;
    this.allocate = allocate;
  }

  /** What is to become kernels: from now on the plan must not change. */
  finish(): CompletePlan {
    this.complete = true;
    return { fills: this.fills, items: this.items };
  }
  private change(): void {
    if (this.complete) throw new InternalError("compile: kernels were planned while they were made");
  }

  /** Adds kernels that stand for themselves at the end.
   * @param emit - makes them when the plan is complete, in the order of the items
   * @returns the index of the item */
  single(emit: () => readonly Kernel[]): number {
    this.change();
    const index = this.items.length;
    this.items.push({ kind: "single", index, emit });
    return index;
  }

  /** Fills a view before all items, because some of them write pieces of it. */
  fillFirst(name: string, target: View, value: number): void {
    this.change();
    // Last first: a piece that is placed in a later one lies inside of it.
    this.fills.unshift(fillKernel(name, target, value));
  }

  /** Puts an elementwise node into the first group that has its index space and does not come before its operands. */
  join(node: Elementwise, inputs: readonly Value[]): Value {
    const shape = squeezed(node.out.shape);
    const group = this.groupFor(shape, firstItemFor(shape, inputs));
    const operands = inputs.map((value) => this.operand(group, value, node.out.shape, group));
    return this.include(group, node, operands);
  }

  /** Opens a group with a read from computed addresses, behind whatever writes them. */
  gather(node: Elementwise, read: Read): Value {
    const group = this.groupFor(squeezed(node.out.shape), this.items.length);
    return this.include(group, node, [pushRead(group, read)]);
  }

  /** The first group over an index space from an item on that has room for one more access, or a new one at the end. */
  private groupFor(shape: readonly number[], from: number): Group {
    this.change();
    for (let i = from; i < this.items.length; i++) {
      const item = this.items[i];
      if (item.kind === "group" && sameShape(item.shape, shape) && this.hasRoom(item)) return item;
    }
    const index = this.items.length;
    const group: Group = { kind: "group", index, shape, slots: [], names: [], ...newBody() };
    this.items.push(group);
    return group;
  }
  private hasRoom({ reads, slots }: Group): boolean {
    return reads.length + slots.length < this.limits.maxAccesses;
  }

  private include(group: Group, node: Elementwise, operands: readonly number[]): Value {
    const { out, place } = node;
    const [result] = inlineExpression(group, node.expression, operands);
    const slot: GroupResult = { group, result, dtype: out.dtype, shape: out.shape, view: null, place };
    group.slots.push(slot);
    group.names.push(node.name);
    return { kind: "made", slot, shape: out.shape };
  }

  /** The expression node that brings an operand over the index space of `shape` (axes of size 1 left out).
   * @param group - whose results are at hand without a read; null if the body is no group's */
  operand(body: Body, value: Value, shape: Shape, group: Group | null): number {
    switch (value.kind) {
      case "uniform":
        body.nodes.push({ kind: "constant", value: value.value, dtype: value.dtype });
        return body.nodes.length - 1;
      case "lazy": {
        const lowering = loweringOf(value.node);
        if (lowering?.kind !== "map")
          throw new InternalError("compile: only elementwise work is left to a reader");
        const operands = value.inputs.map((v) => this.operand(body, v, shape, null));
        return inlineExpression(body, lowering.expression, operands)[0];
      }
      case "made":
        if (value.slot.group === group && sameShape(squeezed(value.shape), squeezed(shape)))
          return value.slot.result;
        break;
      case "stored":
    }
    const view = this.stored(value, "operand");
    const at = accessOf(view, squeezeBy(broadcastStrides(view, shape), shape));
    return pushRead(body, { kind: "plain", at });
  }

  /** The value in memory; written there if it was not. */
  stored(value: Value, name: string): View {
    switch (value.kind) {
      case "stored":
        return value.view;
      case "made": {
        const { slot } = value;
        const view = slot.view ?? this.store(slot);
        return value.shape === slot.shape || sameShape(value.shape, slot.shape)
          ? view
          : reshapedView(view, value.shape);
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
  private store(slot: GroupResult): View {
    this.change();
    slot.view = slot.place();
    return slot.view;
  }

  /** Lets the group that computes a value, and already stores it elsewhere, store it in one more place; false if no group does. */
  tryAlsoStore(value: Value, place: View): boolean {
    if (value.kind !== "made" || value.slot.view === null) return false;
    const { slot } = value;
    const { group, view, shape } = slot;
    if (view?.buffer === place.buffer || !this.hasRoom(group)) return false;
    if (!sameShape(squeezed(place.shape), squeezed(shape))) return false;
    this.change();
    group.slots.push({ ...slot, view: reshapedView(place, shape) });
    return true;
  }
}

/** The first item that may compute an elementwise node: behind those that write its operands, or the very group that computes one over the same indices. */
function firstItemFor(shape: readonly number[], inputs: readonly Value[]): number {
  let from = 0;
  for (const value of inputs) {
    const item = itemOf(value);
    if (item < 0) continue;
    const sameIndices = value.kind === "made" && sameShape(squeezed(value.shape), shape);
    from = Math.max(from, sameIndices ? item : item + 1);
  }
  return from;
}

/** A view under a shape that differs by axes of size 1 only. */
function reshapedView(view: View, shape: Shape): View {
  const strides = squeezeBy(view.strides, view.shape);
  let k = 0;
  return { ...view, shape, strides: shape.map((d) => (d === 1 ? 0 : strides[k++])) };
}
