import { bytesOf } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import type { MemoryPlan } from "../../kernel/plan-memory.js";
import {
  type Access,
  bodiesOf,
  type GemmKernel,
  type Kernel,
  type LeafKernel,
  type Program,
} from "../../kernel/program.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import { checkCode } from "./check.js";
import { CodeContext } from "./context.js";
import { gemmCode, gemmRoutines, packCode, productsOf } from "./gemm-code.js";
import type { Product } from "./gemm-path.js";
import type { I32, ValueType } from "./instructions.js";
import { i32 } from "./instructions.js";
import type { KernelCode } from "./kernel-code.js";
import { constantExpression, mapCode } from "./map.js";
import { randomBitsCode } from "./random-bits.js";
import { reduceCode } from "./reduce.js";
import { rowCode } from "./row-routines.js";
import { scatterAddCode } from "./scatter-add.js";

/** A program as code: its module, the bytes of memory it needs, and the export of every kernel (by its counters), for profiles. */
export interface ProgramCode {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly memoryBytes: number;
  readonly imports: readonly string[];
  readonly exportOf: ReadonlyMap<LeafKernel, string>;
}

/** The products among kernels, and among those inside of them. */
export function gemmsIn(kernels: readonly Kernel[]): GemmKernel[] {
  return kernels.flatMap((kernel) => [
    ...(kernel.kind === "gemm" ? [kernel] : []),
    ...bodiesOf(kernel).flatMap(gemmsIn),
  ]);
}

/** The address of an access, moved by so many elements. */
function addressWith(plan: MemoryPlan, counters: readonly I32[], access: Access, offset: number): I32 {
  const { buffer } = access;
  let address: I32 = i32.const(plan.addressOf(buffer) + offset * bytesOf[buffer.dtype]);
  for (const [level, step] of access.steps.entries()) {
    if (step === 0) continue;
    if (counters[level] === undefined)
      throw new InternalError(`${buffer.name} moves with a loop that is not there`);
    address = i32.add(address, i32.mul(counters[level], i32.const(step * bytesOf[buffer.dtype])));
  }
  return address;
}

/** The routine of a kernel, and how it gets its operands; null where there is nothing to do. */
export function codeOf(
  ctx: CodeContext,
  gemms: ReturnType<typeof gemmRoutines>,
  kernel: LeafKernel,
  flushSubnormals: boolean,
): KernelCode | null {
  switch (kernel.kind) {
    case "map":
      return mapCode(ctx, kernel, flushSubnormals);
    case "reduce":
      return reduceCode(ctx, kernel, flushSubnormals);
    case "fill": {
      const { name, shape, value, target } = kernel;
      const expression = constantExpression(value, target);
      return mapCode(ctx, { kind: "map", name, shape, reads: [], expression, writes: [target] }, false);
    }
    case "pack":
      return packCode(ctx, kernel);
    case "gemm":
      return gemmCode(ctx, gemms, kernel);
    case "scatterAdd":
      return scatterAddCode(ctx, kernel);
    case "row":
      return rowCode(ctx, kernel);
    case "randomBits":
      return randomBitsCode(ctx, kernel);
    case "check":
      return checkCode(ctx, kernel);
  }
}

/** Runs kernels one after the other; `counters` are those of the loops around them, from the outside in.
 * @param functionOf - the function of a kernel inside so many loops */
function emitSequence(
  f: FunctionBuilder,
  plan: MemoryPlan,
  kernels: readonly Kernel[],
  counters: readonly Local<"i32">[],
  functionOf: (kernel: LeafKernel, depth: number) => FunctionBuilder,
): void {
  const sequence = (inner: readonly Kernel[], at = counters): void =>
    emitSequence(f, plan, inner, at, functionOf);
  const holds = (condition: Access): I32 =>
    i32.load8U(addressWith(plan, counters, condition, condition.offset));
  for (const kernel of kernels) {
    switch (kernel.kind) {
      case "loop": {
        const { length, reverse, body } = kernel;
        if (length === 0) break;
        const counter = f.let(i32.const(reverse ? length - 1 : 0));
        f.loop((again) => {
          sequence(body, [...counters, counter]);
          f.advance(counter, reverse ? -1 : 1);
          f.branchIf(reverse ? i32.geS(counter, i32.const(0)) : i32.ltS(counter, i32.const(length)), again);
        });
        break;
      }
      case "branch":
        f.if(
          holds(kernel.condition),
          () => sequence(kernel.whenTrue),
          () => sequence(kernel.whenFalse),
        );
        break;
      case "while":
        f.while(
          () => {
            sequence(kernel.test);
            return holds(kernel.condition);
          },
          () => sequence(kernel.body),
        );
        break;
      case "check":
        f.run(functionOf(kernel, counters.length), ...counters);
        // What a check refuses ends the program, before anything is stored to state.
        f.if(i32.load(addressWith(plan, counters, kernel.status, kernel.status.offset)), () => f.return());
        break;
      default:
        f.run(functionOf(kernel, counters.length), ...counters);
    }
  }
}

/** What lets several threads share the kernels of a program. */
export interface Threading {
  /** All products that are computed, in whole or in parts. */
  readonly products: readonly Product[];
  /** Writes what the others need, before all else. */
  begin(ctx: CodeContext): void;
  /** The function of a kernel that is shared, called with the counters of so many loops; null for one that stays whole.
   * @param write - writes a function of these counters that runs a part's code */
  fork(
    kernel: LeafKernel,
    depth: number,
    write: (code: (gemms: ReturnType<typeof gemmRoutines>) => KernelCode | null) => FunctionBuilder,
  ): FunctionBuilder | null;
  /** Writes what needs all others. */
  end(): void;
}

/** Writes a program as one module: a function per form of kernel, one per kernel that holds its addresses, `setUp` and `run`.
 * @param base - the first byte that is not the program's */
export function programCode(
  program: Program,
  plan: MemoryPlan,
  relaxed: boolean,
  base: number = plan.bytes,
  threading: Threading | null = null,
): ProgramCode {
  const ctx = new CodeContext(base, relaxed, threading !== null);
  threading?.begin(ctx);
  const gemms = gemmRoutines(ctx, threading?.products ?? productsOf(gemmsIn(program.kernels)));
  const exportOf = new Map<LeafKernel, string>();
  const functions = new Map<LeafKernel, FunctionBuilder>();
  /** A function that runs code at the addresses of its kernel, by the counters of so many loops. */
  const written = (depth: number, codeAt: () => KernelCode | null): FunctionBuilder => {
    const counters = Array.from({ length: depth }, (): ValueType => "i32");
    return ctx.module.procedure(counters, (f) => {
      const code = codeAt();
      if (code === null) return;
      const at = counters.map((_, level) => f.parameter(level));
      f.run(code.routine, ...code.operands((access, offset) => addressWith(plan, at, access, offset)));
    });
  };
  /** The kernel's own function. */
  const functionOf = (kernel: LeafKernel, depth: number): FunctionBuilder => {
    let own = functions.get(kernel);
    if (own === undefined) {
      own =
        threading?.fork(kernel, depth, (code) => written(depth, () => code(gemms))) ??
        written(depth, () => codeOf(ctx, gemms, kernel, program.flushSubnormals));
      functions.set(kernel, own);
      const name = `k${exportOf.size}`;
      exportOf.set(kernel, name);
      ctx.module.export(name, own);
    }
    return own;
  };
  for (const [name, kernels] of [
    ["setUp", program.setup],
    ["run", program.kernels],
  ] as const)
    ctx.module.export(
      name,
      ctx.module.procedure([], (f) => emitSequence(f, plan, kernels, [], functionOf)),
    );
  threading?.end();
  const bytes = ctx.module.encode();
  return { bytes, memoryBytes: ctx.memoryBytes, imports: ctx.module.imports, exportOf };
}
