import type { DType } from "../base/dtype.js";
import type { Capabilities } from "./backend.js";
import { bodiesOf, type Kernel, type Program } from "./program.js";

/** Every kernel of a program, setup first, each before those inside of it. */
export function* kernelsOf({ setup, kernels }: Program): Generator<Kernel> {
  function* each(list: readonly Kernel[]): Generator<Kernel> {
    for (const kernel of list) {
      yield kernel;
      for (const body of bodiesOf(kernel)) yield* each(body);
    }
  }
  yield* each(setup);
  yield* each(kernels);
}

/** The first dtype of a program that is not among those given, in a buffer or inside of an expression, with where it is. */
export function foreignDType(
  program: Program,
  dtypes: readonly DType[],
): { readonly dtype: DType; readonly where: string } | null {
  for (const { dtype, name } of program.buffers) if (!dtypes.includes(dtype)) return { dtype, where: name };
  for (const kernel of kernelsOf(program)) {
    if (kernel.kind !== "map" && kernel.kind !== "reduce") continue;
    for (const { dtype } of kernel.expression.nodes)
      if (!dtypes.includes(dtype)) return { dtype, where: `the kernel ${kernel.name}` };
  }
  return null;
}

/** Why a machine cannot run a program: a dtype that it does not have, in a buffer or inside of an expression, or a kernel that it refuses, wherever it stands; null if it can.
 * @example
 * const capabilities = { dtypes: ["float32"], limits: cpuLimits, packedLength: () => 0 }
 * const x = { id: 0, name: "x", dtype: "float64", length: 4, role: "state", inPlaceOf: null }
 * refusalOf({ name: "p", buffers: [x], checks: [], status: null, setup: [], kernels: [], flushSubnormals: false }, capabilities) // => "float64 (x)"
 */
export function refusalOf(program: Program, capabilities: Capabilities): string | null {
  const foreign = foreignDType(program, capabilities.dtypes);
  if (foreign !== null) return `${foreign.dtype} (${foreign.where})`;
  if (capabilities.refuses === undefined) return null;
  for (const kernel of kernelsOf(program)) {
    const reason = capabilities.refuses(kernel);
    if (reason !== null) return reason;
  }
  return null;
}
