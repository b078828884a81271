import { bytesOf } from "../../base/dtype.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { F64, I32 } from "./instructions.js";
import { f64, i32 } from "./instructions.js";
import { loadWide } from "./load-wide.js";
import { keyBefore, type RowOrder, slot, storePositions } from "./row-order.js";

/** Bytes of scratch: keys as float64, and two lists of positions. */
export const bytesOfSort = (n: number): number => n * 16 + 64;

/** Lists of a merge and its variables: the runs [left, middle) and [right, end) go to `k` and on. */
interface Merge {
  /** Positions before and after. */
  readonly from: I32;
  readonly to: I32;
  /** Entries of a run, and where the first of two runs starts. */
  readonly width: I32;
  readonly start: Local<"i32">;
  readonly middle: Local<"i32">;
  readonly end: Local<"i32">;
  readonly left: Local<"i32">;
  readonly right: Local<"i32">;
  readonly k: Local<"i32">;
  /** Keys of the first entries of the runs. */
  readonly x: Local<"f64">;
  readonly y: Local<"f64">;
}

/** Bottom-up merge sort of positions; keys are widened to float64 first. */
export function argSort(f: FunctionBuilder, order: RowOrder): void {
  const { scratch, source, dtype } = order;
  const n = i32.const(order.n);
  const keys = i32.const(scratch);
  const from = f.let(i32.const(scratch + order.n * 8));
  const to = f.let(i32.const(scratch + order.n * 12));
  const [i, width, start, middle, end, left, right, k, other] = f.locals("i32", 9);
  const [x, y] = f.locals("f64", 2);
  f.set(i, i32.const(0));
  f.repeat(order.n, () => {
    const at = i32.add(source, i32.mul(i, i32.const(bytesOf[dtype])));
    f.emit(f64.store(slot(keys, i, 3), loadWide(at, dtype)));
    f.emit(i32.store(slot(from, i, 2), i));
    f.advance(i, 1);
  });
  f.set(width, i32.const(1));
  f.while(
    () => i32.ltS(width, n),
    () => {
      mergeRuns(f, order, { from, to, width, start, middle, end, left, right, k, x, y });
      f.set(other, from);
      f.set(from, to);
      f.set(to, other);
      f.set(width, i32.shl(width, i32.const(1)));
    },
  );
  storePositions(f, order, from, i);
}

/** Merges each two neighbouring runs of `width` entries into one. */
function mergeRuns(f: FunctionBuilder, order: RowOrder, merge: Merge): void {
  const { width, start, middle, end, k } = merge;
  const n = i32.const(order.n);
  const clamp = (local: Local<"i32">, value: I32): void => {
    f.set(local, value);
    f.if(i32.gtS(local, n), () => f.set(local, n));
  };
  f.set(start, i32.const(0));
  f.while(
    () => i32.ltS(start, n),
    () => {
      clamp(middle, i32.add(start, width));
      clamp(end, i32.add(middle, width));
      f.set(merge.left, start);
      f.set(merge.right, middle);
      f.set(k, start);
      f.while(
        () => i32.ltS(k, end),
        () => takeEarlier(f, order, merge),
      );
      f.set(start, end);
    },
  );
}

/** Puts the earlier of the first entries of the two runs at `k`. */
function takeEarlier(f: FunctionBuilder, { scratch, descending }: RowOrder, merge: Merge): void {
  const { middle, left, right, k, x, y } = merge;
  const positionAt = (index: I32): I32 => i32.load(slot(merge.from, index, 2));
  const keyAt = (index: I32): F64 => f64.load(slot(i32.const(scratch), positionAt(index), 3));
  const take = (index: Local<"i32">): void => {
    f.emit(i32.store(slot(merge.to, k, 2), positionAt(index)));
    f.advance(index, 1);
  };
  const takeRight = f.local("i32");
  f.set(takeRight, i32.eq(left, middle));
  f.if(i32.and(i32.ltS(left, middle), i32.ltS(right, merge.end)), () => {
    f.set(x, keyAt(left));
    f.set(y, keyAt(right));
    // The right one goes first only where it is strictly earlier: ties stay in order.
    f.set(takeRight, keyBefore(y, x, descending));
  });
  f.if(
    takeRight,
    () => take(right),
    () => take(left),
  );
  f.advance(k, 1);
}
