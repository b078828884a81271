/** Compiled programs as machine code: C with vectors of the machine's width, made by the system's compiler.
 * @packageDocumentation */
import { allDTypes, cpuLimits, type HostBackend } from "@scope/autodiff/backend";
import { NativeExecutable } from "./executable.js";
import { packedLength as lengthFor } from "./gemm-layout.js";
import { thisMachine, unavailableReason } from "./machine.js";

/** Whether programs can run as machine code here: on Node, with a C compiler.
 * @example
 * typeof isNativeAvailable() // => "boolean"
 */
export const isNativeAvailable = (): boolean => unavailableReason() === null;

const packedLength: HostBackend["capabilities"]["packedLength"] = (k, n, dtype) =>
  lengthFor(k, n, dtype, thisMachine().toolchain.vectorBytes);

/** Programs as machine code: each becomes one C file, which the system's compiler (`cc`, or the one that the environment variable CC names) turns
 * into a shared object. What was compiled is kept in the user's cache folder.
 * @throws {@link CompileError} when a program is made, if there is no compiler or it fails
 * @example
 * native.name // => "native"
 */
export const native: HostBackend = {
  name: "native",
  capabilities: { dtypes: allDTypes, limits: cpuLimits, packedLength },
  unavailable: unavailableReason,
  prepare: (program, options) => new NativeExecutable(program, options),
};
