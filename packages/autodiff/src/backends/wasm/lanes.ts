import { InternalError } from "../../base/errors.js";
import type { Access } from "../../kernel/program.js";
import type { CodeContext } from "./context.js";
import type { Code, I32, V128, VectorBytes } from "./instructions.js";
import { bytesOfF32, bytesOfF64, bytesOfI32, f32x4, f64x2, i32x4, v128 } from "./instructions.js";

/** The element types that linear algebra runs on. */
export type NumericDType = "float32" | "float64" | "int32";

/** The dtype of a buffer that arithmetic is done in. */
export function numeric({ buffer }: Access): NumericDType {
  if (buffer.dtype === "bool") throw new InternalError(`${buffer.name}: arithmetic on bool`);
  return buffer.dtype;
}

/** Vector code that differs between element types only in its opcodes. */
export interface Lanes {
  readonly dtype: NumericDType;
  readonly bytes: 4 | 8;
  /** Elements of one vector. */
  readonly count: 4 | 2;
  readonly zero: VectorBytes;
  readonly loadSplat: (at: I32, offset?: number) => V128;
  readonly loadFirst: (at: I32, offset?: number) => V128;
  readonly storeFirst: (at: I32, value: V128, offset?: number) => Code;
  readonly add: (a: V128, b: V128) => V128;
  /** a·b + c, in one instruction where the host has one. */
  readonly multiplyAdd: (a: V128, b: V128, c: V128) => V128;
}

export function lanesOf(dtype: NumericDType, { relaxed }: Pick<CodeContext, "relaxed">): Lanes {
  const store32 = (at: I32, value: V128, offset?: number): Code => v128.store32Lane(at, value, 0, offset);
  const narrow = {
    bytes: 4,
    count: 4,
    loadSplat: v128.load32Splat,
    loadFirst: v128.load32Zero,
    storeFirst: store32,
  } as const;
  switch (dtype) {
    case "float32":
      return {
        ...narrow,
        dtype,
        zero: bytesOfF32(0),
        add: f32x4.add,
        multiplyAdd: (a, b, c) => (relaxed ? f32x4.relaxedMadd(a, b, c) : f32x4.add(c, f32x4.mul(a, b))),
      };
    case "int32":
      return {
        ...narrow,
        dtype,
        zero: bytesOfI32(0),
        add: i32x4.add,
        multiplyAdd: (a, b, c) => i32x4.add(c, i32x4.mul(a, b)),
      };
    case "float64":
      return {
        dtype,
        bytes: 8,
        count: 2,
        zero: bytesOfF64(0),
        loadSplat: v128.load64Splat,
        loadFirst: v128.load64Zero,
        storeFirst: (at, value, offset) => v128.store64Lane(at, value, 0, offset),
        add: f64x2.add,
        multiplyAdd: (a, b, c) => (relaxed ? f64x2.relaxedMadd(a, b, c) : f64x2.add(c, f64x2.mul(a, b))),
      };
  }
}
