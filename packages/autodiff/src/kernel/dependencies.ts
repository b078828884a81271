import { accessesOf } from "./accesses.js";
import { bytesOfBuffer, type MemoryPlan } from "./plan-memory.js";
import { type Access, type Buffer, bodiesOf, homeOf, type Kernel } from "./program.js";

/** Bytes of memory, or of a buffer whose place is not known. */
interface Region {
  readonly space: Buffer | null;
  readonly from: number;
  readonly to: number;
}
interface Effects {
  readonly reads: readonly Region[];
  readonly writes: readonly Region[];
}

/** What a kernel reads and writes, with all that is inside of it. */
function effectsOf(kernel: Kernel, plan: MemoryPlan | null): Effects {
  const region = ({ buffer }: Access): Region => {
    const home = homeOf(buffer);
    const from = plan === null ? 0 : plan.addressOf(home);
    return { space: plan === null ? home : null, from, to: from + bytesOfBuffer(home) };
  };
  const { reads, writes } = accessesOf(kernel);
  const inside = bodiesOf(kernel).flatMap((body) => body.map((k) => effectsOf(k, plan)));
  return {
    reads: [...reads.map(region), ...inside.flatMap((effects) => effects.reads)],
    writes: [...writes.map(region), ...inside.flatMap((effects) => effects.writes)],
  };
}

const meet = (p: readonly Region[], q: readonly Region[]): boolean =>
  p.some((a) => q.some((b) => a.space === b.space && a.from < b.to && b.from < a.to));

/** For each kernel of a list the earlier ones that it has to wait for: it reads what they write, or writes what they read or write. All others may run at the same time.
 * Of a kernel inside a loop, the rounds are not told apart: what the next round needs of this one is not in the list.
 * @param plan - where buffers lie: one that comes to lie where another was waits for the other's last use; left out, each has a place of its own
 * @returns positions in the list, in order
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 4, role: "state", inPlaceOf: null }
 * const fill = { kind: "fill", name: "ones", shape: [4], value: 1, target: { buffer: x, offset: 0, strides: [1], steps: [] } }
 * dependencies([fill, fill])[1] // => [0]
 */
export function dependencies(
  kernels: readonly Kernel[],
  plan: MemoryPlan | null = null,
): readonly (readonly number[])[] {
  const effects = kernels.map((kernel) => effectsOf(kernel, plan));
  return effects.map(({ reads, writes }, later) =>
    effects
      .slice(0, later)
      .flatMap((earlier, i) =>
        meet(earlier.writes, reads) || meet(earlier.writes, writes) || meet(earlier.reads, writes) ? [i] : [],
      ),
  );
}
