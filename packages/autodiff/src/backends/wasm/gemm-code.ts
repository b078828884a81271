import { InternalError } from "../../base/errors.js";
import { joinAxes } from "../../kernel/layout.js";
import type { GemmKernel, PackKernel } from "../../kernel/program.js";
import type { Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import { GemmRoutines } from "./gemm.js";
import { heightsOf, type Product } from "./gemm-path.js";
import { i32 } from "./instructions.js";
import type { KernelCode } from "./kernel-code.js";
import { lanesOf, type NumericDType, numeric } from "./lanes.js";
import { packedColumns, packRoutine } from "./pack.js";

/** A matrix product for each index of `batch`; strides over (batch…, rows, columns). */
export interface BatchedProduct extends Omit<Product, "a" | "b" | "c"> {
  readonly batch: readonly number[];
  readonly a: readonly number[];
  readonly b: readonly number[] | "packed";
  readonly c: readonly number[];
}
/** A product, and the batch axes that remain around it with the strides of a, b, c. */
export interface CollapsedProduct {
  readonly product: Product;
  readonly batch: readonly { readonly size: number; readonly strides: readonly [number, number, number] }[];
}

/** Makes rows of the batch axes that a and c walk like rows, with one b for all. */
export function collapseBatch(all: BatchedProduct): CollapsedProduct {
  const { dtype, n, k, mode, bias } = all;
  const rank = all.batch.length;
  const pair = (strides: readonly number[]): readonly [number, number] => {
    if (strides.length < rank + 2) throw new InternalError("strides of a matrix are missing");
    return [strides[rank], strides[rank + 1]];
  };
  const outer = (strides: readonly number[]): readonly number[] => strides.slice(0, rank);
  const [a, c] = [pair(all.a), pair(all.c)];
  const inB = all.b === "packed" ? all.batch.map(() => 0) : outer(all.b);
  // B has no rows of C: along m it stays where it is.
  const joined = joinAxes(
    [...all.batch, all.m],
    [
      [...outer(all.a), a[0]],
      [...inB, 0],
      [...outer(all.c), c[0]],
    ],
  );
  const axes = joined.sizes.map((size, i) => {
    const [sa, sb, sc] = joined.strides.map((list) => list[i]);
    return { size, strides: [sa, sb, sc] as const };
  });
  const last = axes.at(-1);
  const b = all.b === "packed" ? "packed" : pair(all.b);
  const alone: Product = { dtype, m: 1, n, k, a, b, c, mode, bias };
  if (last === undefined || last.strides[1] !== 0) return { product: alone, batch: axes };
  const [stepA, , stepC] = last.strides;
  const product: Product = { ...alone, m: last.size, a: [stepA, a[1]], c: [stepC, c[1]] };
  return { product, batch: axes.slice(0, -1) };
}
export function collapsedKernel(kernel: GemmKernel): CollapsedProduct {
  const { batch, m, n, k, mode } = kernel;
  const b = kernel.b.packed ? "packed" : kernel.b.at.strides;
  const bias = kernel.bias?.strides[0] ?? 1;
  const [a, c] = [kernel.a.strides, kernel.c.strides];
  return collapseBatch({ dtype: numeric(kernel.c), batch, m, n, k, a, b, c, mode, bias });
}

/** The products of kernels, without the batch axes around them. */
export const productsOf = (kernels: readonly GemmKernel[]): Product[] =>
  kernels.map((kernel) => collapsedKernel(kernel).product);

/** The gemm routines of a module, by dtype; tile heights are those of the given products. */
export function gemmRoutines(
  ctx: CodeContext,
  products: readonly Product[],
): ReadonlyMap<NumericDType, GemmRoutines> {
  const heights = new Map<NumericDType, number[]>();
  for (const product of products) {
    const known = heights.get(product.dtype) ?? [];
    heights.set(product.dtype, [...known, ...heightsOf(product)]);
  }
  return new Map([...heights].map(([dtype, list]) => [dtype, new GemmRoutines(ctx, dtype, list)]));
}

/** Code of a matrix product with its batch loops. */
export function gemmCode(
  ctx: CodeContext,
  all: ReadonlyMap<NumericDType, GemmRoutines>,
  kernel: GemmKernel,
  { product, batch }: CollapsedProduct = collapsedKernel(kernel),
): KernelCode {
  const routines = all.get(product.dtype);
  if (routines === undefined) throw new InternalError(`${kernel.name}: no routines for ${product.dtype}`);
  const { bytes } = routines.lanes;
  const accesses = [kernel.a, kernel.b.at, kernel.c, ...(kernel.bias === undefined ? [] : [kernel.bias])];
  const routine = ctx.routine(JSON.stringify(["gemm", product, batch]), accesses.length, (f) => {
    const [a, b, c] = [0, 1, 2].map((i) => f.parameter(i));
    const bias = kernel.bias === undefined ? null : f.parameter(3);
    const loop = (depth: number, [pa, pb, pc]: readonly Local<"i32">[]): void => {
      if (depth === batch.length) {
        routines.emit(f, product, { a: pa, b: pb, c: pc, bias: bias ?? i32.const(0) });
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
  const { k, n, source, packed, columns = { first: 0, of: n } } = kernel;
  const lanes = lanesOf(numeric(packed), ctx);
  const [stepK, stepN] = source.strides.map((stride) => stride * lanes.bytes);
  const { code, names } = packRoutine(ctx, lanes);
  return {
    routine: code,
    operands: (address) => {
      const operands = {
        ...{ k: i32.const(k), n: i32.const(n), source: address(source, source.offset) },
        ...{ stepK: i32.const(stepK), stepN: i32.const(stepN), target: address(packed, packed.offset) },
        rowBytes: i32.const(packedColumns(columns.of, lanes) * lanes.bytes),
        skipped: i32.const(columns.first * lanes.bytes),
      };
      return names.map((name) => operands[name]);
    },
  };
}
