import type { I32 } from "./instructions.js";
import { f64x2, i32, v128 } from "./instructions.js";
import type { ReduceCode, ReduceLoops } from "./reduce.js";
import { chainLength, countDown, fourLanes, highHalf, lowHalf } from "./wide-sums.js";

/** Terms of one result. */
const termsOf = ({ nest, reducedAxes }: ReduceLoops): number =>
  reducedAxes.reduce((count, axis) => count * nest.axes[axis].size, 1);
const vectorsOf = ({ size, width }: ReduceLoops): number => Math.ceil(size / width);
/** Whether chains of float32 end and go on in a row of float64. */
const isLong = (loops: ReduceLoops): boolean => loops.wide && termsOf(loops) > chainLength;

/** Bytes of scratch: a row of running results and, for long sums, a row of float64 behind it. */
export const acrossScratch = (loops: ReduceLoops): number => vectorsOf(loops) * (isLong(loops) ? 48 : 16);

/** Vectors run along a kept axis: rows of running results are kept in scratch, so that memory is walked row by row. */
export function reduceAcross(code: ReduceCode, scratch: number): void {
  const { f, nest, body, width, last, size, reducedAxes, combined } = code;
  const vectors = vectorsOf(code);
  const at = f.local("i32");
  const wideAt = isLong(code) ? f.local("i32") : null;
  const rowBytes = vectors * 16;
  const start = (): void => {
    f.set(at, i32.const(scratch));
    if (wideAt !== null) f.set(wideAt, i32.const(scratch + rowBytes));
  };
  const advance = (): void => {
    f.advance(at, 16);
    if (wideAt !== null) f.advance(wideAt, 32);
  };
  /** Runs `each` at every vector of the rows in scratch. */
  const overRow = (each: () => void): void => {
    start();
    f.repeat(vectors, () => {
      each();
      advance();
    });
  };
  /** Runs `inner` at every vector of the last axis. */
  const overLast = (inner: (lanes: number) => void): void => {
    start();
    const full = Math.floor(size / width);
    const step = (): void => {
      inner(width);
      advance();
    };
    nest.loop(f, last, full, width, step, false);
    if (size % width > 0) inner(size % width);
    nest.skip(f, last, -full * width);
  };
  /** Adds the running results to their sums in float64. */
  const addToWide = (to: I32): void => {
    const x = f.let(v128.load(at));
    f.emit(v128.store(to, f64x2.add(v128.load(to), lowHalf(x))));
    if (width === 4) f.emit(v128.store(to, f64x2.add(v128.load(to, 16), highHalf(x)), 16));
  };

  const inner = reducedAxes.at(-1);
  const innerSize = inner === undefined ? 1 : nest.axes[inner].size;
  const unroll = inner !== undefined && code.unrolls && innerSize >= 8 ? 4 : 1;
  /** Adds so many rows of the innermost reduced axis. */
  const addRows = (count: number): void => {
    const shifts = Array.from(
      { length: count },
      (_, u) => new Map(inner === undefined ? [] : [[inner, u] as const]),
    );
    const emitOuter = (lanes: number, shift: ReadonlyMap<number, number>): void => {
      for (let level = 0; level <= last; level++) body.emit(level, { lanes, shift });
    };
    if (count === 1) emitOuter(width, new Map());
    overLast((lanes) => {
      const total = f.let(v128.load(at));
      for (const shift of shifts) {
        if (count > 1) emitOuter(lanes, shift);
        body.emit(last + 1, { lanes, shift });
        f.set(total, combined(total, body.result(0)));
      }
      f.emit(v128.store(at, total));
    });
  };

  const roundsOfChain = chainLength / unroll;
  const roundsLeft = wideAt === null ? null : f.local("i32");
  const round = (count: number): void => {
    addRows(count);
    if (wideAt === null || roundsLeft === null) return;
    countDown(f, roundsLeft, roundsOfChain, () =>
      overRow(() => {
        addToWide(wideAt);
        f.emit(v128.store(at, f.f32(0)));
      }),
    );
  };
  code.over(code.keptAxes, () => {
    overRow(() => {
      f.emit(v128.store(at, code.neutral()));
      if (wideAt !== null) for (const half of [0, 16]) f.emit(v128.store(wideAt, f.f64(0), half));
    });
    if (roundsLeft !== null) f.set(roundsLeft, i32.const(roundsOfChain));
    code.over(reducedAxes.slice(0, -1), () => {
      if (inner === undefined) return round(1);
      nest.loop(f, inner, Math.floor(innerSize / unroll), unroll, () => round(unroll), false);
      nest.loop(f, inner, innerSize % unroll, 1, () => round(1), false);
      nest.skip(f, inner, -innerSize);
    });
    overLast((lanes) => {
      if (wideAt === null) return code.store(f.let(v128.load(at)), lanes);
      addToWide(wideAt);
      code.store(f.let(fourLanes(v128.load(wideAt), v128.load(wideAt, 16))), lanes);
    });
  });
}
