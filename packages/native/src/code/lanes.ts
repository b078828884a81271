import type { DType } from "@scope/autodiff/backend";

/** How many lanes the vectors of a kernel have: with `full` ones, 4-byte elements fill a vector; with `half` as many, float64 does. */
export type Lanes = "full" | "half";

const types: { readonly [L in Lanes]: { readonly [D in DType]: string } } = {
  full: { float32: "f32", int32: "i32", bool: "i32", float64: "f64" },
  half: { float32: "half_f32", int32: "half_i32", bool: "half_i32", float64: "f64" },
};
/** The C type of a vector of elements; a bool is a mask of int32. */
export const typeOf = (lanes: Lanes, dtype: DType): string => types[lanes][dtype];

/** The C constant that says how many lanes there are. */
export const countOf = (lanes: Lanes): string => (lanes === "full" ? "LANES" : "HALF_LANES");

/** The C type of one element in memory. */
export const elementTypes: { readonly [D in DType]: string } = {
  float32: "float",
  float64: "double",
  int32: "int32_t",
  bool: "uint8_t",
};

/** A number as a C constant. */
export function literal(value: number, dtype: DType): string {
  switch (dtype) {
    case "float32":
      return float(Math.fround(value), "f");
    case "float64":
      return float(value, "");
    case "int32":
      return (value | 0) === -(2 ** 31) ? "(-2147483647 - 1)" : String(value | 0);
    case "bool":
      return value !== 0 ? "1" : "0";
  }
}

function float(value: number, suffix: "f" | ""): string {
  if (Number.isNaN(value)) return `__builtin_nan${suffix}("")`;
  if (!Number.isFinite(value)) return `${value < 0 ? "-" : ""}__builtin_inf${suffix}()`;
  const digits = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(digits) ? `${digits}${suffix}` : `${digits}.0${suffix}`;
}

/** The same value in every lane. */
export const splat = (lanes: Lanes, dtype: DType, value: string): string =>
  `${lanes}_splat_${dtype}(${value})`;
