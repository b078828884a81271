import type { TypedArray } from "../../base/dtype.js";
import { CodeContext } from "./context.js";
import { hasRelaxedMadd } from "./features.js";
import { GemmRoutines } from "./gemm.js";
import { collapseBatch } from "./gemm-code.js";
import type { GemmOperand, GemmRoutine } from "./gemm-plan.js";
import { planProduct } from "./gemm-plan.js";
import { type Exports, instantiate } from "./instance.js";
import type { Lanes } from "./lanes.js";

/** A matrix product of arrays; strides over (batch…, m, k) and (batch…, k, n), in elements; c is row-major `[batch…, m, n]`. */
export interface EagerProduct {
  readonly dtype: "float32" | "float64";
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: TypedArray;
  readonly aOffset: number;
  readonly aStrides: readonly number[];
  readonly b: TypedArray;
  readonly bOffset: number;
  readonly bStrides: readonly number[];
  readonly c: TypedArray;
  readonly cOffset: number;
}

const pageBytes = 65536;
const routineNames: readonly GemmRoutine[] = [
  "copy",
  "row",
  "row wide",
  "strided",
  "strided wide",
  "column",
  "dots",
  "naive",
];
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** One module for all sizes of a dtype, over a memory that grows to the largest product seen. */
class EagerGemm {
  readonly #ctx: CodeContext;
  readonly lanes: Lanes;
  readonly #exports: Exports;
  readonly #memory: WebAssembly.Memory;
  #elements: Float32Array | Float64Array;
  readonly #dtype: "float32" | "float64";

  constructor(dtype: "float32" | "float64") {
    this.#dtype = dtype;
    this.#ctx = new CodeContext(0, hasRelaxedMadd());
    const routines = new GemmRoutines(this.#ctx, dtype, [1, 2, 3, 4, 5, 6]);
    this.lanes = routines.lanes;
    for (const name of routineNames) this.#ctx.module.export(name, routines.routine(name));
    const bytes = this.#ctx.module.encode();
    this.#memory = new WebAssembly.Memory({ initial: 1 });
    this.#exports = instantiate({ bytes, imports: this.#ctx.module.imports }, this.#memory);
    this.#elements = this.#view();
  }
  #view(): Float32Array | Float64Array {
    const { buffer } = this.#memory;
    return this.#dtype === "float32" ? new Float32Array(buffer) : new Float64Array(buffer);
  }

  run(call: EagerProduct): void {
    const { dtype, m, n, k } = call;
    const { bytes } = this.lanes;
    const rows = rowMajorOf([...call.batch, m, n]);
    const sizes = { a: [...call.batch, m, k], b: [...call.batch, k, n] };
    const a = compact(call.a, call.aOffset, call.aStrides, sizes.a);
    const b = compact(call.b, call.bOffset, call.bStrides, sizes.b);
    const whole = {
      dtype,
      batch: call.batch,
      m,
      n,
      k,
      a: a.strides,
      b: b.strides,
      c: rows,
      mode: "set",
    } as const;
    const { product, batch } = collapseBatch(whole);
    const { zeros, scratch } = this.#ctx;
    const { calls, scratchBytes } = planProduct(product, this.lanes, zeros, scratch);
    const lengthC = sizes.a.slice(0, -1).reduce((x, y) => x * y, n);
    if (lengthC === 0) return;
    const aAt = scratch + aligned(scratchBytes);
    const bAt = aAt + aligned(a.length * bytes) + 64;
    const cAt = bAt + aligned(b.length * bytes) + 64;
    const needed = cAt + lengthC * bytes + 128;
    if (needed > this.#memory.buffer.byteLength) {
      // Half as much again, so that growing sizes do not grow the memory each time.
      const pages = Math.ceil((needed * 1.5 - this.#memory.buffer.byteLength) / pageBytes);
      this.#memory.grow(pages);
      this.#elements = this.#view();
    }
    const elements = this.#elements;
    a.copyTo(elements, aAt / bytes);
    b.copyTo(elements, bAt / bytes);
    const at: { [P in GemmOperand]: number } = {
      a: aAt + a.start * bytes,
      b: bAt + b.start * bytes,
      c: cAt,
      bias: 0,
    };
    const loop = (depth: number): void => {
      if (depth === batch.length) {
        for (const { routine, operands } of calls)
          this.#exports[routine](
            ...operands.map((operand) => (typeof operand === "number" ? operand : at[operand])),
          );
        return;
      }
      const { size, strides } = batch[depth];
      for (let i = 0; i < size; i++) {
        loop(depth + 1);
        for (const [which, place] of (["a", "b", "c"] as const).entries())
          at[place] += strides[which] * bytes;
      }
      for (const [which, place] of (["a", "b", "c"] as const).entries())
        at[place] -= size * strides[which] * bytes;
    };
    loop(0);
    call.c.set(elements.subarray(cAt / bytes, cAt / bytes + lengthC), call.cOffset);
  }
}

function rowMajorOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let n = 1;
  for (const size of [...shape].reverse()) {
    strides.unshift(n);
    n *= size;
  }
  return strides;
}

/** An operand as it is copied in: as it lies if it has few gaps, else gathered row by row. */
interface Compact {
  readonly length: number;
  readonly strides: readonly number[];
  /** Where its first element comes to lie. */
  readonly start: number;
  copyTo(target: Float32Array | Float64Array, position: number): void;
}
function compact(
  array: TypedArray,
  offset: number,
  strides: readonly number[],
  shape: readonly number[],
): Compact {
  let [low, high, count] = [0, 0, 1];
  for (const [axis, size] of shape.entries()) {
    const reach = strides[axis] * Math.max(0, size - 1);
    if (reach < 0) low += reach;
    else high += reach;
    if (strides[axis] !== 0) count *= size;
  }
  const length = high - low + 1;
  if (length <= 2 * count) {
    return {
      length,
      strides,
      start: -low,
      copyTo: (target, position) => target.set(array.subarray(offset + low, offset + high + 1), position),
    };
  }
  const dense = rowMajorOf(shape);
  const total = shape.reduce((x, y) => x * y, 1);
  const gather = (target: Float32Array | Float64Array, axis: number, from: number, to: number): void => {
    const last = axis === shape.length - 1;
    for (let i = 0, p = from, q = to; i < shape[axis]; i++, p += strides[axis], q += dense[axis]) {
      if (last) target[q] = array[p];
      else gather(target, axis + 1, p, q);
    }
  };
  return {
    length: total,
    strides: dense,
    start: 0,
    copyTo: (target, position) => gather(target, 0, offset, position),
  };
}

const byDType = new Map<"float32" | "float64", EagerGemm>();
/** Computes c = a · b at the speed of compiled code: copies the operands into a scratch memory, and the result out. */
export function eagerGemm(product: EagerProduct): void {
  let gemm = byDType.get(product.dtype);
  if (gemm === undefined) {
    gemm = new EagerGemm(product.dtype);
    byDType.set(product.dtype, gemm);
  }
  gemm.run(product);
}
