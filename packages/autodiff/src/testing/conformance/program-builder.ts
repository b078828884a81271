import type { DType } from "../../base/dtype.js";
import type { Capabilities } from "../../kernel/backend.js";
import { buildExpression } from "../../kernel/expression.js";
import type { Combine, Expression } from "../../kernel/instruction.js";
import type {
  Access,
  BranchKernel,
  Buffer,
  GemmKernel,
  Kernel,
  MapKernel,
  Program,
  Read,
  ReduceKernel,
  Role,
  RowKernel,
} from "../../kernel/program.js";

/** The dtypes of numbers: bool has no arithmetic. */
export const numeric: readonly DType[] = ["float32", "float64", "int32"];

/** What is read, as it is. */
export const identity = (dtype: DType): Expression => buildExpression([dtype], (_kernel, x) => x);

/** What makes a gemm: of one pair of matrices, and `c = a·b`, unless it says otherwise. */
export interface Product
  extends Pick<GemmKernel, "m" | "n" | "k" | "a" | "c">,
    Partial<Pick<GemmKernel, "batch" | "mode" | "bias">> {
  readonly b: Access;
}

/** Collects buffers, and makes programs of them. */
export class ProgramBuilder {
  readonly buffers: Buffer[] = [];
  /** Where checks report, if there are any. */
  status: Buffer | null = null;
  /** What runs before the first run. */
  readonly setup: Kernel[] = [];

  /** A buffer of a length (of zeros, where the host can write it), or with initial elements. */
  buffer(dtype: DType, content: number | ArrayLike<number>, role: Role = "state"): Buffer {
    const length = typeof content === "number" ? content : content.length;
    const buffer: Buffer = {
      id: this.buffers.length,
      name: `${dtype}-${this.buffers.length}`,
      dtype,
      length,
      role,
      inPlaceOf: null,
      ...(typeof content === "number" ? {} : { initial: content }),
    };
    this.buffers.push(buffer);
    return buffer;
  }

  /** A buffer that is computed in the place of another of its length and dtype. */
  inPlaceOf(buffer: Buffer): Buffer {
    return { ...buffer, name: `${buffer.name} in place`, inPlaceOf: buffer };
  }

  /** A gemm; with `pack`, b goes through a pack kernel if the backend packs. */
  gemm(
    capabilities: Pick<Capabilities, "packedLength">,
    { batch = [], mode = "set", b, ...matrices }: Product,
    pack: boolean = false,
    role: Role = "temporary",
  ): Kernel[] {
    const { k, n, c } = matrices;
    const gemm = { kind: "gemm", name: "gemm", batch, mode, ...matrices } as const;
    const length = pack && batch.length === 0 ? capabilities.packedLength(k, n, c.buffer.dtype) : 0;
    if (length === 0) return [{ ...gemm, b: { packed: false, at: b } }];
    const packed = access(this.buffer(c.buffer.dtype, length, role), []);
    return [
      { kind: "pack", name: "pack", k, n, source: b, packed },
      { ...gemm, b: { packed: true, at: packed } },
    ];
  }

  program(kernels: readonly Kernel[], flushSubnormals = false): Program {
    const { buffers, setup, status } = this;
    return { name: "test", buffers, setup, kernels, flushSubnormals, checks: [], status };
  }
}

/** Address = offset + Σ index·strides + Σ counter·steps. */
export const access = (
  buffer: Buffer,
  strides: readonly number[],
  offset = 0,
  steps: readonly number[] = [],
): Access => ({ buffer, offset, strides, steps });

export const plain = (at: Access): Read => ({ kind: "plain", at });

/** Combines the elements of `source` as they are along the last `reduced` axes of a shape. */
export const reduction = (
  combine: Combine,
  shape: readonly number[],
  reduced: number,
  source: Access,
  write: Access,
): ReduceKernel => ({
  kind: "reduce",
  ...{ name: combine, shape, reduced, combine, write },
  reads: [plain(source)],
  expression: identity(source.buffer.dtype),
});

/** A routine along each of some rows of `n` elements. */
export const row = (
  routine: RowKernel["routine"],
  rows: number,
  n: number,
  source: Access,
  target: Access,
): RowKernel => ({ kind: "row", name: routine.kind, routine, rows, n, source, target });

/** A map that reads its operands as they lie. */
export const map = (
  name: string,
  shape: readonly number[],
  expression: Expression,
  reads: readonly Access[],
  writes: readonly Access[],
): MapKernel => ({ kind: "map", name, shape, expression, reads: reads.map(plain), writes });

/** A map that keeps numbers within −3 and 3, so that sums which come back in a loop stay exact. */
export const clip = (shape: readonly number[], from: Access, to: Access): MapKernel => {
  const expression = buildExpression(["float32"], (k, x) =>
    k.max(k.min(x, k.constant(3, "float32")), k.constant(-3, "float32")),
  );
  return map("clip", shape, expression, [from], [to]);
};

export const branch = (
  condition: Access,
  whenTrue: readonly Kernel[],
  whenFalse: readonly Kernel[],
): BranchKernel => ({
  kind: "branch",
  name: "branch",
  condition,
  whenTrue: whenTrue,
  whenFalse: whenFalse,
});

export const loop = (length: number, reverse: boolean, body: readonly Kernel[]): Kernel => ({
  kind: "loop",
  name: "loop",
  length,
  reverse,
  body,
});

/** Small, fast, seeded numbers for test data. */
export class SeededNumbers {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2654435761) >>> 0;
  }
  /** In [0, 1). */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  /** A whole number in low … high. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }
  pick<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)];
  }
  chance(p: number): boolean {
    return this.uniform() < p;
  }
  /** Whole numbers, so that sums and products are exact in any order. */
  wholes(length: number, low = -8, high = 8): number[] {
    return Array.from({ length }, () => this.whole(low, high));
  }
  uniforms(length: number, low = -1, high = 1): number[] {
    return Array.from({ length }, () => low + this.uniform() * (high - low));
  }
}
