import type { Access, ScatterAddKernel } from "../../kernel/program.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import type { I32 } from "./instructions.js";
import { f32, f64, f64x2, i32, v128 } from "./instructions.js";
import type { KernelCode } from "./kernel-code.js";
import { type Lanes, lanesOf, numeric } from "./lanes.js";
import type { Parameters } from "./routine.js";
import { chainLength, fourLanes, highHalf, lowHalf } from "./wide-sums.js";

const parameters = ["source", "index", "target"] as const;
type Operands = Parameters<(typeof parameters)[number]>;
/** Sizes, and strides in bytes. */
interface Scatter {
  readonly count: number;
  readonly row: number;
  readonly rows: number;
  readonly source: readonly number[];
  readonly index: readonly number[];
  readonly target: readonly number[];
}

/** `target[b, index[b, m], r] += source[b, m, r]`. What goes to one element is added in the order of m. */
export function scatterAddCode(ctx: CodeContext, kernel: ScatterAddKernel): KernelCode {
  const { shape, rows, source, index, target } = kernel;
  const [batch, count, row] = shape;
  const lanes = lanesOf(numeric(target), ctx);
  const scaled = ({ strides }: Access, bytes: number): number[] => strides.map((stride) => stride * bytes);
  const scatter: Scatter = {
    ...{ count, row, rows, index: scaled(index, 4) },
    ...{ source: scaled(source, lanes.bytes), target: scaled(target, lanes.bytes) },
  };
  // Only then can more than a chain of float32 come together in one element.
  const grouped = lanes.dtype === "float32" && count > chainLength;
  if (grouped) ctx.needScratch((rows + count) * 4 + 16);
  const key = JSON.stringify(["scatterAdd", lanes.dtype, batch, scatter]);
  const { code, names } = ctx.named(key, parameters, (f, p) => {
    f.repeat(batch, () => {
      if (grouped) addGroups(f, ctx.own(f, ctx.scratch), scatter, p);
      else addInTurn(f, lanes, scatter, p);
      f.advance(p.source, scatter.source[0]);
      f.advance(p.index, scatter.index[0]);
      f.advance(p.target, scatter.target[0]);
    });
  });
  const accesses = { source, index, target };
  return {
    routine: code,
    operands: (address) => names.map((name) => address(accesses[name], accesses[name].offset)),
  };
}

/** Adds row after row where its index says. */
function addInTurn(f: FunctionBuilder, lanes: Lanes, scatter: Scatter, p: Operands): void {
  const { count, row, source, index, target } = scatter;
  const [sourceRow, indexRow] = [f.let(p.source), f.let(p.index)];
  const vectors = source[2] === lanes.bytes && target[2] === lanes.bytes ? Math.floor(row / lanes.count) : 0;
  f.repeat(count, () => {
    const from = f.let(sourceRow);
    const to = f.let(i32.add(p.target, i32.mul(i32.load(indexRow), i32.const(target[1]))));
    f.repeat(vectors, () => {
      f.emit(v128.store(to, lanes.add(v128.load(to), v128.load(from))));
      f.advance(from, 16);
      f.advance(to, 16);
    });
    f.repeat(row - vectors * lanes.count, () => {
      f.emit(lanes.storeFirst(to, lanes.add(lanes.loadFirst(to), lanes.loadFirst(from))));
      f.advance(from, source[2]);
      f.advance(to, target[2]);
    });
    f.advance(sourceRow, source[1]);
    f.advance(indexRow, index[1]);
  });
}

/** Lists for each row of the target which rows of the source go there, then adds each list in float64. At `scratch` stand the first entries of the lists
 * (1 + m; 0 ends a list), then the entry after each. */
function addGroups(f: FunctionBuilder, firstOf: I32, scatter: Scatter, p: Operands): void {
  const { count, rows, index, target } = scatter;
  const nextOf = i32.add(firstOf, i32.const(rows * 4));
  const at = f.let(firstOf);
  f.repeat(Math.ceil(rows / 4), () => {
    f.emit(v128.store(at, f.i32(0)));
    f.advance(at, 16);
  });
  // From the last to the first, so that each list goes up.
  const entry = f.let(i32.const(count));
  const indexRow = f.let(i32.add(p.index, i32.const((count - 1) * index[1])));
  const next = f.let(i32.add(nextOf, i32.const((count - 1) * 4)));
  f.repeat(count, () => {
    f.set(at, i32.add(firstOf, i32.shl(i32.load(indexRow), i32.const(2))));
    f.emit(i32.store(next, i32.load(at)));
    f.emit(i32.store(at, entry));
    f.set(entry, i32.sub(entry, i32.const(1)));
    f.advance(indexRow, -index[1]);
    f.advance(next, -4);
  });
  const first = f.let(firstOf);
  const to = f.let(p.target);
  f.repeat(rows, () => {
    f.set(entry, i32.load(first));
    f.if(entry, () => addList(f, nextOf, scatter, p.source, entry, f.let(to)));
    f.advance(first, 4);
    f.advance(to, target[1]);
  });
}

/** Adds the rows of one list to a row of the target, some columns of all rows after the other. */
function addList(
  f: FunctionBuilder,
  nextOf: I32,
  scatter: Scatter,
  source: Local<"i32">,
  first: Local<"i32">,
  to: Local<"i32">,
): void {
  const { row, source: from, target } = scatter;
  const column = f.let(source);
  const entry = f.local("i32");
  const along = (add: (at: Local<"i32">) => void): void => {
    f.set(entry, first);
    f.loop((again) => {
      f.set(entry, i32.sub(entry, i32.const(1)));
      add(f.let(i32.add(column, i32.mul(entry, i32.const(from[1])))));
      f.set(entry, i32.load(i32.add(nextOf, i32.shl(entry, i32.const(2)))));
      f.branchIf(entry, again);
    });
  };
  /** The next columns, so many vectors side by side. */
  const addVectors = (count: number): void => {
    const sums = f.locals("v128", count * 2);
    for (const sum of sums) f.set(sum, f.f64(0));
    along((at) => {
      for (let v = 0; v < count; v++) {
        const x = f.let(v128.load(at, v * 16));
        f.set(sums[2 * v], f64x2.add(sums[2 * v], lowHalf(x)));
        f.set(sums[2 * v + 1], f64x2.add(sums[2 * v + 1], highHalf(x)));
      }
    });
    for (let v = 0; v < count; v++) {
      const start = f.let(v128.load(to, v * 16));
      const low = f64x2.add(lowHalf(start), sums[2 * v]);
      const high = f64x2.add(highHalf(start), sums[2 * v + 1]);
      f.emit(v128.store(to, fourLanes(low, high), v * 16));
    }
    f.advance(column, count * 16);
    f.advance(to, count * 16);
  };
  const unit = from[2] === 4 && target[2] === 4;
  const wide = unit ? Math.floor(row / 16) : 0;
  const narrow = unit ? Math.floor((row - wide * 16) / 4) : 0;
  f.repeat(wide, () => addVectors(4));
  f.repeat(narrow, () => addVectors(1));
  f.repeat(row - wide * 16 - narrow * 4, () => {
    const sum = f.let(f64.const(0));
    along((at) => f.set(sum, f64.add(sum, f64.promote(f32.load(at)))));
    f.emit(f32.store(to, f32.demote(f64.add(f64.promote(f32.load(to)), sum))));
    f.advance(column, from[2]);
    f.advance(to, target[2]);
  });
}
