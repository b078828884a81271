import type { DType, TypedArray } from "../../base/dtype.js";
import type { BinaryInstruction, CompareInstruction, UnaryInstruction } from "../../kernel/instruction.js";
import {
  divideInt,
  erf,
  floorMod,
  floorModInt,
  power,
  powerInt,
  roundHalfEven,
  sigmoid,
} from "./scalar-functions.js";

/** One plain loop per instruction: `n` elements, the results side by side from `o`, each operand from its offset in steps of its
 * stride (0: one element for all). Storing into the array of results is what rounds to float32 and wraps int32, so one table serves both
 * float dtypes. An operand may be the result's own storage when its elements are the same ones. */
export type UnaryLoop = (n: number, out: TypedArray, o: number, a: TypedArray, p: number, s: number) => void;
/** See {@link UnaryLoop}. */
export type BinaryLoop = (
  n: number,
  out: TypedArray,
  o: number,
  a: TypedArray,
  p: number,
  s: number,
  b: TypedArray,
  q: number,
  t: number,
) => void;
/** See {@link UnaryLoop}; the condition comes first. */
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

/** A loop for every instruction with one operand. */
export type UnaryLoops = { readonly [I in UnaryInstruction]: UnaryLoop };
/** A loop for every instruction with two operands. */
export type BinaryLoops = { readonly [I in BinaryInstruction]: BinaryLoop };
/** A loop for every comparison. */
export type CompareLoops = { readonly [I in CompareInstruction]: BinaryLoop };

const floatUnary: UnaryLoops = {
  neg: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = -a[j];
  },
  abs: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.abs(a[j]);
  },
  sign: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.sign(a[j]);
  },
  floor: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.floor(a[j]);
  },
  ceil: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.ceil(a[j]);
  },
  round: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = roundHalfEven(a[j]);
  },
  sqrt: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.sqrt(a[j]);
  },
  exp: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.exp(a[j]);
  },
  expm1: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.expm1(a[j]);
  },
  log: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.log(a[j]);
  },
  log1p: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.log1p(a[j]);
  },
  sin: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.sin(a[j]);
  },
  cos: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.cos(a[j]);
  },
  tan: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.tan(a[j]);
  },
  asin: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.asin(a[j]);
  },
  acos: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.acos(a[j]);
  },
  atan: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.atan(a[j]);
  },
  sinh: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.sinh(a[j]);
  },
  cosh: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.cosh(a[j]);
  },
  tanh: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.tanh(a[j]);
  },
  asinh: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.asinh(a[j]);
  },
  acosh: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.acosh(a[j]);
  },
  atanh: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.atanh(a[j]);
  },
  sigmoid: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = sigmoid(a[j]);
  },
  erf: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = erf(a[j]);
  },
  not: (n, out, o, a, p, s) => {
    for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = a[j] === 0 ? 1 : 0;
  },
};

/** int32 and bool: the same loops, as the store cuts to whole numbers. */
const intUnary: UnaryLoops = floatUnary;

const floatBinary: BinaryLoops = {
  add: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] + b[k];
  },
  sub: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] - b[k];
  },
  mul: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] * b[k];
  },
  div: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] / b[k];
  },
  pow: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = power(a[j], b[k]);
  },
  mod: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = floorMod(a[j], b[k]);
  },
  min: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = Math.min(a[j], b[k]);
  },
  max: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = Math.max(a[j], b[k]);
  },
  atan2: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = Math.atan2(a[j], b[k]);
  },
  and: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] & b[k];
  },
  or: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] | b[k];
  },
};

const intBinary: BinaryLoops = {
  ...floatBinary,
  mul: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = Math.imul(a[j], b[k]);
  },
  div: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = divideInt(a[j], b[k]);
  },
  pow: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = powerInt(a[j], b[k]);
  },
  mod: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = floorModInt(a[j], b[k]);
  },
};

/** Comparisons of any dtype; the results are bytes of 0 or 1, and NaN is unequal to everything. */
export const compareLoops: CompareLoops = {
  eq: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] === b[k] ? 1 : 0;
  },
  ne: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] !== b[k] ? 1 : 0;
  },
  lt: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] < b[k] ? 1 : 0;
  },
  le: (n, out, o, a, p, s, b, q, t) => {
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] <= b[k] ? 1 : 0;
  },
};

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

const isInt = (dtype: DType): boolean => dtype === "int32" || dtype === "bool";
/** The loops for operands of a dtype. */
export const unaryLoops = (dtype: DType): UnaryLoops => (isInt(dtype) ? intUnary : floatUnary);
/** The loops for operands of a dtype. */
export const binaryLoops = (dtype: DType): BinaryLoops => (isInt(dtype) ? intBinary : floatBinary);
/** The loop that converts from any dtype to this one. */
export const castLoop = (dtype: DType): UnaryLoop => (dtype === "bool" ? toBool : copyLoop);
