import { eagerIota } from "../backends/javascript/eager-routines.js";
import { checkCount, checkOptions, checkSize, outOfRange } from "../base/checks.js";
import { checkDType, type DType } from "../base/dtype.js";
import { ValueError } from "../base/errors.js";
import { type Shape, shapeFrom, showShape } from "../base/shape.js";
import { show } from "../base/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { apply, applyOne } from "../trace/apply.js";
import type { Op } from "../trace/op.js";
import { asIndices, checkFloat, checkHeld } from "./argument-checks.js";
import { add } from "./arithmetic.js";
import { expandDims } from "./axes.js";
import { equal, greaterEqual, where } from "./comparison.js";
import { cast } from "./conversion.js";
import { filledLike, zeroDerivative } from "./fill.js";
import { concat } from "./joining.js";
import { asTensor, type TensorLike } from "./operands.js";
import { reshape } from "./shape.js";

/** Evenly spaced numbers: `start + i · step` for i in 0 … size − 1. */
export interface Iota {
  readonly size: number;
  readonly start: number;
  readonly step: number;
  readonly dtype: DType;
}

/** Evenly spaced numbers along one axis. */
export const iotaOp: Op<Iota> = {
  name: "iota",
  cheap: true,
  infer: (_inputs, { size, dtype }) => [{ shape: [size], dtype }],
  eager: eagerIota,
  lower: (_inputs, { start, step }) => ({ kind: "iota", start, step }),
  .../* @__PURE__ */ zeroDerivative<"it has no inputs">(),
  batch: (_inputs, _batched, attributes) => [apply(iotaOp, [], attributes), [false]],
  show: ({ start, step }) => `start=${start} step=${step}`,
};

const iota = (size: number, start: number, step: number, dtype: DType): Tensor =>
  applyOne(iotaOp, [], { size, start, step, dtype });
/** 0, 1, … as int32. */
const positions = (size: number): Tensor => iota(size, 0, 1, "int32");

/** Options of functions that make tensors from nothing. */
export interface CreationOptions {
  /** Type of the elements (`"float32"`). */
  readonly dtype?: DType;
}

function dtypeOf(op: string, options: CreationOptions | undefined, otherwise: DType, other?: string): DType {
  checkOptions(op, options, other === undefined ? ["dtype"] : [other, "dtype"]);
  const dtype = options?.dtype ?? otherwise;
  checkDType(op, dtype);
  return dtype;
}

function filled(
  op: string,
  shape: Shape,
  value: number,
  options: CreationOptions | undefined,
  otherwise: DType = "float32",
): Tensor {
  const own = shapeFrom(op, shape);
  const dtype = dtypeOf(op, options, otherwise);
  checkHeld(op, value, dtype);
  checkSize(op, own);
  return filledLike({ shape: own, dtype }, value);
}

/** Zeros.
 * @param shape - sizes of the axes; `[]` for a scalar
 * @param options - `dtype` (float32)
 * @returns a tensor of this shape
 * @throws {@link ShapeError} if `shape` is not an array of whole numbers ≥ 0; {@link DTypeError} for an unknown dtype
 * @example
 * zeros([2, 2]).toArray() // => [[0, 0], [0, 0]]
 */
export const zeros = (shape: Shape, options?: CreationOptions): Tensor => filled("zeros", shape, 0, options);

/** Ones.
 * @param shape - sizes of the axes; `[]` for a scalar
 * @param options - `dtype` (float32)
 * @returns a tensor of this shape
 * @throws {@link ShapeError} if `shape` is not an array of whole numbers ≥ 0; {@link DTypeError} for an unknown dtype
 * @example
 * ones([3], { dtype: "int32" }).toArray() // => [1, 1, 1]
 */
export const ones = (shape: Shape, options?: CreationOptions): Tensor => filled("ones", shape, 1, options);

/** One value everywhere.
 * @param shape - sizes of the axes; `[]` for a scalar
 * @param value - a number or a boolean
 * @param options - `dtype` (float32; bool for a boolean)
 * @returns a tensor of this shape
 * @throws {@link ShapeError} if `shape` is not an array of whole numbers ≥ 0; {@link ValueError} if the dtype does not hold the value
 * @example
 * full([2], 7).toArray() // => [7, 7]
 * full([1], true).dtype // => "bool"
 */
export const full = (shape: Shape, value: number | boolean, options?: CreationOptions): Tensor =>
  typeof value === "boolean"
    ? filled("full", shape, Number(value), options, "bool")
    : filled("full", shape, value, options);

/** Zeros in the shape and dtype of another tensor.
 * @param x - any shape, any dtype
 * @param options - `dtype` (that of `x`)
 * @returns the shape of `x`
 * @example
 * zerosLike(tensor([1, 2])).toArray() // => [0, 0]
 */
export const zerosLike = (x: TensorLike, options?: CreationOptions): Tensor =>
  like("zerosLike", x, 0, options);
/** Ones in the shape and dtype of another tensor.
 * @param x - any shape, any dtype
 * @param options - `dtype` (that of `x`)
 * @returns the shape of `x`
 * @example
 * onesLike(tensor([1, 2])).toArray() // => [1, 1]
 */
export const onesLike = (x: TensorLike, options?: CreationOptions): Tensor => like("onesLike", x, 1, options);
/** One value in the shape and dtype of another tensor.
 * @param x - any shape, any dtype
 * @param value - a number or a boolean
 * @param options - `dtype` (that of `x`)
 * @returns the shape of `x`
 * @throws {@link ValueError} if the dtype does not hold the value
 * @example
 * fullLike(tensor([1, 2]), 7).toArray() // => [7, 7]
 */
export const fullLike = (x: TensorLike, value: number | boolean, options?: CreationOptions): Tensor =>
  like("fullLike", x, value, options);

function like(
  op: string,
  x: TensorLike,
  value: number | boolean,
  options: CreationOptions | undefined,
): Tensor {
  const t = asTensor(op, x);
  return filled(op, t.sizes, typeof value === "boolean" ? Number(value) : value, options, t.dtype);
}

/** A matrix with ones on its diagonal.
 * @param rows - a whole number ≥ 0
 * @param options - `columns` (as many as rows), `dtype` (float32)
 * @returns `[rows, columns]`
 * @throws {@link ValueError} if a size is not a whole number ≥ 0
 * @example
 * eye(2).toArray() // => [[1, 0], [0, 1]]
 */
export function eye(rows: number, options?: CreationOptions & { readonly columns?: number }): Tensor {
  checkCount("eye", "rows", rows, 0);
  checkOptions("eye", options, ["columns", "dtype"]);
  const columns = options?.columns ?? rows;
  checkCount("eye", "columns", columns, 0);
  return oneAt("eye", positions(rows), columns, options, "columns");
}

/** A row with a one at its index, for each of the indices. */
function oneAt(
  op: string,
  indices: Tensor,
  depth: number,
  options: CreationOptions | undefined,
  other?: string,
): Tensor {
  const dtype = dtypeOf(op, options, "float32", other);
  checkSize(op, [...indices.sizes, depth]);
  return cast(equal(expandDims(indices, -1), positions(depth)), dtype);
}

/** Throws unless the bounds of a range are finite numbers. */
function checkBound(op: string, name: string, value: unknown, expected: string, mend: string): void {
  if (typeof value === "number" && Number.isFinite(value) && (value !== 0 || name !== "step")) return;
  throw outOfRange(op, name, value, expected, mend);
}

/** Numbers from start up to, without, stop.
 * @param start - the first number; if `stop` is left out, this is stop and the first number is 0
 * @param stop - where to end; not included
 * @param options - `step` (1; not 0, may be negative), `dtype` (int32 if all are whole numbers, as in NumPy; float32 otherwise)
 * @returns `[⌈(stop − start) / step⌉]`
 * @throws {@link ValueError} if a number is not finite, or step is 0
 * @example
 * arange(3).toArray() // => [0, 1, 2]
 * arange(2, 4).dtype // => "int32"
 * arange(0, 1, { step: 0.25 }).toArray() // => [0, 0.25, 0.5, 0.75]
 */
export function arange(
  start: number,
  stop?: number,
  options?: CreationOptions & { readonly step?: number },
): Tensor {
  const from = stop === undefined ? 0 : start;
  const to = stop ?? start;
  const usage = "arange(5), arange(2, 5), arange(0, 1, { step: 0.25 }): options come third";
  checkBound(
    "arange",
    stop === undefined ? "stop" : "start",
    stop === undefined ? to : from,
    "a finite number",
    usage,
  );
  checkBound("arange", "stop", to, "a finite number", usage);
  checkOptions("arange", options, ["step", "dtype"]);
  const step = options?.step ?? 1;
  checkBound("arange", "step", step, "a finite number, not 0", usage);
  const whole = [from, to, step].every(Number.isInteger);
  const dtype = dtypeOf("arange", options, whole ? "int32" : "float32", "step");
  checkHeld("arange", from, dtype);
  checkHeld("arange", step, dtype);
  const size = Math.max(0, Math.ceil((to - from) / step));
  checkCount("arange", "the number of elements", size, 0);
  return iota(size, from, step, dtype);
}

/** Evenly spaced numbers from start to stop, both included.
 * @param start - the first number
 * @param stop - the last number
 * @param count - how many, a whole number ≥ 0; of one, only start
 * @param options - `dtype` (float32), a float dtype
 * @returns `[count]`
 * @throws {@link ValueError} if a bound is not finite or `count` is not a whole number ≥ 0; {@link DTypeError} if the dtype is not float
 * @example
 * linspace(0, 1, 5).toArray() // => [0, 0.25, 0.5, 0.75, 1]
 */
export function linspace(start: number, stop: number, count: number, options?: CreationOptions): Tensor {
  checkBound("linspace", "start", start, "a finite number", "linspace(0, 1, 5)");
  checkBound("linspace", "stop", stop, "a finite number", "linspace(0, 1, 5)");
  checkCount("linspace", "count", count, 0);
  const dtype = dtypeOf("linspace", options, "float32");
  checkFloat("linspace", dtype);
  if (count < 2) return iota(count, start, 0, dtype);
  // The last number is stop itself, which start + (count − 1)·step can miss by rounding.
  const most = iota(count - 1, start, (stop - start) / (count - 1), dtype);
  return concat([most, filledLike({ shape: [1], dtype }, stop)]);
}

/** Rows of zeros with a one at each index; a row of zeros only for an index outside of 0 … depth − 1 (as jax.nn.one_hot).
 * @param indices - any shape, int32
 * @param depth - length of a row, a whole number ≥ 0
 * @param options - `dtype` (float32)
 * @returns the shape of `indices`, and `depth` as the last axis
 * @throws {@link DTypeError} if `indices` is not int32; {@link ValueError} if `depth` is not a whole number ≥ 0
 * @example
 * oneHot(tensor([0, 2], { dtype: "int32" }), 3).toArray() // => [[1, 0, 0], [0, 0, 1]]
 */
export function oneHot(indices: TensorLike, depth: number, options?: CreationOptions): Tensor {
  const t = asIndices("oneHot", indices);
  checkCount("oneHot", "depth", depth, 0);
  return oneAt("oneHot", t, depth, options);
}

/** The elements of the last two axes where column − row ≥ `diagonal` (upper) or ≤ it, zeros elsewhere. */
function triangle(
  op: string,
  upper: boolean,
  x: TensorLike,
  options: { readonly diagonal?: number } | undefined,
): Tensor {
  checkOptions(op, options, ["diagonal"]);
  const diagonal = options?.diagonal ?? 0;
  const t = asTensor(op, x);
  const rank = t.sizes.length;
  if (rank < 2 || !Number.isInteger(diagonal)) {
    throw new ValueError({
      code: "value/triangle",
      op,
      problem: "not a matrix with a whole diagonal.",
      got: `shape ${showShape(t.sizes)}, diagonal ${show(diagonal)}`,
      expected: "at least two axes, and a whole number",
      mend: "the main diagonal is 0, the one above it 1",
    });
  }
  const rows = reshape(positions(t.sizes[rank - 2]), [-1, 1]);
  const columns = positions(t.sizes[rank - 1]);
  const edge = add(rows, diagonal);
  return where(
    upper ? greaterEqual(columns, edge) : greaterEqual(edge, columns),
    t,
    t.dtype === "bool" ? false : 0,
  );
}

/** Upper triangle of a matrix; zeros below.
 * @param x - `[..., m, n]`, any dtype
 * @param options - `diagonal`: the lowest one that is kept (0; positive is above the main one)
 * @returns the shape of `x`
 * @throws {@link ValueError} if there are fewer than two axes
 * @example
 * triu(tensor([[1, 2], [3, 4]])).toArray() // => [[1, 2], [0, 4]]
 */
export const triu = (x: TensorLike, options?: { readonly diagonal?: number }): Tensor =>
  triangle("triu", true, x, options);
/** Lower triangle of a matrix; zeros above.
 * @param x - `[..., m, n]`, any dtype
 * @param options - `diagonal`: the highest one that is kept (0; positive is above the main one)
 * @returns the shape of `x`
 * @throws {@link ValueError} if there are fewer than two axes
 * @example
 * tril(tensor([[1, 2], [3, 4]])).toArray() // => [[1, 0], [3, 4]]
 */
export const tril = (x: TensorLike, options?: { readonly diagonal?: number }): Tensor =>
  triangle("tril", false, x, options);
