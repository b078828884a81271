import type { GemmKernel, Kernel, LeafKernel, ReduceKernel } from "../../../kernel/program.js";
import { partOf, rangesOf, type SplitAxis, splitAxis, splitKernel } from "../../../kernel/split.js";
import { microsecondsOf, type Speed, work } from "../../../kernel/work.js";
import type { CodeContext } from "../context.js";
import { type CollapsedProduct, collapsedKernel, gemmCode, type gemmRoutines } from "../gemm-code.js";
import { pathOf } from "../gemm-path.js";
import type { KernelCode } from "../kernel-code.js";
import { codeOf } from "../program-code.js";
import { cheapestAxis, nestOf, reduceCode } from "../reduce.js";

/** How kernels are shared. */
export interface SharingOptions {
  readonly threads: number;
  /** Kernels that take less than so many microseconds stay whole. */
  readonly worthwhile: number;
  /** Microseconds that are lost when workers who sleep are woken (0). */
  readonly wake?: number;
  /** Where parts may begin, in place of what cache lines suggest. */
  readonly grain?: number;
  /** Whether the main thread leaves all parts to the others, and waits for them. */
  readonly patient?: boolean;
}

/** The code of one part of a kernel. */
export type PartCode = (
  ctx: CodeContext,
  gemms: ReturnType<typeof gemmRoutines>,
  flush: boolean,
) => KernelCode | null;
/** How a kernel is cut. */
export interface Parts {
  readonly codes: readonly PartCode[];
  /** The products of the parts of a product. */
  readonly products: readonly CollapsedProduct[];
}

/** One core with 128-bit vectors: products run at 40 GFLOP/s, other arithmetic at less. */
const productSpeed: Speed = { operations: 40_000, functions: 1000, bytes: 20_000 };
const otherSpeed: Speed = { operations: 12_000, functions: 800, bytes: 10_000 };
/** Microseconds that a kernel takes on one thread, as estimated. */
export const timeOf = (kernel: Kernel): number =>
  microsecondsOf(work(kernel), kernel.kind === "gemm" ? productSpeed : otherSpeed);
/** Microseconds that a part takes where there are more of them than threads, and how many a thread has at most: on a busy machine the main thread takes over what others have not begun. */
const partTime = 200;
const mostParts = 8;

/** The parts of a kernel, which leave the same numbers as the whole, bit by bit; null where it stays whole. */
export function partsOf(kernel: LeafKernel, options: SharingOptions): Parts | null {
  const { threads, worthwhile, grain } = options;
  const time = timeOf(kernel);
  if (time < worthwhile) return null;
  const each = Math.max(1, Math.min(mostParts, Math.floor(time / (partTime * threads))));
  const count = each * threads;
  switch (kernel.kind) {
    case "gemm":
      return productParts(kernel, threads, count, grain);
    case "reduce":
      return reductionParts(kernel, count, grain);
    case "check":
      return null;
    case "row":
      // Sorting keeps its lists in a place that is the same for all threads.
      if (kernel.routine.kind === "argSort") return null;
      break;
    default:
  }
  const parts = splitKernel(kernel, count, { worthwhile: 0, ...(grain === undefined ? {} : { grain }) });
  if (parts.length < 2) return null;
  return {
    codes: parts.map((part) => (ctx, gemms, flush) => codeOf(ctx, gemms, part, flush)),
    products: [],
  };
}

/** Vectors run along the same axis in all parts as in the whole: it decides in which order elements are combined. */
function reductionParts(kernel: ReduceKernel, count: number, grain: number | undefined): Parts | null {
  const parts = splitKernel(kernel, count, { worthwhile: 0, ...(grain === undefined ? {} : { grain }) });
  if (parts.length < 2) return null;
  const whole = nestOf(kernel);
  const chosen = cheapestAxis(whole.nest, whole.width, whole.sources, whole.write);
  const along = whole.nest.axes[chosen].reduced;
  const fromEnd = whole.nest.axes.length - chosen;
  const axes = parts.map((part) => {
    const { nest, width, sources, write } = nestOf(part);
    if (along) return nest.axes.length - fromEnd;
    return nest.axes.some(({ reduced }) => !reduced)
      ? cheapestAxis(nest, width, sources, write, false)
      : null;
  });
  if (axes.includes(null)) return null;
  return {
    codes: parts.map((part, i) => (ctx, _gemms, flush) => reduceCode(ctx, part, flush, axes[i])),
    products: [],
  };
}

/** What decides how a product is computed, beside its sizes. */
const formOf = ({ product: { m: _m, n: _n, whole: _whole, ...form }, batch }: CollapsedProduct): string =>
  JSON.stringify([form, batch.map(({ strides }) => strides)]);

function productParts(
  kernel: GemmKernel,
  threads: number,
  many: number,
  grain: number | undefined,
): Parts | null {
  const whole = collapsedKernel(kernel);
  if (pathOf(whole.product).kind === "swap" && grain === undefined && whole.product.m === 1) return null;
  const { m, n } = whole.product;
  const { kind } = pathOf(whole.product);
  for (const axis of directionsOf(kernel, whole)) {
    // Each part packs what it needs of operands that are not packed: only columns of B by rows of A are then packed once.
    const packsAgain = kind === "column" || (kind === "row" && !kernel.b.packed && axis.along !== "columns");
    const count = packsAgain ? threads : many;
    const ranges = rangesOf(grain === undefined ? axis : { ...axis, grain }, count);
    if (ranges.length < 2) continue;
    const parts = ranges.map((range) => partOf(kernel, axis.along, range));
    const products = parts.map(collapsedKernel);
    if (products.some((part) => formOf(part) !== formOf(whole))) continue;
    const alike = products.map(({ product, batch }) => ({ product: { ...product, whole: { m, n } }, batch }));
    return {
      codes: parts.map((part, i) => (ctx, gemms) => gemmCode(ctx, gemms, part, alike[i])),
      products: alike,
    };
  }
  return null;
}

/** Rows of a part, and columns, below which tiles are not filled. */
const leastRows = 4;
const leastColumns = 32;

/** Along what a product may be cut, the best first: so that little is packed twice, and that parts are large. */
function directionsOf(kernel: GemmKernel, { product, batch }: CollapsedProduct): SplitAxis[] {
  const { m, n } = kernel;
  const rows: SplitAxis = { along: "rows", size: m, grain: m >= 2 * leastRows ? leastRows / 2 : 1 };
  const columns: SplitAxis = { along: "columns", size: n, grain: 16 };
  const all: SplitAxis[] = [];
  if (kernel.batch.length > 0) all.push({ along: "batch", size: kernel.batch[0], grain: 1 });
  if (kernel.b.packed) all.push(rows);
  else {
    const rowWise = pathOf(product).kind === "row" && batch.length === 0 && n >= 2 * leastColumns;
    all.push(...(rowWise || n >= m ? [columns, rows] : [rows, columns]));
  }
  const fine = splitAxis(kernel, 2);
  return all.filter(({ size }) => size > 1 && fine !== null);
}
