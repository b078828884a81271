import type { DType } from "@scope/autodiff/backend";

/** Sizes and strides (in elements) of one matrix product. */
export interface ProductLayout {
  readonly dtype: DType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Strides over (m, k). */
  readonly a: readonly [row: number, column: number];
  /** Strides over (k, n); null for a packed operand. */
  readonly b: readonly [row: number, column: number] | null;
}

const bytesOf: { readonly [D in DType]?: number } = { float32: 4, float64: 8, int32: 4 };
const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

// The numbers and formulas of c/gemm-plan.c; a test holds the two together.
const panelVectors = 3;
const rowVectors = 8;
const longestBlock = 64;
const padding = 64;
const inPlaceRows = 8;
const dotRows = 4;
const conflictBytes = 2048;
const inPlaceBytes = 1024;
const blocksInTurn = 16;
const groupRows = 2048;
const groupColumns = 4096;
const groupBytes = 2 ** 20;

/** Elements of the packed form of a `[k, n]` operand; 0 where the products want none. */
export function packedLength(k: number, n: number, dtype: DType, vectorBytes: number): number {
  if (dtype !== "float32" && dtype !== "float64") return 0;
  const lanes = vectorBytes / (bytesOf[dtype] as number);
  return k * Math.ceil(n / lanes) * lanes;
}

/** C as a row where it is a column. */
function asRow(product: ProductLayout): ProductLayout {
  const { m, n, a, b } = product;
  return n !== 1 || m === 1 || b === null
    ? product
    : { ...product, m: 1, n: m, a: [b[1], b[0]], b: [a[1], a[0]] };
}

/** Bytes of scratch that a product needs, for every number of threads. */
export function scratchBytes(product: ProductLayout, vectorBytes: number): number {
  if (product.m === 0 || product.n === 0 || product.k === 0) return 0;
  const { m, n, k, a, b, dtype } = asRow(product);
  const bytes = bytesOf[dtype] ?? 4;
  const lanes = vectorBytes / bytes;
  if (b !== null && m <= dotRows && b[0] === 1 && (b[1] !== 1 || n === 1) && k > 1)
    return a[1] === 1 ? 0 : align(m * k * bytes);
  const narrow = b !== null && n <= panelVectors * lanes && b[0] <= 4 * lanes;
  const inPlace = b !== null && (b[1] === 1 || n === 1) && (m <= inPlaceRows || narrow);
  const widest = !inPlace || m > 2 ? panelVectors : m === 2 ? 2 * panelVectors : rowVectors;
  const allVectors = Math.ceil(n / lanes);
  const packsB = b !== null && !inPlace;
  const packsA = isPacked({ m, k, a }, Math.ceil(allVectors / widest), bytes);
  const blocks = Math.ceil(k / longestBlock);
  const block = Math.ceil(k / blocks);
  const sums = blocks > blocksInTurn;

  const rows = packsA || sums ? Math.min(m, groupRows) : m;
  const vectors = packsB || sums ? Math.min(allVectors, groupColumns / lanes) : allVectors;
  const bytesA = packsA ? rows * align(block * bytes + padding) : 0;
  const bytesB = packsB ? align(block * vectors * vectorBytes) : 0;
  const packed = bytesA + bytesB;
  const atOnce = packed === 0 ? 0 : Math.min(blocks, Math.max(1, Math.floor(groupBytes / packed)));
  return atOnce * packed + (sums ? 8 * rows * vectors * lanes : 0);
}

/** Whether a product packs A: every panel of B reads all of it. */
function isPacked({ m, k, a }: Pick<ProductLayout, "m" | "k" | "a">, panels: number, bytes: number): boolean {
  if (m <= inPlaceRows || panels <= 2) return false;
  if (a[1] === 1 || k === 1) return panels >= 8 && (a[0] * bytes) % conflictBytes === 0;
  return a[0] !== 1 || a[1] * bytes > inPlaceBytes;
}
