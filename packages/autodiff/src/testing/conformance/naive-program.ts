import type { DType } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import type { Combine, Expression } from "../../kernel/instruction.js";
import {
  type Access,
  type Buffer,
  type GemmKernel,
  homeOf,
  type Kernel,
  type Program,
  type RandomBitsKernel,
  type Read,
} from "../../kernel/program.js";
import {
  binaryMeaning,
  compareReference,
  plainThreefry,
  roundTo,
  unaryReference,
} from "./reference-scalars.js";

/** A program's memory as plain arrays: one for each buffer with a place of its own. */
export type NaiveMemory = Map<Buffer, number[]>;

/** The memory of a program before its first run. */
export function naiveMemory(program: Program): NaiveMemory {
  const memory: NaiveMemory = new Map();
  for (const buffer of program.buffers) {
    const start = Array.from(buffer.initial ?? new Array<number>(buffer.length).fill(0));
    memory.set(buffer, start.map(roundTo[buffer.dtype]));
  }
  return memory;
}

/** What running a program's kernels, after its setup if asked for, makes of its memory: by the definitions in kernel/program.ts alone, one element at a time. */
export function runNaively(
  { setup, kernels }: Program,
  memory: NaiveMemory,
  withSetup: boolean = true,
): NaiveMemory {
  new NaiveRun(memory).all(withSetup ? [...setup, ...kernels] : kernels, []);
  return memory;
}

/** Every index of a shape, in row-major order. */
export function* indicesOf(shape: readonly number[]): Generator<number[]> {
  if (shape.includes(0)) return;
  const index = shape.map(() => 0);
  for (;;) {
    yield [...index];
    let axis = shape.length - 1;
    while (axis >= 0 && ++index[axis] === shape[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

const combineReference: { readonly [C in Combine]: (x: number, y: number) => number } = {
  sum: (x, y) => x + y,
  prod: (x, y) => x * y,
  max: (x, y) => Math.max(x, y),
  min: (x, y) => Math.min(x, y),
};

class NaiveRun {
  readonly memory: NaiveMemory;
  constructor(memory: NaiveMemory) {
    this.memory = memory;
  }

  /** Whether a check has failed: then nothing more is run. */
  #failed = false;
  all(kernels: readonly Kernel[], counters: readonly number[]): void {
    for (const kernel of kernels) if (!this.#failed) this.one(kernel, counters);
  }

  #array(buffer: Buffer): number[] {
    const array = this.memory.get(homeOf(buffer));
    if (!array) throw new InternalError(`no buffer ${buffer.name}`);
    return array;
  }

  #address(access: Access, index: readonly number[], counters: readonly number[]): number {
    let address = access.offset;
    const { strides, steps } = access;
    for (let axis = 0; axis < strides.length; axis++) address += strides[axis] * (index[axis] ?? 0);
    for (let level = 0; level < counters.length; level++) address += counters[level] * (steps[level] ?? 0);
    if (address < 0 || address >= access.buffer.length) {
      throw new InternalError(`address ${address} outside of ${access.buffer.name}`);
    }
    return address;
  }

  get(access: Access, index: readonly number[], counters: readonly number[]): number {
    return this.#array(access.buffer)[this.#address(access, index, counters)];
  }

  put(access: Access, index: readonly number[], counters: readonly number[], value: number): void {
    this.#array(access.buffer)[this.#address(access, index, counters)] = roundTo[access.buffer.dtype](value);
  }

  #read(read: Read, index: readonly number[], counters: readonly number[]): number {
    if (read.kind === "plain") return this.get(read.at, index, counters);
    const jump = this.get(read.index, index, counters) * read.stride;
    return this.#array(read.at.buffer)[this.#addressWithJump(read.at, index, counters, jump)];
  }

  #addressWithJump(at: Access, index: readonly number[], counters: readonly number[], jump: number): number {
    return this.#address({ ...at, offset: at.offset + jump }, index, counters);
  }

  one(kernel: Kernel, counters: readonly number[]): void {
    switch (kernel.kind) {
      case "map":
        for (const index of indicesOf(kernel.shape)) {
          const reads = kernel.reads.map((read) => this.#read(read, index, counters));
          const results = evaluate(kernel.expression, reads, index);
          kernel.writes.forEach((write, i) => {
            this.put(write, index, counters, results[i]);
          });
        }
        break;
      case "reduce": {
        const kept = kernel.shape.length - kernel.reduced;
        for (const outer of indicesOf(kernel.shape.slice(0, kept))) {
          const { combine, write } = kernel;
          const { dtype } = write.buffer;
          let total = neutral(combine, dtype);
          for (const inner of indicesOf(kernel.shape.slice(kept))) {
            const index = [...outer, ...inner];
            const reads = kernel.reads.map((read) => this.#read(read, index, counters));
            const [value] = evaluate(kernel.expression, reads, index);
            total = dtype === "int32" ? wrap(combine, total, value) : combineReference[combine](total, value);
          }
          this.put(write, outer, counters, roundTo[dtype](total));
        }
        break;
      }
      case "fill":
        for (const index of indicesOf(kernel.shape)) this.put(kernel.target, index, counters, kernel.value);
        break;
      case "pack": {
        const rows: number[] = [];
        for (const index of indicesOf([kernel.k, kernel.n]))
          rows.push(this.get(kernel.source, index, counters));
        // Row by row is a layout like any other, and a packed buffer is at least that long.
        this.memory.set(homeOf(kernel.packed.buffer), rows);
        break;
      }
      case "gemm":
        this.#gemm(kernel, counters);
        break;
      case "scatterAdd":
        for (const [b, m, r] of indicesOf(kernel.shape)) {
          const to = [b, this.get(kernel.index, [b, m], counters), r];
          const sum = this.get(kernel.target, to, counters) + this.get(kernel.source, [b, m, r], counters);
          this.put(kernel.target, to, counters, sum);
        }
        break;
      case "row":
        for (let row = 0; row < kernel.rows; row++) {
          const source: Access = { ...kernel.source, strides: [kernel.source.strides[0], 1] };
          const target: Access = { ...kernel.target, strides: [kernel.target.strides[0], 1] };
          const values = Array.from({ length: kernel.n }, (_, i) => this.get(source, [row, i], counters));
          rowResults(kernel.routine, values).forEach((value, i) => {
            this.put(target, [row, i], counters, value);
          });
        }
        break;
      case "check":
        for (const index of indicesOf(kernel.shape)) {
          const at = this.get(kernel.index, index, counters);
          if (this.#failed || (at >= kernel.low && at < kernel.high) || at === kernel.ignored) continue;
          this.put(kernel.status, [], counters, kernel.code);
          this.put({ ...kernel.status, offset: kernel.status.offset + 1 }, [], counters, at);
          this.#failed = true;
        }
        break;
      case "randomBits":
        this.#randomBits(kernel, counters);
        break;
      case "loop":
        for (let i = 0; i < kernel.length; i++) {
          this.all(kernel.body, [...counters, kernel.reverse ? kernel.length - 1 - i : i]);
        }
        break;
      case "branch":
        this.all(
          this.get(kernel.condition, [], counters) !== 0 ? kernel.whenTrue : kernel.whenFalse,
          counters,
        );
        break;
      case "while":
        for (;;) {
          this.all(kernel.test, counters);
          if (this.#failed || this.get(kernel.condition, [], counters) === 0) break;
          this.all(kernel.body, counters);
        }
        break;
    }
  }

  #randomBits({ state, target, length }: RandomBitsKernel, counters: readonly number[]): void {
    const [key0, key1, counter] = [0, 1, 2].map((i) => this.get(state, [i], counters));
    for (let i = 0; i < length; i++)
      this.put(target, [i], counters, plainThreefry(key0, key1, counter, i >> 1)[i & 1]);
  }

  #gemm(kernel: GemmKernel, counters: readonly number[]): void {
    const { a, b, c, k, n, mode, bias } = kernel;
    const left = this.#array(a.buffer);
    const right = this.#array(b.at.buffer);
    const whole = c.buffer.dtype === "int32";
    for (const index of indicesOf([...kernel.batch, kernel.m, n])) {
      const batch = index.slice(0, -2);
      const [i, j] = index.slice(-2);
      let sum = 0;
      if (mode === "accumulate") sum = this.get(c, index, counters);
      if (mode === "bias" && bias) sum = this.get(bias, [j], counters);
      if (k > 0) {
        const [from, step] = this.#line(a, (l) => [...batch, i, l], k, counters);
        const [at, next] = b.packed ? [j, n] : this.#line(b.at, (l) => [...batch, l, j], k, counters);
        for (let l = 0; l < k; l++) {
          const [x, y] = [left[from + l * step], right[at + l * next]];
          sum = whole ? (sum + Math.imul(x, y)) | 0 : sum + x * y;
        }
      }
      this.put(c, index, counters, sum);
    }
  }

  /** The first address and the step of `length` elements along one axis; both ends lie inside of the buffer. */
  #line(
    access: Access,
    indexAt: (l: number) => readonly number[],
    length: number,
    counters: readonly number[],
  ): readonly [from: number, step: number] {
    const from = this.#address(access, indexAt(0), counters);
    const to = this.#address(access, indexAt(length - 1), counters);
    return [from, length === 1 ? 0 : (to - from) / (length - 1)];
  }
}

function neutral(combine: Combine, dtype: DType): number {
  if (combine === "sum") return 0;
  if (combine === "prod") return 1;
  const least = dtype === "bool" ? 0 : dtype === "int32" ? -(2 ** 31) : -Infinity;
  const greatest = dtype === "bool" ? 1 : dtype === "int32" ? 2 ** 31 - 1 : Infinity;
  return combine === "max" ? least : greatest;
}

function wrap(combine: Combine, x: number, y: number): number {
  if (combine === "prod") return Number(BigInt.asIntN(32, BigInt(x) * BigInt(y)));
  return combineReference[combine](x, y) | 0;
}

type RowRoutine = Extract<Kernel, { readonly kind: "row" }>["routine"];
function rowResults(routine: RowRoutine, values: readonly number[]): number[] {
  switch (routine.kind) {
    case "cumulativeSum":
      return values.map((_, i) =>
        (routine.reverse ? values.slice(i) : values.slice(0, i + 1)).reduce((x, y) => x + y),
      );
    case "argExtreme": {
      const best = values.some(Number.isNaN)
        ? Number.NaN
        : routine.largest
          ? Math.max(...values)
          : Math.min(...values);
      // −0 and 0 are ties: the first of them counts.
      return [values.findIndex((x) => x === best || (Number.isNaN(x) && Number.isNaN(best)))];
    }
    case "argSort": {
      const ascending = (x: number, y: number): number => {
        if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
        return x < y ? -1 : x > y ? 1 : 0;
      };
      const order = values.map((_, i) => i);
      return order
        .sort((i, j) => (routine.descending ? -1 : 1) * ascending(values[i], values[j]))
        .slice(0, routine.limit);
    }
  }
}

/** One element of an expression; rounds at every node. */
export function evaluate(
  { nodes, results }: Expression,
  reads: readonly number[],
  index: readonly number[],
): number[] {
  const values: number[] = [];
  for (const node of nodes) {
    let y: number;
    switch (node.kind) {
      case "read":
        y = reads[node.index];
        break;
      case "constant":
        y = node.value;
        break;
      case "unary":
        y = unaryReference[node.name](values[node.a]);
        break;
      case "binary":
        y = binaryMeaning(node.name, node.dtype)(values[node.a], values[node.b]);
        break;
      case "compare":
        y = Number(compareReference[node.name](values[node.a], values[node.b]));
        break;
      case "select":
        y = values[node.condition] !== 0 ? values[node.a] : values[node.b];
        break;
      case "cast":
        y = values[node.a];
        break;
      case "index":
        y = index[node.axis];
        break;
    }
    values.push(roundTo[node.dtype](y));
  }
  return results.map((result) => values[result]);
}
