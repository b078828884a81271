import { bytesOf, type DType } from "../../base/dtype.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { F64, I32 } from "./instructions.js";
import { f64, i32 } from "./instructions.js";
import { loadWide } from "./load-wide.js";

/** Bytes of scratch for a heap: keys as float64, and positions. */
export const bytesOfHeap = (limit: number): number => limit * 12 + 64;

/** Whether key x comes before key y: NaN last ascending, first descending. */
export const keyBefore = (x: F64, y: F64, descending: boolean): I32 => {
  const isNaN = (value: F64): I32 => f64.ne(value, value);
  return descending
    ? i32.or(f64.gt(x, y), i32.and(isNaN(x), i32.eqz(isNaN(y))))
    : i32.or(f64.lt(x, y), i32.and(isNaN(y), i32.eqz(isNaN(x))));
};

/** The first `limit` positions of a stable order, without the rest of it: a heap of the best so far, the last of them at its root. */
export function argSelect(
  f: FunctionBuilder,
  scratch: number,
  source: I32,
  target: I32,
  dtype: DType,
  n: number,
  limit: number,
  descending: boolean,
): void {
  if (limit === 0) return;
  const bytes = bytesOf[dtype];
  const key = (index: I32): I32 => i32.add(i32.const(scratch), i32.shl(index, i32.const(3)));
  const position = (index: I32): I32 => i32.add(i32.const(scratch + limit * 8), i32.shl(index, i32.const(2)));
  const increment = (local: Local<"i32">, by: number): void => f.set(local, i32.add(local, i32.const(by)));
  const [i, at, hole, child, size, own] = Array.from({ length: 6 }, () => f.local("i32"));
  const [x, y] = [f.local("f64"), f.local("f64")];
  /** Whether the entry (key p, position s) comes after (q, t). */
  const after = (p: F64, s: I32, q: F64, t: I32): I32 =>
    i32.or(keyBefore(q, p, descending), i32.and(i32.eqz(keyBefore(p, q, descending)), i32.gtS(s, t)));
  const afterEntry = (a: I32, b: I32): I32 =>
    after(f64.load(key(a)), i32.load(position(a)), f64.load(key(b)), i32.load(position(b)));
  const move = (to: I32, from: I32): void => {
    f.emit(f64.store(key(to), f64.load(key(from))));
    f.emit(i32.store(position(to), i32.load(position(from))));
  };
  /** Puts (x, own) into the heap of `size` entries, from the hole down. */
  const sift = (): void => {
    f.block((done) =>
      f.loop((again) => {
        f.set(child, i32.add(i32.shl(hole, i32.const(1)), i32.const(1)));
        f.branchIf(i32.geS(child, size), done);
        const other = i32.add(child, i32.const(1));
        f.if(i32.ltS(other, size), () => f.if(afterEntry(other, child), () => increment(child, 1)));
        f.branchIf(i32.eqz(after(f64.load(key(child)), i32.load(position(child)), x, own)), done);
        move(hole, child);
        f.set(hole, child);
        f.branch(again);
      }),
    );
    f.emit(f64.store(key(hole), x));
    f.emit(i32.store(position(hole), own));
  };
  const pick = (from: I32): void => {
    f.set(x, f64.load(key(from)));
    f.set(own, i32.load(position(from)));
  };

  f.set(at, source);
  f.set(i, i32.const(0));
  f.repeat(limit, () => {
    f.emit(f64.store(key(i), loadWide(at, dtype)));
    f.emit(i32.store(position(i), i));
    increment(i, 1);
    f.advance(at, bytes);
  });
  f.set(size, i32.const(limit));
  f.set(i, i32.const(limit >> 1));
  f.repeat(limit >> 1, () => {
    increment(i, -1);
    f.set(hole, i);
    pick(i);
    sift();
  });
  f.set(i, i32.const(limit));
  f.set(y, f64.load(key(i32.const(0))));
  f.repeat(n - limit, () => {
    f.set(x, loadWide(at, dtype));
    // Later ones are no better than equal ones before them.
    f.if(keyBefore(x, y, descending), () => {
      f.set(own, i);
      f.set(hole, i32.const(0));
      sift();
      f.set(y, f64.load(key(i32.const(0))));
    });
    increment(i, 1);
    f.advance(at, bytes);
  });
  // The root is the last of all that are left: it goes behind them.
  f.repeat(limit - 1, () => {
    increment(size, -1);
    pick(size);
    move(size, i32.const(0));
    f.set(hole, i32.const(0));
    sift();
  });
  f.set(i, i32.const(0));
  f.repeat(limit, () => {
    f.emit(i32.store(i32.add(target, i32.shl(i, i32.const(2))), i32.load(position(i))));
    increment(i, 1);
  });
}
