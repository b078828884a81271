import { InternalError } from "../../base/errors.js";
import {
  type Access,
  type BranchKernel,
  type Buffer,
  type CheckKernel,
  type FillKernel,
  type GemmKernel,
  homeOf,
  type Kernel,
  type LoopKernel,
  type MapKernel,
  type PackKernel,
  type Program,
  type RandomBitsKernel,
  type Read,
  type ReduceKernel,
  type RowKernel,
  type ScatterAddKernel,
  type WhileKernel,
} from "../../kernel/program.js";
import { combined, evaluate, neutral, rowResults } from "./naive-elements.js";
import { plainThreefry, roundTo } from "./reference-scalars.js";

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

  /** Runs a kernel in the round of the loops around it that the counters say. */
  one(kernel: Kernel, counters: readonly number[]): void {
    switch (kernel.kind) {
      case "map":
        return this.#map(kernel, counters);
      case "reduce":
        return this.#reduce(kernel, counters);
      case "fill":
        return this.#fill(kernel, counters);
      case "pack":
        return this.#pack(kernel, counters);
      case "gemm":
        return this.#gemm(kernel, counters);
      case "scatterAdd":
        return this.#scatterAdd(kernel, counters);
      case "row":
        return this.#row(kernel, counters);
      case "check":
        return this.#check(kernel, counters);
      case "randomBits":
        return this.#randomBits(kernel, counters);
      case "loop":
        return this.#loop(kernel, counters);
      case "branch":
        return this.#branch(kernel, counters);
      case "while":
        return this.#while(kernel, counters);
    }
  }

  #map({ shape, reads, expression, writes }: MapKernel, counters: readonly number[]): void {
    for (const index of indicesOf(shape)) {
      const operands = reads.map((read) => this.#read(read, index, counters));
      const results = evaluate(expression, operands, index);
      writes.forEach((write, i) => {
        this.put(write, index, counters, results[i]);
      });
    }
  }

  #reduce(
    { shape, reduced, reads, expression, combine, write }: ReduceKernel,
    counters: readonly number[],
  ): void {
    const kept = shape.length - reduced;
    const { dtype } = write.buffer;
    for (const outer of indicesOf(shape.slice(0, kept))) {
      let total = neutral(combine, dtype);
      for (const inner of indicesOf(shape.slice(kept))) {
        const index = [...outer, ...inner];
        const operands = reads.map((read) => this.#read(read, index, counters));
        const [value] = evaluate(expression, operands, index);
        total = combined(combine, dtype, total, value);
      }
      this.put(write, outer, counters, roundTo[dtype](total));
    }
  }

  #fill({ shape, target, value }: FillKernel, counters: readonly number[]): void {
    for (const index of indicesOf(shape)) this.put(target, index, counters, value);
  }

  #pack({ k, n, source, packed }: PackKernel, counters: readonly number[]): void {
    const rows: number[] = [];
    for (const index of indicesOf([k, n])) rows.push(this.get(source, index, counters));
    // Row by row is a layout like any other, and a packed buffer is at least that long.
    this.memory.set(homeOf(packed.buffer), rows);
  }

  #scatterAdd({ shape, index, source, target }: ScatterAddKernel, counters: readonly number[]): void {
    for (const [b, m, r] of indicesOf(shape)) {
      const to = [b, this.get(index, [b, m], counters), r];
      const sum = this.get(target, to, counters) + this.get(source, [b, m, r], counters);
      this.put(target, to, counters, sum);
    }
  }

  #row({ routine, rows, n, source, target }: RowKernel, counters: readonly number[]): void {
    const from: Access = { ...source, strides: [source.strides[0], 1] };
    const to: Access = { ...target, strides: [target.strides[0], 1] };
    for (let row = 0; row < rows; row++) {
      const values = Array.from({ length: n }, (_, i) => this.get(from, [row, i], counters));
      rowResults(routine, values).forEach((value, i) => {
        this.put(to, [row, i], counters, value);
      });
    }
  }

  #check({ shape, index, low, high, ignored, status, code }: CheckKernel, counters: readonly number[]): void {
    for (const place of indicesOf(shape)) {
      const at = this.get(index, place, counters);
      if ((at >= low && at < high) || at === ignored) continue;
      this.put(status, [], counters, code);
      this.put({ ...status, offset: status.offset + 1 }, [], counters, at);
      this.#failed = true;
      return;
    }
  }

  #loop({ length, reverse, body }: LoopKernel, counters: readonly number[]): void {
    for (let i = 0; i < length; i++) this.all(body, [...counters, reverse ? length - 1 - i : i]);
  }

  #branch({ condition, whenTrue, whenFalse }: BranchKernel, counters: readonly number[]): void {
    this.all(this.get(condition, [], counters) !== 0 ? whenTrue : whenFalse, counters);
  }

  #while({ condition, test, body }: WhileKernel, counters: readonly number[]): void {
    for (;;) {
      this.all(test, counters);
      if (this.#failed || this.get(condition, [], counters) === 0) return;
      this.all(body, counters);
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
