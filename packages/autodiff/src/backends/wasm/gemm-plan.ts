import type { Lanes, NumericDType } from "./lanes.js";
import { rowsOfTiles, tileRows } from "./micro-kernel.js";
import { packedBlock, packedColumns } from "./pack.js";

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
}

/** Rows of a block of a packed, transposed A, and of a packed B beside it. */
const columnBlock = 256;
/** Rows of C whose part of A is packed at once. */
export const columnRows = 192;
/** Panels a multiple of the cache's stride apart would evict each other. */
export const panelPadding = 64;
/** Rows up to so many elements are read in place: a block of them fits the first-level cache as it lies. */
const stridedWidth = 256;

/** The routines that a product is made of; {@link GemmRoutines} says what each takes. */
export type GemmRoutine =
  | "copy"
  | "row"
  | "row wide"
  | "strided"
  | "strided wide"
  | "column"
  | "dots"
  | "naive";
/** The address of an operand. */
export type GemmOperand = "a" | "b" | "c" | "bias";
/** One call: a number, or an address that is known when it happens. */
export interface GemmCall {
  readonly routine: GemmRoutine;
  readonly operands: readonly (number | GemmOperand)[];
}

const flip = ([p, q]: readonly [number, number]): readonly [number, number] => [q, p];

/** How a product is computed; chosen by sizes and strides alone. */
type Path =
  | { readonly kind: "swap" | "naive" | "dot" | "column" }
  | { readonly kind: "strided"; readonly lda: number; readonly wide: boolean; readonly block: number }
  | { readonly kind: "row"; readonly copyA: boolean };

function pathOf({ m, n, k, a, b, c, mode, bias }: Product): Path {
  const rowsOfC = c[1] === 1 || n === 1;
  const biasFits = mode !== "bias" || bias === 1 || n === 1;
  if (!rowsOfC || !biasFits)
    return c[0] === 1 && b !== "packed" && mode !== "bias" ? { kind: "swap" } : { kind: "naive" };
  const unitA = a[1] === 1 || k === 1;
  if (b !== "packed") {
    // A matrix times a vector: as dot products with the rows of the matrix.
    if (n === 1 && m > 1 && c[0] === 1 && unitA && mode !== "bias") return { kind: "swap" };
    if (m <= 2 && b[0] === 1 && k > 1 && unitA) return { kind: "dot" };
    if (m === 1 && b[1] === 1 && unitA) return { kind: "strided", lda: 1, wide: true, block: k };
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
function swapped(product: Product): Product {
  const { m, n, a, b, c } = product;
  return b === "packed" ? product : { ...product, m: n, n: m, a: flip(b), b: flip(a), c: flip(c) };
}

/** The tile heights that a product uses. */
export function heightsOf(product: Product): number[] {
  const path = pathOf(product);
  switch (path.kind) {
    case "swap":
      return heightsOf(swapped(product));
    case "naive":
    case "dot":
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

const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** The calls that compute a product, and the bytes of scratch that they use.
 * @param zeros - Address of 64 zero bytes. */
export function planProduct(
  product: Product,
  lanes: Lanes,
  zeros: number,
  scratch: number,
): { calls: GemmCall[]; scratchBytes: number } {
  const { m, n, k, mode, b } = product;
  if (m === 0 || n === 0) return { calls: [], scratchBytes: 0 };
  const { bytes } = lanes;
  const path = pathOf(product);
  if (path.kind === "swap") {
    const { calls, scratchBytes } = planProduct(swapped(product), lanes, zeros, scratch);
    const renamed = (operand: number | GemmOperand): number | GemmOperand =>
      operand === "a" ? "b" : operand === "b" ? "a" : operand;
    return {
      calls: calls.map(({ routine, operands }) => ({ routine, operands: operands.map(renamed) })),
      scratchBytes,
    };
  }
  const packed = b === "packed";
  const [bk, bn] = packed ? [0, 0] : [b[0] * bytes, b[1] * bytes];
  const [am, ak] = product.a.map((stride) => stride * bytes);
  const [ldc, cn] = product.c.map((stride) => stride * bytes);
  const starts = { set: [zeros, 0, 0], accumulate: ["c", ldc, 1], bias: ["bias", 0, 1] } as const;
  const start = starts[mode];
  const rowBytes = packedColumns(n, lanes) * bytes;
  switch (path.kind) {
    case "naive": {
      const rest = [
        mode === "accumulate" ? 1 : 0,
        mode === "bias" ? "bias" : 0,
        (product.bias ?? 1) * bytes,
      ] as const;
      return {
        calls: [{ routine: "naive", operands: [m, n, k, "a", am, ak, "b", bk, bn, "c", ldc, cn, ...rest] }],
        scratchBytes: 0,
      };
    }
    case "dot": {
      const [init, ldinit] = start;
      const operands = [
        m,
        n,
        k,
        "a",
        am,
        "b",
        bn,
        "c",
        ldc,
        init,
        ldinit,
        mode === "set" ? 0 : bytes,
      ] as const;
      return { calls: [{ routine: "dots", operands }], scratchBytes: 0 };
    }
    case "strided": {
      const operands = [m, n, k, "a", path.lda * bytes, "b", bk, "c", ldc, ...start, path.block] as const;
      return { calls: [{ routine: path.wide ? "strided wide" : "strided", operands }], scratchBytes: 0 };
    }
    case "row": {
      const bytesB = aligned(packed ? 0 : Math.min(k, packedBlock) * rowBytes) + 64;
      const steps = [rowBytes, packed ? 0 : scratch, bk, bn] as const;
      const routine = m === 1 ? "row wide" : "row";
      if (!path.copyA) {
        return {
          calls: [{ routine, operands: [m, n, k, "a", am, "b", "c", ldc, ...start, ...steps] }],
          scratchBytes: bytesB,
        };
      }
      const copy = scratch + bytesB;
      const calls: GemmCall[] = [
        { routine: "copy", operands: [m, k, "a", am, ak, copy] },
        { routine, operands: [m, n, k, copy, k * bytes, "b", "c", ldc, ...start, ...steps] },
      ];
      return { calls, scratchBytes: bytesB + m * k * bytes + 64 };
    }
    case "column": {
      const block = Math.min(k, packed ? packedBlock : columnBlock);
      const tiles = Math.ceil(Math.min(m, columnRows) / tileRows);
      const bytesA = aligned(tiles * (block * tileRows * bytes + panelPadding) + 64);
      const steps = [rowBytes, scratch, packed ? 0 : scratch + bytesA, bk, bn, block] as const;
      const scratchBytes = bytesA + (packed ? 0 : block * rowBytes) + 64;
      return {
        calls: [{ routine: "column", operands: [m, n, k, "a", ak, "b", "c", ldc, ...start, ...steps] }],
        scratchBytes,
      };
    }
  }
}
