import type { DType } from "../../base/dtype.js";
import type { BinaryInstruction, CompareInstruction, UnaryInstruction } from "../../kernel/instruction.js";

/** What storing a number in an element of a dtype makes of it. */
export const roundTo: { readonly [D in DType]: (x: number) => number } = {
  float32: Math.fround,
  float64: (x) => x,
  int32: (x) => x | 0,
  bool: (x) => (x !== 0 ? 1 : 0),
};

const bits = 300n;
const one = 1n << bits;
// 2/√π with 60 digits, as a fixed-point number.
const twoOverRootPi = (1128379167095512573896158903121545171688101258657997713688171n * one) / 10n ** 60n;

/** A double as a fixed-point number of 300 fractional bits; bits below that are lost. */
function toFixed(x: number): bigint {
  let scaled = x;
  let exponent = 0;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent++;
  }
  return (BigInt(scaled) << bits) >> BigInt(exponent);
}

/** erf by its Maclaurin series in 300-bit fixed-point arithmetic. */
export function exactErf(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  if (Math.abs(x) > 6.5) return Math.sign(x);
  if (Math.abs(x) < 1e-12) return x * 1.1283791670955126;
  const z = toFixed(x);
  const square = (z * z) >> bits;
  let term = z;
  let sum = 0n;
  for (let n = 0n; term !== 0n; n++) {
    sum += term / (2n * n + 1n);
    term = -((term * square) >> bits) / (n + 1n);
    if (term === -1n) break;
  }
  const y = (sum * twoOverRootPi) >> bits;
  // 200 bits of y as a double: exact enough to be rounded once.
  return Number(y >> 180n) / 2 ** 120;
}

function halfEven(x: number): number {
  const below = Math.floor(x);
  const fraction = x - below;
  const nearest = fraction < 0.5 || (fraction === 0.5 && below % 2 === 0) ? below : below + 1;
  return nearest === 0 && (x < 0 || Object.is(x, -0)) ? -0 : nearest;
}

// Written out, Math too: from a list shared with backends, a wrong name would be wrong on both sides, and found by nobody.

/** The float meaning of each instruction, in double precision. */
export const unaryReference: { readonly [I in UnaryInstruction]: (x: number) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: (x) => (Number.isFinite(x) ? halfEven(x) : x),
  sqrt: Math.sqrt,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  // For x < −700 exp(−x) overflows, and exp(x) is the value to the last bit anyway.
  sigmoid: (x) => (x < -700 ? Math.exp(x) : 1 / (1 + Math.exp(-x))),
  erf: exactErf,
  not: (x) => (x === 0 ? 1 : 0),
};

/** The float meaning of each instruction, in double precision. */
export const binaryReference: { readonly [I in BinaryInstruction]: (x: number, y: number) => number } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  // C's pow, where JavaScript's says NaN for 1 to the power of NaN and ±1 to that of ±∞.
  pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y),
  mod: (x, y) => {
    const rest = x % y;
    if (rest === 0) return y < 0 ? -0 : 0;
    return Math.sign(rest) === -Math.sign(y) ? rest + y : rest;
  },
  min: Math.min,
  max: Math.max,
  atan2: Math.atan2,
  and: (x, y) => (x !== 0 && y !== 0 ? 1 : 0),
  or: (x, y) => (x !== 0 || y !== 0 ? 1 : 0),
};

/** Where int32 differs: it wraps, divides towards 0, and has 0 for divisions by 0. */
const intReference: { readonly [I in BinaryInstruction]?: (x: number, y: number) => number } = {
  mul: (x, y) => Number(BigInt.asIntN(32, BigInt(x) * BigInt(y))),
  div: (x, y) => (y === 0 ? 0 : Math.trunc(x / y)),
  mod: (x, y) => (y === 0 ? 0 : x - y * Math.floor(x / y)),
};

/** The meaning of an instruction for operands of a dtype, before it is rounded to the dtype. */
export const binaryMeaning = (name: BinaryInstruction, dtype: DType): ((x: number, y: number) => number) =>
  (dtype === "int32" ? intReference[name] : undefined) ?? binaryReference[name];

export const compareReference: { readonly [I in CompareInstruction]: (x: number, y: number) => boolean } = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
};

/** Threefry-2x32-20 by its definition: a rotation per round, a key injection after every fourth. */
export function plainThreefry(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): [number, number] {
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  const keys = [key0 >>> 0, key1 >>> 0, (0x1bd11bda ^ key0 ^ key1) >>> 0];
  let x = (counter0 + keys[0]) >>> 0;
  let y = (counter1 + keys[1]) >>> 0;
  for (let round = 0; round < 20; round++) {
    x = (x + y) >>> 0;
    const by = rotations[round % 8];
    y = (((y << by) | (y >>> (32 - by))) ^ x) >>> 0;
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    x = (x + keys[injection % 3]) >>> 0;
    y = (y + keys[(injection + 1) % 3] + injection) >>> 0;
  }
  return [x, y];
}
