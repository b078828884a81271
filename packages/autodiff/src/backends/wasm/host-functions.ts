import { erf, floorMod, power, powerInt, sigmoid } from "../javascript/scalar-functions.js";

/** What generated code calls for single numbers, by name: the same functions that the JavaScript backend uses. */
export const hostFunctions: Readonly<Record<string, (...operands: number[]) => number>> = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
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
  atan2: Math.atan2,
  erf,
  sigmoid,
  power,
  powerInt,
  floorMod,
  toInt32: (x) => x | 0,
};
