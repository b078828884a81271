import type { DType } from "../../base/dtype.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { F64, I32 } from "./instructions.js";
import { f64, i32 } from "./instructions.js";

/** A row of `n` elements, and where its results go. */
export interface Row {
  readonly source: I32;
  readonly target: I32;
  readonly dtype: DType;
  readonly n: number;
}
/** A row whose first `limit` positions are wanted, in a stable order of its elements. */
export interface RowOrder extends Row {
  /** Address of memory that is free meanwhile. */
  readonly scratch: number;
  readonly limit: number;
  readonly descending: boolean;
}

/** Whether key x comes before key y: NaN last ascending, first descending. */
export const keyBefore = (x: F64, y: F64, descending: boolean): I32 => {
  const isNaN = (value: F64): I32 => f64.ne(value, value);
  return descending
    ? i32.or(f64.gt(x, y), i32.and(isNaN(x), i32.eqz(isNaN(y))))
    : i32.or(f64.lt(x, y), i32.and(isNaN(y), i32.eqz(isNaN(x))));
};

/** Address of an entry of 2^log2 bytes in a list. */
export const slot = (base: I32, index: I32, log2: number): I32 =>
  i32.add(base, i32.shl(index, i32.const(log2)));

/** Stores the first positions of a list as the result; `i` counts them. */
export function storePositions(
  f: FunctionBuilder,
  { target, limit }: RowOrder,
  positions: I32,
  i: Local<"i32">,
): void {
  f.set(i, i32.const(0));
  f.repeat(limit, () => {
    f.emit(i32.store(slot(target, i, 2), i32.load(slot(positions, i, 2))));
    f.advance(i, 1);
  });
}
