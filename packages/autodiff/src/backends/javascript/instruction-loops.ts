import type { TypedArray } from "../../base/dtype.js";
import {
  divideInt,
  erf as erfOf,
  floorMod,
  floorModInt,
  power,
  powerInt,
  roundHalfEven,
  sigmoid as sigmoidOf,
} from "./scalar-functions.js";

// One plain loop per instruction, under the instruction's name. Each is an export of its own, so that an op brings its loops along and no others.

/** `n` elements, the results side by side from `o`, each operand from its offset in steps of its stride (0: one element for all). Storing into
 * the array of results is what rounds to float32 and wraps int32, so one loop serves every dtype, unless it says otherwise. An operand may be
 * the result's own storage when its elements are the same ones. */
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

export const neg: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = -a[j];
};

export const abs: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.abs(a[j]);
};

export const sign: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.sign(a[j]);
};

export const floor: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.floor(a[j]);
};

export const ceil: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.ceil(a[j]);
};

export const round: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = roundHalfEven(a[j]);
};

export const sqrt: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.sqrt(a[j]);
};

export const exp: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.exp(a[j]);
};

export const expm1: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.expm1(a[j]);
};

export const log: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.log(a[j]);
};

export const log1p: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.log1p(a[j]);
};

export const sin: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.sin(a[j]);
};

export const cos: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.cos(a[j]);
};

export const tan: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.tan(a[j]);
};

export const asin: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.asin(a[j]);
};

export const acos: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.acos(a[j]);
};

export const atan: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.atan(a[j]);
};

export const sinh: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.sinh(a[j]);
};

export const cosh: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.cosh(a[j]);
};

export const tanh: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.tanh(a[j]);
};

export const asinh: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.asinh(a[j]);
};

export const acosh: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.acosh(a[j]);
};

export const atanh: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = Math.atanh(a[j]);
};

export const sigmoid: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = sigmoidOf(a[j]);
};

export const erf: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = erfOf(a[j]);
};

export const not: UnaryLoop = (n, out, o, a, p, s) => {
  for (let i = 0, j = p; i < n; i++, j += s) out[o + i] = a[j] === 0 ? 1 : 0;
};

export const add: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] + b[k];
};

export const sub: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] - b[k];
};

export const mul: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  if (a instanceof Int32Array)
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = Math.imul(a[j], b[k]);
  else for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] * b[k];
};

export const div: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  if (a instanceof Int32Array)
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = divideInt(a[j], b[k]);
  else for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] / b[k];
};

export const pow: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  if (a instanceof Int32Array)
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = powerInt(a[j], b[k]);
  else for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = power(a[j], b[k]);
};

export const mod: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  if (a instanceof Int32Array)
    for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = floorModInt(a[j], b[k]);
  else for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = floorMod(a[j], b[k]);
};

export const min: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = Math.min(a[j], b[k]);
};

export const max: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = Math.max(a[j], b[k]);
};

export const atan2: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = Math.atan2(a[j], b[k]);
};

export const and: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] & b[k];
};

export const or: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] | b[k];
};

// Comparisons: bytes of 0 or 1; NaN is unequal to everything.

export const eq: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] === b[k] ? 1 : 0;
};

export const ne: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] !== b[k] ? 1 : 0;
};

export const lt: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] < b[k] ? 1 : 0;
};

export const le: BinaryLoop = (n, out, o, a, p, s, b, q, t) => {
  for (let i = 0, j = p, k = q; i < n; i++, j += s, k += t) out[o + i] = a[j] <= b[k] ? 1 : 0;
};
