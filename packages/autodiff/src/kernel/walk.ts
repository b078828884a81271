import type { TypedArray } from "../base/dtype.js";
import type { Profile } from "./backend.js";
import type { Access, Buffer, Kernel, LeafKernel, Program } from "./program.js";

/** Goes through kernels as a run does: into loops, and as conditions say.
 * @param counters - of the loops around the kernels, outermost first
 * @param isSet - whether the element of an access is not 0, under such counters
 * @param visit - is given each kernel that computes; false ends the walk
 * @returns false if a visit has ended it
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 4, role: "state", inPlaceOf: null }
 * const target = { buffer: x, offset: 0, strides: [], steps: [1] }
 * const body = [{ kind: "fill", name: "one", shape: [], value: 1, target }]
 * const seen = []
 * walkKernels([{ kind: "loop", name: "steps", length: 3, reverse: true, body }], [], () => false, (_kernel, [i]) => seen.push(i) > 0)
 * seen // => [2, 1, 0]
 */
export function walkKernels(
  kernels: readonly Kernel[],
  counters: readonly number[],
  isSet: (access: Access, counters: readonly number[]) => boolean,
  visit: (kernel: LeafKernel, counters: readonly number[]) => boolean,
): boolean {
  const inside = (body: readonly Kernel[], at = counters): boolean => walkKernels(body, at, isSet, visit);
  for (const kernel of kernels) {
    switch (kernel.kind) {
      case "loop":
        for (let i = 0; i < kernel.length; i++)
          if (!inside(kernel.body, [...counters, kernel.reverse ? kernel.length - 1 - i : i])) return false;
        break;
      case "branch":
        if (!inside(isSet(kernel.condition, counters) ? kernel.whenTrue : kernel.whenFalse)) return false;
        break;
      case "while":
        for (;;) {
          if (!inside(kernel.test)) return false;
          if (!isSet(kernel.condition, counters)) break;
          if (!inside(kernel.body)) return false;
        }
        break;
      default:
        if (!visit(kernel, counters)) return false;
    }
  }
  return true;
}

/** Runs a program's kernels one by one, with a clock around each: the `profile` of an executable whose memory the host sees.
 * @param arrayOf - the elements of a buffer, where the kernels leave them
 * @param run - runs one kernel, under the counters of the loops around it
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 4, role: "state", inPlaceOf: null }
 * const target = { buffer: x, offset: 0, strides: [1], steps: [] }
 * const kernels = [{ kind: "fill", name: "ones", shape: [4], value: 1, target }]
 * const program = { name: "f", buffers: [x], checks: [], status: null, setup: [], kernels, flushSubnormals: false }
 * profileKernels(program, () => new Float32Array(4), () => {})[0].name // => "ones"
 */
export function profileKernels(
  program: Program,
  arrayOf: (buffer: Buffer) => TypedArray,
  run: (kernel: LeafKernel, counters: readonly number[]) => void,
): Profile {
  const times = new Map<string, { calls: number; milliseconds: number }>();
  const isSet = ({ buffer, offset, steps }: Access, counters: readonly number[]): boolean => {
    const at = steps.reduce((sum, step, level) => sum + step * (counters[level] ?? 0), offset);
    return arrayOf(buffer)[at] !== 0;
  };
  walkKernels(program.kernels, [], isSet, (kernel, counters) => {
    const start = performance.now();
    run(kernel, counters);
    const elapsed = performance.now() - start;
    const before = times.get(kernel.name) ?? { calls: 0, milliseconds: 0 };
    times.set(kernel.name, { calls: before.calls + 1, milliseconds: before.milliseconds + elapsed });
    return kernel.kind !== "check" || !isSet(kernel.status, counters);
  });
  return [...times].map(([name, entry]) => ({ name, ...entry }));
}
