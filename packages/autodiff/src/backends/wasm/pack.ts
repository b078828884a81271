import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import { f64, i32, lanes32, v128 } from "./instructions.js";
import type { Lanes } from "./lanes.js";
import { panelColumns } from "./micro-kernel.js";
import { callRoutine, type Routine } from "./routine.js";

/** Rows of a block of packed B: a panel of it fills half of a 32 KB first-level cache. */
export const packedBlock = 512;

/** Columns that the last panel of packed B takes: none, half a panel, or a whole one. */
function tailColumns(n: number, lanes: Lanes): number {
  const rest = n % panelColumns(lanes);
  return rest === 0 ? 0 : rest <= lanes.count ? lanes.count : panelColumns(lanes);
}
/** Columns of packed B with the last panel filled up. */
export const packedColumns = (n: number, lanes: Lanes): number =>
  n - (n % panelColumns(lanes)) + tailColumns(n, lanes);

/** Copies one element. */
function copyElement(f: FunctionBuilder, lanes: Lanes, to: Local<"i32">, from: Local<"i32">): void {
  f.emit(lanes.bytes === 4 ? i32.store(to, i32.load(from)) : f64.store(to, f64.load(from)));
}

/** Copies a strided matrix to rows without gaps. */
export function copyMatrix(
  ctx: CodeContext,
  lanes: Lanes,
): Routine<"rows" | "columns" | "source" | "rowStep" | "columnStep" | "target"> {
  return ctx.named(
    `copy ${lanes.bytes}`,
    ["rows", "columns", "source", "rowStep", "columnStep", "target"],
    (f, { rows, columns, source, rowStep, columnStep, target }) => {
      const from = f.local("i32");
      f.repeat(rows, () => {
        f.set(from, source);
        f.repeat(columns, () => {
          copyElement(f, lanes, target, from);
          f.advance(from, columnStep);
          f.advance(target, lanes.bytes);
        });
        f.advance(source, rowStep);
      });
    },
  );
}

/** The last columns of a block of B, filled up with zeros. */
function packTail(
  ctx: CodeContext,
  lanes: Lanes,
): Routine<"k" | "columns" | "width" | "source" | "stepK" | "stepN" | "target"> {
  return ctx.named(
    `pack tail ${lanes.bytes}`,
    ["k", "columns", "width", "source", "stepK", "stepN", "target"],
    (f, { k, columns, width, source, stepK, stepN, target }) => {
      const [from, to] = f.locals("i32", 2);
      const zero = f.vector(lanes.zero);
      f.repeat(k, () => {
        f.emit(v128.store(target, zero));
        f.if(i32.gtU(width, i32.const(16)), () => f.emit(v128.store(target, zero, 16)));
        f.set(from, source);
        f.set(to, target);
        f.repeat(columns, () => {
          copyElement(f, lanes, to, from);
          f.advance(from, stepN);
          f.advance(to, lanes.bytes);
        });
        f.advance(source, stepK);
        f.advance(target, width);
      });
    },
  );
}

/** A full panel whose columns lie side by side. */
function packRows(ctx: CodeContext, lanes: Lanes): Routine<"k" | "source" | "stepK" | "target"> {
  return ctx.named("pack rows", ["k", "source", "stepK", "target"], (f, { k, source, stepK, target }) => {
    f.repeat(k, () => {
      for (const offset of [0, 16]) f.emit(v128.store(target, v128.load(source, offset), offset));
      f.advance(source, stepK);
      f.advance(target, panelColumns(lanes) * lanes.bytes);
    });
  });
}

/** A full panel of 32-bit elements whose columns run along memory: transposes 4 × 4 at a time. */
function packTransposed(ctx: CodeContext, lanes: Lanes): Routine<"k" | "source" | "stepN" | "target"> {
  return ctx.named(
    "pack transposed",
    ["k", "source", "stepN", "target"],
    (f, { k, source, stepN, target }) => {
      const pointers = [source];
      for (let i = 1; i < 8; i++) pointers.push(f.let(i32.add(pointers[i - 1], stepN)));
      f.repeat(i32.shrU(k, i32.const(2)), () => {
        for (const half of [0, 1]) {
          const rows = [0, 1, 2, 3].map((r) => f.let(v128.load(pointers[half * 4 + r])));
          const low = [0, 2].map((r) => f.let(v128.shuffle(rows[r], rows[r + 1], lanes32(0, 4, 1, 5))));
          const high = [0, 2].map((r) => f.let(v128.shuffle(rows[r], rows[r + 1], lanes32(2, 6, 3, 7))));
          for (const [pair, [p, q]] of [low, high].entries()) {
            f.emit(v128.store(target, v128.shuffle(p, q, lanes32(0, 1, 4, 5)), pair * 64 + half * 16));
            f.emit(v128.store(target, v128.shuffle(p, q, lanes32(2, 3, 6, 7)), pair * 64 + 32 + half * 16));
          }
        }
        for (const pointer of pointers) f.advance(pointer, 16);
        f.advance(target, 128);
      });
      f.repeat(i32.and(k, i32.const(3)), () => {
        for (const [i, pointer] of pointers.entries()) {
          f.emit(i32.store(target, i32.load(pointer), i * 4));
          f.advance(pointer, lanes.bytes);
        }
        f.advance(target, 32);
      });
    },
  );
}

/** Packs a block of `k` rows (at most {@link packedBlock}) of B to panels one after the other, the last filled up.
 * */
export function packBlockRoutine(
  ctx: CodeContext,
  lanes: Lanes,
): Routine<"k" | "n" | "source" | "stepK" | "stepN" | "target"> {
  const tail = packTail(ctx, lanes);
  const rows = packRows(ctx, lanes);
  const transposed = lanes.bytes === 4 ? packTransposed(ctx, lanes) : undefined;
  const width = panelColumns(lanes);
  return ctx.named(
    `pack block ${lanes.dtype}`,
    ["k", "n", "source", "stepK", "stepN", "target"],
    (f, { k, n, source, stepK, stepN, target }) => {
      const rest = f.let(i32.remU(n, i32.const(width)));
      const wide = i32.const(width * lanes.bytes);
      const general = (): void =>
        callRoutine(f, tail, { k, columns: width, width: wide, source, stepK, stepN, target });
      const along = (): void => {
        if (transposed === undefined) return general();
        f.if(
          i32.eq(stepK, i32.const(lanes.bytes)),
          () => callRoutine(f, transposed, { k, source, stepN, target }),
          general,
        );
      };
      f.repeat(i32.divU(n, i32.const(width)), () => {
        f.if(
          i32.eq(stepN, i32.const(lanes.bytes)),
          () => callRoutine(f, rows, { k, source, stepK, target }),
          along,
        );
        f.advance(source, i32.mul(stepN, i32.const(width)));
        f.advance(target, i32.mul(k, wide));
      });
      f.if(rest, () => {
        const half = f.local("i32");
        f.set(half, i32.const(width * lanes.bytes));
        f.if(i32.leU(rest, i32.const(lanes.count)), () => f.set(half, i32.const(16)));
        callRoutine(f, tail, { k, columns: rest, width: half, source, stepK, stepN, target });
      });
    },
  );
}

/** Packs all of B, or some of its columns, block after block. `rowBytes` are the bytes of a row of packed B, `skipped` those of its columns before the first. */
export function packRoutine(
  ctx: CodeContext,
  lanes: Lanes,
): Routine<"k" | "n" | "source" | "stepK" | "stepN" | "target" | "rowBytes" | "skipped"> {
  const block = packBlockRoutine(ctx, lanes);
  return ctx.named(
    `pack ${lanes.dtype}`,
    ["k", "n", "source", "stepK", "stepN", "target", "rowBytes", "skipped"],
    (f, { k, n, source, stepK, stepN, target, rowBytes, skipped }) => {
      const now = f.local("i32");
      f.block((done) =>
        f.loop((again) => {
          f.branchIf(i32.leS(k, i32.const(0)), done);
          f.set(now, k);
          f.if(i32.gtS(now, i32.const(packedBlock)), () => f.set(now, i32.const(packedBlock)));
          const to = i32.add(target, i32.mul(now, skipped));
          callRoutine(f, block, { k: now, n, source, stepK, stepN, target: to });
          f.advance(source, i32.mul(stepK, now));
          f.advance(target, i32.mul(rowBytes, now));
          f.set(k, i32.sub(k, now));
          f.branch(again);
        }),
      );
    },
  );
}

/** Packs rows of a transposed A (unit step along m) into panels of tiles. Parameters: k, source, bytes along k, tiles that are one row higher,
 * all tiles, rows of the lower tiles, target, bytes of a panel. Writes up to 40 bytes past the end of a panel. */
export function packTilesRoutine(
  ctx: CodeContext,
  lanes: Lanes,
): Routine<"k" | "source" | "stepK" | "higher" | "tiles" | "low" | "target" | "panel"> {
  return ctx.named(
    `pack tiles ${lanes.bytes}`,
    ["k", "source", "stepK", "higher", "tiles", "low", "target", "panel"],
    (f, { k, source, stepK, higher, tiles, low, target, panel }) => {
      const [from, to, tile, high, bytes] = f.locals("i32", 5);
      // Offsets of the k-th row inside a panel of higher and of lower tiles.
      const [inHigh, inLow, at] = f.locals("i32", 3);
      f.set(low, i32.mul(low, i32.const(lanes.bytes)));
      f.set(high, i32.add(low, i32.const(lanes.bytes)));
      f.repeat(k, () => {
        f.set(from, source);
        f.set(at, target);
        f.set(tile, i32.const(0));
        f.repeat(tiles, () => {
          f.set(bytes, low);
          f.set(to, i32.add(at, inLow));
          f.if(i32.ltU(tile, higher), () => {
            f.set(bytes, high);
            f.set(to, i32.add(at, inHigh));
          });
          for (let offset = 0; offset < 6 * lanes.bytes; offset += 16)
            f.emit(v128.store(to, v128.load(from, offset), offset));
          f.advance(from, bytes);
          f.advance(at, panel);
          f.advance(tile, 1);
        });
        f.advance(source, stepK);
        f.advance(inHigh, high);
        f.advance(inLow, low);
      });
    },
  );
}
