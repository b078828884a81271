import { InternalError } from "../../base/errors.js";
import { type Shape, sameShape, sizeOf } from "../../base/shape.js";
import type { Layout, Lowering } from "../../kernel/lowering.js";
import type { Kernel, Read, RowKernel } from "../../kernel/program.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Node } from "../../trace/op.js";
import { newBody, pruned } from "./expressions.js";
import type { Block } from "./lower-block.js";
import { gemmKernels } from "./lower-gemm.js";
import { copyKernel, fillKernel } from "./simple-kernels.js";
import { itemOf, type Value } from "./values.js";
import { accessOf, isRowMajor, regionOf, squeezed, type View } from "./views.js";

type Routine<K extends Lowering["kind"]> = Extract<Lowering, { kind: K }>;

/** Adds the kernels of an op that is a routine to a block. */
export function lowerRoutine(
  block: Block,
  node: Node,
  lowering: Exclude<Lowering, { kind: "map" | "view" | "fill" | "iota" | "gather" | "check" }>,
): void {
  switch (lowering.kind) {
    case "reduce":
      return lowerReduction(block, node, lowering);
    case "gemm":
      return lowerProduct(block, node, lowering);
    case "place":
      return lowerPlace(block, node, lowering);
    case "scatterAdd":
      return lowerScatterAdd(block, node);
    case "argExtreme":
    case "cumulative":
    case "argSort":
      return lowerRows(block, node, lowering);
    case "randomBits":
      return lowerRandomBits(block, node);
  }
}

/** The inputs of a node in memory. */
const storedInputs = (block: Block, node: Node): View[] =>
  node.inputs.map((t) => block.stored(block.valueOf(t), node.op.name));

/** Adds kernels that write the only output of a node to its destination; `emit` runs when the block is complete. */
function setKernels(block: Block, node: Node, emit: () => readonly Kernel[]): void {
  const [out] = node.outputs;
  const view = block.destinationOf(out);
  block.values.set(out.id, { kind: "stored", view, item: block.single(emit) });
}

/** The axes of a reduction in the order of its kernel, those that it reduces last, without axes of size 1. */
function reductionOrder(shape: Shape, reduced: readonly number[]): { outer: number[]; inner: number[] } {
  const isLong = (k: number): boolean => shape[k] !== 1;
  const kept = [...shape.keys()].filter((k) => !reduced.includes(k));
  return { outer: kept.filter(isLong), inner: reduced.filter(isLong) };
}

/** A read with the axes of its accesses in another order. */
function turned(read: Read, order: readonly number[]): Read {
  const turn = <A extends { readonly strides: readonly number[] }>(access: A): A => ({
    ...access,
    strides: order.map((k) => access.strides[k]),
  });
  return read.kind === "plain"
    ? { kind: "plain", at: turn(read.at) }
    : { ...read, at: turn(read.at), index: turn(read.index) };
}

function lowerReduction(block: Block, node: Node, lowering: Routine<"reduce">): void {
  const [{ sizes: shape }] = node.inputs;
  const { outer, inner } = reductionOrder(shape, lowering.axes);
  const body = newBody();
  const result = block.operand(body, block.valueOf(node.inputs[0]), shape);
  const { expression, reads } = pruned(body, [result]);
  const order = [...outer, ...inner];
  // Reads have no axes of size 1.
  const ofReads = order.map((k) => squeezed(shape.slice(0, k)).length);
  const target = block.destinationOf(node.outputs[0]);
  const write = accessOf(
    target,
    outer.map((k) => target.strides[k]),
  );
  setKernels(block, node, () => [
    {
      kind: "reduce",
      name: node.op.name,
      shape: order.map((k) => shape[k]),
      reduced: inner.length,
      reads: reads.map((read) => turned(read, ofReads)),
      expression,
      combine: lowering.combine,
      write,
    },
  ]);
}

function lowerProduct(block: Block, node: Node, lowering: Routine<"gemm">): void {
  const { name } = node.op;
  const [out] = node.outputs;
  const stored = (k: number): View => block.stored(block.valueOf(node.inputs[k]), name);
  const [a, b] = [stored(0), stored(1)];
  if (lowering.onto === "tensor") {
    const summand = stored(2);
    // Onto the summand itself, where nobody else looks at it.
    const inPlace =
      !block.destinations.isRequested(out) &&
      block.mayOverwrite(node.inputs[2]) &&
      sameShape(summand.shape, out.sizes);
    if (inPlace) block.destinations.assign(out, summand);
    const target = block.destinationOf(out);
    const product = gemmKernels(block, name, a, b, target, "accumulate", null);
    setKernels(block, node, () => (inPlace ? product() : [copyKernel(name, summand, target), ...product()]));
    return;
  }
  const bias = lowering.onto === "row" ? stored(2) : null;
  const mode = bias === null ? "set" : "bias";
  setKernels(block, node, gemmKernels(block, name, a, b, block.destinationOf(out), mode, bias));
}

/** The view that pieces are put together in: where the result is to go, if each piece can be written there with strides; memory of its own otherwise. */
function destinationOfPieces(block: Block, out: Tensor, regions: readonly Layout[]): View {
  const destination = block.destinationOf(out);
  const fits = regions.every((layout) => regionOf(destination, layout) !== null);
  return fits ? destination : block.destinations.ownRoom(out);
}

function regionFor(target: View, layout: Layout): View {
  const region = regionOf(target, layout);
  if (region === null) throw new InternalError("compile: a piece does not fit its place");
  return region;
}

/** One piece of a placed tensor. */
interface Piece {
  readonly value: Value;
  /** Where it must be. */
  readonly region: View;
  /** Where its producer was going to write it before this op was lowered; undefined if nobody had asked. */
  readonly destination: View | undefined;
}

/** The kernel that writes a piece into its region; null where its producer does. */
function pieceKernel(block: Block, { value, region, destination }: Piece, name: string): Kernel | null {
  if (value.kind === "uniform") return fillKernel(name, region, value.value);
  if (block.tryAlsoStore(value, region)) return null;
  const view = block.stored(value, name);
  const isThere = destination !== undefined && view.buffer === region.buffer && view.offset === region.offset;
  return isThere ? null : copyKernel(name, view, region);
}

function lowerPlace(block: Block, node: Node, { regions, fill }: Routine<"place">): void {
  const { name } = node.op;
  const [out] = node.outputs;
  const target = destinationOfPieces(block, out, regions);
  const pieces = node.inputs.map(
    (t, k): Piece => ({
      value: block.valueOf(t),
      region: regionFor(target, regions[k]),
      destination: block.destinations.decided(t),
    }),
  );
  const covered = regions.reduce((n, { shape }) => n + sizeOf(shape), 0) === sizeOf(out.sizes);
  const isBackground = ({ value }: Piece): boolean =>
    !covered && value.kind === "uniform" && Object.is(value.value, fill);
  const copies = pieces
    .filter((piece) => !isBackground(piece))
    .map((piece) => pieceKernel(block, piece, name))
    .filter((kernel) => kernel !== null);
  // The background first: producers write pieces into their regions earlier than this op stands.
  if (!covered) block.prefill(target, fill, name);
  const item =
    copies.length === 0
      ? pieces.reduce((last, { value }) => Math.max(last, itemOf(value)), -1)
      : block.single(() => copies);
  block.values.set(out.id, { kind: "stored", view: target, item });
}

function lowerScatterAdd(block: Block, node: Node): void {
  const { name } = node.op;
  const [x, index] = storedInputs(block, node);
  const target = block.destinationOf(node.outputs[0]);
  const [batch, count, row] = x.shape;
  setKernels(block, node, () => [
    fillKernel(name, target, 0),
    {
      kind: "scatterAdd",
      name,
      shape: [batch, count, row],
      rows: target.shape[1],
      source: accessOf(x, x.strides),
      index: accessOf(index, index.strides),
      target: accessOf(target, target.strides),
    },
  ]);
}

/** Adds a kernel that reads the only input, and writes the only output, row by row without gaps; the result is copied where its destination is otherwise. */
function setRowMajorKernel(block: Block, node: Node, kernelOf: (source: View, target: View) => Kernel): void {
  const { name } = node.op;
  const [out] = node.outputs;
  const source = block.rowMajorView(storedInputs(block, node)[0], name);
  const destination = block.destinationOf(out);
  if (isRowMajor(destination)) {
    setKernels(block, node, () => [kernelOf(source, destination)]);
    return;
  }
  const flat = block.allocate(name, out);
  setKernels(block, node, () => [kernelOf(source, flat), copyKernel(name, flat, destination)]);
}

function rowRoutine(lowering: Routine<"argExtreme" | "cumulative" | "argSort">): RowKernel["routine"] {
  switch (lowering.kind) {
    case "cumulative":
      return { kind: "cumulativeSum", reverse: lowering.reverse };
    case "argSort":
      return { kind: "argSort", descending: lowering.descending, limit: lowering.limit };
    case "argExtreme":
      return { kind: "argExtreme", largest: lowering.largest };
  }
}

function lowerRows(
  block: Block,
  node: Node,
  lowering: Routine<"argExtreme" | "cumulative" | "argSort">,
): void {
  setRowMajorKernel(block, node, (source, target) => {
    const n = source.shape[source.shape.length - 1];
    const rows = n === 0 ? 0 : sizeOf(source.shape) / n;
    return {
      kind: "row",
      name: node.op.name,
      routine: rowRoutine(lowering),
      rows,
      n,
      source: accessOf(source, [n]),
      target: accessOf(target, [rows === 0 ? 0 : sizeOf(target.shape) / rows]),
    };
  });
}

function lowerRandomBits(block: Block, node: Node): void {
  setRowMajorKernel(block, node, (state, target) => ({
    kind: "randomBits",
    name: node.op.name,
    length: sizeOf(target.shape),
    state: accessOf(state, []),
    target: accessOf(target, []),
  }));
}
