import type { RandomBitsKernel } from "../../kernel/program.js";
import type { CodeContext } from "./context.js";
import type { I32, V128 } from "./instructions.js";
import { i32, i32x4, lanes32, v128 } from "./instructions.js";
import type { KernelCode } from "./kernel-code.js";

/** Threefry-2x32 with 20 rounds, four counters at a time.
 * @source Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC11) */
export function randomBitsCode(ctx: CodeContext, kernel: RandomBitsKernel): KernelCode {
  const { length, first = 0, state, target } = kernel;
  const routine = ctx.routine("random bits", 4, (f) => {
    const [stateAt, to, count] = [0, 1, 2].map((i) => f.parameter(i));
    const key0 = f.let(v128.load32Splat(stateAt));
    const key1 = f.let(v128.load32Splat(stateAt, 4));
    const key2 = f.let(v128.xor(v128.xor(key0, key1), f.i32(0x1bd11bda)));
    const keys = [key0, key1, key2];
    const counter = f.let(v128.load32Splat(stateAt, 8));
    const index = f.let(i32x4.add(i32x4.splat(f.parameter(3)), f.i32(0, 1, 2, 3)));
    const [x, y] = f.locals("v128", 2);
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
      const from = f.let(ctx.own(f, ctx.tile));
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
    operands: (address) => [
      address(state, state.offset),
      address(target, target.offset),
      i32.const(length),
      i32.const(first / 2),
    ],
  };
}
