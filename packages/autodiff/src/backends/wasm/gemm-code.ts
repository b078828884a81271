import { InternalError } from "../../base/errors.js";
import type { GemmKernel, PackKernel } from "../../kernel/program.js";
import type { Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import { GemmRoutines, heightsOf, type Product } from "./gemm.js";
import { i32 } from "./instructions.js";
import type { KernelCode } from "./kernel-code.js";
import { lanesOf, type NumericDType } from "./lanes.js";
import { packedColumns, packRoutine } from "./pack.js";
import { numeric } from "./routines.js";

/** A gemm kernel as products along the batch axes that remain. */
interface Batched {
  readonly product: Product;
  /** Sizes, and strides of a, b, c. */
  readonly batch: readonly { readonly size: number; readonly strides: readonly [number, number, number] }[];
}

/** Reads a gemm kernel: batch axes that a and c walk like rows, with one b for all, become rows. */
export function batchedProduct(kernel: Omit<GemmKernel, "scratch">): Batched {
  const rank = kernel.batch.length;
  const { n, k, mode } = kernel;
  const [as, bs, cs] = [kernel.a.strides, kernel.b.packed ? [] : kernel.b.at.strides, kernel.c.strides];
  const pair = (strides: readonly number[]): readonly [number, number] => {
    if (strides.length < rank + 2) throw new InternalError(`${kernel.name}: strides of an operand are missing`);
    return [strides[rank], strides[rank + 1]];
  };
  const batch = kernel.batch
    .map((size, i) => ({ size, strides: [as[i], bs[i] ?? 0, cs[i]] as const }))
    .filter(({ size }) => size !== 1);
  let m = kernel.m;
  let [a, c] = [pair(as), pair(cs)];
  for (let last = batch.at(-1); last !== undefined; last = batch.at(-1)) {
    const [sa, sb, sc] = last.strides;
    if (sb !== 0 || !(m === 1 || (sa === a[0] * m && sc === c[0] * m))) break;
    if (m === 1) {
      a = [sa, a[1]];
      c = [sc, c[1]];
    }
    m *= last.size;
    batch.pop();
  }
  const b = kernel.b.packed ? "packed" : pair(bs);
  const bias = kernel.bias?.strides[0] ?? 1;
  return { product: { dtype: numeric(kernel.c), m, n, k, a, b, c, mode, bias }, batch };
}

/** The gemm routines of a module, by dtype; tile heights are those of the given kernels. */
export function gemmRoutines(ctx: CodeContext, kernels: readonly GemmKernel[]): ReadonlyMap<NumericDType, GemmRoutines> {
  const heights = new Map<NumericDType, number[]>();
  for (const { product } of kernels.map(batchedProduct)) {
    const known = heights.get(product.dtype) ?? [];
    heights.set(product.dtype, [...known, ...heightsOf(product)]);
  }
  return new Map([...heights].map(([dtype, list]) => [dtype, new GemmRoutines(ctx, dtype, list)]));
}

/** Code of a matrix product with its batch loops. */
export function gemmCode(ctx: CodeContext, all: ReadonlyMap<NumericDType, GemmRoutines>, kernel: GemmKernel): KernelCode {
  const { product, batch } = batchedProduct(kernel);
  const routines = all.get(product.dtype);
  if (routines === undefined) throw new InternalError(`${kernel.name}: no routines for ${product.dtype}`);
  const { bytes } = routines.lanes;
  const accesses = [kernel.a, kernel.b.at, kernel.c, ...(kernel.bias === undefined ? [] : [kernel.bias])];
  const routine = ctx.routine(JSON.stringify(["gemm", product, batch]), accesses.length, (f) => {
    const [a, b, c] = [0, 1, 2].map((i) => f.parameter(i));
    const bias = kernel.bias === undefined ? null : f.parameter(3);
    const loop = (depth: number, [pa, pb, pc]: readonly Local<"i32">[]): void => {
      if (depth === batch.length) {
        routines.emit(f, product, { a: pa, b: pb, c: pc, bias });
        return;
      }
      const { size, strides } = batch[depth];
      const inner = [pa, pb, pc].map((pointer) => f.let(pointer));
      f.repeat(size, () => {
        loop(depth + 1, inner);
        for (const [i, pointer] of inner.entries()) f.advance(pointer, strides[i] * bytes);
      });
    };
    loop(0, [a, b, c]);
  });
  return { routine, operands: (address) => accesses.map((access) => address(access, access.offset)) };
}

/** Elements of a packed operand. */
export const packedLengthOf = (k: number, n: number, dtype: NumericDType): number =>
  k * packedColumns(n, lanesOf(dtype, { relaxed: false }));

/** Code that rearranges a right operand. */
export function packCode(ctx: CodeContext, kernel: PackKernel): KernelCode {
  const { k, n, source, packed } = kernel;
  const lanes = lanesOf(numeric(packed), ctx);
  const [stepK, stepN] = source.strides.map((stride) => i32.const(stride * lanes.bytes));
  const rowBytes = i32.const(packedColumns(n, lanes) * lanes.bytes);
  return {
    routine: packRoutine(ctx, lanes),
    operands: (address) => [
      i32.const(k), i32.const(n), address(source, source.offset), stepK, stepN, address(packed, packed.offset), rowBytes,
    ],
  };
}
