import type { Access, Kernel } from "./program.js";

/** The accesses of one kernel; those of the kernels inside of it are their own.
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 4, role: "state", inPlaceOf: null }
 * accessesOf({ kind: "fill", name: "ones", shape: [4], value: 1, target: { buffer: x, offset: 0, strides: [1], steps: [] } }).writes.length // => 1
 */
export function accessesOf(kernel: Kernel): { reads: Access[]; writes: Access[] } {
  switch (kernel.kind) {
    case "map":
    case "reduce":
      return {
        reads: kernel.reads.flatMap((r) => (r.kind === "plain" ? [r.at] : [r.at, r.index])),
        writes: kernel.kind === "map" ? [...kernel.writes] : [kernel.write],
      };
    case "pack":
      return { reads: [kernel.source], writes: [kernel.packed] };
    case "gemm": {
      const reads = [kernel.a, kernel.b.at];
      if (kernel.bias !== undefined) reads.push(kernel.bias);
      if (kernel.mode === "accumulate") reads.push(kernel.c);
      return { reads, writes: [kernel.c] };
    }
    case "fill":
      return { reads: [], writes: [kernel.target] };
    case "scatterAdd":
      return { reads: [kernel.source, kernel.index, kernel.target], writes: [kernel.target] };
    case "row":
      return { reads: [kernel.source], writes: [kernel.target] };
    case "randomBits":
      return { reads: [kernel.state], writes: [kernel.target] };
    case "check":
      return { reads: [kernel.index], writes: [kernel.status] };
    case "loop":
      return { reads: [], writes: [] };
    case "branch":
    case "while":
      return { reads: [kernel.condition], writes: [] };
  }
}
