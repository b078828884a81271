import { checkOptions } from "../base/checks.js";
import { checkDType, type DType, newArray, promote, type TypedArray } from "../base/dtype.js";
import { ShapeError, ValueError } from "../base/errors.js";
import { type Shape, shapeFrom, showShape, sizeOf } from "../base/shape.js";
import { fromArray, Tensor } from "../tensor/tensor.js";
import { scalar } from "./operands.js";

/** Values to make a tensor of: a number, a boolean, a typed array, or arrays of these nested as deep as the tensor's rank. */
export type TensorData = number | boolean | NumberArray | readonly TensorData[];
/** Typed arrays that hold numbers. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array;

const isNumberArray = (x: unknown): x is NumberArray =>
  ArrayBuffer.isView(x) &&
  !(x instanceof DataView) &&
  !(x instanceof BigInt64Array) &&
  !(x instanceof BigUint64Array);

/** What a typed array becomes when no dtype is asked for. */
function dtypeOf(array: NumberArray): DType {
  if (array instanceof Float32Array) return "float32";
  return array instanceof Float64Array || array instanceof Uint32Array ? "float64" : "int32";
}

const deepest = 32;
const at = (path: readonly number[]): string => (path.length === 0 ? "" : ` at [${path.join("][")}]`);

function kindOf(x: unknown): string {
  if (x instanceof Tensor) return "a Tensor";
  if (x === null || x === undefined) return String(x);
  if (typeof x === "string") return `the string ${JSON.stringify(x.length > 20 ? `${x.slice(0, 20)}…` : x)}`;
  return Array.isArray(x) ? "an array" : typeof x === "object" ? "an object" : `a ${typeof x}`;
}

function notNumeric(x: unknown, path: readonly number[]): ValueError {
  return new ValueError({
    code: "value/not-numeric",
    op: "tensor",
    problem: "an element is not a number.",
    got: `${kindOf(x)}${at(path)}`,
    expected: "numbers or booleans, in arrays nested evenly, or a typed array",
    mend:
      x instanceof Tensor
        ? path.length === 0
          ? "it is a tensor already; cast(x, dtype) changes its dtype"
          : "stack([a, b]) makes one tensor of several"
        : "make it a number first; NaN marks a missing one",
  });
}

const isList = (x: unknown): x is readonly unknown[] | NumberArray => Array.isArray(x) || isNumberArray(x);

/** The shape that the first elements suggest; every other one is checked against it while elements are read. */
function suggestedShape(values: unknown): number[] {
  const shape: number[] = [];
  for (let x = values; isList(x); x = x[0]) {
    if (shape.push(x.length) <= deepest) continue;
    throw new ShapeError({
      code: "shape/depth",
      op: "tensor",
      problem: "arrays are nested too deep.",
      got: `more than ${deepest} levels`,
      expected: `at most ${deepest} axes`,
      mend: "look for an array that contains itself",
    });
  }
  return shape;
}

function ragged(x: unknown, path: readonly number[], shape: Shape): ShapeError {
  const size = shape[path.length];
  return new ShapeError({
    code: "shape/ragged",
    op: "tensor",
    problem: "rows differ in length or depth.",
    got: `${isList(x) ? `${x.length} elements` : kindOf(x)}${at(path)}`,
    expected: `${size === undefined ? "a number" : `${size} elements`} there, as in the first row: shape ${showShape(shape)}`,
    mend: "pad the shorter rows, or make one tensor of each",
  });
}

/** The elements in row-major order, in double precision until all have been seen, and the dtype that suits them. */
function readElements(values: unknown, shape: Shape): readonly [elements: Float64Array, dtype: DType] {
  const elements = new Float64Array(sizeOf(shape));
  let count = 0;
  let booleans = elements.length > 0;
  let numbers = false;
  let rows: DType | null = null;
  const path: number[] = [];
  const visit = (x: unknown): void => {
    if (typeof x === "number" || typeof x === "boolean") {
      if (path.length < shape.length) throw ragged(x, path, shape);
      booleans &&= typeof x === "boolean";
      numbers ||= typeof x === "number";
      elements[count++] = Number(x);
      return;
    }
    if (!isList(x)) throw notNumeric(x, path);
    if (x.length !== shape[path.length]) throw ragged(x, path, shape);
    const list = isNumberArray(x) ? x : null;
    if (list !== null) rows = rows === null ? dtypeOf(list) : promote(rows, dtypeOf(list));
    for (let i = 0; i < x.length; i++) {
      path.push(i);
      if (list !== null && typeof list[i] === "number" && path.length === shape.length)
        elements[count++] = list[i];
      else visit(x[i]);
      path.pop();
    }
  };
  visit(values);
  if (rows === null) return [elements, booleans && !numbers ? "bool" : "float32"];
  return [elements, numbers ? promote(rows, "float32") : rows];
}

function store(array: TypedArray, i: number, value: number, dtype: DType): void {
  if (dtype === "int32" && (value | 0) !== value) {
    throw new ValueError({
      code: "value/int32",
      op: "tensor",
      problem: "an element is no int32.",
      got: `${value} (element ${i})`,
      expected: "whole numbers from −2147483648 to 2147483647",
      mend: 'cast(tensor(values), "int32") cuts fractions off',
    });
  }
  array[i] = dtype === "bool" ? Number(value !== 0) : value;
}

/** Makes a tensor of numbers, booleans, nested arrays or a typed array; the values are copied.
 * @param values - a number or boolean (shape `[]`), arrays nested evenly, or a typed array
 * @param options - `dtype` (float32 for numbers, bool for booleans, that of a typed array: bytes and shorts become int32);
 * `shape`, another shape of as many elements
 * @returns the shape of the nesting, or `shape`
 * @throws {@link ShapeError} if rows differ in length, or `shape` has another number of elements; {@link ValueError} if an element
 * is not a number, or no int32 where that was asked for; {@link DTypeError} if there is no such dtype
 * @example
 * tensor([[1, 2, 3], [4, 5, 6]]).shape // => [2, 3]
 * tensor([1, 2], { dtype: "int32" }).dtype // => "int32"
 * tensor(new Float64Array(4), { shape: [2, 2] }).dtype // => "float64"
 * tensor([[1, 2], [3]]) // throws ShapeError
 */
export function tensor(
  values: TensorData,
  options?: { readonly dtype?: DType; readonly shape?: Shape },
): Tensor {
  checkOptions("tensor", options, ["dtype", "shape"]);
  const { dtype: wanted } = options ?? {};
  if (wanted !== undefined) checkDType("tensor", wanted);
  const asked = options?.shape === undefined ? undefined : shapeFrom("tensor", options.shape);
  const shape = suggestedShape(values);
  const n = sizeOf(shape);
  if (asked !== undefined && sizeOf(asked) !== n) {
    throw new ShapeError({
      code: "shape/elements",
      op: "tensor",
      problem: "the number of elements differs.",
      got: `${n} elements for shape ${showShape(asked)}`,
      expected: `${sizeOf(asked)} elements`,
      mend: "leave the shape out",
    });
  }
  const [elements, own] = isNumberArray(values) ? [values, dtypeOf(values)] : readElements(values, shape);
  const dtype = wanted ?? own;
  // What was read from nested arrays is nobody else's.
  const mine = elements !== values && elements instanceof Float64Array && dtype === "float64";
  const array = mine ? elements : newArray(dtype, n);
  if (!mine) for (let i = 0; i < n; i++) store(array, i, elements[i], dtype);
  const final = asked ?? shape;
  return final.length === 0 ? scalar(array[0], dtype) : fromArray(array, final, dtype);
}
