import type { DType } from "../../base/dtype.js";
import type { Combine } from "../../kernel/instruction.js";
import type { ReduceKernel } from "../../kernel/program.js";
import type { Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import {
  costAlong,
  ExpressionCode,
  flushed,
  type OperandSource,
  positionsOf,
  type Spot,
  sourcesOf,
  widthOf,
} from "./expression-code.js";
import type { V128 } from "./instructions.js";
import { i32, v128 } from "./instructions.js";
import { formKey, type KernelCode } from "./kernel-code.js";
import { distance, LoopNest } from "./loop-nest.js";
import { sourceKey, streamsKey } from "./map.js";
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

/** Code of a fused map and reduction. `along`: vectors run along a reduced axis and are combined at the end. `across`: vectors run along a kept axis,
 * and rows of running results are kept in scratch, so that memory is walked row by row. */
export function reduceCode(ctx: CodeContext, kernel: ReduceKernel, flush: boolean): KernelCode | null {
  const { shape, expression, finish, combine, reduced } = kernel;
  const kept = shape.length - reduced;
  if (shape.slice(0, kept).includes(0)) return null;
  const nest = new LoopNest(shape, reduced);
  const sources = sourcesOf(nest, kernel.reads);
  const finishStreams = kernel.finishReads.map((access) => nest.stream(access));
  const writes = kernel.writes.map((access) => nest.stream(access));
  const positions = positionsOf(nest, expression);
  const finishPositions = positionsOf(nest, finish);
  nest.collapse();
  const width = widthOf([expression, finish], [...kernel.writes, ...kernel.finishReads]);
  const resultDTypes = expression.results.map((node) => expression.nodes[node].dtype);

  // The cheapest axis; along a reduced one, the writes do not move.
  if (nest.axes.length === 0) nest.addUnitAxis(true);
  const costs = nest.axes.map(({ size, reduced: isReduced }, axis) =>
    size === 0
      ? Infinity
      : costAlong(axis, size, width, sources, isReduced ? [] : writes) + (isReduced ? 8 / size : 0),
  );
  const best = costs.every((cost) => cost === Infinity)
    ? costs.length - 1
    : costs.lastIndexOf(Math.min(...costs));
  const along = nest.axes[best].reduced;
  nest.moveLast(best);
  const depth = nest.axes.length;
  const last = depth - 1;
  const { size } = nest.axes[last];
  const keptAxes = [...nest.axes.keys()].filter((i) => i !== last && !nest.axes[i].reduced);
  const reducedAxes = [...nest.axes.keys()].filter((i) => i !== last && nest.axes[i].reduced);

  const form = [
    along,
    flush,
    nest.key(),
    expression,
    finish,
    combine,
    streamsKey(kernel),
    sources.map(sourceKey),
  ];
  const places = [finishStreams, writes].map((streams) =>
    streams.map((s) => [s.group.index, distance(s), s.access.buffer.dtype]),
  );
  const vectors = Math.ceil(size / width);
  if (!along) ctx.needScratch(vectors * 16 * combine.length);

  const routine = ctx.routine(formKey(["reduce", form, places]), nest.groups.length, (f) => {
    nest.begin(f);
    const code = new VectorCode(ctx, f, width);
    const body = new ExpressionCode(code, expression, sources, positions, depth);
    const neutralOf = (i: number): V128 =>
      code.constant(neutrals[combine[i]][resultDTypes[i]], resultDTypes[i]);
    const combined = (i: number, a: V128, b: V128): V128 =>
      code.binary(instructionOf[combine[i]], a, b, resultDTypes[i]);
    const spotOf = (lanes: number, shift: ReadonlyMap<number, number> = new Map()): Spot => ({
      lanes,
      shift,
    });
    const none = spotOf(width);

    /** Evaluates the finish on the results so far and stores `lanes` of it. */
    const finishOn = (totals: readonly (() => V128)[], lanes: number): void => {
      const finishSources: OperandSource[] = [
        ...totals.map((value): OperandSource => ({ kind: "value", value })),
        ...finishStreams.map((at): OperandSource => ({ kind: "plain", at })),
      ];
      const end = new ExpressionCode(code, finish, finishSources, finishPositions, depth);
      for (let level = 0; level <= depth; level++) end.emit(level, spotOf(lanes));
      for (const [i, write] of writes.entries()) {
        const value = end.result(i);
        const small = flush && write.access.buffer.dtype === "float32";
        end.store(write, small ? flushed(f, value) : value, spotOf(lanes));
      }
    };
    /** Loops over all reduced axes but the last-placed one. Nodes are emitted at their levels only where the axes come in the nest's order. */
    const overAxes = (axes: readonly number[], inner: () => void): void => {
      const [axis, ...rest] = axes;
      if (axis === undefined) return inner();
      nest.loop(f, axis, nest.axes[axis].size, 1, () => overAxes(rest, inner));
    };
    /** All nodes that do not change along the last axis, in order. */
    const emitOuter = (spot: Spot): void => {
      for (let level = 0; level < depth; level++) body.emit(level, spot);
    };

    if (along) {
      const cheap = expression.nodes.length <= unrolledNodes && combine.length <= 2;
      const full = Math.floor(size / width);
      const chains = cheap && full >= 8 ? 4 : cheap && full >= 2 ? 2 : 1;
      const sums: Local<"v128">[][] = combine.map(() =>
        Array.from({ length: chains }, () => f.local("v128")),
      );
      overAxes(keptAxes, () => {
        for (const [i, chain] of sums.entries()) for (const sum of chain) f.set(sum, neutralOf(i));
        overAxes(reducedAxes, () => {
          emitOuter(none);
          const step = (chain: number): void => {
            body.emit(depth, spotOf(width, new Map([[last, chain * width]])));
            for (const [i, chainsOf] of sums.entries())
              f.set(chainsOf[chain], combined(i, chainsOf[chain], body.result(i)));
          };
          const rounds = Math.floor(full / chains);
          nest.loop(
            f,
            last,
            rounds,
            chains * width,
            () => {
              for (let chain = 0; chain < chains; chain++) step(chain);
            },
            false,
          );
          const single = full - rounds * chains;
          nest.loop(f, last, single, width, () => step(0), false);
          const rest = size % width;
          if (rest > 0) {
            body.emit(depth, spotOf(rest));
            const word = width === 4 ? 1 : 2;
            const mask = f.i32(
              ...Array.from({ length: 4 }, (_, i) => (Math.floor(i / word) < rest ? -1 : 0)),
            );
            for (const [i, [sum]] of sums.entries()) {
              const narrow = width === 2 && (resultDTypes[i] === "float32" || resultDTypes[i] === "int32");
              const own = narrow ? f.i32(-1, 0, 0, 0) : mask;
              f.set(sum, combined(i, sum, f.let(v128.select(body.result(i), neutralOf(i), own))));
            }
          }
          nest.skip(f, last, -full * width);
        });
        for (const [i, [total, ...others]] of sums.entries()) {
          for (const other of others) f.set(total, combined(i, total, other));
          // Four-byte values of a two-lane kernel lie in the low half of their vector.
          const narrow = width === 2 && (resultDTypes[i] === "float32" || resultDTypes[i] === "int32");
          const lane = width === 4 || narrow ? 4 : 8;
          for (let half = width / 2; half >= 1; half /= 2) {
            const bytes = Array.from({ length: 16 }, (_, at) => (at + half * lane) % (width * lane));
            f.set(total, combined(i, total, f.let(v128.shuffle(total, total, bytes))));
          }
        }
        finishOn(
          sums.map(
            ([total]) =>
              () =>
                total,
          ),
          1,
        );
      });
      return;
    }

    // Across: rows of running results in scratch, one after the other for several results.
    const row = (i: number): number => i * vectors * 16;
    const at = f.local("i32");
    const overLast = (inner: (lanes: number) => void): void => {
      f.set(at, i32.const(ctx.scratch));
      const full = Math.floor(size / width);
      nest.loop(
        f,
        last,
        full,
        width,
        () => {
          inner(width);
          f.advance(at, 16);
        },
        false,
      );
      if (size % width > 0) inner(size % width);
      nest.skip(f, last, -full * width);
    };
    const inner = reducedAxes.at(-1);
    const innerSize = inner === undefined ? 1 : nest.axes[inner].size;
    const unroll = inner !== undefined && expression.nodes.length <= unrolledNodes && innerSize >= 8 ? 4 : 1;
    const rows = (count: number): void => {
      const shifts = Array.from(
        { length: count },
        (_, u) => new Map(inner === undefined ? [] : [[inner, u] as const]),
      );
      if (count === 1) emitOuter(none);
      overLast((lanes) => {
        const totals = combine.map((_, i) => f.let(v128.load(at, row(i))));
        for (const shift of shifts) {
          if (count > 1) emitOuter({ lanes, shift });
          body.emit(depth, { lanes, shift });
          for (const [i, total] of totals.entries()) f.set(total, combined(i, total, body.result(i)));
        }
        for (const [i, total] of totals.entries()) f.emit(v128.store(at, total, row(i)));
      });
    };
    overAxes(keptAxes, () => {
      f.set(at, i32.const(ctx.scratch));
      f.repeat(vectors, () => {
        for (const i of combine.keys()) f.emit(v128.store(at, neutralOf(i), row(i)));
        f.advance(at, 16);
      });
      const rest = innerSize % unroll;
      overAxes(reducedAxes.slice(0, -1), () => {
        if (inner === undefined) return rows(1);
        nest.loop(f, inner, Math.floor(innerSize / unroll), unroll, () => rows(unroll), false);
        nest.loop(f, inner, rest, 1, () => rows(1), false);
        nest.skip(f, inner, -innerSize);
      });
      overLast((lanes) =>
        finishOn(
          combine.map((_, i) => () => v128.load(at, row(i))),
          lanes,
        ),
      );
    });
  });
  return { routine, operands: (address) => nest.operands(address) };
}
