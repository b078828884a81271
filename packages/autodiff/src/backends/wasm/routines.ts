import { bytesOf, type DType } from "../../base/dtype.js";
import { selectsFirst } from "../../kernel/lowering.js";
import type { RandomBitsKernel, RowKernel } from "../../kernel/program.js";
import { argSelect, bytesOfHeap, keyBefore } from "./arg-select.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import type { I32, V128 } from "./instructions.js";
import { f32, f64, i32, i32x4, lanes32, v128 } from "./instructions.js";
import type { KernelCode } from "./kernel-code.js";
import { loadWide } from "./load-wide.js";

/** Routines over rows with unit steps. */
export function rowCode(ctx: CodeContext, kernel: RowKernel): KernelCode {
  const { routine, rows, n, source, target } = kernel;
  const { dtype } = source.buffer;
  const bytes = bytesOf[dtype];
  const bytesOut = bytesOf[target.buffer.dtype];
  const [rowIn, rowOut] = [(source.strides[0] ?? 0) * bytes, (target.strides[0] ?? 0) * bytesOut];
  const key = JSON.stringify(["row", routine, rows, n, dtype, rowIn, rowOut]);
  const limit = routine.kind === "argSort" ? routine.limit : n;
  const selects = selectsFirst(n, limit);
  if (routine.kind === "argSort") ctx.needScratch(selects ? bytesOfHeap(limit) : n * 16 + 64);
  const code = ctx.routine(key, 2, (f) => {
    const [from, to] = [f.parameter(0), f.parameter(1)];
    if (n === 0) return;
    f.repeat(rows, () => {
      switch (routine.kind) {
        case "cumulativeSum":
          cumulativeSum(f, from, to, dtype, n, routine.reverse);
          break;
        case "argSort":
          if (selects) argSelect(f, ctx.scratch, from, to, dtype, n, limit, routine.descending);
          else argSort(f, ctx.scratch, from, to, dtype, n, limit, routine.descending);
          break;
        case "argExtreme":
          argExtreme(f, from, to, dtype, n, routine.largest);
          break;
      }
      f.advance(from, rowIn);
      f.advance(to, rowOut);
    });
  });
  return {
    routine: code,
    operands: (address) => [address(source, source.offset), address(target, target.offset)],
  };
}

function cumulativeSum(
  f: FunctionBuilder,
  source: I32,
  target: I32,
  dtype: DType,
  n: number,
  reverse: boolean,
): void {
  const bytes = bytesOf[dtype];
  const start = reverse ? (n - 1) * bytes : 0;
  const from = f.let(i32.add(source, i32.const(start)));
  const to = f.let(i32.add(target, i32.const(start)));
  const step = reverse ? -bytes : bytes;
  const walk = (body: () => void): void =>
    f.repeat(n, () => {
      body();
      f.advance(from, step);
      f.advance(to, step);
    });
  if (dtype === "int32" || dtype === "bool") {
    const sum = f.let(i32.const(0));
    const [load, store] = dtype === "int32" ? [i32.load, i32.store] : [i32.load8U, i32.store8];
    walk(() => {
      f.set(sum, i32.add(sum, load(from)));
      f.emit(store(to, sum));
    });
    return;
  }
  // float32 is summed in double precision and rounded at each store.
  const sum = f.let(f64.const(0));
  walk(() => {
    f.set(sum, f64.add(sum, loadWide(from, dtype)));
    f.emit(dtype === "float32" ? f32.store(to, f32.demote(sum)) : f64.store(to, sum));
  });
}

function argExtreme(
  f: FunctionBuilder,
  source: I32,
  target: I32,
  dtype: DType,
  n: number,
  largest: boolean,
): void {
  const at = f.let(source);
  const [best, i] = [f.let(i32.const(0)), f.let(i32.const(0))];
  const [top, x] = [f.let(loadWide(at, dtype)), f.local("f64")];
  f.block((done) => {
    f.repeat(n, () => {
      f.set(x, loadWide(at, dtype));
      f.if(f64.ne(x, x), () => {
        f.set(best, i);
        f.branch(done);
      });
      f.if(largest ? f64.gt(x, top) : f64.lt(x, top), () => {
        f.set(top, x);
        f.set(best, i);
      });
      f.set(i, i32.add(i, i32.const(1)));
      f.advance(at, bytesOf[dtype]);
    });
  });
  f.emit(i32.store(target, best));
}

/** Bottom-up merge sort of positions; keys are widened to float64 first. */
function argSort(
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
  const slot = (base: I32, index: I32, log2: number): I32 => i32.add(base, i32.shl(index, i32.const(log2)));
  const whileTrue = (condition: () => I32, body: () => void): void =>
    f.block((done) =>
      f.loop((again) => {
        f.branchIf(i32.eqz(condition()), done);
        body();
        f.branch(again);
      }),
    );
  const clamp = (local: Local<"i32">, value: I32): void => {
    f.set(local, value);
    f.if(i32.gtS(local, size), () => f.set(local, size));
  };
  f.set(i, i32.const(0));
  f.repeat(n, () => {
    f.emit(
      f64.store(slot(keys, i, 3), loadWide(i32.add(source, i32.mul(i, i32.const(bytesOf[dtype]))), dtype)),
    );
    f.emit(i32.store(slot(from, i, 2), i));
    f.set(i, i32.add(i, i32.const(1)));
  });
  f.set(width, i32.const(1));
  const take = (index: Local<"i32">): void => {
    f.emit(i32.store(slot(to, k, 2), i32.load(slot(from, index, 2))));
    f.set(index, i32.add(index, i32.const(1)));
  };
  whileTrue(
    () => i32.ltS(width, size),
    () => {
      f.set(start, i32.const(0));
      whileTrue(
        () => i32.ltS(start, size),
        () => {
          clamp(middle, i32.add(start, width));
          clamp(end, i32.add(middle, width));
          f.set(left, start);
          f.set(right, middle);
          f.set(k, start);
          whileTrue(
            () => i32.ltS(k, end),
            () => {
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
              f.set(k, i32.add(k, i32.const(1)));
            },
          );
          f.set(start, end);
        },
      );
      f.set(other, from);
      f.set(from, to);
      f.set(to, other);
      f.set(width, i32.shl(width, i32.const(1)));
    },
  );
  f.set(i, i32.const(0));
  f.repeat(limit, () => {
    f.emit(i32.store(slot(target, i, 2), i32.load(slot(from, i, 2))));
    f.set(i, i32.add(i, i32.const(1)));
  });
}

/** Threefry-2x32 with 20 rounds, four counters at a time.
 * @source Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC11) */
export function randomBitsCode(ctx: CodeContext, kernel: RandomBitsKernel): KernelCode {
  const { length, state, target } = kernel;
  const routine = ctx.routine("random bits", 3, (f) => {
    const [stateAt, to, count] = [0, 1, 2].map((i) => f.parameter(i));
    const key0 = f.let(v128.load32Splat(stateAt));
    const key1 = f.let(v128.load32Splat(stateAt, 4));
    const key2 = f.let(v128.xor(v128.xor(key0, key1), f.i32(0x1bd11bda)));
    const keys = [key0, key1, key2];
    const counter = f.let(v128.load32Splat(stateAt, 8));
    const index = f.let(f.i32(0, 1, 2, 3));
    const [x, y] = [f.local("v128"), f.local("v128")];
    const rotated = (value: V128, by: number): V128 =>
      v128.or(i32x4.shl(value, i32.const(by)), i32x4.shrU(value, i32.const(32 - by)));
    /** Eight words to an address. */
    const words = (at: I32): void => {
      f.set(x, i32x4.add(counter, key0));
      f.set(y, i32x4.add(index, key1));
      for (let group = 1; group <= 5; group++) {
        for (const by of group % 2 === 1 ? [13, 15, 26, 6] : [17, 29, 16, 24]) {
          f.set(x, i32x4.add(x, y));
          f.set(y, v128.xor(rotated(y, by), x));
        }
        // The keys come in the cycle key0, key1, key2.
        f.set(x, i32x4.add(x, keys[group % 3]));
        f.set(y, i32x4.add(i32x4.add(y, keys[(group + 1) % 3]), f.i32(group)));
      }
      f.emit(v128.store(at, v128.shuffle(x, y, lanes32(0, 4, 1, 5))));
      f.emit(v128.store(at, v128.shuffle(x, y, lanes32(2, 6, 3, 7)), 16));
      f.set(index, i32x4.add(index, f.i32(4)));
    };
    f.repeat(i32.shrU(count, i32.const(3)), () => {
      words(to);
      f.advance(to, 32);
    });
    f.set(count, i32.and(count, i32.const(7)));
    f.if(count, () => {
      const from = f.let(i32.const(ctx.tile));
      words(from);
      f.repeat(count, () => {
        f.emit(i32.store(to, i32.load(from)));
        f.advance(from, 4);
        f.advance(to, 4);
      });
    });
  });
  return {
    routine,
    operands: (address) => [address(state, state.offset), address(target, target.offset), i32.const(length)],
  };
}
