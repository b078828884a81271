import {
  bytesOf,
  type DType,
  type Expression,
  type ExpressionNode,
  operandsOf,
} from "@scope/autodiff/backend";
import { instruction, type Place } from "./instructions.js";
import { countOf, typeOf } from "./lanes.js";
import { addressAt, levelOf, type Nest, type Source, type Stream } from "./nest.js";

/** Writes an expression into the loops of a nest: each node at the outermost loop that it depends on, as a variable of its own. */
export class ExpressionCode {
  readonly #nest: Nest;
  readonly #nodes: readonly ExpressionNode[];
  readonly #results: readonly number[];
  readonly #levels: readonly number[];
  readonly #needed: ReadonlySet<number>;

  constructor(nest: Nest, { nodes, results }: Expression) {
    this.#nest = nest;
    this.#nodes = nodes;
    this.#results = results;
    const needed = new Set(results);
    for (let i = nodes.length - 1; i >= 0; i--)
      if (needed.has(i)) for (const operand of operandsOf(nodes[i])) needed.add(operand);
    this.#needed = needed;
    const levels: number[] = [];
    for (const node of nodes)
      levels.push(Math.max(this.#ownLevel(node), ...operandsOf(node).map((operand) => levels[operand])));
    this.#levels = levels;
  }

  /** The variable that holds a result. */
  result(i: number): string {
    return `v${this.#results[i]}`;
  }

  /** Declares what is fixed inside of exactly `level` loops.
   * @param counters - the names of the loops' counters, from the outside in
   * @param count - how many lanes count in the innermost loop */
  at(level: number, counters: readonly string[], count: string): string[] {
    const { lanes, axes } = this.#nest;
    const inside = level === axes.length;
    const place: Place = { lanes, count, alike: !inside };
    const lines = this.#nest.sources.flatMap((source, i) =>
      source.kind === "gathered" && levelOf(source.index.strides) === level && !inside
        ? [`const long o${i} = *(const int_at *)(${addressAt(source.index, counters)}) * ${source.stride}L;`]
        : [],
    );
    for (const [i, node] of this.#nodes.entries()) {
      if (this.#levels[i] !== level || !this.#needed.has(i)) continue;
      const type = typeOf(lanes, node.dtype);
      lines.push(`const ${type} v${i} = ${this.#value(node, counters, place, inside)};`);
    }
    return lines;
  }

  #value(node: ExpressionNode, counters: readonly string[], place: Place, inside: boolean): string {
    const { lanes } = place;
    switch (node.kind) {
      case "read":
        return this.#read(node.index, counters, place.count, inside);
      case "index": {
        const axis = this.#axisOf(node.axis);
        if (axis < 0) return `${lanes}_splat_int32(0)`;
        return inside && axis === this.#nest.axes.length - 1
          ? `${lanes}_iota((int32_t)${counters[axis]})`
          : `${lanes}_splat_int32((int32_t)${counters[axis]})`;
      }
      default: {
        const operand = (a: number): { name: string; dtype: DType } => ({
          name: `v${a}`,
          dtype: this.#nodes[a].dtype,
        });
        return instruction(place, node, operand);
      }
    }
  }

  #read(i: number, counters: readonly string[], count: string, inside: boolean): string {
    const { lanes, sources } = this.#nest;
    const source = sources[i];
    const { dtype, strides } = source.at;
    const offset = source.kind === "gathered" && !this.#movesInside(source) ? ` + o${i}` : "";
    const address = `${addressAt(source.at, counters)}${offset}`;
    if (!inside) return `${lanes}_at_${dtype}(${address})`;
    const stride = strides[strides.length - 1];
    if (source.kind === "gathered" && this.#movesInside(source)) {
      const index = this.#strided(source.index, counters, count);
      return `${lanes}_gather_${dtype}(${address}, ${stride}, ${index}, ${source.stride}L, ${count})`;
    }
    return this.#strided(source.at, counters, count, offset);
  }
  #movesInside(source: Source): boolean {
    return source.kind === "gathered" && levelOf(source.index.strides) === this.#nest.axes.length;
  }
  #strided(stream: Stream, counters: readonly string[], count: string, offset = ""): string {
    const { lanes } = this.#nest;
    const { dtype, strides } = stream;
    const stride = strides[strides.length - 1];
    const address = `${addressAt(stream, counters)}${offset}`;
    if (stride === 0) return `${lanes}_at_${dtype}(${address})`;
    return stride === bytesOf[dtype]
      ? `${lanes}_load_${dtype}(${address})`
      : `${lanes}_stride_${dtype}(${address}, ${stride}, ${count})`;
  }

  /** The statement that stores a value (the first `count` lanes of it) where a stream is. */
  store(stream: Stream, value: string, counters: readonly string[], count: string, flush: boolean): string {
    const { lanes } = this.#nest;
    const { dtype, strides } = stream;
    const stored = flush && dtype === "float32" ? `${lanes}_flush(${value})` : value;
    const stride = strides[counters.length - 1] ?? 0;
    const address = addressAt(stream, counters);
    return stride === bytesOf[dtype]
      ? `${lanes}_store_${dtype}(${address}, ${stored}, ${count});`
      : `${lanes}_scatter_${dtype}(${address}, ${stored}, ${stride}, ${count});`;
  }

  #axisOf(own: number): number {
    return this.#nest.axes.findIndex((axis) => axis.own === own);
  }
  #ownLevel(node: ExpressionNode): number {
    if (node.kind === "index") return this.#axisOf(node.axis) + 1;
    if (node.kind !== "read") return 0;
    const source = this.#nest.sources[node.index];
    const level = levelOf(source.at.strides);
    return source.kind === "plain" ? level : Math.max(level, levelOf(source.index.strides));
  }
}

/** All lanes of the nest's vectors, as a C constant. */
export const fullCount = ({ lanes }: Nest): string => countOf(lanes);
