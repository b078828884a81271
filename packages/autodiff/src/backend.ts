/** The contract between the compiler and the machines that run its programs, with what a backend may call: for whoever writes one.
 * @packageDocumentation */
export { allDTypes, arrayAt, bytesOf, type DType, type TypedArray } from "./base/dtype.js";
export { CompileError, DeviceError, InternalError } from "./base/errors.js";
export { deviceInstance } from "./compiler/device-instance.js";
export { accessesOf } from "./kernel/accesses.js";
export {
  type Backend,
  type Capabilities,
  cpuLimits,
  type DeviceArray,
  type DeviceBackend,
  type DeviceExecutable,
  type Executable,
  type FusionLimits,
  type HostBackend,
  type HostExecutable,
  type Machine,
  type Prepared,
  type PrepareOptions,
  type Profile,
} from "./kernel/backend.js";
export { dependencies } from "./kernel/dependencies.js";
export { operandsOf } from "./kernel/expression.js";
export type * from "./kernel/instance.js";
export type * from "./kernel/instruction.js";
export { type JoinedAxes, joinAxes } from "./kernel/layout.js";
export { bytesOfBuffer, type MemoryPlan, planMemory } from "./kernel/plan-memory.js";
export * from "./kernel/program.js";

export { refusalOf } from "./kernel/refusal.js";

export * from "./kernel/split.js";
export * from "./kernel/walk.js";
export * from "./kernel/work.js";
