import type { Nest, Stream } from "./nest.js";

/** A kernel as a C function of pointers and of a range [begin, end) of what may be split: its body, and what its caller gives. */
export interface KernelFunction {
  readonly lines: readonly string[];
  readonly streams: readonly Stream[];
  /** The range is from 0 to `count`; parts of it begin at multiples of `grain`. Where they begin changes no result. */
  readonly count: number;
  readonly grain: number;
}

const cacheLine = 64;
/** The range of a nest's outermost loop: whole cache lines where that is the innermost as well. */
export const splitRange = ({ axes }: Nest): { readonly count: number; readonly grain: number } => ({
  count: axes[0].size,
  grain: axes.length === 1 ? cacheLine : 1,
});
