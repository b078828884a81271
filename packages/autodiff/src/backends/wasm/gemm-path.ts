import { InternalError } from "../../base/errors.js";
import type { NumericDType } from "./lanes.js";
import { rowsOfTiles } from "./micro-kernel.js";
import { packedBlock } from "./pack.js";

/** Sizes and strides (in elements) of one matrix product. */
export interface Product {
  readonly dtype: NumericDType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Strides over (m, k). */
  readonly a: readonly [number, number];
  /** Strides over (k, n), or `packed`. */
  readonly b: readonly [number, number] | "packed";
  /** Strides over (m, n). */
  readonly c: readonly [number, number];
  readonly mode: "set" | "accumulate" | "bias";
  /** Stride of the bias along n. */
  readonly bias?: number;
  /** The product that this one is a part of: then it is computed by the same routine, so that the same numbers come out. */
  readonly whole?: { readonly m: number; readonly n: number };
}

/** Rows of a block of a packed, transposed A, and of a packed B beside it. */
export const columnBlock = 256;
/** Rows of C whose part of A is packed at once. */
export const columnRows = 192;
/** Rows up to so many elements are read in place: a block of them fits the first-level cache as it lies. */
const stridedWidth = 256;

const flip = ([p, q]: readonly [number, number]): readonly [number, number] => [q, p];

/** Which routine computes a product; chosen by sizes and strides alone. */
export type Path =
  | { readonly kind: "swap" | "naive" | "dots" | "column" }
  | { readonly kind: "strided"; readonly lda: number; readonly wide: boolean; readonly block: number }
  | { readonly kind: "row"; readonly copyA: boolean };

export function pathOf({ k, a, b, c, mode, bias, ...sizes }: Product): Path {
  const { m, n } = sizes.whole ?? sizes;
  const rowsOfC = c[1] === 1 || n === 1;
  const biasFits = mode !== "bias" || bias === 1 || n === 1;
  if (!rowsOfC || !biasFits) {
    if (b === "packed") throw new InternalError("a packed operand wants rows of c and a bias without gaps");
    return c[0] === 1 && mode !== "bias" ? { kind: "swap" } : { kind: "naive" };
  }
  const unitA = a[1] === 1 || k === 1;
  if (b !== "packed") {
    // A matrix times a vector: as dot products with the rows of the matrix.
    if (n === 1 && m > 1 && c[0] === 1 && unitA && mode !== "bias") return { kind: "swap" };
    if (m <= 2 && b[0] === 1 && k > 1 && unitA) return { kind: "dots" };
    if (m === 1 && b[1] === 1 && unitA) return { kind: "strided", lda: 1, wide: true, block: packedBlock };
  }
  if (unitA) return { kind: "row", copyA: false };
  if (a[0] !== 1 && m !== 1) return { kind: "row", copyA: true };
  if (m === 1 && b === "packed") return { kind: "row", copyA: true };
  if (b !== "packed" && (b[1] === 1 || n === 1) && a[1] <= stridedWidth && b[0] <= stridedWidth) {
    const block = Math.max(
      32,
      Math.min(columnBlock, 4 * Math.floor(8192 / (Math.max(m, a[1]) + Math.max(n, b[0])) / 4)),
    );
    return { kind: "strided", lda: a[1], wide: false, block };
  }
  return { kind: "column" };
}

/** Only unpacked operands are swapped: C transposed is B transposed times A transposed. */
export function swapped(product: Product): Product {
  const { m, n, a, b, c, whole } = product;
  if (b === "packed") return product;
  const turned = { ...product, m: n, n: m, a: flip(b), b: flip(a), c: flip(c) };
  return whole === undefined ? turned : { ...turned, whole: { m: whole.n, n: whole.m } };
}

/** Sums of blocks of k that C may take one after the other: more would drift. */
const blocksInTurn = 16;
/** The longest product of float32 that is computed in one go. */
function longestInTurn(product: Product): number {
  const path = pathOf(product);
  if (path.kind === "swap") return longestInTurn(swapped(product));
  const block = path.kind === "strided" ? path.block : path.kind === "column" ? columnBlock : packedBlock;
  return Math.max(1024, blocksInTurn * block);
}

/** One part of a product, of `k` products, into a slot. */
export const partOf = (product: Product, k: number): Product => ({
  ...product,
  k,
  c: [product.n, 1],
  mode: "set",
});
/** The lengths of the parts of a long product and of what is left over, or null where it is computed in one go. */
export function lengthsOf(product: Product): { length: number; rest: number } | null {
  if (product.dtype !== "float32") return null;
  const length = longestInTurn(partOf(product, product.k));
  return product.k <= length ? null : { length, rest: product.k % length };
}

/** The tile heights that a product uses. */
export function heightsOf(product: Product): number[] {
  const lengths = lengthsOf(product);
  if (lengths !== null) {
    const rest = lengths.rest === 0 ? [] : heightsOf(partOf(product, lengths.rest));
    return [...heightsOf(partOf(product, lengths.length)), ...rest];
  }
  const path = pathOf(product);
  switch (path.kind) {
    case "swap":
      return heightsOf(swapped(product));
    case "naive":
    case "dots":
      return [];
    case "column":
      return [
        ...(product.m >= columnRows ? rowsOfTiles(columnRows) : []),
        ...rowsOfTiles(product.m % columnRows),
      ];
    default:
      return rowsOfTiles(product.m);
  }
}
