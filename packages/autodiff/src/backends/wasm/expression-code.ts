import { bytesOf } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import { operandsOf } from "../../kernel/expression.js";
import type { Expression, ExpressionNode } from "../../kernel/instruction.js";
import type { Access, Read } from "../../kernel/program.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { I32, V128 } from "./instructions.js";
import { i32, i32x4, v128 } from "./instructions.js";
import type { LoopNest, Position, Stream } from "./loop-nest.js";
import { distance } from "./loop-nest.js";
import type { Address, VectorCode } from "./vector-code.js";
import { addressOf } from "./vector-code.js";

/** A read of an expression: from memory, or from memory by an index in memory. */
export type OperandSource =
  | { readonly kind: "plain"; readonly at: Stream }
  | { readonly kind: "gathered"; readonly at: Stream; readonly index: Stream; readonly stride: number };

/** Registers the reads of a kernel with its nest. */
export function sourcesOf(nest: LoopNest, reads: readonly Read[]): OperandSource[] {
  return reads.map((read): OperandSource => {
    if (read.kind === "plain") return { kind: "plain", at: nest.stream(read.at) };
    const bytes = bytesOf[read.at.buffer.dtype];
    return {
      kind: "gathered",
      at: nest.stream(read.at),
      index: nest.stream(read.index),
      stride: read.stride * bytes,
    };
  });
}
/** Registers the positions that an expression asks for. */
export function positionsOf(nest: LoopNest, { nodes }: Expression): Map<number, Position> {
  const out = new Map<number, Position>();
  for (const node of nodes) if (node.kind === "index") out.set(node.axis, nest.position(node.axis));
  return out;
}

/** How many lanes are computed, and where they stand past the pointers. */
export interface Spot {
  /** Lanes that are stored; loads of single lanes stop there. */
  readonly lanes: number;
  /** Steps past the pointers, by axis. */
  readonly shift: ReadonlyMap<number, number>;
}

/** Writes an expression into a nest of loops: each node at the outermost loop that it depends on. */
export class ExpressionCode {
  readonly #code: VectorCode;
  readonly #expression: Expression;
  readonly #sources: readonly OperandSource[];
  readonly #positions: ReadonlyMap<number, Position>;
  readonly #needed: Set<number>;
  readonly #levels: number[];
  readonly #values = new Map<number, V128>();
  /** Of gathered reads whose index stands still inside: the bytes that it adds. */
  readonly #offsets = new Map<number, Local<"i32">>();
  readonly #depth: number;

  /** @param depth - Number of axes; the lanes run along the last one. */
  constructor(
    code: VectorCode,
    expression: Expression,
    sources: readonly OperandSource[],
    positions: ReadonlyMap<number, Position>,
    depth: number,
  ) {
    this.#code = code;
    this.#expression = expression;
    this.#sources = sources;
    this.#positions = positions;
    this.#depth = depth;
    this.#needed = new Set(expression.results);
    const { nodes } = expression;
    for (let i = nodes.length - 1; i >= 0; i--)
      if (this.#needed.has(i)) for (const operand of operandsOf(nodes[i])) this.#needed.add(operand);
    this.#levels = [];
    for (const node of nodes) {
      let level = this.#ownLevel(node);
      for (const operand of operandsOf(node)) level = Math.max(level, this.#levels[operand]);
      this.#levels.push(level);
    }
  }

  /** The number of loops around the place where a walker's value is fixed. */
  static #levelOf(strides: readonly number[]): number {
    let level = strides.length;
    while (level > 0 && strides[level - 1] === 0) level--;
    return level;
  }
  #ownLevel(node: ExpressionNode): number {
    if (node.kind === "index") return ExpressionCode.#levelOf(this.#position(node.axis).strides);
    if (node.kind !== "read") return 0;
    const source = this.#sources[node.index];
    const level = ExpressionCode.#levelOf(source.at.group.strides);
    return source.kind === "plain"
      ? level
      : Math.max(level, ExpressionCode.#levelOf(source.index.group.strides));
  }
  #position(axis: number): Position {
    const position = this.#positions.get(axis);
    if (position === undefined) throw new InternalError(`axis ${axis} has no position`);
    return position;
  }

  /** Writes the nodes that are fixed inside exactly `level` loops. Called from the outermost in; the innermost may be written several times. */
  emit(level: number, spot: Spot): void {
    const { f } = this.#code;
    this.#code.uniform = level < this.#depth;
    for (const [i, source] of this.#sources.entries()) {
      if (source.kind !== "gathered") continue;
      const own = ExpressionCode.#levelOf(source.index.group.strides);
      if (own !== level || own === this.#depth) continue;
      const index = this.#at(source.index, spot);
      this.#offsets.set(i, f.let(i32.mul(i32.load(index.base, index.offset), i32.const(source.stride))));
    }
    for (const [i, node] of this.#expression.nodes.entries()) {
      if (this.#levels[i] !== level || !this.#needed.has(i)) continue;
      const value = this.#node(node, spot);
      // Constants live in variables of their own.
      this.#values.set(i, node.kind === "constant" ? value : f.let(value));
    }
    this.#code.uniform = false;
  }
  result(i: number): V128 {
    return this.#value(this.#expression.results[i]);
  }
  #value(node: number): V128 {
    const value = this.#values.get(node);
    if (value === undefined) throw new InternalError(`node ${node} is used before it is computed`);
    return value;
  }

  #at(stream: Stream, spot: Spot, lane = 0): Address {
    const { group } = stream;
    if (group.pointer === undefined) throw new InternalError("a kernel's pointers are not set");
    let offset = distance(stream) + lane * (group.strides[this.#depth - 1] ?? 0);
    for (const [axis, steps] of spot.shift) offset += steps * group.strides[axis];
    return addressOf(group.pointer, offset);
  }
  #node(node: ExpressionNode, spot: Spot): V128 {
    const code = this.#code;
    const { nodes } = this.#expression;
    switch (node.kind) {
      case "constant":
        return code.constant(node.value, node.dtype);
      case "unary":
        return code.unary(node.name, this.#value(node.a), node.dtype);
      case "binary":
        return code.binary(node.name, this.#value(node.a), this.#value(node.b), node.dtype);
      case "compare":
        return code.compare(node.name, this.#value(node.a), this.#value(node.b), nodes[node.a].dtype);
      case "select":
        return code.select(this.#value(node.condition), this.#value(node.a), this.#value(node.b), node.dtype);
      case "cast":
        return code.cast(this.#value(node.a), nodes[node.a].dtype, node.dtype);
      case "index":
        return this.#index(this.#position(node.axis), spot);
      case "read":
        return this.#read(node, spot);
    }
  }
  #index({ strides, counter }: Position, spot: Spot): V128 {
    const { f } = this.#code;
    const stride = strides[this.#depth - 1] ?? 0;
    let shift = 0;
    for (const [axis, steps] of spot.shift) shift += steps * strides[axis];
    const start: I32 = counter === undefined ? i32.const(shift) : i32.add(counter, i32.const(shift));
    const splat = i32x4.splat(start);
    return stride === 0 ? splat : i32x4.add(splat, f.i32(0, stride, 2 * stride, 3 * stride));
  }
  #read(node: ExpressionNode & { kind: "read" }, spot: Spot): V128 {
    const code = this.#code;
    const source = this.#sources[node.index];
    const { dtype } = node;
    const inner = source.at.group.strides[this.#depth - 1] ?? 0;
    const lanes = Array.from({ length: spot.lanes }, (_, lane) => lane);
    const moved = ({ base, offset }: Address, by: I32): Address => ({ base: i32.add(base, by), offset });
    if (source.kind === "gathered" && (source.index.group.strides[this.#depth - 1] ?? 0) !== 0) {
      const addresses = lanes.map((lane) => {
        const index = this.#at(source.index, spot, lane);
        const bytes = i32.mul(i32.load(index.base, index.offset), i32.const(source.stride));
        return moved(this.#at(source.at, spot, lane), bytes);
      });
      return code.loadLanes(addresses, dtype);
    }
    const by = this.#offsets.get(node.index);
    const address = (lane: number): Address => {
      const at = this.#at(source.at, spot, lane);
      return by === undefined ? at : moved(at, by);
    };
    if (inner === 0) return code.loadSplat(address(0), dtype);
    if (inner === bytesOf[dtype]) return code.loadUnit(address(0), dtype);
    return code.loadLanes(lanes.map(address), dtype);
  }

  /** Stores a result at a stream of the same nest; `flush` makes what is smaller than the least normal float32 0. */
  store(stream: Stream, result: V128, spot: Spot, flush: boolean): void {
    const { dtype } = stream.access.buffer;
    const inner = stream.group.strides[this.#depth - 1] ?? 0;
    const code = this.#code;
    const value = flush && dtype === "float32" ? flushed(code.f, result) : result;
    if (inner === bytesOf[dtype] || spot.lanes === 1) {
      code.f.emit(code.storeUnit(this.#at(stream, spot), value, dtype, spot.lanes));
      return;
    }
    const addresses = Array.from({ length: spot.lanes }, (_, lane) => this.#at(stream, spot, lane));
    code.f.emit(code.storeLanes(addresses, code.f.let(value), dtype));
  }
}

/** What is smaller than the least normal float32 becomes 0. */
function flushed(f: FunctionBuilder, value: V128): V128 {
  const x = f.let(value);
  // The bits of |x| below those of 2⁻¹²⁶.
  const isSubnormal = i32x4.ltS(v128.and(x, f.i32(0x7fffffff)), f.i32(0x800000));
  return v128.andnot(x, isSubnormal);
}

/** Whether any value of an expression or access is float64 (then a vector holds two lanes). */
export function widthOf(expressions: readonly Expression[], accesses: readonly Access[]): 2 | 4 {
  const wide =
    expressions.some(({ nodes }) => nodes.some(({ dtype }) => dtype === "float64")) ||
    accesses.some(({ buffer }) => buffer.dtype === "float64");
  return wide ? 2 : 4;
}

/** How dear it is to walk an axis with vectors: per vector, and with the lanes that short axes leave idle. */
export function costAlong(
  axis: number,
  size: number,
  width: number,
  sources: readonly OperandSource[],
  writes: readonly Stream[],
): number {
  let cost = 2;
  for (const source of sources) {
    const { strides } = source.at.group;
    const unit = bytesOf[source.at.access.buffer.dtype];
    if (source.kind === "gathered" && source.index.group.strides[axis] !== 0) cost += 8;
    else cost += strides[axis] === 0 ? 0.25 : strides[axis] === unit ? 1 : 4;
  }
  for (const { access, group } of writes)
    cost += group.strides[axis] === bytesOf[access.buffer.dtype] ? 1 : 6;
  return (cost * Math.ceil(size / width)) / size;
}
