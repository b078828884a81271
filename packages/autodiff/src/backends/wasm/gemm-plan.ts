import { columnBlock, columnRows, lengthsOf, type Product, partOf, pathOf, swapped } from "./gemm-path.js";
import type { Lanes } from "./lanes.js";
import { tileRows } from "./micro-kernel.js";
import { packedBlock, packedColumns } from "./pack.js";

/** Panels a multiple of the cache's stride apart would evict each other. */
export const panelPadding = 64;
/** The routines that a product is made of, with the names of their parameters. All strides are in bytes.
 * C starts from rows of `init`, `ldinit` apart, which moves along n (by `moves`, or `initStep`). `rowBytes` is a row of packed B; where B is not packed,
 * blocks of it are, into `scratch`, by its steps along k and n. */
export const gemmParameters = {
  /** A strided matrix to rows without gaps. */
  copy: ["rows", "columns", "source", "rowStep", "columnStep", "target"],
  /** Rows of A (unit step along k) by packed B. */
  row: [
    "m",
    "n",
    "k",
    "a",
    "lda",
    "b",
    "c",
    "ldc",
    "init",
    "ldinit",
    "moves",
    "rowBytes",
    "scratch",
    "stepK",
    "stepN",
  ],
  /** The same for a single row: several panels of B at once. */
  "row wide": [
    "m",
    "n",
    "k",
    "a",
    "lda",
    "b",
    "c",
    "ldc",
    "init",
    "ldinit",
    "moves",
    "rowBytes",
    "scratch",
    "stepK",
    "stepN",
  ],
  /** Columns of A (unit step along m; `lda` along k) by rows of B (unit step along n), both read where they lie, `block` rows at a time. */
  strided: ["m", "n", "k", "a", "lda", "b", "ldb", "c", "ldc", "init", "ldinit", "moves", "block"],
  "strided wide": ["m", "n", "k", "a", "lda", "b", "ldb", "c", "ldc", "init", "ldinit", "moves", "block"],
  /** Columns of A, packed tile by tile, by packed B. */
  column: [
    "m",
    "n",
    "k",
    "a",
    "lda",
    "b",
    "c",
    "ldc",
    "init",
    "ldinit",
    "moves",
    "rowBytes",
    "scratch",
    "stepK",
    "stepN",
    "scratchA",
    "block",
  ],
  /** Rows of A by columns of B (unit step along k; `ldb` from one to the next). */
  dots: ["m", "n", "k", "a", "lda", "b", "ldb", "c", "ldc", "init", "ldinit", "initStep"],
  /** Any strides at all, one element at a time. */
  naive: [
    "m",
    "n",
    "k",
    "a",
    "stepAM",
    "stepAK",
    "b",
    "stepBK",
    "stepBN",
    "c",
    "ldc",
    "stepC",
    "init",
    "ldinit",
    "initStep",
  ],
  /** Adds `count` elements side by side to others. */
  fold: ["count", "from", "to"],
  /** C becomes what the products are added to, plus a matrix without gaps. */
  finish: ["m", "n", "from", "c", "ldc", "stepC", "init", "ldinit", "initStep"],
} as const;
export type GemmRoutine = keyof typeof gemmParameters;
export type GemmParameter<R extends GemmRoutine> = (typeof gemmParameters)[R][number];

/** The address of an operand, known only when a call happens; `slot` is where a part of a long product goes. */
export type GemmOperand = "a" | "b" | "c" | "bias" | "slot";
/** An address so many bytes into the scratch of whoever runs the code. */
export interface ScratchAddress {
  readonly scratch: number;
}
/** What a parameter is given: a number, an operand's address, or one in scratch. */
export type GemmValue = number | GemmOperand | ScratchAddress;
type Values<R extends GemmRoutine> = { readonly [P in GemmParameter<R>]: GemmValue };
/** One call: numbers, and addresses that are known when it happens. */
export type GemmCall = {
  readonly [R in GemmRoutine]: { readonly routine: R; readonly values: Values<R> };
}[GemmRoutine];

/** A long product in parts along k, each of which goes to a slot of its own; slots are added pairwise. */
export interface Parts<Call = GemmCall> {
  /** Parts of equal length, and the calls of one. */
  readonly count: number;
  readonly calls: readonly Call[];
  /** The calls of a shorter last part, if there is one. */
  readonly rest: readonly Call[];
  /** Bytes from one part of A, and of B, to the next. */
  readonly stepA: number;
  readonly stepB: number;
  /** The first slot, elements of a slot, and bytes. */
  readonly slots: ScratchAddress;
  readonly slotLength: number;
  readonly slotBytes: number;
}
/** How a product is computed: its parts, if it is long, then these calls. */
export interface GemmPlan {
  readonly parts: Parts | null;
  readonly calls: readonly GemmCall[];
  readonly scratchBytes: number;
}

const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** The address that a module's plans use: 64 zero bytes. */
export interface PlanMemory {
  readonly zeros: number;
}

/** How a product is computed. */
export function planProduct(product: Product, lanes: Lanes, memory: PlanMemory): GemmPlan {
  const { m, n } = product;
  if (m === 0 || n === 0) return { parts: null, calls: [], scratchBytes: 0 };
  const lengths = lengthsOf(product);
  if (lengths === null) return { parts: null, ...planInTurn(product, lanes, memory) };
  return planParts(product, lengths, lanes, memory);
}

/** A long product in parts. */
function planParts(
  product: Product,
  { length, rest }: { length: number; rest: number },
  lanes: Lanes,
  memory: PlanMemory,
): GemmPlan {
  const { m, n, k, a, b } = product;
  const intoSlot = (call: GemmCall): GemmCall => renamed(call, { c: "slot" });
  const whole = planInTurn(partOf(product, length), lanes, memory);
  const last = rest === 0 ? { calls: [], scratchBytes: 0 } : planInTurn(partOf(product, rest), lanes, memory);
  const count = Math.floor(k / length);
  const ownScratch = aligned(Math.max(whole.scratchBytes, last.scratchBytes));
  const slotBytes = aligned(m * n * lanes.bytes);
  const slots = { scratch: ownScratch };
  // A binary counter holds a slot for each of its digits, and one more while it carries.
  const slotCount = Math.floor(Math.log2(count)) + 2;
  const [ldc, stepC] = product.c.map((stride) => stride * lanes.bytes);
  const finish: GemmCall = {
    routine: "finish",
    values: { m, n, from: slots, c: "c", ldc, stepC, ...elementwiseStart(product, lanes, memory) },
  };
  return {
    parts: {
      count,
      calls: whole.calls.map(intoSlot),
      rest: last.calls.map(intoSlot),
      stepA: length * a[1] * lanes.bytes,
      stepB: length * (b === "packed" ? packedColumns(n, lanes) : b[0]) * lanes.bytes,
      slots,
      slotLength: m * n,
      slotBytes,
    },
    calls: [finish],
    scratchBytes: ownScratch + slotCount * slotBytes + 64,
  };
}

interface InTurn {
  readonly calls: readonly GemmCall[];
  readonly scratchBytes: number;
}

function planInTurn(product: Product, lanes: Lanes, memory: PlanMemory): InTurn {
  const path = pathOf(product);
  switch (path.kind) {
    case "swap": {
      const { calls, scratchBytes } = planInTurn(swapped(product), lanes, memory);
      return { calls: calls.map((call) => renamed(call, { a: "b", b: "a" })), scratchBytes };
    }
    case "naive":
      return { calls: [naiveCall(product, lanes, memory)], scratchBytes: 0 };
    case "dots":
      return { calls: [dotsCall(product, lanes, memory)], scratchBytes: 0 };
    case "strided": {
      const { m, n, k } = product;
      const lda = path.lda * lanes.bytes;
      const ldb = stridesOfB(product, lanes).stepK;
      const values = { m, n, k, a: "a", lda, b: "b", ldb, ...start(product, lanes, memory) } as const;
      const routine = path.wide ? "strided wide" : "strided";
      return { calls: [{ routine, values: { ...values, block: path.block } }], scratchBytes: 0 };
    }
    case "row":
      return rowCalls(product, path.copyA, lanes, memory);
    case "column":
      return columnCall(product, lanes, memory);
  }
}

/** The same call with operands under other names. */
function renamed(call: GemmCall, names: { readonly [P in GemmOperand]?: GemmOperand }): GemmCall {
  const entries = Object.entries(call.values).map(([name, value]) => [
    name,
    typeof value === "string" ? (names[value] ?? value) : value,
  ]);
  // The names of the parameters stay as they were.
  return { routine: call.routine, values: Object.fromEntries(entries) } as GemmCall;
}

/** Bytes of b along k and along n; 0 where it is packed. */
const stridesOfB = ({ b }: Product, { bytes }: Lanes): { stepK: number; stepN: number } =>
  b === "packed" ? { stepK: 0, stepN: 0 } : { stepK: b[0] * bytes, stepN: b[1] * bytes };

/** C, and what its products are added to, for routines that go by panels. */
function start(
  { c, mode }: Product,
  { bytes }: Lanes,
  { zeros }: PlanMemory,
): { [P in "c" | "ldc" | "init" | "ldinit" | "moves"]: GemmValue } {
  const ldc = c[0] * bytes;
  const starts = {
    set: { init: zeros, ldinit: 0, moves: 0 },
    accumulate: { init: "c", ldinit: ldc, moves: 1 },
    bias: { init: "bias", ldinit: 0, moves: 1 },
  } as const;
  return { c: "c", ldc, ...starts[mode] };
}
/** What the products are added to, for routines that go by elements. */
function elementwiseStart(
  { c, mode, bias = 1 }: Product,
  { bytes }: Lanes,
  { zeros }: PlanMemory,
): { [P in "init" | "ldinit" | "initStep"]: GemmValue } {
  const starts = {
    set: { init: zeros, ldinit: 0, initStep: 0 },
    accumulate: { init: "c", ldinit: c[0] * bytes, initStep: c[1] * bytes },
    bias: { init: "bias", ldinit: 0, initStep: bias * bytes },
  } as const;
  return starts[mode];
}

function naiveCall(product: Product, lanes: Lanes, memory: PlanMemory): GemmCall {
  const { m, n, k } = product;
  const [stepAM, stepAK] = product.a.map((stride) => stride * lanes.bytes);
  const [ldc, stepC] = product.c.map((stride) => stride * lanes.bytes);
  const { stepK: stepBK, stepN: stepBN } = stridesOfB(product, lanes);
  const operands = { a: "a", stepAM, stepAK, b: "b", stepBK, stepBN, c: "c", ldc, stepC } as const;
  return {
    routine: "naive",
    values: { m, n, k, ...operands, ...elementwiseStart(product, lanes, memory) },
  };
}

function dotsCall(product: Product, lanes: Lanes, memory: PlanMemory): GemmCall {
  const { m, n, k } = product;
  const lda = product.a[0] * lanes.bytes;
  const ldb = stridesOfB(product, lanes).stepN;
  const ldc = product.c[0] * lanes.bytes;
  const operands = { a: "a", lda, b: "b", ldb, c: "c", ldc } as const;
  return {
    routine: "dots",
    values: { m, n, k, ...operands, ...elementwiseStart(product, lanes, memory) },
  };
}

/** Rows of A by packed B; A is copied first if its rows have gaps inside. */
function rowCalls(product: Product, copyA: boolean, lanes: Lanes, memory: PlanMemory): InTurn {
  const { m, n, k, b } = product;
  const packed = b === "packed";
  const [rowStep, columnStep] = product.a.map((stride) => stride * lanes.bytes);
  const rowBytes = packedColumns(n, lanes) * lanes.bytes;
  const scratchB = aligned(packed ? 0 : Math.min(k, packedBlock) * rowBytes) + 64;
  const copy = { scratch: scratchB };
  const left = copyA ? { a: copy, lda: k * lanes.bytes } : ({ a: "a", lda: rowStep } as const);
  const multiply: GemmCall = {
    routine: m === 1 ? "row wide" : "row",
    values: {
      ...{ m, n, k, ...left, b: "b", ...start(product, lanes, memory) },
      ...{ rowBytes, scratch: packed ? 0 : { scratch: 0 }, ...stridesOfB(product, lanes) },
    },
  };
  if (!copyA) return { calls: [multiply], scratchBytes: scratchB };
  const values = { rows: m, columns: k, source: "a", rowStep, columnStep, target: copy } as const;
  return {
    calls: [{ routine: "copy", values }, multiply],
    scratchBytes: scratchB + m * k * lanes.bytes + 64,
  };
}

/** Columns of A, packed tile by tile into scratch, by packed B. */
function columnCall(product: Product, lanes: Lanes, memory: PlanMemory): InTurn {
  const { m, n, k, b } = product;
  const packed = b === "packed";
  const block = Math.min(k, packed ? packedBlock : columnBlock);
  const tiles = Math.ceil(Math.min(m, columnRows) / tileRows);
  const bytesA = aligned(tiles * (block * tileRows * lanes.bytes + panelPadding) + 64);
  const rowBytes = packedColumns(n, lanes) * lanes.bytes;
  const lda = product.a[1] * lanes.bytes;
  const call: GemmCall = {
    routine: "column",
    values: {
      ...{ m, n, k, a: "a", lda, b: "b", ...start(product, lanes, memory) },
      ...{ rowBytes, scratch: packed ? 0 : { scratch: bytesA }, ...stridesOfB(product, lanes) },
      ...{ scratchA: { scratch: 0 }, block },
    },
  };
  return { calls: [call], scratchBytes: bytesA + (packed ? 0 : block * rowBytes) + 64 };
}
