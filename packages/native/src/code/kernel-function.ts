import { fullCount } from "./expression.js";
import type { Nest, Stream } from "./nest.js";

/** A kernel as a C function of pointers and of a range [begin, end) of what may be split: its body, and what its caller gives. */
export interface KernelFunction {
  readonly lines: readonly string[];
  readonly streams: readonly Stream[];
  /** The range is from 0 to `count`; parts of it begin at multiples of `grain` (a C constant). */
  readonly count: number;
  readonly grain: string;
}

/** The range of a nest's outermost loop: whole vectors where that is the innermost as well. */
export function splitAxis(nest: Nest): { readonly count: number; readonly grain: string } {
  return { count: nest.axes[0].size, grain: nest.axes.length === 1 ? fullCount(nest) : "1" };
}
