import type { Expression } from "../../kernel/instruction.js";
import type { Access, MapKernel } from "../../kernel/program.js";
import type { CodeContext } from "./context.js";
import {
  costAlong,
  ExpressionCode,
  type OperandSource,
  positionsOf,
  type Spot,
  sourcesOf,
  widthOf,
} from "./expression-code.js";
import { expressionKey, type KernelCode } from "./kernel-code.js";
import { distance, LoopNest } from "./loop-nest.js";
import { VectorCode } from "./vector-code.js";

/** Columns of a transposed read that are walked together. */
const transposedBlock = 8;
const cacheLine = 64;
function crossesRows(source: OperandSource): boolean {
  const { strides } = source.at.group;
  return Math.abs(strides[strides.length - 1]) >= cacheLine;
}

/** Code of a fused elementwise kernel: vectors along the axis where they are cheapest, plain loops around. */
export function mapCode(ctx: CodeContext, kernel: MapKernel, flush: boolean): KernelCode | null {
  const { shape, expression } = kernel;
  if (shape.includes(0)) return null;
  const nest = new LoopNest(shape, 0);
  const sources = sourcesOf(nest, kernel.reads);
  const writes = kernel.writes.map((access) => nest.stream(access));
  const positions = positionsOf(nest, expression);
  nest.collapse();
  const width = widthOf([expression], kernel.writes);
  if (nest.axes.length === 0) nest.addUnitAxis(false);
  const costs = nest.axes.map(({ size }, axis) => costAlong(axis, size, width, sources, writes));
  const best = costs.lastIndexOf(Math.min(...costs));
  nest.moveLast(best);
  // Reads across the rows of a matrix come back to the same cache lines while these are still there.
  const length = nest.axes[nest.axes.length - 1].size;
  if (
    nest.axes.length > 1 &&
    length > transposedBlock &&
    length % transposedBlock === 0 &&
    sources.some(crossesRows)
  )
    nest.blockLast(transposedBlock);
  const depth = nest.axes.length;
  const { size } = nest.axes[depth - 1];

  const key = JSON.stringify([
    "map",
    flush,
    nest.key(),
    expressionKey(expression),
    streamsKey(kernel.reads, kernel.writes),
    sources.map(sourceKey),
    writes.map(distance),
  ]);
  const routine = ctx.routine(key, nest.groups.length, (f) => {
    nest.begin(f);
    const code = new VectorCode(ctx, f, width);
    const body = new ExpressionCode(code, expression, sources, positions, depth);
    const spot = (lanes: number): Spot => ({ lanes, shift: new Map() });
    const vector = (lanes: number): void => {
      body.emit(depth, spot(lanes));
      for (const [i, write] of writes.entries()) {
        body.store(write, body.result(i), spot(lanes), flush);
      }
    };
    const level = (axis: number): void => {
      if (axis < depth - 1) {
        body.emit(axis, spot(width));
        nest.loop(f, axis, nest.axes[axis].size, 1, () => level(axis + 1));
        return;
      }
      body.emit(axis, spot(width));
      const full = Math.floor(size / width);
      const rest = size % width;
      nest.loop(f, axis, full, width, () => vector(width), false);
      if (rest > 0) vector(rest);
      if (depth > 1) nest.skip(f, axis, -full * width);
    };
    level(0);
  });
  return { routine, operands: (address) => nest.operands(address) };
}

const sourceKey = (source: ReturnType<typeof sourcesOf>[number]): unknown => {
  const at = [source.at.group.index, distance(source.at)];
  return source.kind === "plain" ? at : [at, source.index.group.index, distance(source.index), source.stride];
};
const dtypesOf = (accesses: readonly Access[]): string => accesses.map(({ buffer }) => buffer.dtype).join();
const streamsKey = (reads: MapKernel["reads"], writes: readonly Access[]): string =>
  `${dtypesOf(reads.map((read) => read.at))}:${dtypesOf(writes)}`;

/** Keys of streams for other kernels' routines. */
export { sourceKey, streamsKey };

/** One node that is the same everywhere. */
export const constantExpression = (value: number, { buffer: { dtype } }: Access): Expression => ({
  nodes: [{ kind: "constant", value, dtype }],
  results: [0],
});
