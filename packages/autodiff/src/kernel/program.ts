import type { DType } from "../base/dtype.js";
import type { Combine, Expression } from "./instruction.js";
import type { IndexRange } from "./lowering.js";

/** What a compiled program is made of: buffers with fixed places, and kernels over them in order. A backend turns it into something that runs;
 * it knows no op. All sizes are fixed; addresses move only with the counters of enclosing loops. */

/** A piece of the program's memory. */
export interface Buffer {
  readonly id: number;
  readonly name: string;
  readonly dtype: DType;
  /** In elements. */
  readonly length: number;
  /** Byte offset in the program's memory, 64-byte aligned, set by the memory plan; buffers whose lives do not meet may share it. */
  address: number;
  /** Initial content, written once when the program is instantiated (constants). */
  readonly initial?: ArrayLike<number>;
}

/** Element address = offset + Σ index[k]·strides[k] + Σ counter[l]·steps[l], where counter[l] is the value of the l-th enclosing loop
 * (outermost first; a reversed loop counts down from length − 1 to 0). Missing steps are 0. */
export interface Access {
  readonly buffer: Buffer;
  readonly offset: number;
  /** One per axis of the kernel's index space (for routines: as each says). */
  readonly strides: readonly number[];
  readonly steps: readonly number[];
}

/** A read whose first address part comes from an int32 elsewhere: element `index`'s value, times `stride`, is added to the address of `at`. */
export interface GatheredRead {
  readonly at: Access;
  readonly index: Access;
  readonly stride: number;
}
export type Read =
  | { readonly kind: "plain"; readonly at: Access }
  | ({ readonly kind: "gathered" } & GatheredRead);

/** One fused elementwise kernel: for every index of `shape`, evaluate the expression on the reads, store the results.
 * A write may be to the very element that a read of the same kernel reads (in place), never to one that another index reads. */
export interface MapKernel {
  readonly kind: "map";
  readonly name: string;
  readonly shape: readonly number[];
  readonly reads: readonly Read[];
  readonly expression: Expression;
  /** `results[i]` of the expression is stored at `writes[i]` (the dtype of its buffer equals that of the node). */
  readonly writes: readonly Access[];
}

/** Fused map-reduce: over the last `reduced` axes of `shape`, combine the expression's only result, and store it once per outer index. */
export interface ReduceKernel {
  readonly kind: "reduce";
  readonly name: string;
  readonly shape: readonly number[];
  readonly reduced: number;
  readonly reads: readonly Read[];
  readonly expression: Expression;
  readonly combine: Combine;
  /** Strides over the outer axes only; the dtype of its buffer equals that of the result. */
  readonly write: Access;
}

/** Rearranges a `[k, n]` operand for {@link GemmKernel}. The layout of `packed` is the backend's own; its length is `packedLength(k, n, dtype)` of the backend. */
export interface PackKernel {
  readonly kind: "pack";
  readonly name: string;
  readonly k: number;
  readonly n: number;
  /** Strides over (k, n). */
  readonly source: Access;
  readonly packed: Access;
}

/** `c = a · b`, or `c += a · b`, or `c = bias + a · b`. Sizes m × k × n; strides of a over (batch…, m, k), b over (batch…, k, n), c over (batch…, m, n), bias over (n). */
export interface GemmKernel {
  readonly kind: "gemm";
  readonly name: string;
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Access;
  /** Unpacked, or a buffer that a {@link PackKernel} filled: then strides are empty, the batch is empty, and the rows of `c` and the bias have no gaps. */
  readonly b: { readonly packed: boolean; readonly at: Access };
  readonly c: Access;
  readonly mode: "set" | "accumulate" | "bias";
  readonly bias?: Access;
}

/** Writes one value everywhere in the target, of any strides. */
export interface FillKernel {
  readonly kind: "fill";
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: number;
  readonly target: Access;
}

/** `target[b, index[b, m], r] += source[b, m, r]` (the target holds its start already). `shape` is [B, M, R]; strides of source and target row parts as given.
 * What comes together in one element is added in the order of m. */
export interface ScatterAddKernel {
  readonly kind: "scatterAdd";
  readonly name: string;
  readonly shape: readonly [batch: number, count: number, row: number];
  /** N, the rows of the target. */
  readonly rows: number;
  /** Strides over (B, M, R). */
  readonly source: Access;
  /** Strides over (B, M). */
  readonly index: Access;
  /** Strides over (B, N, R). */
  readonly target: Access;
}

/** Routines over `[rows, n]` with unit stride along n: strides are (row stride). */
export interface RowKernel {
  readonly kind: "row";
  readonly name: string;
  readonly routine:
    | { readonly kind: "cumulativeSum"; readonly reverse: boolean }
    | { readonly kind: "argSort"; readonly descending: boolean; readonly limit: number }
    | { readonly kind: "argExtreme"; readonly largest: boolean };
  readonly rows: number;
  readonly n: number;
  readonly source: Access;
  readonly target: Access;
}

/** 32 random bits per element (see Lowering "randomBits"): state int32 [3] to `length` contiguous int32. */
export interface RandomBitsKernel {
  readonly kind: "randomBits";
  readonly name: string;
  readonly length: number;
  readonly state: Access;
  readonly target: Access;
}

/** Every element of `index` (int32) must be from `low` to `high` − 1, or `ignored`. If one is not, the first such failure of a run puts `code` and the element into
 * `status`, and no later kernel changes state: a machine that can ends the run there; where runs are asynchronous, whoever reads the results finds the failure.
 * What has state (Variables) is written by kernels that come after all checks. */
export interface CheckKernel {
  readonly kind: "check";
  readonly name: string;
  readonly shape: readonly number[];
  readonly index: Access;
  readonly low: number;
  readonly high: number;
  readonly ignored: number | null;
  /** 1 + the place of its range in `Program.checks`. */
  readonly code: number;
  /** Two int32: the code, 0 where nothing failed, and the element. The host sets the code to 0 before another run. */
  readonly status: Access;
}

/** Runs `body` `length` times; its counter goes up from 0, or down to 0 when `reverse`. */
export interface LoopKernel {
  readonly kind: "loop";
  readonly name: string;
  readonly length: number;
  readonly reverse: boolean;
  readonly body: readonly Kernel[];
}

/** Runs one of two lists by a bool (`cond`), or `body` while `condition`'s byte is not 0 (`while`; `test` computes it before each round). */
export interface BranchKernel {
  readonly kind: "branch";
  readonly name: string;
  readonly condition: Access;
  readonly whenTrue: readonly Kernel[];
  readonly whenFalse: readonly Kernel[];
}
export interface WhileKernel {
  readonly kind: "while";
  readonly name: string;
  readonly test: readonly Kernel[];
  readonly condition: Access;
  readonly body: readonly Kernel[];
}

export type Kernel =
  | MapKernel
  | ReduceKernel
  | PackKernel
  | GemmKernel
  | FillKernel
  | ScatterAddKernel
  | RowKernel
  | RandomBitsKernel
  | CheckKernel
  | LoopKernel
  | BranchKernel
  | WhileKernel;

/** The lists of kernels inside a control-flow kernel. */
export function bodiesOf(kernel: Kernel): readonly (readonly Kernel[])[] {
  switch (kernel.kind) {
    case "loop":
      return [kernel.body];
    case "branch":
      return [kernel.whenTrue, kernel.whenFalse];
    case "while":
      return [kernel.test, kernel.body];
    default:
      return [];
  }
}

/** A whole program: memory of `bytes`, kernels in order. */
export interface Program {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  /** What its checks say in an error, by their codes. */
  readonly checks: readonly IndexRange[];
  /** Where its checks report; null if it has none. */
  readonly status: Buffer | null;
  readonly bytes: number;
  readonly kernels: readonly Kernel[];
  /** Flush subnormal results of fused float32 kernels to zero. */
  readonly flushSubnormals: boolean;
}

/** A program that can run. `memory` is where the host writes arguments and reads results (by `buffer.address`). */
export interface Executable {
  /** The bytes of the program's memory, the same object as long as the program lives: it never grows. */
  readonly memory: ArrayBufferLike;
  run(): void;
  /** Milliseconds and calls per kernel name of one run (slower than run). */
  profile(): readonly { readonly name: string; readonly calls: number; readonly milliseconds: number }[];
  /** Bytes of code, for explain(). */
  readonly codeBytes: number;
}

/** How a backend takes part in compiling. */
export interface ProgramBackend {
  readonly name: string;
  /** Elements that a packed `[k, n]` operand takes; 0 if this backend wants no packing of it. */
  packedLength(k: number, n: number, dtype: DType): number;
  /** What one program's memory may hold at most, in bytes. */
  readonly maxBytes: number;
  /** @throws RangeError if the host has no memory for it */
  instantiate(program: Program): Executable;
}
