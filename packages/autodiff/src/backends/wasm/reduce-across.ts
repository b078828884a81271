import type { Local } from "./assembler.js";
import { f64x2, type I32, i32, v128 } from "./instructions.js";
import type { ReduceCode, ReduceLoops } from "./reduce.js";
import { chainLength, countDown, fourLanes, highHalf, lowHalf } from "./wide-sums.js";

const vectorsOf = ({ size, width }: ReduceLoops): number => Math.ceil(size / width);
/** Whether chains of float32 end and go on in a row of float64. */
const isLong = ({ wide, passes }: ReduceLoops): boolean => wide && passes > chainLength;

/** Bytes of scratch: a row of running results and, for long sums, a row of float64 behind it. */
export const acrossScratch = (loops: ReduceLoops): number => vectorsOf(loops) * (isLong(loops) ? 48 : 16);

/** Rows of running results in scratch, and the pointers that walk them. */
interface Rows {
  readonly at: Local<"i32">;
  /** The pointer to the row of float64, for long sums. */
  readonly wideAt: Local<"i32"> | null;
  /** Runs `each` at every vector of the rows. */
  over(each: () => void): void;
  /** Runs `each` at every vector of the last axis, and of the rows with it. */
  overLast(each: (lanes: number) => void): void;
}

function rowsOf(code: ReduceCode, scratch: I32): Rows {
  const { f, nest, width, last, size } = code;
  const vectors = vectorsOf(code);
  const at = f.local("i32");
  const wideAt = isLong(code) ? f.local("i32") : null;
  const start = (): void => {
    f.set(at, scratch);
    if (wideAt !== null) f.set(wideAt, i32.add(scratch, i32.const(vectors * 16)));
  };
  const advance = (): void => {
    f.advance(at, 16);
    if (wideAt !== null) f.advance(wideAt, 32);
  };
  const over = (each: () => void): void => {
    start();
    f.repeat(vectors, () => {
      each();
      advance();
    });
  };
  const overLast = (each: (lanes: number) => void): void => {
    const full = Math.floor(size / width);
    const step = (): void => {
      each(width);
      advance();
    };
    start();
    nest.loop(f, last, full, width, step, false);
    if (size % width > 0) each(size % width);
    nest.skip(f, last, -full * width);
  };
  return { at, wideAt, over, overLast };
}

/** Vectors run along a kept axis: rows of running results are kept in scratch, so that memory is walked row by row. */
export function reduceAcross(code: ReduceCode, scratch: I32): void {
  const { f, nest, reducedAxes } = code;
  const rows = rowsOf(code, scratch);
  const { at, wideAt } = rows;
  const inner = reducedAxes.at(-1);
  const innerSize = inner === undefined ? 1 : nest.axes[inner].size;
  const unroll = inner !== undefined && code.unrolls && innerSize >= 8 ? 4 : 1;
  const roundsOfChain = chainLength / unroll;
  const roundsLeft = wideAt === null ? null : f.local("i32");
  const round = (count: number): void => {
    addRows(code, rows, inner, count);
    if (wideAt === null || roundsLeft === null) return;
    countDown(f, roundsLeft, roundsOfChain, () =>
      rows.over(() => {
        addToWide(code, at, wideAt);
        f.emit(v128.store(at, f.f32(0)));
      }),
    );
  };
  nest.over(f, code.keptAxes, () => {
    rows.over(() => {
      f.emit(v128.store(at, code.neutral()));
      if (wideAt !== null) for (const half of [0, 16]) f.emit(v128.store(wideAt, f.f64(0), half));
    });
    if (roundsLeft !== null) f.set(roundsLeft, i32.const(roundsOfChain));
    nest.over(f, reducedAxes.slice(0, -1), () => {
      if (inner === undefined) return round(1);
      nest.loop(f, inner, Math.floor(innerSize / unroll), unroll, () => round(unroll), false);
      nest.loop(f, inner, innerSize % unroll, 1, () => round(1), false);
      nest.skip(f, inner, -innerSize);
    });
    rows.overLast((lanes) => {
      if (wideAt === null) return code.store(f.let(v128.load(at)), lanes);
      addToWide(code, at, wideAt);
      code.store(f.let(fourLanes(v128.load(wideAt), v128.load(wideAt, 16))), lanes);
    });
  });
}

/** Adds so many rows of the innermost reduced axis. */
function addRows(code: ReduceCode, { at, overLast }: Rows, inner: number | undefined, count: number): void {
  const { f, body, width, last } = code;
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
      f.set(total, code.combined(total, body.result(0)));
    }
    f.emit(v128.store(at, total));
  });
}

/** Adds a vector of running results to its sums in float64. */
function addToWide({ f, width }: ReduceCode, from: I32, to: I32): void {
  const x = f.let(v128.load(from));
  f.emit(v128.store(to, f64x2.add(v128.load(to), lowHalf(x))));
  if (width === 4) f.emit(v128.store(to, f64x2.add(v128.load(to, 16), highHalf(x)), 16));
}
