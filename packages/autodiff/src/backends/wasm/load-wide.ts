import type { DType } from "../../base/dtype.js";
import type { F64, I32 } from "./instructions.js";
import { f32, f64, i32 } from "./instructions.js";

/** An element of any dtype as float64, which holds them all. */
export function loadWide(at: I32, dtype: DType): F64 {
  switch (dtype) {
    case "float32":
      return f64.promote(f32.load(at));
    case "float64":
      return f64.load(at);
    case "int32":
      return f64.convertI32(i32.load(at));
    case "bool":
      return f64.convertI32(i32.load8U(at));
  }
}
