import {
  type Access,
  bytesOf,
  type DType,
  type Expression,
  joinAxes,
  type Read,
} from "@scope/autodiff/backend";
import type { Lanes } from "./lanes.js";

/** What a kernel walks: a buffer's elements, from a pointer that its caller gives. */
export interface Stream {
  /** The pointer's position among the kernel's operands, and its C name. */
  readonly name: string;
  readonly access: Access;
  readonly dtype: DType;
  /** In bytes, over the axes of the nest. */
  readonly strides: readonly number[];
}

/** An operand of an expression. */
export type Source =
  | { readonly kind: "plain"; readonly at: Stream }
  | { readonly kind: "gathered"; readonly at: Stream; readonly index: Stream; readonly stride: number };

/** An axis of a nest of loops: its C counter is `i` and the axis' position. */
export interface Axis {
  readonly size: number;
  readonly reduced: boolean;
  /** The kernel's own axis, for the positions that an expression asks for. */
  readonly own: number;
}

/** The loops of a fused kernel, with as few and as long axes as possible; vectors run along the last one. */
export interface Nest {
  readonly axes: readonly Axis[];
  readonly sources: readonly Source[];
  readonly writes: readonly Stream[];
  /** All streams in the order of their pointers. */
  readonly streams: readonly Stream[];
  readonly lanes: Lanes;
}

/** What a nest is made of. */
interface Parts {
  readonly shape: readonly number[];
  /** So many of the last axes are reduced; writes have no strides along these. */
  readonly reduced: number;
  readonly reads: readonly Read[];
  readonly writes: readonly Access[];
  readonly expression: Expression;
}

/** How dear it is to walk an axis with vectors: per vector, and with the lanes that short axes leave idle. */
function costAlong(axis: number, nest: Nest, width: number): number {
  const { size, reduced } = nest.axes[axis];
  if (size === 0) return Infinity;
  let cost = 2;
  for (const source of nest.sources) {
    const { strides, dtype } = source.at;
    if (source.kind === "gathered" && source.index.strides[axis] !== 0) cost += 8;
    else cost += strides[axis] === 0 ? 0.25 : strides[axis] === bytesOf[dtype] ? 1 : width;
  }
  // Along a reduced axis a write does not move, but the lanes have to be combined at the end.
  if (!reduced)
    for (const { strides, dtype } of nest.writes) cost += strides[axis] === bytesOf[dtype] ? 1 : width + 2;
  return (cost * Math.ceil(size / width)) / size + (reduced ? 8 / size : 0);
}

/** The loops of a kernel. `vectorBytes` is the width of the machine's vectors. */
export function nestOf(parts: Parts, vectorBytes: number): Nest {
  const { shape, reduced, reads, writes, expression } = parts;
  const accesses = [
    ...reads.flatMap((read) => (read.kind === "plain" ? [read.at] : [read.at, read.index])),
    ...writes,
  ];
  const kept = shape.length - reduced;
  const strides = accesses.map(({ strides: over, buffer }) =>
    shape.map((_, axis) => (over[axis] ?? 0) * bytesOf[buffer.dtype]),
  );
  const asked = new Set(expression.nodes.flatMap((node) => (node.kind === "index" ? [node.axis] : [])));
  const joined = joinAxes(
    shape,
    strides,
    (outer, inner) => asked.has(outer) || asked.has(inner) || (outer < kept && inner >= kept),
  );
  const axes = joined.sizes.map((size, k) => ({
    size,
    reduced: joined.axes[k] >= kept,
    own: joined.axes[k],
  }));
  const wide =
    expression.nodes.some(({ dtype }) => dtype === "float64") ||
    writes.some(({ buffer }) => buffer.dtype === "float64");
  const lanes = wide ? "half" : "full";
  const nest = assemble(parts, axes, joined.strides, lanes);
  // A kernel of one element is one of a vector with one lane.
  if (axes.length === 0) {
    const unit = { size: 1, reduced: reduced > 0 && kept === 0, own: -1 };
    return assemble(
      parts,
      [unit],
      accesses.map(() => [0]),
      lanes,
    );
  }
  const width = vectorBytes / (wide ? 8 : 4);
  const costs = axes.map((_, axis) => costAlong(axis, nest, width));
  const best = costs.lastIndexOf(Math.min(...costs));
  const order = [...axes.keys()].filter((axis) => axis !== best);
  order.push(best);
  return assemble(
    parts,
    order.map((axis) => axes[axis]),
    joined.strides.map((over) => order.map((axis) => over[axis])),
    lanes,
  );
}

function assemble(
  { reads, writes }: Parts,
  axes: readonly Axis[],
  strides: readonly (readonly number[])[],
  lanes: Lanes,
): Nest {
  const streams: Stream[] = [];
  const stream = (access: Access): Stream => {
    const at = streams.length;
    const made = { name: `p${at}`, access, dtype: access.buffer.dtype, strides: strides[at] };
    streams.push(made);
    return made;
  };
  const sources = reads.map((read): Source => {
    if (read.kind === "plain") return { kind: "plain", at: stream(read.at) };
    const [at, index] = [stream(read.at), stream(read.index)];
    return { kind: "gathered", at, index, stride: read.stride * bytesOf[read.at.buffer.dtype] };
  });
  return { axes, sources, writes: writes.map(stream), streams, lanes };
}

/** The C address of a stream's element, by the counters of the loops: their names from the outside in. */
export function addressAt({ name, strides }: Stream, counters: readonly string[]): string {
  const terms = strides.flatMap((stride, axis) =>
    stride === 0 || counters[axis] === undefined ? [] : [`${counters[axis]} * ${stride}`],
  );
  return [name, ...terms].join(" + ");
}

/** How many loops are around the place where something with these strides is fixed. */
export function levelOf(strides: readonly number[]): number {
  let level = strides.length;
  while (level > 0 && strides[level - 1] === 0) level--;
  return level;
}
