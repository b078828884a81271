import { bytesOf } from "../../base/dtype.js";
import type { ReduceKernel } from "../../kernel/program.js";
import { reductions } from "../javascript/reduction-table.js";
import type { FunctionBuilder } from "./assembler.js";
import type { CodeContext } from "./context.js";
import {
  costAlong,
  ExpressionCode,
  type OperandSource,
  positionsOf,
  sourcesOf,
  widthOf,
} from "./expression-code.js";
import type { V128 } from "./instructions.js";
import { expressionKey, type KernelCode } from "./kernel-code.js";
import { distance, LoopNest, type Position, type Stream } from "./loop-nest.js";
import { sourceKey, streamsKey } from "./map.js";
import { acrossScratch, reduceAcross } from "./reduce-across.js";
import { reduceAlong } from "./reduce-along.js";
import { VectorCode } from "./vector-code.js";

const instructionOf = { sum: "add", prod: "mul", max: "max", min: "min" } as const;
/** Expressions up to so many nodes are unrolled, to keep several sums going. */
const unrolledNodes = 24;

/** What a reduction's loops are made of, once its vectors have an axis to run along. */
export interface ReduceLoops {
  readonly nest: LoopNest;
  /** Lanes of a vector. */
  readonly width: 2 | 4;
  /** Bytes from lane to lane of a result: four-byte values of a two-lane kernel lie in the low half of their vector. */
  readonly laneBytes: 4 | 8;
  /** Whether long sums must not run on in the type of their terms: those of float32. */
  readonly wide: boolean;
  /** The last axis, which vectors run along, and its size. */
  readonly last: number;
  readonly size: number;
  /** The other axes. */
  readonly keptAxes: readonly number[];
  readonly reducedAxes: readonly number[];
  /** How often the last axis is walked for one result, or one row of results. */
  readonly passes: number;
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
}

/** Code of a fused map and reduction. Vectors run along a reduced axis, or across the reduced ones along a kept axis; whichever is cheaper.
 * @param vectorAxis - the axis of its nest that they run along, where that is not free */
export function reduceCode(
  ctx: CodeContext,
  kernel: ReduceKernel,
  flush: boolean,
  vectorAxis: number | null = null,
): KernelCode | null {
  const { shape, expression, combine, reduced } = kernel;
  if (shape.slice(0, shape.length - reduced).includes(0)) return null;
  const { nest, sources, write, positions, width } = nestOf(kernel);
  const { dtype } = kernel.write.buffer;
  nest.moveLast(vectorAxis ?? cheapestAxis(nest, width, sources, write));
  const loops = loopsOf(nest, width, kernel);
  const along = nest.axes[loops.last].reduced;
  if (!along) ctx.needScratch(acrossScratch(loops));

  const key = JSON.stringify([
    "reduce",
    along,
    flush,
    nest.key(),
    expressionKey(expression),
    combine,
    streamsKey(kernel.reads, [kernel.write]),
    sources.map(sourceKey),
    [write.group.index, distance(write)],
  ]);
  const routine = ctx.routine(key, nest.groups.length, (f) => {
    nest.begin(f);
    const code = new VectorCode(ctx, f, width);
    const body = new ExpressionCode(code, expression, sources, positions, nest.axes.length);
    const parts: ReduceCode = {
      ...loops,
      f,
      body,
      neutral: () => code.constant(reductions[combine].neutral[dtype], dtype),
      combined: (a, b) => code.binary(instructionOf[combine], a, b, dtype),
      store: (total, lanes) => body.store(write, total, { lanes, shift: new Map() }, flush),
    };
    if (along) reduceAlong(parts);
    else reduceAcross(parts, ctx.own(f, ctx.scratch));
  });
  return { routine, operands: (address) => nest.operands(address) };
}

/** The loops of a reduction, before vectors have an axis to run along. */
export function nestOf({ shape, reduced, expression, reads, write: at }: ReduceKernel): {
  readonly nest: LoopNest;
  readonly sources: OperandSource[];
  readonly write: Stream;
  readonly positions: Map<number, Position>;
  readonly width: 2 | 4;
} {
  const nest = new LoopNest(shape, reduced);
  const sources = sourcesOf(nest, reads);
  const write = nest.stream(at);
  const positions = positionsOf(nest, expression);
  nest.collapse();
  if (nest.axes.length === 0) nest.addUnitAxis(true);
  return { nest, sources, write, positions, width: widthOf([expression], [at]) };
}

/** The axis that vectors run along at the least cost, the last of several; an empty one is only taken where all are empty. */
export function cheapestAxis(
  nest: LoopNest,
  width: number,
  sources: readonly OperandSource[],
  write: Stream,
  mayReduce: boolean = true,
): number {
  const costs = nest.axes.map(({ size, reduced }, axis) => {
    if (size === 0 || (reduced && !mayReduce)) return Infinity;
    // Along a reduced axis the write does not move, but the lanes have to be combined at the end.
    return costAlong(axis, size, width, sources, reduced ? [] : [write]) + (reduced ? 8 / size : 0);
  });
  return costs.lastIndexOf(Math.min(...costs));
}

/** What the loops are, of a nest whose last axis is the one that vectors run along. */
function loopsOf(nest: LoopNest, width: 2 | 4, { expression, combine, write }: ReduceKernel): ReduceLoops {
  const { axes } = nest;
  const { dtype } = write.buffer;
  const last = axes.length - 1;
  const others = [...axes.keys()].slice(0, -1);
  const reducedAxes = others.filter((axis) => axes[axis].reduced);
  return {
    nest,
    width,
    laneBytes: width === 4 || bytesOf[dtype] === 4 ? 4 : 8,
    wide: combine === "sum" && dtype === "float32",
    last,
    size: axes[last].size,
    keptAxes: others.filter((axis) => !axes[axis].reduced),
    reducedAxes,
    passes: reducedAxes.reduce((count, axis) => count * axes[axis].size, 1),
    unrolls: expression.nodes.length <= unrolledNodes,
  };
}
