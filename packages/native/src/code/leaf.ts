import {
  type Access,
  type Buffer,
  bytesOf,
  type CheckKernel,
  type DType,
  type GemmKernel,
  InternalError,
  joinAxes,
  type Kernel,
  type LeafKernel,
  microsecondsOf,
  type Read,
  type ReduceKernel,
  type RowKernel,
  type ScatterAddKernel,
  type Speed,
  work,
} from "@scope/autodiff/backend";
import { scratchBytes } from "../gemm-layout.js";
import type { KernelFunction } from "./kernel-function.js";
import { literal } from "./lanes.js";
import { mapFunction } from "./map.js";
import { reduceFunction } from "./reduce.js";

/** What leaf kernels are written with. */
export interface LeafContext {
  readonly vectorBytes: number;
  readonly flush: boolean;
  /** The C address of an access; counters of loops are `c[0]`, `c[1]`, … from the outside in. */
  address(access: Access): string;
  /** The C function of a kernel that is written for this program: the same for kernels of one form. */
  functionOf(kernel: KernelFunction): string;
  /** Gives a buffer that the program does not have a place in the scratch memory of the kernel. */
  inScratch(buffer: Buffer): void;
  /** The C address of so many bytes that the kernel has for itself. */
  scratch(bytes: number): string;
}

/** The statements that run a kernel, in a function of `m`, `pool` and `c`. */
export function leafStatements(kernel: LeafKernel, context: LeafContext): string[] {
  const { vectorBytes, flush } = context;
  switch (kernel.kind) {
    case "map":
      return callOf(kernel, mapFunction(kernel, vectorBytes, flush), context);
    case "reduce":
      return inBlocks(kernel, context).flatMap((part) =>
        callOf(part, reduceFunction(part, vectorBytes, flush), context),
      );
    case "fill": {
      const { name, shape, value, target } = kernel;
      const { dtype } = target.buffer;
      const expression = { nodes: [{ kind: "constant", value, dtype } as const], results: [0] };
      const map = { kind: "map", name, shape, reads: [], expression, writes: [target] } as const;
      return callOf(map, mapFunction(map, vectorBytes, false), context);
    }
    case "gemm":
      return gemmStatements(kernel, context);
    case "pack": {
      const { k, n, source, packed } = kernel;
      const suffix = suffixOf(source.buffer.dtype);
      const [row, column] = source.strides;
      return [
        `scope_pack_${suffix}(pool, ${k}, ${n}, ${pointer(source, context)}, ${row}, ${column}, ${pointer(packed, context)});`,
      ];
    }
    case "scatterAdd":
      return scatterStatements(kernel, context);
    case "row":
      return rowStatements(kernel, context);
    case "randomBits":
      return [
        `scope_random_bits(pool, ${pointer(kernel.state, context)}, ${kernel.first ?? 0}, ${pointer(kernel.target, context)}, ${kernel.length});`,
      ];
    case "check":
      return checkStatements(kernel, context);
  }
}

/** What a core with wide vectors does in a microsecond. */
const speed: Speed = { operations: 40_000, functions: 2000, bytes: 10_000 };
/** Kernels of fewer microseconds are not worth waking another thread for; parts take about as many as the pool asks for. */
const worthwhile = 6;
const microsecondsOfPart = 2;

/** Calls a kernel's function, over parts of its range where it takes long. */
function callOf(kernel: Kernel, made: KernelFunction | null, context: LeafContext): string[] {
  if (made === null) return [];
  const pointers = made.streams.map(({ access }) => context.address(access));
  const name = context.functionOf(made);
  const { count, grain } = made;
  const microseconds = microsecondsOf(work(kernel), speed);
  const parts = Math.floor(microseconds / microsecondsOfPart);
  const part = Math.ceil(count / Math.max(1, parts) / grain) * grain;
  const call =
    microseconds < worthwhile || part >= count
      ? `${name}(p, 0, ${count});`
      : `scope_parallel(pool, ${count}, ${part}, ${name}, p);`;
  return ["{", `char *p[] = {${pointers.join(", ")}};`, call, "}"];
}

/** Elements of one block of a long reduction to one result. */
const blockLength = 8192;
/** A reduction to one result as one of blocks, and one of their results, so that it may be split: the order of combining is the same for every number of threads. */
function inBlocks(kernel: ReduceKernel, context: LeafContext): readonly ReduceKernel[] {
  const { shape, reduced, reads, expression, write } = kernel;
  const strides = reads.flatMap((read) => (read.kind === "plain" ? [read.at] : [read.at, read.index]));
  const { sizes, strides: joined } = joinAxes(
    shape,
    strides.map((access) => shape.map((_, axis) => access.strides[axis])),
  );
  const asksPositions = expression.nodes.some(({ kind }) => kind === "index");
  if (reduced < shape.length || sizes.length !== 1 || sizes[0] < 8 * blockLength || asksPositions)
    return [kernel];
  const [length] = sizes;
  const blocks = Math.ceil(length / blockLength);
  const { dtype } = write.buffer;
  const partial: Access = {
    buffer: { id: -1, name: "results of blocks", dtype, length: blocks, role: "temporary", inPlaceOf: null },
    offset: 0,
    strides: [1],
    steps: [],
  };
  context.inScratch(partial.buffer);
  /** The part of a read from an element on, over blocks and what is inside of one. */
  const part = (first: number, over: (stride: number) => number[]): Read[] => {
    let position = 0;
    const moved = (access: Access): Access => {
      const [stride] = joined[position++];
      return { ...access, offset: access.offset + first * stride, strides: over(stride) };
    };
    return reads.map((read) =>
      read.kind === "plain"
        ? { kind: "plain", at: moved(read.at) }
        : { ...read, at: moved(read.at), index: moved(read.index) },
    );
  };
  const whole = Math.floor(length / blockLength);
  const rest = length - whole * blockLength;
  return [
    {
      ...kernel,
      shape: [whole, blockLength],
      reduced: 1,
      reads: part(0, (stride) => [stride * blockLength, stride]),
      write: partial,
    },
    ...(rest === 0
      ? []
      : [
          {
            ...kernel,
            shape: [rest],
            reduced: 1,
            reads: part(whole * blockLength, (stride) => [stride]),
            write: { ...partial, offset: whole, strides: [] },
          },
        ]),
    {
      ...kernel,
      shape: [blocks],
      reduced: 1,
      reads: [{ kind: "plain", at: partial }],
      expression: { nodes: [{ kind: "read", index: 0, dtype }], results: [0] },
      write: { ...write, strides: [] },
    },
  ];
}

const suffixes: { readonly [D in DType]: string } = {
  float32: "f32",
  float64: "f64",
  int32: "i32",
  bool: "",
};
function suffixOf(dtype: DType): string {
  if (dtype === "bool") throw new InternalError("a product of bools");
  return suffixes[dtype];
}
/** An address as a pointer that every parameter takes. */
const pointer = (access: Access, { address }: LeafContext): string => `(void *)(${address(access)})`;
const constantOf = (dtype: DType): string => `SCOPE_${dtype.toUpperCase()}`;

const modes: { readonly [M in GemmKernel["mode"]]: number } = { set: 0, accumulate: 1, bias: 2 };

function gemmStatements(kernel: GemmKernel, context: LeafContext): string[] {
  const { batch, m, n, k, a, b, c, bias, mode } = kernel;
  if (batch.includes(0)) return [];
  const suffix = suffixOf(c.buffer.dtype);
  const rank = batch.length;
  const { sizes, strides } = joinAxes(
    batch,
    [a, b.at, c].map((access) => batch.map((_, axis) => access.strides[axis])),
  );
  const moved = (access: Access, operand: number): string => {
    const bytes = bytesOf[access.buffer.dtype];
    const terms = sizes.map((_, axis) => ` + b${axis} * ${strides[operand][axis] * bytes}L`);
    return `${context.address(access)}${terms.join("")}`;
  };
  const over = ({ strides }: Access): readonly [number, number] => [
    strides[rank] ?? 0,
    strides[rank + 1] ?? 0,
  ];
  const layout = { dtype: c.buffer.dtype, m, n, k, a: over(a), b: b.packed ? null : over(b.at) };
  const steps = (access: Access): string => over(access).join(", ");
  return [
    ...sizes.map((size, axis) => `for (long b${axis} = 0; b${axis} < ${size}; b${axis}++)`),
    "{",
    `const scope_product product = {${m}, ${n}, ${k}, ${moved(a, 0)}, ${steps(a)}, ${moved(b.at, 1)}, ${steps(b.at)}, ${b.packed ? 1 : 0}, ${moved(c, 2)}, ${steps(c)}, ${bias === undefined ? "0, 0" : `${context.address(bias)}, ${bias.strides[0]}`}, ${modes[mode]}};`,
    `scope_gemm_${suffix}(pool, &product, ${context.scratch(scratchBytes(layout, context.vectorBytes))});`,
    "}",
  ];
}

function scatterStatements(kernel: ScatterAddKernel, context: LeafContext): string[] {
  const { shape, rows, source, index, target } = kernel;
  if (shape.includes(0)) return [];
  const [batch, count, row] = shape;
  const { dtype } = target.buffer;
  const scratch = context.scratch(8 * row + 4 * (rows + count));
  const list = (values: readonly number[]): string => `{${values.join(", ")}}`;
  return [
    `const scope_scatter scatter = {${constantOf(dtype)}, ${batch}, ${count}, ${row}, ${rows}, ${context.address(source)}, ${list(source.strides)}, ${pointer(index, context)}, ${list(index.strides)}, ${context.address(target)}, ${list(target.strides)}};`,
    `scope_scatter_add(&scatter, ${scratch});`,
  ];
}

function rowStatements(kernel: RowKernel, context: LeafContext): string[] {
  const { routine, rows, n, source, target } = kernel;
  if (rows === 0 || n === 0) return [];
  const head = `const scope_rows rows = {${constantOf(source.buffer.dtype)}, ${rows}, ${n}, ${context.address(source)}, ${source.strides[0]}, ${context.address(target)}, ${target.strides[0]}};`;
  switch (routine.kind) {
    case "cumulativeSum":
      return [head, `scope_running_sums(&rows, ${Number(routine.reverse)});`];
    case "argSort":
      return [
        head,
        `scope_arg_sort(&rows, ${Number(routine.descending)}, ${routine.limit}, ${context.scratch(16 * n)});`,
      ];
    case "argExtreme":
      return [head, `scope_arg_extreme(&rows, ${Number(routine.largest)});`];
  }
}

function checkStatements(kernel: CheckKernel, context: LeafContext): string[] {
  const { shape, index, low, high, ignored, code, status } = kernel;
  if (shape.includes(0)) return [];
  const { sizes, strides } = joinAxes(shape, [index.strides]);
  const terms = sizes.map((_, axis) => ` + i${axis} * ${strides[0][axis] * bytesOf.int32}L`);
  const allowed = ignored === null ? "" : ` && at != ${literal(ignored, "int32")}`;
  return [
    ...sizes.map((size, axis) => `for (long i${axis} = 0; i${axis} < ${size}; i${axis}++)`),
    "{",
    `const int32_t at = *(const int_at *)(${context.address(index)}${terms.join("")});`,
    `if ((at < ${literal(low, "int32")} || at >= ${literal(high, "int32")})${allowed}) {`,
    `int_at *status = ${pointer(status, context)};`,
    `status[0] = ${code};`,
    "status[1] = at;",
    "return;",
    "}",
    "}",
  ];
}
