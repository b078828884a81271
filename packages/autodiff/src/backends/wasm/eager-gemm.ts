import type { TypedArray } from "../../base/dtype.js";
import { CodeContext } from "./context.js";
import { hasRelaxedMadd } from "./features.js";
import { GemmRoutines } from "./gemm.js";
import { type CollapsedProduct, collapseBatch } from "./gemm-code.js";
import {
  type GemmCall,
  type GemmOperand,
  type GemmRoutine,
  type GemmValue,
  gemmParameters,
  type Parts,
  planProduct,
} from "./gemm-plan.js";
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
const routineNames = Object.keys(gemmParameters) as readonly GemmRoutine[];
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** A call with its operands in order. */
interface PreparedCall {
  readonly run: (...operands: number[]) => void;
  readonly operands: readonly (number | GemmOperand)[];
}
/** How a product of given sizes and strides is computed. */
interface Prepared {
  readonly batch: CollapsedProduct["batch"];
  readonly calls: readonly PreparedCall[];
  readonly parts: Parts<PreparedCall> | null;
  readonly scratchBytes: number;
}
/** Plans that are kept: more sizes than a loop of products has. */
const keptPlans = 256;

/** One module for all sizes of a dtype, over a memory that grows to the largest product seen. */
class EagerGemm {
  readonly #ctx: CodeContext;
  readonly #lanes: Lanes;
  readonly #exports: Exports;
  readonly #memory: WebAssembly.Memory;
  readonly #plans = new Map<string, Prepared>();
  #elements: Float32Array | Float64Array;
  readonly #dtype: "float32" | "float64";

  constructor(dtype: "float32" | "float64") {
    this.#dtype = dtype;
    this.#ctx = new CodeContext(0, hasRelaxedMadd());
    const routines = new GemmRoutines(this.#ctx, dtype, [1, 2, 3, 4, 5, 6]);
    this.#lanes = routines.lanes;
    for (const name of routineNames) this.#ctx.module.export(name, routines.routine(name).code);
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
    const { batch, m, n, k } = call;
    const { bytes } = this.#lanes;
    const lengthC = batch.reduce((x, y) => x * y, m * n);
    if (lengthC === 0) return;
    const a = compact(call.a, call.aOffset, call.aStrides, [...batch, m, k]);
    const b = compact(call.b, call.bOffset, call.bStrides, [...batch, k, n]);
    const plan = this.#plan(call, a.strides, b.strides);
    const aAt = this.#ctx.scratch + aligned(plan.scratchBytes);
    const bAt = aAt + aligned(a.length * bytes) + 64;
    const cAt = bAt + aligned(b.length * bytes) + 64;
    this.#reserve(cAt + lengthC * bytes + 128);
    const elements = this.#elements;
    a.copyTo(elements, aAt / bytes);
    b.copyTo(elements, bAt / bytes);
    const at: Addresses = { a: aAt + a.start * bytes, b: bAt + b.start * bytes, c: cAt, bias: 0, slot: 0 };
    this.#overBatch(plan, 0, at);
    call.c.set(elements.subarray(cAt / bytes, cAt / bytes + lengthC), call.cOffset);
  }
  #reserve(bytes: number): void {
    const missing = bytes - this.#memory.buffer.byteLength;
    if (missing <= 0) return;
    // Half as much again, so that growing sizes do not grow the memory each time.
    this.#memory.grow(Math.ceil((missing + bytes * 0.5) / pageBytes));
    this.#elements = this.#view();
  }

  #plan({ batch, m, n, k }: EagerProduct, a: readonly number[], b: readonly number[]): Prepared {
    const key = `${m},${n},${k},${batch},${a},${b}`;
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      const c = rowMajorOf([...batch, m, n]);
      const collapsed = collapseBatch({ dtype: this.#dtype, batch, m, n, k, a, b, c, mode: "set" });
      const { parts, calls, scratchBytes } = planProduct(collapsed.product, this.#lanes, this.#ctx);
      const prepare = ({ routine, values }: GemmCall): PreparedCall => {
        const operands: { readonly [name: string]: GemmValue } = values;
        return {
          run: this.#exports[routine],
          operands: gemmParameters[routine].map((name) => this.#placed(operands[name])),
        };
      };
      plan = {
        batch: collapsed.batch,
        calls: calls.map(prepare),
        parts: parts && { ...parts, calls: parts.calls.map(prepare), rest: parts.rest.map(prepare) },
        scratchBytes,
      };
      if (this.#plans.size >= keptPlans) this.#plans.clear();
      this.#plans.set(key, plan);
    }
    return plan;
  }

  #placed(value: GemmValue): number | GemmOperand {
    return typeof value === "object" ? this.#ctx.scratch + value.scratch : value;
  }

  #overBatch(plan: Prepared, depth: number, at: Addresses): void {
    if (depth === plan.batch.length) {
      if (plan.parts !== null) this.#runParts(plan.parts, at);
      runCalls(plan.calls, at);
      return;
    }
    const { size, strides } = plan.batch[depth];
    const [a, b, c] = strides.map((stride) => stride * this.#lanes.bytes);
    for (let i = 0; i < size; i++)
      this.#overBatch(plan, depth + 1, { ...at, a: at.a + i * a, b: at.b + i * b, c: at.c + i * c });
  }
  /** The parts of a long product, each into the next slot; two slots that stand for as many parts become one, as a binary counter carries. */
  #runParts(parts: Parts<PreparedCall>, operands: Addresses): void {
    const { slotLength, slotBytes } = parts;
    const slots = this.#ctx.scratch + parts.slots.scratch;
    const at = { ...operands, slot: slots };
    const carry = (): void => {
      at.slot -= slotBytes;
      this.#exports.fold(slotLength, at.slot, at.slot - slotBytes);
    };
    for (let done = 1; done <= parts.count; done++) {
      runCalls(parts.calls, at);
      at.a += parts.stepA;
      at.b += parts.stepB;
      at.slot += slotBytes;
      for (let digits = done; digits % 2 === 0; digits /= 2) carry();
    }
    if (parts.rest.length > 0) {
      runCalls(parts.rest, at);
      at.slot += slotBytes;
    }
    while (at.slot > slots + slotBytes) carry();
  }
}

type Addresses = { readonly [P in GemmOperand]: number };
function runCalls(calls: readonly PreparedCall[], at: Addresses): void {
  for (const { run, operands } of calls) {
    const numbers = operands.map((operand) => (typeof operand === "number" ? operand : at[operand]));
    run(...numbers);
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
