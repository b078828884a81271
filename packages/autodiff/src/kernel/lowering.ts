import type { DType } from "../base/dtype.js";
import type { Shape, Strides } from "../base/shape.js";
import type { Combine, Expression } from "./instruction.js";

/** Shape and dtype of a value, without the value. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Where the elements of a value lie inside its storage. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: Strides;
  /** In elements from the start of the storage. */
  readonly offset: number;
}

/** Which whole numbers are indices of an axis, and what an error says of others. */
export interface IndexRange {
  /** The function that the user called. */
  readonly op: string;
  /** What the numbers are, in the plural; null for plain indices. */
  readonly what: string | null;
  /** They are from 0 to `size` − 1. */
  readonly size: number;
  /** Whether those from −size to −1 count from the end. */
  readonly wraps: boolean;
  /** A number that is allowed beside; null for none. */
  readonly ignored: number | null;
}

/** How one application of an op is carried out: the closed vocabulary between ops and backends.
 *
 * `map`, `view` and `fill` are what the compiler fuses; the rest are routines. Shapes of inputs and outputs come with the specs. */
export type Lowering =
  /** Each output element from the input elements that broadcast to it. */
  | { readonly kind: "map"; readonly expression: Expression }
  /** Outputs that share the storage of input 0; `null` asks for a row-major copy of the input first. */
  | { readonly kind: "view"; readonly layouts: (input: Layout) => readonly Layout[] | null }
  /** One value everywhere. */
  | { readonly kind: "fill"; readonly value: number }
  /** 0, step, 2·step, … along the only axis, plus start. */
  | { readonly kind: "iota"; readonly start: number; readonly step: number }
  /** Combines over `axes` of input 0; the output keeps them with size 1. */
  | { readonly kind: "reduce"; readonly combine: Combine; readonly axes: readonly number[] }
  /** Index (int32) of the first greatest or least element along the last axis of input 0 `[..., n]`; NaN wins. Output `[...]`. */
  | { readonly kind: "argExtreme"; readonly largest: boolean }
  /** `[..., m, k] × [..., k, n] → [..., m, n]`, equal leading axes (or rank 2 on one side, shared by all). */
  | {
      readonly kind: "gemm";
      /** What the products are added to: input 2, of the output's shape (`"tensor"`) or one row for all (`"row"`); nothing if left out. */
      readonly onto?: "tensor" | "row";
    }
  /** The output is `fill` (0), and input i then lies at its layout inside it (the regions do not overlap). */
  | { readonly kind: "place"; readonly regions: readonly Layout[]; readonly fill: number }
  /** Every element of input 0 (int32) must lie in the range, else the run fails and changes no state; then a map by `expression`. */
  | { readonly kind: "check"; readonly range: IndexRange; readonly expression: Expression }
  /** `out[b, m, r] = x[b, index[b, m], r]`; inputs x `[B, N, R]`, index `[B, M]` int32, all in range. */
  | { readonly kind: "gather" }
  /** `out[b, index[b, m], r] += x[b, m, r]` from zero; inputs x `[B, M, R]`, index `[B, M]` int32; output `[B, N, R]`. */
  | { readonly kind: "scatterAdd" }
  /** Running combination along the last axis of input 0 `[..., n]`. */
  | { readonly kind: "cumulative"; readonly combine: "sum"; readonly reverse: boolean }
  /** Stable ascending order of the last axis of input 0 `[..., n]`, as int32 positions; NaN last. Output `[..., limit]`: the first `limit` of it. */
  | { readonly kind: "argSort"; readonly descending: boolean; readonly limit: number }
  /** 32 random bits per element, as int32: Threefry-2x32 (20 rounds) of key (state[0], state[1]) and counter words
   * (state[2], i >> 1) for element i; even i takes the first word, odd i the second. Input 0: state int32 `[3]`. */
  | { readonly kind: "randomBits" };

/** Whether the first `limit` of `n` in order are found faster by a heap than by sorting all (measured: 3 times as fast at an eighth). */
export const selectsFirst = (n: number, limit: number): boolean => limit <= n >> 2;
