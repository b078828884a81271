import { expect } from "vitest";
import type { Backend } from "../../src/kernel/backend.js";
import type { Buffer, Program } from "../../src/kernel/program.js";
import { runNaively } from "./naive-program.js";
import { readBuffer } from "./program-builder.js";

/** Runs a program and gives the elements of its buffers. */
export function runProgram(backend: Backend, program: Program): (buffer: Buffer) => number[] {
  const executable = backend.prepare(program, { threads: null });
  executable.run();
  return (buffer) => readBuffer(executable, buffer);
}

/** Equal numbers, zeros of the same sign; NaN equals NaN. */
const sameNumber = (x: number, y: number): boolean => Object.is(x, y);

/** Runs a program on the backend and naively, and demands the same numbers in every buffer. */
export function expectAsNaive(
  backend: Backend,
  program: Program,
  opaque: ReadonlySet<Buffer> = new Set(),
): void {
  const got = runProgram(backend, program);
  const want = runNaively(program);
  for (const buffer of program.buffers) {
    if (opaque.has(buffer)) continue;
    const g = got(buffer);
    const w = want.get(buffer) ?? [];
    const at = w.findIndex((value, i) => !sameNumber(value, g[i]));
    if (at >= 0) {
      expect.fail(
        `${program.name}: element ${at} of ${buffer.name} is ${g[at]}, not ${w[at]}\n got ${g.slice(0, 40)}\nwant ${w.slice(0, 40)}`,
      );
    }
  }
  expect(program.buffers.length).toBeGreaterThan(0);
}

const greatestFloat32 = 2 ** 127 * (2 - 2 ** -23);

/** Distance in units in the last place of the dtype at the wanted value; 0 for equal, infinite for NaN against a number. */
export function ulps(got: number, want: number, dtype: "float32" | "float64"): number {
  const single = dtype === "float32";
  const rounded = single ? Math.fround(want) : want;
  if (Object.is(got, rounded)) return 0;
  if (Number.isNaN(got) || Number.isNaN(want)) return Infinity;
  if (!Number.isFinite(want)) return Infinity;
  const greatest = single ? greatestFloat32 : Number.MAX_VALUE;
  // Near the end of the range an infinity counts as the number after the greatest.
  const g = Number.isFinite(got) ? got : Math.sign(got) * greatest * (1 + (single ? 2 ** -24 : 2 ** -53));
  const w = Math.max(-greatest, Math.min(greatest, want));
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(w))), single ? -126 : -1022);
  const unit = Math.max(2 ** (exponent - (single ? 23 : 52)), single ? 2 ** -149 : Number.MIN_VALUE);
  return Math.abs(g - w) / unit;
}
