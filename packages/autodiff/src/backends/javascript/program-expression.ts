import { type DType, newArray, type TypedArray } from "../../base/dtype.js";
import { operandsOf } from "../../kernel/expression.js";
import type { Expression, ExpressionNode } from "../../kernel/instruction.js";
import type { BinaryLoop, UnaryLoop } from "./instruction-loops.js";
import { castLoop, copyLoop, instructionLoops, selectLoop } from "./instructions.js";

/** Elements that one pass of each instruction covers: short enough for the first-level cache, long enough to hide the dispatch. */
export const blockLength = 512;

/** Scratch arrays of one block each, shared by all kernels of a program, as no two run at once. */
export class ScratchPool {
  readonly #free: { readonly [D in DType]: TypedArray[] } = { float32: [], float64: [], int32: [], bool: [] };

  take(dtype: DType): TypedArray {
    return this.#free[dtype].pop() ?? newArray(dtype, blockLength);
  }

  give(dtype: DType, array: TypedArray): void {
    this.#free[dtype].push(array);
  }
}

/** Where an instruction finds an operand of the present block. */
export interface Operand {
  readonly data: TypedArray;
  offset: number;
  readonly stride: number;
}

/** One input of an expression: element i of the block lies at its position plus `i·stride`, or where an index beside it says. */
export interface BlockRead {
  readonly data: TypedArray;
  /** Which entry of {@link BlockExpression.positions} is its address. */
  readonly position: number;
  readonly stride: number;
  readonly gathered?: {
    readonly data: TypedArray;
    readonly position: number;
    readonly stride: number;
    readonly scale: number;
  };
}

type Step =
  | { readonly kind: "unary"; readonly loop: UnaryLoop; readonly out: TypedArray; readonly a: Operand }
  | {
      readonly kind: "binary";
      readonly loop: BinaryLoop;
      readonly out: TypedArray;
      readonly a: Operand;
      readonly b: Operand;
    }
  | {
      readonly kind: "select";
      readonly out: TypedArray;
      readonly c: Operand;
      readonly a: Operand;
      readonly b: Operand;
    }
  | { readonly kind: "gather"; readonly out: TypedArray; readonly read: BlockRead }
  | { readonly kind: "ramp"; readonly out: TypedArray; readonly axis: number }
  | { readonly kind: "position"; readonly out: TypedArray; readonly axis: number };

/** The last node that uses each node: −1 where none does, infinity for results. */
function lastUses({ nodes, results }: Expression): number[] {
  const last = nodes.map(() => -1);
  for (const result of results) last[result] = Infinity;
  for (let i = nodes.length - 1; i >= 0; i--) {
    if (last[i] < 0) continue;
    for (const operand of operandsOf(nodes[i])) last[operand] = Math.max(last[operand], i);
  }
  return last;
}

/** Scratch arrays of the nodes of one expression, each held until the last use of its node. */
class HeldScratch {
  readonly #pool: ScratchPool;
  #held: { readonly dtype: DType; readonly data: TypedArray; readonly dies: number }[] = [];

  constructor(pool: ScratchPool) {
    this.#pool = pool;
  }

  take(dtype: DType, dies: number): TypedArray {
    const data = this.#pool.take(dtype);
    this.#held.push({ dtype, data, dies });
    return data;
  }

  /** Gives back what no node after this one uses. */
  release(node: number): void {
    for (const entry of this.#held) if (entry.dies <= node) this.#pool.give(entry.dtype, entry.data);
    this.#held = this.#held.filter((entry) => entry.dies > node);
  }
}

/** One value for the whole block. */
const uniform = (data: TypedArray): Operand => ({ data, offset: 0, stride: 0 });
/** A value for each element of the block, side by side. */
const dense = (data: TypedArray): Operand => ({ data, offset: 0, stride: 1 });

/** The step of a node that computes its value from others. */
function stepOf(
  node: Exclude<ExpressionNode, { readonly kind: "constant" | "index" | "read" }>,
  operands: readonly Operand[],
  out: TypedArray,
): Step {
  switch (node.kind) {
    case "unary":
    case "cast": {
      const loop = node.kind === "cast" ? castLoop(node.dtype) : instructionLoops[node.name];
      return { kind: "unary", loop, out, a: operands[node.a] };
    }
    case "binary":
    case "compare":
      return {
        kind: "binary",
        loop: instructionLoops[node.name],
        out,
        a: operands[node.a],
        b: operands[node.b],
      };
    case "select":
      return {
        kind: "select",
        out,
        c: operands[node.condition],
        a: operands[node.a],
        b: operands[node.b],
      };
  }
}

/** An expression made ready to be evaluated block by block along one axis: instruction after instruction, each over the whole block. */
export class BlockExpression {
  /** Addresses at the start of the block, set by the caller before each {@link evaluate}. */
  readonly positions: number[];
  /** Position along each axis of the kernel at the start of the block (absent: 0), set by the caller if {@link usesIndex}. */
  readonly axisValues: number[] = [];
  readonly usesIndex: boolean;
  /** Where the results of the last evaluated block lie. */
  readonly results: readonly Operand[];
  readonly #steps: Step[] = [];
  readonly #plain: { readonly operand: Operand; readonly position: number }[] = [];

  constructor(
    expression: Expression,
    reads: readonly BlockRead[],
    positions: number,
    blockAxis: number,
    pool: ScratchPool,
  ) {
    this.positions = new Array<number>(positions).fill(0);
    this.usesIndex = expression.nodes.some((node) => node.kind === "index");
    const last = lastUses(expression);
    const scratch = new HeldScratch(pool);
    const operands: Operand[] = [];
    for (const [i, node] of expression.nodes.entries()) {
      if (last[i] < 0) {
        operands.push(uniform(newArray(node.dtype, 1)));
        continue;
      }
      // What dies here may be overwritten by this very instruction: it reads an element before it writes that one.
      scratch.release(i);
      const own = (): TypedArray => scratch.take(node.dtype, last[i]);
      operands.push(
        node.kind === "read"
          ? this.#addRead(reads[node.index], last[i] === Infinity, own)
          : this.#add(node, operands, blockAxis, own),
      );
    }
    scratch.release(Infinity);
    this.results = expression.results.map((result) => operands[result]);
  }

  /** Adds what gives a node its value, in an array of its own if each element has one; returns where that lies. */
  #add(
    node: Exclude<ExpressionNode, { readonly kind: "read" }>,
    operands: readonly Operand[],
    blockAxis: number,
    own: () => TypedArray,
  ): Operand {
    if (node.kind === "constant") {
      const constant = newArray(node.dtype, 1);
      constant[0] = node.dtype === "bool" ? Number(node.value !== 0) : node.value;
      return uniform(constant);
    }
    if (node.kind === "index" && node.axis !== blockAxis) {
      const out = newArray(node.dtype, 1);
      this.#steps.push({ kind: "position", out, axis: node.axis });
      return uniform(out);
    }
    const out = own();
    this.#steps.push(
      node.kind === "index" ? { kind: "ramp", out, axis: node.axis } : stepOf(node, operands, out),
    );
    return dense(out);
  }

  /** Adds a read: where it lies if it is plain, else a copy in an array of its own. */
  #addRead(read: BlockRead, isResult: boolean, own: () => TypedArray): Operand {
    if (read.gathered) {
      const out = own();
      this.#steps.push({ kind: "gather", out, read });
      return dense(out);
    }
    const operand = { data: read.data, offset: 0, stride: read.stride };
    this.#plain.push({ operand, position: read.position });
    if (!isResult) return operand;
    // A read that is a result is copied, since storing another result may overwrite it.
    const out = own();
    this.#steps.push({ kind: "unary", loop: copyLoop, out, a: operand });
    return dense(out);
  }

  /** Sets the position along one axis; −1 is no axis. */
  setAxis(axis: number, value: number): void {
    if (axis >= 0) this.axisValues[axis] = value;
  }

  /** Evaluates `n` elements from the positions set. */
  evaluate(n: number): void {
    for (const { operand, position } of this.#plain) operand.offset = this.positions[position];
    for (const step of this.#steps) {
      switch (step.kind) {
        case "unary":
          step.loop(n, step.out, 0, step.a.data, step.a.offset, step.a.stride);
          break;
        case "binary": {
          const { a, b } = step;
          step.loop(n, step.out, 0, a.data, a.offset, a.stride, b.data, b.offset, b.stride);
          break;
        }
        case "select": {
          const { c, a, b } = step;
          selectLoop(
            n,
            step.out,
            0,
            c.data,
            c.offset,
            c.stride,
            a.data,
            a.offset,
            a.stride,
            b.data,
            b.offset,
            b.stride,
          );
          break;
        }
        case "gather":
          this.#gather(n, step.out, step.read);
          break;
        case "ramp":
          for (let i = 0, start = this.axisValues[step.axis] ?? 0; i < n; i++) step.out[i] = start + i;
          break;
        case "position":
          step.out[0] = this.axisValues[step.axis] ?? 0;
          break;
      }
    }
  }

  #gather(n: number, out: TypedArray, read: BlockRead): void {
    if (!read.gathered) return;
    const { data, position, stride, scale } = read.gathered;
    const at = this.positions[read.position];
    const index = this.positions[position];
    for (let i = 0; i < n; i++) out[i] = read.data[at + i * read.stride + data[index + i * stride] * scale];
  }
}
