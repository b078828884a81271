import type { DType } from "../../base/dtype.js";
import type { Combine } from "../../kernel/instruction.js";
import type { ReduceKernel } from "../../kernel/program.js";
import type { Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import {
  costAlong,
  ExpressionCode,
  flushed,
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
  const { shape, expression, combine, reduced } = kernel;
  const kept = shape.length - reduced;
  if (shape.slice(0, kept).includes(0)) return null;
  const nest = new LoopNest(shape, reduced);
  const sources = sourcesOf(nest, kernel.reads);
  const write = nest.stream(kernel.write);
  const positions = positionsOf(nest, expression);
  nest.collapse();
  const width = widthOf([expression], [kernel.write]);
  const { dtype } = kernel.write.buffer;

  // The cheapest axis; along a reduced one, the writes do not move.
  if (nest.axes.length === 0) nest.addUnitAxis(true);
  const costs = nest.axes.map(({ size, reduced: isReduced }, axis) =>
    size === 0
      ? Infinity
      : costAlong(axis, size, width, sources, isReduced ? [] : [write]) + (isReduced ? 8 / size : 0),
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
    combine,
    streamsKey(kernel.reads, [kernel.write]),
    sources.map(sourceKey),
    [write.group.index, distance(write)],
  ];
  const vectors = Math.ceil(size / width);
  if (!along) ctx.needScratch(vectors * 16);

  const routine = ctx.routine(formKey(["reduce", form]), nest.groups.length, (f) => {
    nest.begin(f);
    const code = new VectorCode(ctx, f, width);
    const body = new ExpressionCode(code, expression, sources, positions, depth);
    const neutral = (): V128 => code.constant(neutrals[combine][dtype], dtype);
    const combined = (a: V128, b: V128): V128 => code.binary(instructionOf[combine], a, b, dtype);
    // Four-byte values of a two-lane kernel lie in the low half of their vector.
    const narrow = width === 2 && (dtype === "float32" || dtype === "int32");
    const spotOf = (lanes: number, shift: ReadonlyMap<number, number> = new Map()): Spot => ({
      lanes,
      shift,
    });
    const none = spotOf(width);

    const storeTotal = (total: V128, lanes: number): void =>
      body.store(write, flush && dtype === "float32" ? flushed(f, total) : total, spotOf(lanes));
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
      const cheap = expression.nodes.length <= unrolledNodes;
      const full = Math.floor(size / width);
      const chains = cheap && full >= 8 ? 4 : cheap && full >= 2 ? 2 : 1;
      const sums: Local<"v128">[] = Array.from({ length: chains }, () => f.local("v128"));
      const [total, ...others] = sums;
      overAxes(keptAxes, () => {
        for (const sum of sums) f.set(sum, neutral());
        overAxes(reducedAxes, () => {
          emitOuter(none);
          const step = (chain: number): void => {
            body.emit(depth, spotOf(width, new Map([[last, chain * width]])));
            f.set(sums[chain], combined(sums[chain], body.result(0)));
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
            const own = narrow ? f.i32(-1, 0, 0, 0) : mask;
            f.set(total, combined(total, f.let(v128.select(body.result(0), neutral(), own))));
          }
          nest.skip(f, last, -full * width);
        });
        for (const other of others) f.set(total, combined(total, other));
        const lane = width === 4 || narrow ? 4 : 8;
        for (let half = width / 2; half >= 1; half /= 2) {
          const bytes = Array.from({ length: 16 }, (_, at) => (at + half * lane) % (width * lane));
          f.set(total, combined(total, f.let(v128.shuffle(total, total, bytes))));
        }
        storeTotal(total, 1);
      });
      return;
    }

    // Across: a row of running results in scratch.
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
        const total = f.let(v128.load(at));
        for (const shift of shifts) {
          if (count > 1) emitOuter({ lanes, shift });
          body.emit(depth, { lanes, shift });
          f.set(total, combined(total, body.result(0)));
        }
        f.emit(v128.store(at, total));
      });
    };
    overAxes(keptAxes, () => {
      f.set(at, i32.const(ctx.scratch));
      f.repeat(vectors, () => {
        f.emit(v128.store(at, neutral()));
        f.advance(at, 16);
      });
      const rest = innerSize % unroll;
      overAxes(reducedAxes.slice(0, -1), () => {
        if (inner === undefined) return rows(1);
        nest.loop(f, inner, Math.floor(innerSize / unroll), unroll, () => rows(unroll), false);
        nest.loop(f, inner, rest, 1, () => rows(1), false);
        nest.skip(f, inner, -innerSize);
      });
      overLast((lanes) => storeTotal(f.let(v128.load(at)), lanes));
    });
  });
  return { routine, operands: (address) => nest.operands(address) };
}
