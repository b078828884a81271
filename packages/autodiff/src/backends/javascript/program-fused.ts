import { type DType, newArray, type TypedArray } from "../../base/dtype.js";
import type { Combine, Expression } from "../../kernel/instruction.js";
import type { Access, MapKernel, Read, ReduceKernel } from "../../kernel/program.js";
import type { BinaryLoop } from "./instruction-loops.js";
import { instructionLoops, stridedCopy } from "./instructions.js";
import {
  BlockExpression,
  type BlockRead,
  blockLength,
  type Operand,
  type ScratchPool,
} from "./program-expression.js";
import {
  type AxisGroup,
  type BufferCursor,
  groupAxes,
  IndexIterator,
  type InnerAxis,
  splitInner,
} from "./program-walk.js";
import { reductions } from "./reduction-table.js";
import type { ReduceLoop } from "./reductions.js";

/** A kernel made ready to run. */
export interface Runner {
  run(counters: readonly number[]): void;
}

/** What kernels are made ready with. */
export interface Setting {
  readonly pool: ScratchPool;
  readonly flushSubnormals: boolean;
  /** Where an access is in the memory of the program. */
  readonly place: (access: Access) => BufferCursor;
}

const usesIndex = (expression: Expression): boolean => expression.nodes.some((node) => node.kind === "index");

/** The places of reads: first where each starts, then where the index of each gathered one does. */
function placesOfReads(reads: readonly Read[], { place }: Setting): BufferCursor[] {
  return [
    ...reads.map((read) => place(read.at)),
    ...reads.flatMap((read) => (read.kind === "gathered" ? [place(read.index)] : [])),
  ];
}

/** The same reads as a block sees them; `strides` per place along the block. */
function blockReads(
  reads: readonly Read[],
  places: readonly BufferCursor[],
  strides: readonly number[],
): BlockRead[] {
  let position = reads.length;
  return reads.map((read, k) => {
    const plain = { data: places[k].data, position: k, stride: strides[k] };
    if (read.kind === "plain") return plain;
    const gathered = {
      data: places[position].data,
      position,
      stride: strides[position],
      scale: read.stride,
    };
    position++;
    return { ...plain, gathered };
  });
}

/** Results smaller than the least normal float32 become zero if they are to be flushed. */
const leastNormal = 2 ** -126;
function store(
  n: number,
  to: TypedArray,
  position: number,
  stride: number,
  from: Operand,
  flush: boolean,
): void {
  if (!flush || !(to instanceof Float32Array)) {
    stridedCopy(n, to, position, stride, from.data, from.offset, from.stride);
    return;
  }
  for (let i = 0, o = position, p = from.offset; i < n; i++, o += stride, p += from.stride) {
    const x = from.data[p];
    to[o] = Math.abs(x) < leastNormal ? 0 : x;
  }
}

/** A fused elementwise kernel. */
export class MapRunner implements Runner {
  readonly #places: readonly BufferCursor[];
  readonly #walk: IndexIterator;
  readonly #inner: InnerAxis;
  readonly #expression: BlockExpression;
  readonly #firstWrite: number;
  readonly #flush: boolean;

  constructor(kernel: MapKernel, setting: Setting) {
    const reads = placesOfReads(kernel.reads, setting);
    const writes = kernel.writes.map(setting.place);
    this.#places = [...reads, ...writes];
    this.#firstWrite = reads.length;
    this.#flush = setting.flushSubnormals;
    const strides = this.#places.map((place) => place.strides);
    const inner = splitInner(groupAxes(kernel.shape, 0, strides, usesIndex(kernel.expression)));
    this.#inner = inner;
    this.#walk = new IndexIterator(inner.outer);
    this.#expression = new BlockExpression(
      kernel.expression,
      blockReads(kernel.reads, reads, inner.strides),
      reads.length,
      inner.axis,
      setting.pool,
    );
  }

  run(counters: readonly number[]): void {
    const walk = this.#walk;
    const expression = this.#expression;
    const { size, axis, strides } = this.#inner;
    if (!walk.start(this.#places.map((place) => place.base(counters)))) return;
    do {
      if (expression.usesIndex) walk.writeIndex(expression.axisValues);
      for (let start = 0; start < size; start += blockLength) {
        const n = Math.min(blockLength, size - start);
        if (expression.usesIndex) expression.setAxis(axis, start);
        for (let k = 0; k < this.#firstWrite; k++) {
          expression.positions[k] = walk.positions[k] + start * strides[k];
        }
        expression.evaluate(n);
        for (let w = 0; w < expression.results.length; w++) {
          const k = this.#firstWrite + w;
          const position = walk.positions[k] + start * strides[k];
          store(n, this.#places[k].data, position, strides[k], expression.results[w], this.#flush);
        }
      }
    } while (walk.next());
  }
}

/** How a reduction's results are combined. */
interface Accumulator {
  readonly values: TypedArray;
  readonly neutral: number;
  /** Along the reduced axis, into one value. */
  readonly along: ReduceLoop;
  /** Element by element, into a row of values. */
  readonly across: BinaryLoop;
}

const acrossNames = { sum: "add", prod: "mul", max: "max", min: "min" } as const;
function accumulatorOf(combine: Combine, dtype: DType): Accumulator {
  // float32 accumulates in double precision and is rounded once, when it is stored.
  const wide = dtype === "float32" ? "float64" : dtype;
  return {
    values: newArray(wide, blockLength),
    neutral: reductions[combine].neutral[dtype],
    along: reductions[combine].fold,
    across: instructionLoops[acrossNames[combine]],
  };
}

/** A fused map and reduction. Runs blocks along the innermost reduced axis, or along the innermost kept axis where that is longer. */
export class ReduceRunner implements Runner {
  readonly #reads: readonly BufferCursor[];
  readonly #target: BufferCursor;
  readonly #across: boolean;
  readonly #keptWalk: IndexIterator;
  readonly #targetWalk: IndexIterator;
  readonly #reducedWalk: IndexIterator;
  readonly #kept: InnerAxis;
  readonly #targetStride: number;
  readonly #reduced: InnerAxis;
  readonly #expression: BlockExpression;
  readonly #accumulator: Accumulator;
  readonly #result: Operand;
  readonly #flush: boolean;

  constructor(kernel: ReduceKernel, setting: Setting) {
    this.#reads = placesOfReads(kernel.reads, setting);
    this.#target = setting.place(kernel.write);
    this.#flush = setting.flushSubnormals;
    const keptRank = kernel.shape.length - kernel.reduced;
    const keepAxes = usesIndex(kernel.expression);
    const keptStrides = [...this.#reads.map((read) => read.strides.slice(0, keptRank)), this.#target.strides];
    const kept = splitInner(groupAxes(kernel.shape.slice(0, keptRank), 0, keptStrides, keepAxes));
    const reducedStrides = this.#reads.map((read) => read.strides.slice(keptRank));
    const reducedGroup = groupAxes(kernel.shape.slice(keptRank), keptRank, reducedStrides, keepAxes);
    const reduced = splitInner(reducedGroup);
    this.#across = kept.size > reduced.size;

    const forReads = (group: AxisGroup): AxisGroup => ({
      ...group,
      strides: group.strides.slice(0, this.#reads.length),
    });
    const forTarget = (group: AxisGroup): AxisGroup => ({
      ...group,
      strides: group.strides.slice(this.#reads.length),
    });
    this.#keptWalk = new IndexIterator(forReads(kept.outer));
    this.#targetWalk = new IndexIterator(forTarget(kept.outer));
    this.#reducedWalk = new IndexIterator(this.#across ? reducedGroup : reduced.outer);
    this.#kept = kept;
    this.#targetStride = kept.strides[this.#reads.length];
    this.#reduced = reduced;

    const block = this.#across ? kept : reduced;
    this.#expression = new BlockExpression(
      kernel.expression,
      blockReads(kernel.reads, this.#reads, block.strides),
      this.#reads.length,
      block.axis,
      setting.pool,
    );
    this.#accumulator = accumulatorOf(kernel.combine, kernel.write.buffer.dtype);
    this.#result = { data: this.#accumulator.values, offset: 0, stride: 1 };
  }

  run(counters: readonly number[]): void {
    const bases = this.#reads.map((place) => place.base(counters));
    const { values, neutral } = this.#accumulator;
    const some = this.#keptWalk.start(bases);
    this.#targetWalk.start([this.#target.base(counters)]);
    if (!some) return;
    do {
      for (let start = 0; start < this.#kept.size; start += blockLength) {
        const n = Math.min(blockLength, this.#kept.size - start);
        values.fill(neutral, 0, n);
        if (this.#expression.usesIndex) this.#keptWalk.writeIndex(this.#expression.axisValues);
        if (this.#across) this.#combineAcross(start, n);
        else for (let i = 0; i < n; i++) this.#combineAlong(start + i, i);
        const position = this.#targetWalk.positions[0] + start * this.#targetStride;
        store(n, this.#target.data, position, this.#targetStride, this.#result, this.#flush);
      }
      this.#targetWalk.next();
    } while (this.#keptWalk.next());
  }

  /** Starts the walk over the reduced axes at element `start` of the innermost kept axis. */
  #startReduced(start: number): boolean {
    const bases = this.#keptWalk.positions.map((position, k) => position + start * this.#kept.strides[k]);
    if (this.#expression.usesIndex) this.#expression.setAxis(this.#kept.axis, start);
    return this.#reducedWalk.start(bases);
  }

  /** A whole row of accumulators at once, for each index of the reduced axes. */
  #combineAcross(start: number, n: number): void {
    const walk = this.#reducedWalk;
    const expression = this.#expression;
    if (!this.#startReduced(start)) return;
    do {
      if (expression.usesIndex) walk.writeIndex(expression.axisValues);
      for (let k = 0; k < this.#reads.length; k++) expression.positions[k] = walk.positions[k];
      expression.evaluate(n);
      const { values, across } = this.#accumulator;
      const { data, offset, stride } = expression.results[0];
      across(n, values, 0, values, 0, 1, data, offset, stride);
    } while (walk.next());
  }

  /** One accumulator, by blocks along the innermost reduced axis. */
  #combineAlong(element: number, slot: number): void {
    const walk = this.#reducedWalk;
    const expression = this.#expression;
    const { size, axis, strides } = this.#reduced;
    if (!this.#startReduced(element)) return;
    do {
      if (expression.usesIndex) walk.writeIndex(expression.axisValues);
      for (let start = 0; start < size; start += blockLength) {
        const n = Math.min(blockLength, size - start);
        if (expression.usesIndex) expression.setAxis(axis, start);
        for (let k = 0; k < this.#reads.length; k++) {
          expression.positions[k] = walk.positions[k] + start * strides[k];
        }
        expression.evaluate(n);
        const { values, along } = this.#accumulator;
        const { data, offset, stride } = expression.results[0];
        values[slot] = along(n, values[slot], data, offset, stride);
      }
    } while (walk.next());
  }
}
