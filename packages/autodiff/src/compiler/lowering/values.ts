import type { DType } from "../../base/dtype.js";
import type { Shape } from "../../base/shape.js";
import type { ExpressionNode } from "../../kernel/instruction.js";
import type { Kernel, Read } from "../../kernel/program.js";
import type { Node } from "../../trace/op.js";
import type { View } from "./views.js";

/** What a value is while a block of nodes is turned into kernels. */
export type Value = Uniform | Stored | Made | Lazy;

/** One number everywhere; it becomes a constant in every kernel that reads it. */
export interface Uniform {
  readonly kind: "uniform";
  readonly value: number;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Already in memory: comes from outside, or was written by a kernel of its own. */
export interface Stored {
  readonly kind: "stored";
  readonly view: View;
  /** The item that writes it; −1 if it was there before. */
  readonly item: number;
}

/** Computed by a group of elementwise nodes; in memory only if somebody outside of the group wants it. The shape may differ from the slot's by axes of size 1. */
export interface Made {
  readonly kind: "made";
  readonly slot: GroupResult;
  readonly shape: Shape;
}

/** Elementwise work that the only reader, a reduction, does itself. */
export interface Lazy {
  readonly kind: "lazy";
  readonly node: Node;
  readonly inputs: readonly Value[];
}

/** One result of a group. */
export interface GroupResult {
  readonly group: Group;
  /** Index of the expression node that holds it. */
  readonly result: number;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Where to store it, decided when the first reader outside of the group comes by. */
  view: View | null;
  readonly place: () => View;
}

/** Elementwise nodes over one index space: one kernel. */
export interface Group {
  readonly kind: "group";
  readonly index: number;
  /** The index space, without axes of size 1. */
  readonly shape: readonly number[];
  readonly nodes: ExpressionNode[];
  readonly reads: Read[];
  readonly readKeys: Map<string, number>;
  readonly slots: GroupResult[];
  readonly names: string[];
}

/** Kernels that stand for themselves. */
export interface Single {
  readonly kind: "single";
  readonly index: number;
  readonly emit: () => readonly Kernel[];
}

export type Item = Group | Single;

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
