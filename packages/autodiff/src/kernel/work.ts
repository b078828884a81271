import { bytesOf } from "../base/dtype.js";
import { sizeOf } from "../base/shape.js";
import { accessesOf } from "./accesses.js";
import type { Expression, ExpressionNode } from "./instruction.js";
import { type Access, bodiesOf, type Kernel } from "./program.js";

/** What one run of a kernel asks of a machine: an estimate. */
export interface Work {
  /** Arithmetic operations on numbers: a multiplication and an addition are two. A loop counts its body as often as it runs. */
  readonly operations: number;
  /** How many of them are functions (exp, tanh, pow), each as dear as ten or twenty of the others; in sorting and random bits, steps of that cost. */
  readonly functions: number;
  /** Bytes that are read and written, each element once. */
  readonly bytes: number;
}

/** Work per microsecond. */
export type Speed = Work;
/** A processor core of middling speed, for decisions that need no better knowledge.
 * @example
 * nominalSpeed.bytes // => 8000
 */
export const nominalSpeed: Speed = { operations: 16_000, functions: 1000, bytes: 8000 };

const cheap: readonly string[] = ["neg", "abs", "sign", "floor", "ceil", "round", "sqrt", "not"];
const isFunction = (node: ExpressionNode): boolean =>
  node.kind === "unary"
    ? !cheap.includes(node.name)
    : node.kind === "binary" && ["pow", "mod", "atan2"].includes(node.name);
const isOperation = ({ kind }: ExpressionNode): boolean => kind !== "read" && kind !== "constant";

/** Bytes of the elements that an access touches when it walks an index space. */
function touched({ buffer, strides }: Access, shape: readonly number[]): number {
  const moving = shape.filter((_, axis) => (strides[axis] ?? 0) !== 0);
  return bytesOf[buffer.dtype] * sizeOf(moving);
}

const perElementOf = ({ nodes }: Expression, counts: (node: ExpressionNode) => boolean): number =>
  nodes.filter(counts).length;
const sum = (list: readonly Kernel[], of: (kernel: Kernel) => number): number =>
  list.reduce((total, kernel) => total + of(kernel), 0);

/** Arithmetic operations of one run of a kernel.
 * @example
 * operationsOf({ kind: "loop", name: "steps", length: 3, reverse: false, body: [] }) // => 0
 */
export function operationsOf(kernel: Kernel): number {
  switch (kernel.kind) {
    case "gemm":
      return 2 * sizeOf(kernel.batch) * kernel.m * kernel.n * kernel.k;
    case "map":
      return sizeOf(kernel.shape) * perElementOf(kernel.expression, isOperation);
    case "reduce":
      return sizeOf(kernel.shape) * (perElementOf(kernel.expression, isOperation) + 1);
    case "scatterAdd":
      return sizeOf(kernel.shape);
    case "loop":
      return kernel.length * sum(kernel.body, operationsOf);
    case "branch":
      return Math.max(sum(kernel.whenTrue, operationsOf), sum(kernel.whenFalse, operationsOf));
    case "while":
      return sum([...kernel.test, ...kernel.body], operationsOf);
    default:
      return 0;
  }
}

function functionsOf(kernel: Kernel): number {
  switch (kernel.kind) {
    case "map":
    case "reduce":
      return sizeOf(kernel.shape) * perElementOf(kernel.expression, isFunction);
    case "row":
      return kernel.rows * kernel.n * (kernel.routine.kind === "argSort" ? Math.log2(kernel.n + 2) : 1);
    case "randomBits":
      return kernel.length;
    default:
      return 0;
  }
}

function bytesTouched(kernel: Kernel): number {
  switch (kernel.kind) {
    case "map":
    case "reduce": {
      const { reads, writes } = accessesOf(kernel);
      return [...reads, ...writes].reduce((n, access) => n + touched(access, kernel.shape), 0);
    }
    case "gemm": {
      const { batch, m, n, k, c } = kernel;
      return bytesOf[c.buffer.dtype] * sizeOf(batch) * (m * k + k * n + 2 * m * n);
    }
    case "pack":
      return 2 * bytesOf[kernel.packed.buffer.dtype] * kernel.k * kernel.n;
    case "fill":
      return touched(kernel.target, kernel.shape);
    case "scatterAdd":
      return 3 * bytesOf[kernel.target.buffer.dtype] * sizeOf(kernel.shape);
    case "row":
      return 2 * bytesOf[kernel.source.buffer.dtype] * kernel.rows * kernel.n;
    case "randomBits":
      return 4 * kernel.length;
    case "check":
      return touched(kernel.index, kernel.shape);
    default:
      return 0;
  }
}

/** Estimates what one run of a kernel costs: a branch as its dearer side, a while loop as one round, since nobody knows how many there are.
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 4, role: "state", inPlaceOf: null }
 * work({ kind: "fill", name: "ones", shape: [4], value: 1, target: { buffer: x, offset: 0, strides: [1], steps: [] } }).bytes // => 16
 */
export function work(kernel: Kernel): Work {
  const inside = bodiesOf(kernel).map((body) => body.map(work));
  const all = (list: readonly Work[], of: (each: Work) => number): number =>
    list.reduce((total, each) => total + of(each), 0);
  const over = (own: number, of: (each: Work) => number): number => {
    const sums = inside.map((list) => all(list, of));
    if (kernel.kind === "branch") return Math.max(...sums);
    return own + (kernel.kind === "loop" ? kernel.length : 1) * sums.reduce((p, q) => p + q, 0);
  };
  return {
    operations: operationsOf(kernel),
    functions: over(functionsOf(kernel), (each) => each.functions),
    bytes: over(bytesTouched(kernel), (each) => each.bytes),
  };
}

/** How long an amount of work takes: arithmetic and functions one after the other, memory meanwhile.
 * @example
 * microsecondsOf({ operations: 32_000, functions: 0, bytes: 100 }) // => 2
 */
export function microsecondsOf(amount: Work, speed: Speed = nominalSpeed): number {
  const plain = (amount.operations - amount.functions) / speed.operations;
  return Math.max(Math.max(0, plain) + amount.functions / speed.functions, amount.bytes / speed.bytes);
}
