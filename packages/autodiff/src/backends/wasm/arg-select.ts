import { bytesOf } from "../../base/dtype.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { F64, I32 } from "./instructions.js";
import { f64, i32 } from "./instructions.js";
import { loadWide } from "./load-wide.js";
import { keyBefore, type RowOrder, slot, storePositions } from "./row-order.js";

/** Bytes of scratch for a heap: keys as float64, and positions. */
export const bytesOfHeap = (limit: number): number => limit * 12 + 64;

type Entry = readonly [key: F64, position: I32];
/** A heap of the best entries so far, the last of them at its root. */
interface Heap {
  /** List of the entries' positions. */
  readonly positions: I32;
  readonly size: Local<"i32">;
  /** Where an entry is missing. */
  readonly hole: Local<"i32">;
  /** The entry that `sift` puts in. */
  readonly own: readonly [key: Local<"f64">, position: Local<"i32">];
  entry(index: I32): Entry;
  put(index: I32, entry: Entry): void;
  /** Makes an entry of the heap the one that `sift` puts in. */
  take(index: I32): void;
  /** Puts `own` in, from the hole down. */
  sift(): void;
}

/** The first `limit` positions of a stable order, without the rest of it. */
export function argSelect(f: FunctionBuilder, order: RowOrder): void {
  const { source, dtype, n, limit, descending } = order;
  if (limit === 0) return;
  const [i, at] = f.locals("i32", 2);
  const heap = heapOf(f, order);
  const [key, position] = heap.own;
  const [rootKey, root] = [f.local("f64"), i32.const(0)];
  /** Runs `each` at the next `count` elements of the row. */
  const overElements = (count: number, each: () => void): void =>
    f.repeat(count, () => {
      each();
      f.advance(i, 1);
      f.advance(at, bytesOf[dtype]);
    });
  f.set(at, source);
  f.set(i, i32.const(0));
  overElements(limit, () => heap.put(i, [loadWide(at, dtype), i]));
  makeHeap(f, heap, limit, i);
  f.set(i, i32.const(limit));
  f.set(rootKey, heap.entry(root)[0]);
  overElements(n - limit, () => {
    f.set(key, loadWide(at, dtype));
    // Later ones are no better than equal ones before them.
    f.if(keyBefore(key, rootKey, descending), () => {
      f.set(position, i);
      f.set(heap.hole, root);
      heap.sift();
      f.set(rootKey, heap.entry(root)[0]);
    });
  });
  sortHeap(f, heap, limit);
  storePositions(f, order, heap.positions, i);
}

/** Makes entries in any order a heap; `i` counts them. */
function makeHeap(f: FunctionBuilder, heap: Heap, limit: number, i: Local<"i32">): void {
  f.set(heap.size, i32.const(limit));
  f.set(i, i32.const(limit >> 1));
  f.repeat(limit >> 1, () => {
    f.advance(i, -1);
    f.set(heap.hole, i);
    heap.take(i);
    heap.sift();
  });
}

/** Puts the entries in order. The root is the last of all that are left: it goes behind them. */
function sortHeap(f: FunctionBuilder, heap: Heap, limit: number): void {
  const root = i32.const(0);
  f.repeat(limit - 1, () => {
    f.advance(heap.size, -1);
    heap.take(heap.size);
    heap.put(heap.size, heap.entry(root));
    f.set(heap.hole, root);
    heap.sift();
  });
}

function heapOf(f: FunctionBuilder, { scratch, limit, descending }: RowOrder): Heap {
  const [keys, positions] = [i32.const(scratch), i32.const(scratch + limit * 8)];
  const [hole, child, size, position] = f.locals("i32", 4);
  const own = [f.local("f64"), position] as const;
  const entry = (index: I32): Entry => [f64.load(slot(keys, index, 3)), i32.load(slot(positions, index, 2))];
  const put = (index: I32, [key, from]: Entry): void => {
    f.emit(f64.store(slot(keys, index, 3), key));
    f.emit(i32.store(slot(positions, index, 2), from));
  };
  const take = (index: I32): void => {
    const [key, from] = entry(index);
    f.set(own[0], key);
    f.set(position, from);
  };
  /** Whether the entry (key p, position s) comes after (q, t). */
  const isAfter = ([p, s]: Entry, [q, t]: Entry): I32 =>
    i32.or(keyBefore(q, p, descending), i32.and(i32.eqz(keyBefore(p, q, descending)), i32.gtS(s, t)));
  const sift = (): void => {
    f.block((done) =>
      f.loop((again) => {
        f.set(child, i32.add(i32.shl(hole, i32.const(1)), i32.const(1)));
        f.branchIf(i32.geS(child, size), done);
        const other = i32.add(child, i32.const(1));
        f.if(i32.ltS(other, size), () =>
          f.if(isAfter(entry(other), entry(child)), () => f.advance(child, 1)),
        );
        f.branchIf(i32.eqz(isAfter(entry(child), own)), done);
        put(hole, entry(child));
        f.set(hole, child);
        f.branch(again);
      }),
    );
    put(hole, own);
  };
  return { positions, size, hole, own, entry, put, take, sift };
}
