import { bytesOf, type DType, newArray, type TypedArray } from "../base/dtype.js";
import { LeakError, type ScopeError, SymbolicValueError, ValueError } from "../base/errors.js";
import {
  frozenShape,
  rowMajor,
  type Shape,
  type Strides,
  showShape,
  showSpec,
  sizeOf,
} from "../base/shape.js";
import { show } from "../base/show.js";
import { printTensor } from "./print.js";

/** Elements in row-major order; reading only. */
export interface ReadonlyData extends Iterable<number> {
  readonly length: number;
  readonly [index: number]: number;
  /** A copy of a part. */
  slice(start?: number, end?: number): TypedArray;
  /** The first position of a value, or −1. */
  indexOf(value: number): number;
  /** Whether a test holds for all. */
  every(test: (value: number, index: number) => boolean): boolean;
  /** Whether a test holds for one. */
  some(test: (value: number, index: number) => boolean): boolean;
  /** Visits all in order. */
  forEach(visit: (value: number, index: number) => void): void;
  /** Combines all in order. */
  reduce<T>(combine: (sofar: T, value: number, index: number) => T, start: T): T;
}

/** Nested arrays of numbers, as deep as the tensor's rank. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** What a symbolic tensor belongs to. */
export interface Owner {
  readonly open: boolean;
}

let nextId = 1;
/** The id that the next tensor will get: every tensor made from now on is at least this new. */
export const upcomingId = (): number => nextId;

/** An immutable n-dimensional array: shape, dtype, and strides over shared storage. Garbage-collected; nobody disposes of it.
 * Every operation exists as a function and as a method: `add(a, b)` is `a.add(b)`.
 * @example
 * const a = tensor([[1, 2], [3, 4]])
 * a.shape // => [2, 2]
 * a.dtype // => "float32"
 * a.mul(2).toArray() // => [[2, 4], [6, 8]]
 */
export class Tensor {
  /** @internal Identity for tapes; larger is newer. */
  readonly id: number = nextId++;
  /** @internal The shape as the library reads it: V8 loads elements of frozen arrays slowly. Never handed out, never written to. */
  readonly sizes: Shape;
  /** Type of the elements. */
  readonly dtype: DType;
  /** @internal Steps in elements per axis; null is row-major. */
  readonly strides: Strides;
  /** @internal The elements in the host's memory, which tensors may share; null where there are none: in a symbolic tensor, and in one that lives on a device. */
  readonly storage: TypedArray | null;
  /** @internal First element in the storage. */
  readonly offset: number;
  /** @internal The trace of a symbolic tensor. */
  readonly owner: Owner | null;

  /** @internal Use {@link tensor}, {@link zeros}, … to make tensors. */
  constructor(
    sizes: Shape,
    dtype: DType,
    strides: Strides,
    storage: TypedArray | null,
    offset: number,
    owner: Owner | null,
  ) {
    if (owner === undefined) throw notMade(sizes);
    this.sizes = sizes;
    this.dtype = dtype;
    this.strides = strides;
    this.storage = storage;
    this.offset = offset;
    this.owner = owner;
  }

  /** Sizes of the axes; `[]` is a scalar. The array is frozen. */
  get shape(): Shape {
    return frozenShape(this.sizes);
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.sizes);
  }

  /** Number of axes. */
  get rank(): number {
    return this.sizes.length;
  }

  /** The name of the backend in whose memory alone the elements are, and for which the host has to wait: what a compiled function gives there stays until it is read.
   * Null where {@link Tensor.data} and {@link Tensor.item} answer at once.
   * @example
   * tensor([1, 2]).device // => null
   */
  get device(): string | null {
    return null;
  }

  /** @internal Whether there are no elements at all: in a symbol of a trace, and in a {@link spec}. */
  get isSymbolic(): boolean {
    return this.storage === null;
  }

  /** @internal The elements on the host, for what reads them now. A tensor of a device overrides it, {@link Tensor.device} and {@link Tensor.renamed}.
   * @param what - what asks for them, in an error
   * @param _mend - what to do where the host would have to wait for them, instead of `await t.read()` */
  hostStorage(what: string, _mend?: string): TypedArray {
    if (this.storage === null) throw unreadable(this, what);
    return this.storage;
  }

  /** @internal A new name for the same value (tapes go by identity). */
  renamed(): Tensor {
    return new Tensor(this.sizes, this.dtype, this.strides, this.storage, this.offset, this.owner);
  }

  /** The elements in row-major order. A view of the storage where possible, which other tensors may share: read-only by type, and not to be written to.
   * @throws {@link SymbolicValueError} while the tensor is being traced; {@link DeviceError} if it lives on a device that cannot be read at once
   * @example
   * tensor([[1, 2], [3, 4]]).data.length // => 4
   */
  get data(): ReadonlyData {
    return contiguousArray(this, "data");
  }

  /** The elements in row-major order, as a promise: what {@link Tensor.data} gives, wherever they are. It brings those of a tensor on a device to the host, where they then are as well.
   * A program that runs on a device fails when its results are read: an index out of range that it found is told here.
   * @throws {@link SymbolicValueError} while the tensor is being traced; {@link IndexError} if the program that made it found an index out of range; {@link DeviceError} if the device is lost
   * @example
   * (await tensor([1, 2]).read()).length // => 2
   */
  read(): Promise<ReadonlyData> {
    return new Promise((resolve) => resolve(contiguousArray(this, "read")));
  }

  /** The only element, as a JavaScript number (booleans as 0 or 1).
   * @throws {@link ValueError} if there is not exactly one element; {@link SymbolicValueError} while tracing; {@link DeviceError} if the tensor lives on a device that cannot be read at once
   * @example
   * tensor([2.5]).item() // => 2.5
   */
  item(): number {
    const storage = this.storage ?? this.hostStorage("item()");
    if (this.size !== 1) {
      throw new ValueError({
        code: "value/item",
        op: "item",
        problem: "there is not exactly one element.",
        got: `a tensor of shape ${showShape(this.sizes)}`,
        expected: "a tensor with one element",
        mend: "reduce it first (sum, mean), pick one with at(i), or read all with toArray()",
      });
    }
    return storage[this.offset];
  }

  /** Nested arrays as deep as the rank; a number for a scalar; booleans as true and false.
   * The type may be written, or follows from where the result goes: `toArray<number[][]>()`, `const rows: number[][] = x.toArray()`. It is not checked against the rank.
   * @throws {@link SymbolicValueError} while the tensor is being traced; {@link DeviceError} if it lives on a device that cannot be read at once
   * @example
   * tensor([[1, 2], [3, 4]]).toArray() // => [[1, 2], [3, 4]]
   */
  toArray<T extends NestedArray = NestedArray>(): T {
    const data = contiguousArray(this, "toArray()");
    const { sizes: shape, dtype } = this;
    const build = (axis: number, from: number, size: number): unknown => {
      if (axis === shape.length) return dtype === "bool" ? data[from] !== 0 : data[from];
      const inner = shape[axis] === 0 ? 0 : size / shape[axis];
      return Array.from({ length: shape[axis] }, (_, i) => build(axis + 1, from + i * inner, inner));
    };
    return build(0, 0, this.size) as T;
  }

  /** What `JSON.stringify` writes: the nested arrays of {@link Tensor.toArray}. JSON has no NaN and no infinity: they become null.
   * @example
   * JSON.stringify({ loss: tensor(0.5) }) // => '{"loss":0.5}'
   */
  toJSON(): NestedArray {
    return this.toArray();
  }

  /** Values as text, rounded for reading; long axes are shortened.
   * @example
   * tensor([1, 2]).toString() // => "tensor([1, 2])"
   */
  toString(): string {
    this.hostStorage("a conversion to text");
    return printTensor(this);
  }

  /** Arithmetic and comparison of a one-element tensor as a number; on a symbolic tensor this is an error.
   * @internal */
  [Symbol.toPrimitive](hint: string): number | string {
    if (hint === "string") return this.toString();
    this.hostStorage("a comparison or arithmetic");
    if (this.size !== 1) {
      throw new ValueError({
        code: "value/operator",
        op: "an operator of JavaScript",
        problem: "+, - and > see numbers, not tensors.",
        got: `a tensor of shape ${showShape(this.sizes)}`,
        expected: "a tensor with one element, which stands for its number",
        mend: "use methods: a.add(b), a.mul(2), a.greater(b)",
      });
    }
    return this.item();
  }
}

/** The error for a symbolic tensor that is used after its trace has ended.
 * @internal */
export const leaked = (op: string): LeakError =>
  new LeakError({
    code: "leak/symbol",
    op,
    problem: "a symbolic tensor was used outside of the function that was being traced.",
    got: "a tensor of a trace that has ended",
    expected: "tensors with values",
    mend: "return it from the traced function, or keep it in a Variable",
  });

/** The error for a tensor without a value that an op is to compute with: a symbol of a trace that has ended, or a {@link spec}.
 * @internal */
export const valueless = (op: string, t: Tensor): ScopeError =>
  t.owner !== null
    ? leaked(op)
    : new SymbolicValueError({
        code: "symbolic/spec",
        op,
        problem: "a spec has no value.",
        got: `spec: ${showSpec(t)}`,
        expected: "tensors with values",
        mend: "trace((x) => …, spec([2, 3])) takes it; zeros([2, 3]) has values",
      });

/** For plain JavaScript, which may call the constructor: a tensor of half its parts would fail far from here. */
const notMade = (values: unknown): Error =>
  new ValueError({
    code: "tensor/constructor",
    op: "new Tensor",
    problem: "tensors are made by functions.",
    got: `new Tensor(${show(values)}, …)`,
    expected: "tensor(values), zeros(shape), …",
    mend: "tensor([1, 2])",
  });

function unreadable(t: Tensor, what: string): Error {
  if (t.owner === null || !t.owner.open) return valueless(what, t);
  return new SymbolicValueError({
    code: "symbolic/value",
    op: what,
    problem: "the tensor has no value yet: the function is being traced.",
    got: `${what} of a symbolic ${showSpec(t)}`,
    expected: "operations on tensors only, inside compile, trace, vmap and scan",
    mend: "choose with where, branch with cond, loop with scan, or read the value outside",
  });
}

/** The elements in row-major order, shared with the storage if it is.
 * @internal */
export function contiguousArray(t: Tensor, what = "data"): TypedArray {
  const { strides, offset } = t;
  const storage = t.storage ?? t.hostStorage(what);
  const n = t.size;
  if (strides === null)
    return offset === 0 && storage.length === n ? storage : storage.subarray(offset, offset + n);
  const out = newArray(t.dtype, n);
  copyStrided(t.sizes, storage, offset, strides, out, 0, rowMajor(t.sizes));
  return out;
}

/** The sizes of a tensor or a spec, for reading: what a tensor's `shape` hands out is a frozen copy.
 * @internal */
export const sizesOf = (like: Tensor | { readonly shape: Shape }): Shape =>
  like instanceof Tensor ? like.sizes : like.shape;

/** Copies elements between strided places. */
export function copyStrided(
  shape: Shape,
  from: TypedArray,
  fromOffset: number,
  fromStrides: readonly number[],
  to: TypedArray,
  toOffset: number,
  toStrides: readonly number[],
): void {
  const rank = shape.length;
  if (rank === 0) {
    to[toOffset] = from[fromOffset];
    return;
  }
  if (sizeOf(shape) === 0) return;
  const inner = shape[rank - 1];
  const fs = fromStrides[rank - 1];
  const ts = toStrides[rank - 1];
  const index = new Array<number>(rank).fill(0);
  let p = fromOffset;
  let q = toOffset;
  for (;;) {
    if (fs === 1 && ts === 1 && inner > 16) to.set(from.subarray(p, p + inner), q);
    else for (let i = 0; i < inner; i++) to[q + i * ts] = from[p + i * fs];
    let k = rank - 2;
    for (; k >= 0; k--) {
      p += fromStrides[k];
      q += toStrides[k];
      if (++index[k] < shape[k]) break;
      p -= fromStrides[k] * shape[k];
      q -= toStrides[k] * shape[k];
      index[k] = 0;
    }
    if (k < 0) return;
  }
}

// V8 allocates typed arrays over 64 bytes slowly (measured: 300 to 900 ns, against 5 for a place in a slab), so that small results share slabs.
// A result that is kept keeps its slab: those of scalars, which are kept most, are smallest.
interface Slab {
  array: TypedArray;
  used: number;
}
const fewElements = 4;
const fewSlabLength = 64;
const smallBytes = 1024;
const slabBytes = 4096;
const noSlab = (dtype: DType): Slab => ({ array: newArray(dtype, 0), used: 0 });
const noSlabs = (): { readonly [D in DType]: Slab } => ({
  float32: noSlab("float32"),
  float64: noSlab("float64"),
  int32: noSlab("int32"),
  bool: noSlab("bool"),
});
const fewSlabs = /* @__PURE__ */ noSlabs();
const smallSlabs = /* @__PURE__ */ noSlabs();

/** A zeroed row-major tensor for a kernel to fill; nobody else may write to it.
 * @internal */
export function allocate(shape: Shape, dtype: DType): Tensor {
  const n = sizeOf(shape);
  const few = n <= fewElements;
  if (!few && n * bytesOf[dtype] > smallBytes)
    return new Tensor(shape, dtype, null, newArray(dtype, n), 0, null);
  const slab = few ? fewSlabs[dtype] : smallSlabs[dtype];
  let offset = slab.used;
  if (offset + n > slab.array.length) {
    slab.array = newArray(dtype, few ? fewSlabLength : slabBytes / bytesOf[dtype]);
    offset = 0;
  }
  slab.used = offset + n;
  return new Tensor(shape, dtype, null, slab.array, offset, null);
}

/** A tensor over a row-major array and a shape, both of which it takes over.
 * @internal */
export const fromArray = (array: TypedArray, shape: Shape, dtype: DType): Tensor =>
  new Tensor(shape, dtype, null, array, 0, null);

/** A new name for the same value (tapes go by identity).
 * @internal */
export const renamed = (t: Tensor): Tensor => t.renamed();

/** The same name without the value: what a tape keeps of a tensor whose elements no derivative reads.
 * @internal */
export function withoutValue(t: Tensor): Tensor {
  const ghost = new Tensor(t.sizes, t.dtype, null, null, 0, null);
  // The one place where an id is given again: a ghost stands for the tensor in a tape's list.
  (ghost as { id: number }).id = t.id;
  return ghost;
}
