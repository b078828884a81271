import type { DType } from "../../base/dtype.js";
import type { Combine } from "../../kernel/instruction.js";
import type { ReduceKernel } from "../../kernel/program.js";
import type { FunctionBuilder } from "./assembler.js";
import type { CodeContext } from "./context.js";
import { costAlong, ExpressionCode, flushed, positionsOf, sourcesOf, widthOf } from "./expression-code.js";
import type { V128 } from "./instructions.js";
import { formKey, type KernelCode } from "./kernel-code.js";
import { distance, LoopNest } from "./loop-nest.js";
import { sourceKey, streamsKey } from "./map.js";
import { acrossScratch, reduceAcross } from "./reduce-across.js";
import { reduceAlong } from "./reduce-along.js";
import { VectorCode } from "./vector-code.js";

const instructionOf = { sum: "add", prod: "mul", max: "max", min: "min" } as const;
const neutrals: { readonly [C in Combine]: { readonly [D in DType]: number } } = {
  sum: { float32: 0, float64: 0, int32: 0, bool: 0 },
  prod: { float32: 1, float64: 1, int32: 1, bool: 1 },
  max: { float32: -Infinity, float64: -Infinity, int32: -2147483648, bool: 0 },
  min: { float32: Infinity, float64: Infinity, int32: 2147483647, bool: 1 },
};
/** Expressions up to so many nodes are unrolled, to keep several sums going. */
const unrolledNodes = 24;

/** What a reduction's loops are made of, once its vectors have an axis to run along. */
export interface ReduceLoops {
  readonly nest: LoopNest;
  /** Lanes of a vector. */
  readonly width: 2 | 4;
  /** Four-byte values of a two-lane kernel lie in the low half of their vector. */
  readonly narrow: boolean;
  /** Whether long sums must not run on in the type of their terms: those of float32. */
  readonly wide: boolean;
  /** The last axis, which vectors run along, and its size. */
  readonly last: number;
  readonly size: number;
  /** The other axes. */
  readonly keptAxes: readonly number[];
  readonly reducedAxes: readonly number[];
  /** Whether the expression is short enough to be written several times. */
  readonly unrolls: boolean;
}

/** How a reduction's code is written: its loops, its expression, and how results are combined and stored. */
export interface ReduceCode extends ReduceLoops {
  readonly f: FunctionBuilder;
  readonly body: ExpressionCode;
  neutral(): V128;
  combined(a: V128, b: V128): V128;
  /** Stores the first `lanes` of a total at the present place of the kept axes. */
  store(total: V128, lanes: number): void;
  /** Loops over the given axes, from the outermost in. */
  over(axes: readonly number[], inner: () => void): void;
}

/** Code of a fused map and reduction. Vectors run along a reduced axis, or across the reduced ones along a kept axis; whichever is cheaper. */
export function reduceCode(ctx: CodeContext, kernel: ReduceKernel, flush: boolean): KernelCode | null {
  const { shape, expression, combine, reduced } = kernel;
  if (shape.slice(0, shape.length - reduced).includes(0)) return null;
  const nest = new LoopNest(shape, reduced);
  const sources = sourcesOf(nest, kernel.reads);
  const write = nest.stream(kernel.write);
  const positions = positionsOf(nest, expression);
  nest.collapse();
  if (nest.axes.length === 0) nest.addUnitAxis(true);
  const { dtype } = kernel.write.buffer;
  const width = widthOf([expression], [kernel.write]);
  const best = cheapestAxis(nest, (axis) => {
    const { size, reduced: isReduced } = nest.axes[axis];
    // Along a reduced axis the write does not move, but the lanes have to be combined at the end.
    return costAlong(axis, size, width, sources, isReduced ? [] : [write]) + (isReduced ? 8 / size : 0);
  });
  const along = nest.axes[best].reduced;
  nest.moveLast(best);
  const depth = nest.axes.length;
  const others = [...nest.axes.keys()].slice(0, -1);
  const loops: ReduceLoops = {
    nest,
    width,
    narrow: width === 2 && (dtype === "float32" || dtype === "int32"),
    wide: combine === "sum" && dtype === "float32",
    last: depth - 1,
    size: nest.axes[depth - 1].size,
    keptAxes: others.filter((axis) => !nest.axes[axis].reduced),
    reducedAxes: others.filter((axis) => nest.axes[axis].reduced),
    unrolls: expression.nodes.length <= unrolledNodes,
  };
  if (!along) ctx.needScratch(acrossScratch(loops));

  const key = formKey([
    "reduce",
    along,
    flush,
    nest.key(),
    expression,
    combine,
    streamsKey(kernel.reads, [kernel.write]),
    sources.map(sourceKey),
    [write.group.index, distance(write)],
  ]);
  const routine = ctx.routine(key, nest.groups.length, (f) => {
    nest.begin(f);
    const code = new VectorCode(ctx, f, width);
    const body = new ExpressionCode(code, expression, sources, positions, depth);
    const over = (axes: readonly number[], inner: () => void): void => {
      const [axis, ...rest] = axes;
      if (axis === undefined) return inner();
      nest.loop(f, axis, nest.axes[axis].size, 1, () => over(rest, inner));
    };
    const parts: ReduceCode = {
      ...loops,
      f,
      body,
      neutral: () => code.constant(neutrals[combine][dtype], dtype),
      combined: (a, b) => code.binary(instructionOf[combine], a, b, dtype),
      store: (total, lanes) =>
        body.store(write, flush && dtype === "float32" ? flushed(f, total) : total, {
          lanes,
          shift: new Map(),
        }),
      over,
    };
    if (along) reduceAlong(parts);
    else reduceAcross(parts, ctx.scratch);
  });
  return { routine, operands: (address) => nest.operands(address) };
}

/** The last of the axes with the least cost; an empty one is only taken where all are empty. */
function cheapestAxis(nest: LoopNest, costOf: (axis: number) => number): number {
  const costs = nest.axes.map(({ size }, axis) => (size === 0 ? Infinity : costOf(axis)));
  return costs.lastIndexOf(Math.min(...costs));
}
