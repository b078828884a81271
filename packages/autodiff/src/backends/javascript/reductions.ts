import type { DType, TypedArray } from "../../base/dtype.js";

// One reduction per way to combine, under its name; each is an export of its own, so that an op brings one along and no others.

/** Continues a reduction from `start` over `n` elements; in double precision, so that float32 is rounded once, by whoever stores it. */
export type ReduceLoop = (n: number, start: number, a: TypedArray, p: number, s: number) => number;
/** How elements are combined, and what that starts from. */
export interface Reduction {
  readonly neutral: { readonly [D in DType]: number };
  readonly fold: ReduceLoop;
}

const everywhere = (value: number): Reduction["neutral"] => ({
  float32: value,
  float64: value,
  int32: value,
  bool: value,
});

/** Sum. */
export const sum: Reduction = {
  neutral: /* @__PURE__ */ everywhere(0),
  fold: (n, start, a, p, s) => {
    let y = start;
    if (a instanceof Int32Array) for (let i = 0, j = p; i < n; i++, j += s) y = (y + a[j]) | 0;
    else for (let i = 0, j = p; i < n; i++, j += s) y += a[j];
    return y;
  },
};
/** Product. */
export const prod: Reduction = {
  neutral: /* @__PURE__ */ everywhere(1),
  fold: (n, start, a, p, s) => {
    let y = start;
    if (a instanceof Int32Array) for (let i = 0, j = p; i < n; i++, j += s) y = Math.imul(y, a[j]);
    else for (let i = 0, j = p; i < n; i++, j += s) y *= a[j];
    return y;
  },
};
// Math.max and Math.min return NaN as soon as one operand is NaN.
/** Greatest element. */
export const max: Reduction = {
  neutral: { float32: -Infinity, float64: -Infinity, int32: -2147483648, bool: 0 },
  fold: (n, start, a, p, s) => {
    let y = start;
    for (let i = 0, j = p; i < n; i++, j += s) y = Math.max(y, a[j]);
    return y;
  },
};
/** Least element. */
export const min: Reduction = {
  neutral: { float32: Infinity, float64: Infinity, int32: 2147483647, bool: 1 },
  fold: (n, start, a, p, s) => {
    let y = start;
    for (let i = 0, j = p; i < n; i++, j += s) y = Math.min(y, a[j]);
    return y;
  },
};
