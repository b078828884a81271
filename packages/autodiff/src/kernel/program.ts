import type { DType } from "../base/dtype.js";
import type { Combine, Expression } from "./instruction.js";
import type { IndexRange } from "./lowering.js";

/** What a compiled program is made of: buffers, and kernels over them in order. A backend turns it into something that runs;
 * it knows no op. All sizes are fixed, and no buffer has a place: where they lie, and which share memory, is the backend's affair. */

/** What a buffer is to the program and to its host:
 * `input`: an argument, written by the host before a run;
 * `output`: a result, read by the host after it;
 * `state`: the value of a Variable, which stays from run to run, and which the host may write between them;
 * `constant`: never changes between two runs of `setup`: it has its `initial` content, or `setup` computes it;
 * `temporary`: nothing outside of one run sees it. */
export type Role = "input" | "output" | "state" | "constant" | "temporary";

/** A piece of a program's memory. */
export interface Buffer {
  readonly id: number;
  readonly name: string;
  readonly dtype: DType;
  /** In elements. */
  readonly length: number;
  readonly role: Role;
  /** Initial content, written once when the program is prepared (constants). */
  readonly initial?: ArrayLike<number>;
  /** The buffer in whose place this one is computed, element by element; null for one with a place of its own. See {@link homeOf}. */
  inPlaceOf: Buffer | null;
}

/** The buffer whose memory holds a buffer's elements: itself, unless it is computed in the place of another.
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 4, role: "state", inPlaceOf: null }
 * homeOf({ ...x, name: "next x", inPlaceOf: x }).name // => "x"
 */
export function homeOf(buffer: Buffer): Buffer {
  let home = buffer;
  while (home.inPlaceOf !== null) home = home.inPlaceOf;
  return home;
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
/** A read of a kernel, at an address that is known or that is looked up. */
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

/** Rearranges a `[k, n]` operand for {@link GemmKernel}. The layout of `packed` is the backend's own; its length is `packedLength(k, n, dtype)` of its capabilities. */
export interface PackKernel {
  readonly kind: "pack";
  readonly name: string;
  readonly k: number;
  readonly n: number;
  /** Strides over (k, n). */
  readonly source: Access;
  readonly packed: Access;
  /** Where it packs a part of an operand only: its n columns are those from `first` on, of so many. */
  readonly columns?: { readonly first: number; readonly of: number };
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
 * What comes together in one element is added in the order of m; a machine may add up float32 by groups, or in double precision, as its sums do, but always the same way. */
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
  /** Where it gives a part of the elements only: the first of them (even). */
  readonly first?: number;
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

/** Runs one of two lists by a bool. */
export interface BranchKernel {
  readonly kind: "branch";
  readonly name: string;
  readonly condition: Access;
  readonly whenTrue: readonly Kernel[];
  readonly whenFalse: readonly Kernel[];
}
/** Runs `test`, then `body` while the byte at `condition` is not 0. */
export interface WhileKernel {
  readonly kind: "while";
  readonly name: string;
  readonly test: readonly Kernel[];
  readonly condition: Access;
  readonly body: readonly Kernel[];
}

/** All that a program is made of. */
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

/** A kernel that only computes, without those that hold others. */
export type LeafKernel = Exclude<Kernel, LoopKernel | BranchKernel | WhileKernel>;

/** The lists of kernels inside a control-flow kernel.
 * @example
 * bodiesOf({ kind: "loop", name: "steps", length: 3, reverse: false, body: [] }).length // => 1
 */
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

/** A whole program. */
export interface Program {
  readonly name: string;
  /** Those with a place of their own. */
  readonly buffers: readonly Buffer[];
  /** What its checks say in an error, by their codes. */
  readonly checks: readonly IndexRange[];
  /** Where its checks report (an output that the host sets to 0 before the next run, once a check has failed); null if it has none. */
  readonly status: Buffer | null;
  /** To run before the first run, and again before the next one after the host has written a constant, or state that no kernel writes: packing of weights. */
  readonly setup: readonly Kernel[];
  readonly kernels: readonly Kernel[];
  /** Flush subnormal results of fused float32 kernels to zero. */
  readonly flushSubnormals: boolean;
}
