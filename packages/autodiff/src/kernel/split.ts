import { bytesOf } from "../base/dtype.js";
import { InternalError } from "../base/errors.js";
import type { Expression, ExpressionNode } from "./instruction.js";
import { joinAxes } from "./layout.js";
import type { Access, FillKernel, GemmKernel, Kernel, MapKernel, Read, ReduceKernel } from "./program.js";
import { microsecondsOf, nominalSpeed, type Speed, work } from "./work.js";

/** Parts of a kernel have results of their own, and compute each as the whole would: the same numbers come out, however many parts there are and in whatever order they run. */

/** A direction in which a kernel may be cut. */
export interface SplitAxis {
  /** Of a map, a fill or a reduction the number of an axis (of a reduction one that is kept). Of a product its first batch axis, or rows or columns of the result; of row routines the
   * rows; of `scatterAdd` the batch, or columns (whoever owns an element adds all that comes to it, in order); of random bits the counter; of packing the columns. */
  readonly along: number | "batch" | "rows" | "columns" | "counter";
  readonly size: number;
  /** Parts begin at multiples of it, so that no two of them write to one cache line. */
  readonly grain: number;
}

/** A range of a direction: from `begin` to before `end`. */
export interface PartRange {
  readonly begin: number;
  readonly end: number;
}

/** How kernels are split. */
export interface SplitOptions {
  /** Where parts may begin, in place of what cache lines suggest. */
  readonly grain?: number;
  /** Kernels that take less than so many microseconds stay whole (20). */
  readonly worthwhile?: number;
  /** The machine's speed. */
  readonly speed?: Speed;
}

const cacheLine = 64;
const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
/** Steps along a direction after which all given accesses come to another cache line. */
function grainOf(writes: readonly Access[], axis: number): number {
  const grains = writes.map(({ buffer, strides }) => {
    const bytes = Math.abs(strides[axis] ?? 0) * bytesOf[buffer.dtype];
    return cacheLine / gcd(cacheLine, bytes);
  });
  return Math.max(1, ...grains);
}
const moves = ({ strides }: Access, axis: number): boolean => (strides[axis] ?? 0) !== 0;

/** The directions of a kernel, the outermost first. */
function directionsOf(kernel: Kernel): SplitAxis[] {
  const direction = (
    along: SplitAxis["along"],
    size: number,
    writes: readonly Access[],
    axis: number,
  ): SplitAxis[] =>
    size > 1 && writes.every((write) => moves(write, axis))
      ? [{ along, size, grain: grainOf(writes, axis) }]
      : [];
  switch (kernel.kind) {
    case "map":
    case "fill": {
      const writes = kernel.kind === "map" ? kernel.writes : [kernel.target];
      return kernel.shape.flatMap((size, axis) => direction(axis, size, writes, axis));
    }
    case "reduce": {
      const kept = kernel.shape.slice(0, kernel.shape.length - kernel.reduced);
      return kept.flatMap((size, axis) => direction(axis, size, [kernel.write], axis));
    }
    case "gemm": {
      const { batch, m, n, c } = kernel;
      const rank = batch.length;
      const rows = direction("rows", m, [c], rank);
      // The columns of a packed operand lie as the backend likes.
      const columns = kernel.b.packed ? [] : direction("columns", n, [c], rank + 1);
      return [
        ...(rank > 0 ? direction("batch", batch[0], [c], 0) : []),
        ...(m >= n ? [...rows, ...columns] : [...columns, ...rows]),
      ];
    }
    case "row":
      return direction("rows", kernel.rows, [kernel.target], 0);
    case "scatterAdd": {
      const [batch, , row] = kernel.shape;
      const { target } = kernel;
      return [...direction("batch", batch, [target], 0), ...direction("columns", row, [target], 2)];
    }
    case "randomBits":
      return [{ along: "counter", size: kernel.length, grain: 16 }];
    case "pack":
      return [{ along: "columns", size: kernel.n, grain: 16 }];
    case "check":
    case "loop":
    case "branch":
    case "while":
      return [];
  }
}

/** How much of the time of `parts` processors is used when a direction is cut into as many parts. */
function balance({ size, grain }: SplitAxis, parts: number): number {
  const grains = Math.ceil(size / grain);
  return grains / (parts * Math.ceil(grains / parts));
}
const wellBalanced = 0.9;

/** The direction in which a kernel is best cut into so many parts: the outermost that gives parts of nearly equal size. Null for what is not split: checks, and loops and branches, whose
 * bodies are; reductions with one result, whose order of additions would change.
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 4096, role: "state", inPlaceOf: null }
 * const fill = { kind: "fill", name: "ones", shape: [64, 64], value: 1, target: { buffer: x, offset: 0, strides: [64, 1], steps: [] } }
 * splitAxis(fill, 4) // => { along: 0, size: 64, grain: 1 }
 */
export function splitAxis(kernel: Kernel, parts: number): SplitAxis | null {
  const positions = indexedAxes(kernel);
  // Along an axis whose position the expression asks for, every part is code of its own.
  const [apart, alike] = [true, false].map((indexed) =>
    directionsOf(kernel).filter(({ along }) => positions.has(along) === indexed),
  );
  const all = [...alike, ...apart];
  const good = all.find((axis) => balance(axis, parts) >= wellBalanced);
  if (good !== undefined) return good;
  const [best] = all.sort((p, q) => balance(q, parts) - balance(p, parts));
  return best ?? null;
}

/** The axes whose positions a kernel's expression asks for. */
function indexedAxes(kernel: Kernel): ReadonlySet<SplitAxis["along"]> {
  if (kernel.kind !== "map" && kernel.kind !== "reduce") return new Set();
  return new Set(kernel.expression.nodes.flatMap((node) => (node.kind === "index" ? [node.axis] : [])));
}

/** Cuts a direction into at most `parts` ranges, nearly equal, that begin at multiples of its grain.
 * @example
 * rangesOf({ along: 0, size: 100, grain: 16 }, 2) // => [{ begin: 0, end: 64 }, { begin: 64, end: 100 }]
 */
export function rangesOf({ size, grain }: SplitAxis, parts: number): PartRange[] {
  const grains = Math.ceil(size / grain);
  // The larger parts first, so that all but the last few are equal.
  const large = Math.ceil(grains / parts) * grain;
  const ranges: PartRange[] = [];
  for (let begin = 0; begin < size; begin += large)
    ranges.push({ begin, end: Math.min(size, begin + large) });
  return ranges;
}

const movedTo = (access: Access, axis: number, begin: number): Access => ({
  ...access,
  offset: access.offset + begin * (access.strides[axis] ?? 0),
});
const readMovedTo = (read: Read, axis: number, begin: number): Read =>
  read.kind === "plain"
    ? { kind: "plain", at: movedTo(read.at, axis, begin) }
    : { ...read, at: movedTo(read.at, axis, begin), index: movedTo(read.index, axis, begin) };
const cut = (shape: readonly number[], axis: number, size: number): number[] =>
  shape.map((old, k) => (k === axis ? size : old));

/** One part of a kernel, as a kernel.
 * @throws {@link InternalError} if the kernel has no such direction
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 64, role: "state", inPlaceOf: null }
 * const fill = { kind: "fill", name: "ones", shape: [64], value: 1, target: { buffer: x, offset: 0, strides: [1], steps: [] } }
 * partOf(fill, 0, { begin: 16, end: 64 }).target.offset // => 16
 */
export function partOf<K extends Kernel>(kernel: K, along: SplitAxis["along"], range: PartRange): K;
export function partOf(kernel: Kernel, along: SplitAxis["along"], { begin, end }: PartRange): Kernel {
  const size = end - begin;
  switch (kernel.kind) {
    case "map":
    case "reduce": {
      if (typeof along !== "number") break;
      const shape = cut(kernel.shape, along, size);
      const reads = kernel.reads.map((read) => readMovedTo(read, along, begin));
      const expression = positionsMoved(kernel.expression, along, begin);
      return kernel.kind === "map"
        ? { ...kernel, shape, reads, expression, writes: kernel.writes.map((w) => movedTo(w, along, begin)) }
        : { ...kernel, shape, reads, expression, write: movedTo(kernel.write, along, begin) };
    }
    case "fill":
      if (typeof along !== "number") break;
      return {
        ...kernel,
        shape: cut(kernel.shape, along, size),
        target: movedTo(kernel.target, along, begin),
      };
    case "gemm":
      return partOfProduct(kernel, along, { begin, end });
    case "row": {
      const { source, target } = kernel;
      return { ...kernel, rows: size, source: movedTo(source, 0, begin), target: movedTo(target, 0, begin) };
    }
    case "scatterAdd": {
      const [batch, count, row] = kernel.shape;
      const axis = along === "batch" ? 0 : 2;
      return {
        ...kernel,
        shape: along === "batch" ? [size, count, row] : [batch, count, size],
        source: movedTo(kernel.source, axis, begin),
        index: movedTo(kernel.index, axis, begin),
        target: movedTo(kernel.target, axis, begin),
      };
    }
    case "randomBits": {
      const target = { ...kernel.target, offset: kernel.target.offset + begin };
      return { ...kernel, length: size, first: (kernel.first ?? 0) + begin, target };
    }
    case "pack": {
      const { first, of } = kernel.columns ?? { first: 0, of: kernel.n };
      const columns = { first: first + begin, of };
      return { ...kernel, n: size, source: movedTo(kernel.source, 1, begin), columns };
    }
    case "check":
    case "loop":
    case "branch":
    case "while":
      break;
  }
  throw new InternalError(`${kernel.name}: a ${kernel.kind} is not split along ${along}`);
}

function partOfProduct(kernel: GemmKernel, along: SplitAxis["along"], { begin, end }: PartRange): GemmKernel {
  const { batch, a, b, c, bias } = kernel;
  const rank = batch.length;
  const at = (axis: number): Access => (b.packed ? b.at : movedTo(b.at, axis, begin));
  switch (along) {
    case "batch":
      return {
        ...kernel,
        batch: cut(batch, 0, end - begin),
        a: movedTo(a, 0, begin),
        b: { ...b, at: at(0) },
        c: movedTo(c, 0, begin),
      };
    case "rows":
      return { ...kernel, m: end - begin, a: movedTo(a, rank, begin), c: movedTo(c, rank, begin) };
    case "columns": {
      const part = {
        ...kernel,
        n: end - begin,
        b: { ...b, at: at(rank + 1) },
        c: movedTo(c, rank + 1, begin),
      };
      return bias === undefined ? part : { ...part, bias: movedTo(bias, 0, begin) };
    }
    default:
      throw new InternalError(`${kernel.name}: a product is not split along ${along}`);
  }
}

/** The same expression for a part that begins at `begin`: positions along the axis are those of the whole. */
function positionsMoved({ nodes, results }: Expression, axis: number, begin: number): Expression {
  if (begin === 0 || !nodes.some((node) => node.kind === "index" && node.axis === axis))
    return { nodes, results };
  const out: ExpressionNode[] = [];
  const places: number[] = [];
  const moved = (i: number): number => places[i];
  for (const node of nodes) {
    out.push(withOperands(node, moved));
    if (node.kind === "index" && node.axis === axis) {
      const a = out.length - 1;
      out.push({ kind: "constant", value: begin, dtype: "int32" });
      out.push({ kind: "binary", name: "add", a, b: a + 1, dtype: "int32" });
    }
    places.push(out.length - 1);
  }
  return { nodes: out, results: results.map(moved) };
}
function withOperands(node: ExpressionNode, place: (i: number) => number): ExpressionNode {
  switch (node.kind) {
    case "read":
    case "constant":
    case "index":
      return node;
    case "unary":
    case "cast":
      return { ...node, a: place(node.a) };
    case "binary":
    case "compare":
      return { ...node, a: place(node.a), b: place(node.b) };
    case "select":
      return { ...node, condition: place(node.condition), a: place(node.a), b: place(node.b) };
  }
}

/** The same map, fill or reduction over as few and as long axes as possible, which is easier to cut evenly; other kernels as they are.
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 12, role: "state", inPlaceOf: null }
 * joinedKernel({ kind: "fill", name: "ones", shape: [3, 4], value: 1, target: { buffer: x, offset: 0, strides: [4, 1], steps: [] } }).shape // => [12]
 */
export function joinedKernel<K extends Kernel>(kernel: K): K;
export function joinedKernel(kernel: Kernel): Kernel {
  switch (kernel.kind) {
    case "map":
    case "reduce":
    case "fill":
      return kernel.shape.includes(0) ? kernel : joined(kernel);
    default:
      return kernel;
  }
}
function joined(kernel: MapKernel | ReduceKernel | FillKernel): Kernel {
  const { shape } = kernel;
  const reads = kernel.kind === "fill" ? [] : kernel.reads;
  const kept = shape.length - (kernel.kind === "reduce" ? kernel.reduced : 0);
  const writes =
    kernel.kind === "map" ? kernel.writes : [kernel.kind === "fill" ? kernel.target : kernel.write];
  const accesses = [...reads.flatMap((r) => (r.kind === "plain" ? [r.at] : [r.at, r.index])), ...writes];
  const full = accesses.map(({ strides }) => shape.map((_, axis) => strides[axis] ?? 0));
  const indexed = indexedAxes(kernel);
  const { sizes, strides, axes } = joinAxes(
    shape,
    full,
    (outer, inner) => (outer < kept && inner >= kept) || indexed.has(outer) || indexed.has(inner),
  );
  const over = (access: Access): Access => ({ ...access, strides: strides[accesses.indexOf(access)] });
  const readOver = (read: Read): Read =>
    read.kind === "plain"
      ? { kind: "plain", at: over(read.at) }
      : { ...read, at: over(read.at), index: over(read.index) };
  const common = { shape: sizes };
  if (kernel.kind === "fill") return { ...kernel, ...common, target: over(kernel.target) };
  const nodes = kernel.expression.nodes.map((node): ExpressionNode => {
    if (node.kind !== "index") return node;
    const axis = axes.indexOf(node.axis);
    return axis < 0 ? { kind: "constant", value: 0, dtype: "int32" } : { ...node, axis };
  });
  const expression = { ...kernel.expression, nodes };
  if (kernel.kind === "map")
    return { ...kernel, ...common, reads: reads.map(readOver), expression, writes: kernel.writes.map(over) };
  const reduced = axes.filter((axis) => axis >= kept).length;
  const write = over(kernel.write);
  return {
    ...kernel,
    ...common,
    reduced,
    reads: reads.map(readOver),
    expression,
    write: { ...write, strides: write.strides.slice(0, sizes.length - reduced) },
  };
}

/** Kernels that together do what one does, in any order and at the same time: at most `parts`, or the kernel alone where it is not split or takes too little time to be worth it.
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 2 ** 20, role: "state", inPlaceOf: null }
 * const fill = { kind: "fill", name: "ones", shape: [2 ** 20], value: 1, target: { buffer: x, offset: 0, strides: [1], steps: [] } }
 * splitKernel(fill, 2).map(({ shape }) => shape[0]) // => [524288, 524288]
 */
export function splitKernel<K extends Kernel>(
  kernel: K,
  parts: number,
  { grain, worthwhile = 20, speed = nominalSpeed }: SplitOptions = {},
): readonly K[] {
  if (parts < 2 || microsecondsOf(work(kernel), speed) < worthwhile) return [kernel];
  const whole = joinedKernel(kernel);
  const axis = splitAxis(whole, parts);
  if (axis === null) return [kernel];
  // What is packed, and pairs of random words, must not be cut anywhere else.
  const fixed = grain === undefined || kernel.kind === "pack" || kernel.kind === "randomBits";
  const ranges = rangesOf(fixed ? axis : { ...axis, grain }, parts);
  return ranges.length < 2 ? [kernel] : ranges.map((range) => partOf(whole, axis.along, range));
}
