import { bytesOf, type DType } from "../../base/dtype.js";
import { keyBefore } from "./arg-select.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { I32 } from "./instructions.js";
import { f64, i32 } from "./instructions.js";
import { loadWide } from "./load-wide.js";

/** Bytes of scratch: keys as float64, and two lists of positions. */
export const bytesOfSort = (n: number): number => n * 16 + 64;

const slot = (base: I32, index: I32, log2: number): I32 => i32.add(base, i32.shl(index, i32.const(log2)));
const increment = (f: FunctionBuilder, local: Local<"i32">): void =>
  f.set(local, i32.add(local, i32.const(1)));
const whileTrue = (f: FunctionBuilder, condition: () => I32, body: () => void): void =>
  f.block((done) =>
    f.loop((again) => {
      f.branchIf(i32.eqz(condition()), done);
      body();
      f.branch(again);
    }),
  );

/** Bottom-up merge sort of positions; keys are widened to float64 first. */
export function argSort(
  f: FunctionBuilder,
  scratch: number,
  source: I32,
  target: I32,
  dtype: DType,
  n: number,
  limit: number,
  descending: boolean,
): void {
  const keys = i32.const(scratch);
  const from = f.let(i32.const(scratch + n * 8));
  const to = f.let(i32.const(scratch + n * 12));
  const [i, width, start, middle, end, left, right, k, other] = Array.from({ length: 9 }, () =>
    f.local("i32"),
  );
  const [x, y] = [f.local("f64"), f.local("f64")];
  const size = i32.const(n);
  const loadKeys = (): void => {
    f.set(i, i32.const(0));
    f.repeat(n, () => {
      const at = i32.add(source, i32.mul(i, i32.const(bytesOf[dtype])));
      f.emit(f64.store(slot(keys, i, 3), loadWide(at, dtype)));
      f.emit(i32.store(slot(from, i, 2), i));
      increment(f, i);
    });
  };
  const take = (index: Local<"i32">): void => {
    f.emit(i32.store(slot(to, k, 2), i32.load(slot(from, index, 2))));
    increment(f, index);
  };
  /** Puts the earlier of the first entries of the two runs, [left, middle) and [right, end), at k. */
  const takeEarlier = (): void => {
    const takeRight = f.local("i32");
    f.set(takeRight, i32.eq(left, middle));
    f.if(i32.and(i32.ltS(left, middle), i32.ltS(right, end)), () => {
      f.set(x, f64.load(slot(keys, i32.load(slot(from, left, 2)), 3)));
      f.set(y, f64.load(slot(keys, i32.load(slot(from, right, 2)), 3)));
      // The right one goes first only where it is strictly earlier: ties stay in order.
      f.set(takeRight, keyBefore(y, x, descending));
    });
    f.if(
      takeRight,
      () => take(right),
      () => take(left),
    );
    increment(f, k);
  };
  const clamp = (local: Local<"i32">, value: I32): void => {
    f.set(local, value);
    f.if(i32.gtS(local, size), () => f.set(local, size));
  };
  /** Merges each two neighbouring runs of `width` entries into one. */
  const mergeRuns = (): void => {
    f.set(start, i32.const(0));
    whileTrue(
      f,
      () => i32.ltS(start, size),
      () => {
        clamp(middle, i32.add(start, width));
        clamp(end, i32.add(middle, width));
        f.set(left, start);
        f.set(right, middle);
        f.set(k, start);
        whileTrue(f, () => i32.ltS(k, end), takeEarlier);
        f.set(start, end);
      },
    );
  };

  loadKeys();
  f.set(width, i32.const(1));
  whileTrue(
    f,
    () => i32.ltS(width, size),
    () => {
      mergeRuns();
      f.set(other, from);
      f.set(from, to);
      f.set(to, other);
      f.set(width, i32.shl(width, i32.const(1)));
    },
  );
  f.set(i, i32.const(0));
  f.repeat(limit, () => {
    f.emit(i32.store(slot(target, i, 2), i32.load(slot(from, i, 2))));
    increment(f, i);
  });
}
