import { tooLarge } from "./checks.js";
import { DTypeError, ValueError } from "./errors.js";
import { mostElements } from "./limits.js";
import { show } from "./show.js";

/** Element types: `float32` is the default of numbers; promotion goes bool < int32 < float32 < float64. */
export type DType = "float32" | "float64" | "int32" | "bool";
/** The typed arrays that hold elements; `bool` is a byte of 0 or 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

const ranks: { readonly [D in DType]: number } = { bool: 0, int32: 1, float32: 2, float64: 3 };
/** Bytes of one element.
 * @example
 * bytesOf.float32 // => 4
 */
export const bytesOf: { readonly [D in DType]: number } = { bool: 1, int32: 4, float32: 4, float64: 8 };

/** All dtypes, the narrowest first.
 * @example
 * allDTypes.includes("float64") // => true
 */
export const allDTypes: readonly DType[] = ["bool", "int32", "float32", "float64"];

/** Whether derivatives exist for this dtype. */
export const isFloatDType = (dtype: DType): boolean => dtype === "float32" || dtype === "float64";
/** Whether a string names a dtype. */
const isDType = (name: unknown): name is DType => typeof name === "string" && Object.hasOwn(ranks, name);

/** The dtype that holds both operands' values. */
export const promote = (a: DType, b: DType): DType => (ranks[a] >= ranks[b] ? a : b);
/** The floating dtype that an operation such as a division or `exp` computes in. */
export const floatOf = (dtype: DType): DType => (isFloatDType(dtype) ? dtype : "float32");

/** A new zeroed array of `length` elements; throws where there is no memory for it. */
export function newArray(dtype: DType, length: number): TypedArray {
  if (length > mostElements) throw tooLarge("a new tensor", `${length} elements`);
  try {
    return zeroed(dtype, length);
  } catch {
    throw new ValueError({
      code: "value/memory",
      op: "a new tensor",
      problem: "there is no memory for it.",
      got: `${length} × ${bytesOf[dtype]} bytes`,
      expected: "what the process may still allocate",
      mend: "work on smaller pieces",
    });
  }
}

/** A number of bytes as text. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 2 ** 20) return `${(bytes / 1024).toFixed(1)} kB`;
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MB` : `${(bytes / 2 ** 30).toFixed(2)} GB`;
}

function zeroed(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "int32":
      return new Int32Array(length);
    case "bool":
      return new Uint8Array(length);
  }
}

/** A view of `length` elements of a memory, from a byte address on.
 * @example
 * arrayAt(new ArrayBuffer(16), "float32", 8, 2).length // => 2
 */
export function arrayAt(memory: ArrayBufferLike, dtype: DType, address: number, length: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(memory, address, length);
    case "float64":
      return new Float64Array(memory, address, length);
    case "int32":
      return new Int32Array(memory, address, length);
    case "bool":
      return new Uint8Array(memory, address, length);
  }
}

/** Throws unless `dtype` is one of the four.
 * @example
 * checkDType("zeros", "float16") // throws DTypeError
 * @internal
 */
export function checkDType(op: string, dtype: unknown): asserts dtype is DType {
  if (isDType(dtype)) return;
  throw new DTypeError({
    code: "dtype/unknown",
    op,
    problem: "unknown dtype.",
    got: show(dtype),
    expected: `one of ${Object.keys(ranks).join(", ")}`,
    mend: 'pass { dtype: "float32" }, for example',
  });
}
