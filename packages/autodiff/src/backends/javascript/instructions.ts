import type { DType, TypedArray } from "../../base/dtype.js";
import type { BinaryInstruction, CompareInstruction, UnaryInstruction } from "../../kernel/instruction.js";
import type { BinaryLoop, UnaryLoop } from "./instruction-loops.js";
import * as loops from "./instruction-loops.js";

/** A loop for every instruction that has a name. */
export type InstructionLoops = { readonly [I in UnaryInstruction]: UnaryLoop } & {
  readonly [I in BinaryInstruction | CompareInstruction]: BinaryLoop;
};
/** All of them: the module of loops is complete, or this does not compile. */
export const instructionLoops: InstructionLoops = loops;

// What the nodes without a name do is always there.

/** As a {@link BinaryLoop}; the condition comes first. */
export type SelectLoop = (
  n: number,
  out: TypedArray,
  o: number,
  c: TypedArray,
  r: number,
  u: number,
  a: TypedArray,
  p: number,
  s: number,
  b: TypedArray,
  q: number,
  t: number,
) => void;

/** `condition ? a : b` per element, of any dtype. */
export const selectLoop: SelectLoop = (n, out, o, c, r, u, a, p, s, b, q, t) => {
  for (let i = 0, h = r, j = p, k = q; i < n; i++, h += u, j += s, k += t)
    out[o + i] = c[h] !== 0 ? a[j] : b[k];
};

/** Copies; also the cast to every dtype but bool (the store rounds, or cuts as `|0`). */
export const copyLoop: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = a[j];
};

const toBool: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = a[j] !== 0 ? 1 : 0;
};

/** Copies with neither side side by side: element i of `out` lies at `o + i·step`. */
export function stridedCopy(
  n: number,
  out: TypedArray,
  o: number,
  step: number,
  a: TypedArray,
  p: number,
  s: number,
): void {
  if (step === 1) copyLoop(n, out, o, a, p, s);
  else for (let i = 0, k = o, j = p; i < n; i++, k += step, j += s) out[k] = a[j];
}

/** The loop that converts from any dtype to this one. */
export const castLoop = (dtype: DType): UnaryLoop => (dtype === "bool" ? toBool : copyLoop);
